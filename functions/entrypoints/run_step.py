"""A light step: done right here, not by a worker. Today that is only the delivery to an owner's own storage."""

import logging
from collections.abc import Mapping
from typing import Any

from functions.http import observe
from patchbay import bootstrap

_log = logging.getLogger(__name__)


@observe.watched("run-step")
def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """`{tenant_id, job_id, run, step, last_try?}` -> the same. Raises if the step was not done."""
    last_try = bool(event.get("last_try", True))
    bootstrap.services().delivery.run(event["tenant_id"], event["job_id"], event["step"], last_try=last_try)
    _log.info("step done")
    return {name: event[name] for name in ("tenant_id", "job_id", "run", "step")}
