"""Attempts to bring notices to webhook receivers, from their queue."""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from functions.dialects import shape_of
from functions.http import observe
from patchbay import bootstrap
from patchbay.catalog import metrics
from patchbay.core import tracing, work
from patchbay.domain.webhooks import NoticeState

AT_ONCE = 10
"""A slow receiver must not hold up the others of its batch."""
_OUTCOMES = {NoticeState.DELIVERED: "taken", NoticeState.PENDING: "refused", NoticeState.DEAD: "given up"}
_log = logging.getLogger(__name__)


@observe.watched("deliver-webhook")
def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """An SQS batch -> the messages that are to be tried again. A receiver that refuses is none of them: its notice
    says when the next attempt is due.
    """
    records = event["Records"]
    bootstrap.services().notices  # noqa: B018 - made before the threads share it
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        done = list(pool.map(_delivered, records))
    failed = [record["messageId"] for record, fine in zip(records, done, strict=True) if not fine]
    return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}


def _delivered(record: Mapping[str, Any]) -> bool:
    try:
        message = bootstrap.notice_message(record["body"])
    except ValueError:
        _log.error("dropped a message that is no notice", extra={"message_id": record["messageId"]})
        return True
    # Facts and span of its own: this runs in a thread, which has none of those around it.
    with work.begin(notice_id=message.notice_id, tenant_id=message.tenant_id), tracing.span("deliver", kind="consumer"):
        try:
            notice = bootstrap.services().notices.deliver(message, shape_of)
        except Exception:  # noqa: BLE001 - whatever it is, the message comes back
            _log.exception("notice not attempted")
            return False
        if notice is not None:
            _log.info("notice attempted", extra={"state": notice.state, "tries": notice.tries})
            took = notice.attempts[-1].duration_ms if notice.attempts else 0
            figures = {"Deliveries": 1, "DeliveryTime": took}
            observe.measured(metrics.DELIVERIES, figures, outcome=_OUTCOMES[notice.state])
    return True
