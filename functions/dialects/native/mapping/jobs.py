"""Jobs."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from functions.dialects.native.schemas import jobs as schemas
from patchbay.catalog.costs import Rates
from patchbay.core.jobs import Order
from patchbay.domain import steps as step_life
from patchbay.domain.jobs import Failure, Job, Output
from patchbay.domain.steps import Step
from patchbay.domain.users import Caller

DIALECT = "native"
_LISTED = {
    "id",
    "name",
    "batch_name",
    "workflow",
    "dialect",
    "application_id",
    "group_id",
    "params",
    "metadata",
    "input_asset_id",
    "input_url",
    "callback_url",
    "state",
    "progress",
    "failure",
    "audio_s",
    "cost_usd",
    "created_at",
    "started_at",
    "completed_at",
}
_SECONDS = {"start_s", "engine_s", "store_s", "lost_s"}
_OF_STEP = {"name", "engine", "compute", "state", "reused", "attempts", *_SECONDS, "started_at", "ended_at"}
_OF_OUTPUT = {"name", "value", "media_type", "size_bytes", "sha256", "delivered_to"}


def order(caller: Caller, given: schemas.JobOrder) -> Order:
    """The order that a body makes."""
    return Order(
        tenant_id=caller.tenant_id,
        application_id=caller.application_id,
        dialect=DIALECT,
        workflow=given.workflow,
        params=given.params,
        input_url=given.input.url if given.input else None,
        input_asset_id=given.input.asset_id if given.input else None,
        name=given.name,
        batch_name=given.batch_name,
        metadata=given.metadata,
        deliver_to=given.deliver_to,
        callback_url=given.callback_url,
    )


def listed(found: Job) -> dict[str, Any]:
    """A job as lists have it."""
    return found.model_dump(mode="json", include=_LISTED)


def job(found: Job, steps: Sequence[Step], link: Callable[[Output], str], rates: Rates) -> dict[str, Any]:
    """A job with its results and steps. `link` makes a fresh link to an output, so links in an answer never are old."""
    waits_s = step_life.waits_s(steps)
    return {
        **listed(found),
        "outputs": [_output(output, link) for output in found.outputs],
        "steps": [_step(step, wait_s, rates) for step, wait_s in zip(steps, waits_s, strict=True)],
        "timing": {
            "queued_s": _between(found.created_at, found.started_at),
            "running_s": _between(found.started_at, found.completed_at),
            "engine_s": round(sum(step.engine_s for step in steps), 3),
            "audio_s": found.audio_s,
        },
    }


def _output(found: Output, link: Callable[[Output], str]) -> dict[str, Any]:
    here = found.key and not found.delivered_to
    return {**found.model_dump(mode="json", include=_OF_OUTPUT), "url": link(found) if here else None}


def _step(found: Step, wait_s: float | None, rates: Rates) -> dict[str, Any]:
    return {
        **found.model_dump(mode="json", include=_OF_STEP),
        "model": found.model or None,
        "wait_s": wait_s,
        "cost_usd": rates.step_usd(found),
        "outputs": [output.name for output in found.outputs],
        "failure": _failure(found.failure),
    }


def _failure(found: Failure | None) -> dict[str, Any] | None:
    return found.model_dump(mode="json") if found else None


def _between(begin: datetime | None, end: datetime | None) -> float | None:
    return round((end - begin).total_seconds(), 3) if begin and end else None
