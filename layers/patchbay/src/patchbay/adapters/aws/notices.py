"""Attempts to reach webhook receivers, on an SQS queue that is fair between tenants."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from patchbay.adapters.aws import clients
from patchbay.ports import NoticeMessage


@dataclass(frozen=True, slots=True)
class NoticeMessages:
    """The notice queue port."""

    queue_url: str
    dead_queue_url: str

    def send(self, message: NoticeMessage, *, delay_s: int) -> None:
        """See `NoticeQueue`."""
        self._send(self.queue_url, asdict(message), message.tenant_id, DelaySeconds=delay_s)

    def bury(self, message: NoticeMessage, reason: str) -> None:
        """See `NoticeQueue`."""
        self._send(self.dead_queue_url, {**asdict(message), "reason": reason}, message.tenant_id)

    def _send(self, url: str, body: dict[str, Any], group: str, **more: Any) -> None:
        with clients.errors("the notice queue"):
            clients.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(body), MessageGroupId=group, **more)


def parse(body: str) -> NoticeMessage:
    """A message as received. Raises ValueError for what is none."""
    try:
        return NoticeMessage(**json.loads(body))
    except TypeError as error:
        raise ValueError(f"not a notice: {error}") from None
