"""Between the Music.ai API's words and the core's."""

import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from functions.dialects.musicai import schemas
from functions.dialects.musicai.errors import CANCELLED, JOB_ERRORS
from patchbay.catalog import workflows
from patchbay.catalog.workflow import Workflow
from patchbay.core.jobs import Order
from patchbay.domain.errors import InvalidInput
from patchbay.domain.jobs import Job, JobState, Output
from patchbay.domain.users import Caller

DIALECT = "musicai"
CUSTOM_STORAGE = "[custom storage]"
VENDOR_PREFIXES = ("music-ai/", "moises/")
"""What the original's own workflows begin with, today and under its former name; clients written for it send them."""
CATALOGUE_DATE = "2026-01-01T00:00:00.000Z"
"""Told as the date of every workflow: they come with the program, and the clients' types want one."""
INPUT = "input_url"
STATES: Mapping[schemas.Status, tuple[JobState, ...]] = {
    "QUEUED": (JobState.QUEUED,),
    "STARTED": (JobState.STARTED,),
    "SUCCEEDED": (JobState.SUCCEEDED,),
    "FAILED": (JobState.FAILED, JobState.CANCELLED),
}
_STATUS: Mapping[JobState, schemas.Status] = {state: status for status, group in STATES.items() for state in group}
_HUMP = re.compile(r"(?<=[a-z0-9])[A-Z]")
_NAMESPACE = uuid.UUID("5d2f3a0e-7c1b-5e0a-9a53-0d8f5f5a6c11")


def order(caller: Caller, given: schemas.JobOrder) -> tuple[Order, dict[str, str]]:
    """The order that a body makes, and core parameter name -> name as sent. Raises `InvalidInput`."""
    params: dict[str, Any] = {}
    sent: dict[str, str] = {}
    for name, value in given.params.items():
        ours = _HUMP.sub(lambda found: f"_{found[0]}", name).lower() if name.isidentifier() else name
        if ours in params:
            raise InvalidInput(f"{sent[ours]!r} and {name!r} are the same parameter", field=f"params.{name}")
        params[ours], sent[ours] = value, name
    url = params.pop(INPUT, None)
    if url is not None and not isinstance(url, str):
        raise InvalidInput("the input must be a URL", field=f"params.{sent[INPUT]}")
    made = Order(
        tenant_id=caller.tenant_id,
        application_id=caller.application_id,
        dialect=DIALECT,
        workflow=slug(given.workflow),
        params=params,
        input_url=url,
        name=given.name,
        batch_name=given.batchName or None,
        metadata=given.metadata or {},
        deliver_to=given.copyResultsTo or {},
        request={"workflow": given.workflow, "params": given.params},
    )
    return made, sent


def in_client_words(error: InvalidInput, sent: Mapping[str, str]) -> InvalidInput:
    """An error of the core about an order, with the names that the client used."""
    if error.field is None:
        return error
    place, _, name = error.field.partition(".")
    if place == "input":
        return InvalidInput(str(error), field=f"params.{sent.get(INPUT, 'inputUrl')}")
    if place == "deliver_to":
        return InvalidInput(str(error), field=f"copyResultsTo.{name}")
    if place == "params" and name:
        theirs = sent.get(name, _camel(name))
        return InvalidInput(str(error).replace(repr(name), repr(theirs)), field=f"params.{theirs}")
    return error


def job(found: Job, base: str, app: str, link: Callable[[Output], str]) -> dict[str, Any]:
    """A job as it is answered. `link` makes a fresh link to an output, so links in an answer never are old.

    Neither client reads `workflow`, but programs around them do: the document, whose paths begin with `/api`, has
    `{id, name}`; the clients' types, whose paths begin with `/v1`, have the slug. Each base gets what was promised.
    In all of these types, and in programs that compare it with `{}`, `result` is an object from the first on.
    """
    ours = found.request if found.dialect == DIALECT else {}
    return {
        "id": found.id,
        "app": app,
        "name": found.name,
        "batchName": found.batch_name,
        "metadata": found.metadata,
        "workflow": reference(found.workflow) if base == "/api" else ours.get("workflow", found.workflow),
        "workflowParams": ours.get("params") or _params(found),
        "status": _STATUS[found.state],
        "progress": found.progress,
        "result": {o.name: _result(o, link) for o in found.outputs} if found.state is JobState.SUCCEEDED else {},
        "error": _error(found),
        "createdAt": iso(found.created_at),
        "startedAt": iso(found.started_at),
        "completedAt": iso(found.completed_at),
    }


def status(found: Job) -> dict[str, Any]:
    """A job's state alone."""
    return {"id": found.id, "status": _STATUS[found.state]}


def workflow(found: Workflow) -> dict[str, Any]:
    """A workflow as it is answered."""
    return {
        "id": workflow_id(found.slug),
        "name": found.name,
        "slug": found.slug,
        "description": found.description,
        "createdAt": CATALOGUE_DATE,
        "updatedAt": CATALOGUE_DATE,
    }


def reference(name: str) -> dict[str, Any]:
    """A job's workflow in the document's form; one that has left the catalogue is named by its slug."""
    known = workflows.workflows().get(name)
    return {"id": workflow_id(name), "name": known.name if known else name}


def slug(reference: str) -> str:
    """The slug that a client means by a slug, an id, or the original's way of writing it."""
    prefix = next(filter(reference.startswith, VENDOR_PREFIXES), "")
    return _by_id().get(reference, reference.removeprefix(prefix))


def workflow_id(name: str) -> str:
    """The id of the workflow with that slug: made of the slug, so that it is the same everywhere and always."""
    return str(uuid.uuid5(_NAMESPACE, name))


def iso(when: datetime | None) -> str | None:
    """A time in the API's form, such as `2022-12-07T19:21:42.170Z`."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z" if when else None


@cache
def _by_id() -> Mapping[str, str]:
    return {workflow_id(name): name for name in workflows.workflows()}


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _params(found: Job) -> dict[str, Any]:
    """Parameters of a job that another dialect ordered."""
    given = {"inputUrl": found.input_url} if found.input_url else {}
    return {**given, **{_camel(name): value for name, value in found.params.items()}}


def _result(output: Output, link: Callable[[Output], str]) -> Any:
    if output.delivered_to:
        return CUSTOM_STORAGE
    return link(output) if output.key else output.value


def _error(found: Job) -> dict[str, str] | None:
    if found.state is JobState.CANCELLED:
        return {"code": CANCELLED, "title": "Cancelled", "message": "the job was cancelled by its owner"}
    if found.failure is None:
        return None
    code, title = JOB_ERRORS[found.failure.kind]
    return {"code": code, "title": title, "message": found.failure.message}
