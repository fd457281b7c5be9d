"""Task queues on SQS: standard queues, fair between tenants by their message group."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from pydantic import ValidationError

from patchbay.adapters.aws import clients
from patchbay.domain.tasks import ComputeClass, TaskMessage
from patchbay.ports import Delivery

_WAITING, _IN_FLIGHT = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"
_STALE = {
    "ReceiptHandleIsInvalid",
    "InvalidParameterValue",
    "MessageNotInflight",
    "AWS.SimpleQueueService.MessageNotInflight",
}


@dataclass(frozen=True, slots=True)
class Queues:
    """The task queues port."""

    urls: Mapping[ComputeClass, str]

    def send(self, compute: ComputeClass, message: TaskMessage) -> None:
        """See `TaskQueues`. What is as ever is left out: workers of the release before know no more."""
        body = message.model_dump_json(exclude_defaults=True)
        with clients.errors("the task queue"):
            _sqs().send_message(QueueUrl=self.urls[compute], MessageBody=body, MessageGroupId=message.tenant_id)

    def receive(self, compute: ComputeClass, *, wait_s: int, hold_s: int) -> Delivery | None:
        """See `TaskQueues`. A message that is no task is dropped: nobody could ever do it."""
        url = self.urls[compute]
        with clients.errors("the task queue"):
            answer = _sqs().receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=1,
                WaitTimeSeconds=wait_s,
                VisibilityTimeout=hold_s,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            )
        for found in answer.get("Messages", []):
            told = found.get("Attributes", {})
            received, sent = int(told.get("ApproximateReceiveCount", "1")), told.get("SentTimestamp")
            sent_at = int(sent) / 1000 if sent else None
            try:
                message = TaskMessage.model_validate_json(found["Body"])
                return Delivery(message, found["ReceiptHandle"], received, sent_at)
            except ValidationError:
                self.delete(compute, found["ReceiptHandle"])
        return None

    def hold(self, compute: ComputeClass, handle: str, hold_s: int) -> None:
        """See `TaskQueues`. A handle that is out of date is ignored."""
        self._quietly("change_message_visibility", compute, handle, VisibilityTimeout=hold_s)

    def delete(self, compute: ComputeClass, handle: str) -> None:
        """See `TaskQueues`."""
        self._quietly("delete_message", compute, handle)

    def waiting(self, compute: ComputeClass) -> int:
        """See `TaskQueues`."""
        return self._count(compute, _WAITING)

    def unfinished(self, compute: ComputeClass) -> int:
        """See `TaskQueues`."""
        return self._count(compute, _WAITING, _IN_FLIGHT)

    def _count(self, compute: ComputeClass, *names: str) -> int:
        with clients.errors("the task queue"):
            answer = _sqs().get_queue_attributes(QueueUrl=self.urls[compute], AttributeNames=list(names))
        return sum(int(answer["Attributes"][name]) for name in names)

    def _quietly(self, how: str, compute: ComputeClass, handle: str, **more: Any) -> None:
        try:
            with clients.errors("the task queue"):
                getattr(_sqs(), how)(QueueUrl=self.urls[compute], ReceiptHandle=handle, **more)
        except ClientError as error:
            if clients.code_of(error) not in _STALE:
                raise


def _sqs() -> Any:
    return clients.client("sqs")
