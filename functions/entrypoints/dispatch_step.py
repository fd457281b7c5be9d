"""A heavy step: put it on the queue of its compute class; a worker answers the task token when it is done."""

import logging
from collections.abc import Mapping
from typing import Any

from functions.http import observe
from patchbay import bootstrap

FAILED = "Patchbay.DispatchFailed"
"""What the state machine hears, and tries again on."""
_log = logging.getLogger(__name__)


@observe.watched("dispatch-step")
def handler(event: Mapping[str, Any], context: object) -> None:
    """`{tenant_id, job_id, run, step, task_token}`. A failure is told by the token, which somebody waits for."""
    services = bootstrap.services()
    try:
        services.pipeline.dispatch(event["tenant_id"], event["job_id"], event["step"], event["task_token"])
        _log.info("step dispatched")
    except Exception as error:  # noqa: BLE001 - told by the token
        _log.exception("step not dispatched")
        services.executions.fail_task(event["task_token"], FAILED, type(error).__name__)
