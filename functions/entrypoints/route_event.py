"""Events of the bus, by way of a queue: put everybody down who wants to hear of them."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from functions.http import observe
from patchbay import bootstrap
from patchbay.core import tracing, work
from patchbay.core.events import TRACE

_log = logging.getLogger(__name__)


@observe.watched("route-event")
def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """An SQS batch of EventBridge events -> the messages that are to be tried again."""
    failed = []
    for record in event["Records"]:
        try:
            told = json.loads(record["body"])["detail"]
            with work.begin(**observe.told(told)), tracing.span("route", kind="consumer", parent=told.get(TRACE)):
                notices = bootstrap.services().notices.route(told)
                _log.info("event routed", extra={"event": told["type"], "notices": len(notices)})
        except Exception:  # noqa: BLE001 - one event's trouble must not hold up the others
            _log.exception("event not routed", extra={"message_id": record["messageId"]})
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
