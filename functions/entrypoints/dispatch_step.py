"""A heavy step: put it on the queue of its compute class; a worker answers the task token when it is done."""

from collections.abc import Mapping
from typing import Any

from functions.http import observe
from patchbay import bootstrap

observe.configure("dispatch-step")


def handler(event: Mapping[str, Any], context: object) -> None:
    """`{tenant_id, job_id, run, step, task_token}`."""
    bootstrap.services().pipeline.dispatch(event["tenant_id"], event["job_id"], event["step"], event["task_token"])
