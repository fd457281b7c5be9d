"""First state of a job's execution: take the job up and say which steps are to be done."""

import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from functions.http import observe
from patchbay import bootstrap

_log = logging.getLogger(__name__)


@observe.watched("plan-job")
def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """`{tenant_id, job_id, run}` -> the same and `steps: [{step, compute, timeout_s}]` still to be done."""
    tenant_id, job_id = event["tenant_id"], event["job_id"]
    steps = [asdict(step) for step in bootstrap.services().pipeline.plan(tenant_id, job_id, event["run"])]
    _log.info("job planned", extra={"steps": len(steps), "run": event["run"]})
    return {"tenant_id": tenant_id, "job_id": job_id, "run": event["run"], "steps": steps}
