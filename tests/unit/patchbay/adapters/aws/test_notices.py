import json
from typing import Any

import pytest

from patchbay.adapters.aws.notices import NoticeMessages, parse
from patchbay.domain.errors import Unavailable
from patchbay.ports import LONGEST_DELAY_S, NoticeMessage

MESSAGE = NoticeMessage("tenant", "notice", 3)


@pytest.fixture
def urls(boto: Any) -> dict[str, str]:
    return {name: boto("sqs").create_queue(QueueName=name)["QueueUrl"] for name in ("attempts", "dead")}


@pytest.fixture
def queue(urls: dict[str, str]) -> NoticeMessages:
    return NoticeMessages(urls["attempts"], urls["dead"])


def received(boto: Any, url: str) -> list[dict[str, Any]]:
    names = ["MessageGroupId"]
    answer = boto("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=names)
    found: list[dict[str, Any]] = answer.get("Messages", [])
    return found


def test_a_message_arrives_as_it_was_sent_in_its_tenants_group(
    queue: NoticeMessages, urls: dict[str, str], boto: Any
) -> None:
    queue.send(MESSAGE, delay_s=0)
    (found,) = received(boto, urls["attempts"])
    assert parse(found["Body"]) == MESSAGE
    assert found["Attributes"]["MessageGroupId"] == "tenant"
    assert received(boto, urls["dead"]) == []


def test_a_message_is_kept_back(queue: NoticeMessages, urls: dict[str, str], boto: Any) -> None:
    queue.send(MESSAGE, delay_s=LONGEST_DELAY_S)
    assert received(boto, urls["attempts"]) == []
    names = ["ApproximateNumberOfMessagesDelayed"]
    told = boto("sqs").get_queue_attributes(QueueUrl=urls["attempts"], AttributeNames=names)
    assert told["Attributes"][names[0]] == "1"


def test_what_is_given_up_is_buried_with_the_reason(queue: NoticeMessages, urls: dict[str, str], boto: Any) -> None:
    queue.bury(MESSAGE, "gone, für immer")
    (found,) = received(boto, urls["dead"])
    assert json.loads(found["Body"]) == {
        "tenant_id": "tenant",
        "notice_id": "notice",
        "attempt": 3,
        "reason": "gone, für immer",
    }
    assert received(boto, urls["attempts"]) == []


@pytest.mark.parametrize("body", ["", "{}", "nonsense", "[]", "null", "3", '{"tenant_id": "t", "notice_id": "n"}'])
def test_what_is_no_message_is_told_as_such(body: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(body)


def test_a_queue_that_cannot_be_reached_is_told(queue: NoticeMessages, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.exceptions import ConnectionClosedError

    from patchbay.adapters.aws import clients

    class Down:
        def send_message(self, **_: Any) -> None:
            raise ConnectionClosedError(endpoint_url="https://sqs.example")

    monkeypatch.setattr(clients, "client", lambda _: Down())
    with pytest.raises(Unavailable):
        queue.send(MESSAGE, delay_s=0)
    with pytest.raises(Unavailable):
        queue.bury(MESSAGE, "r")
