import pytest

from infra.twin.asgi import Message, Receive, Scope, Send
from infra.twin.dirty import ChangeWatcher


async def changed(method: str, target: str, answer: bytes = b"") -> bool:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.body", "body": answer})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        assert message["body"] == answer

    watcher = ChangeWatcher(app)
    headers = [(b"X-Amz-Target", target.encode())] if target else []
    await watcher({"type": "http", "method": method, "headers": headers}, receive, send)
    return watcher.changed_at > 0


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", ""),
        ("HEAD", ""),
        ("POST", "DynamoDB_20120810.GetItem"),
        ("POST", "DynamoDB_20120810.Query"),
        ("POST", "DynamoDB_20120810.BatchGetItem"),
        ("POST", "AmazonSQS.GetQueueAttributes"),
        ("POST", "AWSStepFunctions.DescribeExecution"),
        ("POST", "DynamoDB_20120810.UpdateItem"),
    ],
)
async def test_reads_and_counts_change_nothing_worth_keeping(method: str, target: str) -> None:
    assert not await changed(method, target)


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("PUT", ""),
        ("DELETE", ""),
        ("POST", ""),
        ("POST", "DynamoDB_20120810.PutItem"),
        ("POST", "DynamoDB_20120810.TransactWriteItems"),
        ("POST", "AmazonSQS.SendMessage"),
        ("POST", "AWSStepFunctions.SendTaskSuccess"),
    ],
)
async def test_writes_do(method: str, target: str) -> None:
    assert await changed(method, target)


async def test_a_receive_changes_the_queue_only_when_it_found_something() -> None:
    assert not await changed("POST", "AmazonSQS.ReceiveMessage", b'{"Messages": []}')
    assert await changed("POST", "AmazonSQS.ReceiveMessage", b'{"Messages": [{"Body": "' + b"x" * 50 + b'"}]}')
