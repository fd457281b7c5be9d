"""Last state of a job's execution: the job succeeds, or fails with the reason."""

import logging
from collections.abc import Mapping
from typing import Any

from functions.http import observe
from patchbay import bootstrap
from patchbay.domain.jobs import Failure, FailureKind

TIMED_OUT = frozenset({"States.Timeout", "States.HeartbeatTimeout"})
_log = logging.getLogger(__name__)


@observe.watched("finish-job")
def handler(event: Mapping[str, Any], context: object) -> None:
    """`{tenant_id, job_id, run, error?: {name, cause}}`. What a step itself told of its failure goes first."""
    tenant_id, job_id, error = event["tenant_id"], event["job_id"], event.get("error")
    pipeline = bootstrap.services().pipeline
    if not error:
        pipeline.finish(tenant_id, job_id, event["run"])
        _log.info("job finished")
        return
    _log.warning("execution failed", extra={"error": error.get("name"), "cause": error.get("cause")})
    pipeline.fail(tenant_id, job_id, _failure(str(error.get("name", "")), job_id), event["run"])


def _failure(name: str, job_id: str) -> Failure:
    """The failure told to the owner. The cause is not: it is a machine's, and may name things inside."""
    if name in TIMED_OUT:
        return Failure(kind=FailureKind.TIMEOUT, message="the job took longer than its workflow allows")
    message = f"something went wrong on our side; tell us the job id {job_id}"
    return Failure(kind=FailureKind.INTERNAL, message=message)
