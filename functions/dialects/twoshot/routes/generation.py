"""How jobs of this API stand: generations, renders, videos."""

from enum import Enum
from typing import Any, Final

from fastapi import Request

from functions.dialects.twoshot.mapping import generations as mapping
from functions.dialects.twoshot.routes.base import NAME, viewer
from functions.dialects.twoshot.schemas import generations as schemas
from functions.http.app import JsonAnswer
from functions.http.dialect import new_router
from patchbay import bootstrap
from patchbay.catalog import generators
from patchbay.domain.errors import NotFound
from patchbay.domain.generations import Generation
from patchbay.domain.jobs import Job

GENERATION = "/generation/{job_id}"
TAGS: Final[list[str | Enum]] = ["Generation"]
router = new_router()


@router.get(GENERATION, response_model=schemas.Generation, tags=TAGS)
async def get_generation(request: Request, job_id: str) -> JsonAnswer:
    """How a job stands. Whoever has its id, which nobody can guess, may ask; its owner is told all of it.

    So are separations into stems, to their owners alone.
    """
    watcher = viewer(request)
    try:
        found, job = bootstrap.services().generations.get(job_id, watcher)
    except NotFound as missing:
        job = _plain(job_id, watcher, missing)
        found = Generation(
            id=job.id, tenant_id=job.tenant_id, kind="generation", settled=True, created_at=job.created_at
        )
    return JsonAnswer(shown(found, job, mine=watcher is not None))


def shown(found: Generation, job: Job, *, mine: bool) -> dict[str, Any]:
    """A generation as its owner sees it, or somebody who has its id alone."""
    services = bootstrap.services()
    model, now = _model(found.model_number), services.clock.now()
    return mapping.generation(found, job, model, mine=mine, link=services.jobs.link, now=now)


def _plain(job_id: str, watcher: str | None, missing: NotFound) -> Job:
    """A job of this API's that is no generation: nothing of it becomes its owner's, its files are told with links."""
    try:
        job = bootstrap.services().jobs.get(watcher, job_id) if watcher else None
    except NotFound:
        job = None
    if job is None or job.dialect != NAME:
        raise missing
    return job


def _model(number: int | None) -> dict[str, Any] | None:
    """The model of that number; one that is not on offer any more has no name of its own."""
    if number is None:
        return None
    offered = generators.find(bootstrap.services().shelf, number)
    return {"id": number, "name": offered.name if offered else f"Model {number}"}
