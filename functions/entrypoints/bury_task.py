"""Tasks that no worker managed in all their deliveries, from the dead-letter queues: fail their steps."""

import logging
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from functions.http import observe
from patchbay import bootstrap
from patchbay.core import tracing, work
from patchbay.domain.tasks import TaskMessage

_log = logging.getLogger(__name__)


@observe.watched("bury-task")
def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """An SQS batch -> the messages that are to be tried again. What is no task message never gets better: dropped."""
    failed = []
    for record in event["Records"]:
        try:
            message = TaskMessage.model_validate_json(record["body"])
        except ValidationError:
            _log.error("dropped a message that is no task", extra={"message_id": record["messageId"]})
            continue
        facts = {"tenant_id": message.tenant_id, "job_id": message.job_id, "step": message.step}
        with work.begin(**facts), tracing.span("bury", kind="consumer", parent=message.traceparent):
            try:
                bootstrap.services().tasks.bury(message)
                _log.warning("task given up: no worker managed it")
            except Exception:  # noqa: BLE001 - one task's trouble must not hold up the others
                _log.exception("task not buried")
                failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
