"""Between the Tasks API's words and the core's: a Task is a group of jobs, a target one of its jobs."""

from collections.abc import Container, Mapping, Sequence
from typing import Any

from functions.dialects.audioshake import models, schemas
from functions.dialects.audioshake.outputs import DIALECT, MakeLink, failure, ordered, results
from functions.dialects.audioshake.times import iso
from patchbay.catalog.models import Shelf
from patchbay.core.jobs import Order
from patchbay.domain.errors import InvalidInput
from patchbay.domain.groups import JobGroup
from patchbay.domain.jobs import Job, JobState, Output
from patchbay.domain.usage import Tally
from patchbay.domain.users import Caller

STATUS: Mapping[JobState, schemas.TargetStatus] = {
    JobState.QUEUED: "processing",
    JobState.STARTED: "processing",
    JobState.SUCCEEDED: "completed",
    JobState.FAILED: "error",
    JobState.CANCELLED: "error",
}
_FIELDS = {"model": "model", "stem": "model", "formats": "formats", "residual": "residual"}
"""Parameters of the workflow -> fields of a target."""
_OURS = frozenset({"cost", "duration", "error"})
"""Fields of a target that are ours to tell, and that it does not have before there is something to tell."""


def orders(caller: Caller, given: schemas.TaskOrder, shelf: Shelf) -> list[Order]:
    """The orders that a body makes, one for each target. Raises `InvalidInput`."""
    if bool(given.assetId) == bool(given.url):
        missing = not given.url
        told = "name the file by assetId or url" if missing else "give assetId or url, not both"
        raise InvalidInput(told, field="assetId" if missing else "url")
    wishes = [models.Wish(t.model, tuple(t.formats), bool(t.residual), t.variant or None) for t in given.targets]
    for number, wish in enumerate(wishes):
        try:
            models.check(wish, shelf)
        except InvalidInput as error:
            raise InvalidInput(str(error), field=f"targets.{number}.{error.field}") from None
    return [
        Order(
            tenant_id=caller.tenant_id,
            application_id=caller.application_id,
            dialect=DIALECT,
            workflow=workflow,
            params=params,
            input_asset_id=given.assetId or None,
            input_url=given.url or None,
            name=target.model,
            callback_url=given.callbackUrl or None,
            request={"target": target.model_dump(exclude_unset=True)},
        )
        for target, (workflow, params) in zip(given.targets, models.work(wishes, shelf), strict=True)
    ]


def request(given: schemas.TaskOrder) -> dict[str, Any]:
    """What is answered back of a body, beside its targets."""
    sent = given.model_dump(include={"assetId", "url", "metadata", "callbackUrl"}, exclude_none=True)
    return {name: value for name, value in sent.items() if value or name == "metadata"}


def in_client_words(error: InvalidInput, given: schemas.TaskOrder) -> InvalidInput:
    """An error of the core about the orders, with the names that the client used."""
    number, _, rest = (error.field or "targets").partition(".")
    if number == "input":
        return InvalidInput(str(error), field="url" if given.url else "assetId")
    if not number.isdecimal():
        return InvalidInput(str(error), field=number)
    if rest == "callback_url":
        return InvalidInput(str(error), field="callbackUrl")
    named = _FIELDS.get(rest.removeprefix("params."))
    return InvalidInput(str(error), field=f"targets.{number}.{named}" if named else f"targets.{number}")


def task(group: JobGroup, jobs: Sequence[Job], link: MakeLink, linked: Container[str] | None = None) -> dict[str, Any]:
    """A Task as it is answered. `jobs` are those of its targets that are still there.

    What is not known yet is left out, as by the vendor, whose types have nothing but `completedAt` and `url` be null.
    `linked` has the ids of the jobs whose results have links; all of them if left out.
    """
    sent = group.request if group.dialect == DIALECT else _source(jobs)
    times = [job.completed_at or job.started_at or job.created_at for job in jobs]
    over = all(job.state.terminal for job in jobs)
    costs = [job.cost_usd for job in jobs if job.cost_usd is not None]
    changed = max(times, default=group.created_at)
    return {
        "id": group.id,
        "clientId": group.tenant_id,
        "createdAt": iso(group.created_at),
        "updatedAt": iso(changed),
        "completedAt": iso(changed) if over else None,
        **({"cost": round(sum(costs), 9)} if costs else {}),
        **sent,
        "targets": [target(job, link if linked is None or job.id in linked else _no_link) for job in jobs],
    }


def target(job: Job, link: MakeLink) -> dict[str, Any]:
    """A target as it is answered, with all that was sent of it."""
    sent = {name: value for name, value in ordered(job).items() if name not in _OURS}
    failed = failure(job)
    told = {
        "cost": job.cost_usd,
        "duration": job.audio_s,
        "error": {"code": failed[0], "message": failed[1]} if failed else None,
    }
    output = [
        {"name": made.name, "format": made.format, "type": made.media_type, "link": made.link}
        for made in results(job, link)
    ]
    return {
        **sent,
        "id": job.id,
        "status": STATUS[job.state],
        "output": output,
        **{name: value for name, value in told.items() if value is not None},
    }


def statistics(months: Mapping[str, Tally]) -> list[dict[str, Any]]:
    """Finished work by month, oldest month first. The vendor tells minutes as text."""
    return [
        {"month": month, "totalTargets": tally.jobs, "totalMinutes": f"{tally.audio_s / 60:.2f}"}
        for month, tally in months.items()
    ]


def _no_link(output: Output) -> None:
    """In place of a link."""


def _source(jobs: Sequence[Job]) -> dict[str, Any]:
    """What a group that another dialect ordered is about."""
    first = next(iter(jobs), None)
    if first is None:
        return {}
    return {"url": first.input_url} if first.input_url else {"assetId": first.input_asset_id}
