"""Jobs that are over, by way of a queue: what they made is taken over by whom it was made for."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from functions.http import observe
from patchbay import bootstrap
from patchbay.core import tracing, work
from patchbay.core.events import TRACE

_log = logging.getLogger(__name__)


@observe.watched("settle-job")
def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """An SQS batch of EventBridge's ends and deletions of jobs -> the messages that are to be tried again."""
    failed = []
    for record in event["Records"]:
        try:
            told = json.loads(record["body"])["detail"]
            with work.begin(**observe.told(told)), tracing.span("settle", kind="consumer", parent=told.get(TRACE)):
                settled = bootstrap.services().settling.over(told["tenant_id"], told["data"]["id"])
                kinds = [type(each).__name__ for each in settled]
                _log.info("job settled", extra={"event": told["type"], "settled": kinds})
        except Exception:  # noqa: BLE001 - one job's trouble must not hold up the others
            _log.exception("job not settled", extra={"message_id": record["messageId"]})
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
