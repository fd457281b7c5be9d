"""Routes of separation."""

from enum import Enum
from typing import Any, Final

from fastapi import Request

from functions.dialects.soundforge import mapping, schemas
from functions.dialects.soundforge.routes.base import audio_of, data, job_of, order, standing
from functions.http.app import JsonAnswer, caller
from functions.http.dialect import new_router
from functions.http.once import once_of
from patchbay import bootstrap
from patchbay.core.vendors import NO_KEY
from patchbay.domain.errors import InvalidInput

SEPARATE = "/api/processing/separate"
TAGS: Final[list[str | Enum]] = ["Processing"]
_MADE: Final[dict[int | str, dict[str, Any]]] = {201: {"model": schemas.Ordered, "description": "Of a file"}}
router = new_router()


@router.get("/api/processing/job/{job_id}", response_model=schemas.JobAnswer[schemas.SeparationJob], tags=TAGS)
async def get_separation(request: Request, job_id: str) -> JsonAnswer:
    """How a separation stands, and its stems once it is over."""
    job = job_of(request, job_id, *mapping.SEPARATION)
    known = job.workflow == mapping.LALALAI and not job.state.terminal
    task_id = bootstrap.services().vendors.task_id(job) if known else None
    return JsonAnswer(standing(mapping.separation_job(job, task_id)))


@router.post(SEPARATE, response_model=schemas.Data[schemas.Separation], responses=_MADE, tags=TAGS)
async def separate(request: Request, body: schemas.SeparationOrder) -> JsonAnswer:
    """Separate a track into stems."""
    services = bootstrap.services()
    how, model = _elsewhere(request, body) if body.engine == "lalalai" else _here(body)
    track_id, song, asset = audio_of(request, body.track_id, body.file_path)
    job = services.jobs.submit(order(request, track_id, song, asset, **how), once_of(request))
    if body.file_path is not None:
        told = {"success": True, "job_id": job.id, "status": mapping.STATUS[job.state], "model": model}
        return JsonAnswer(told, status_code=201)
    return JsonAnswer(data({"job_id": job.id, "track_id": track_id, "model": model, "status": "queued"}))


@router.get("/api/processing/models", response_model=schemas.Data[schemas.Models], tags=TAGS)
async def list_models(request: Request) -> JsonAnswer:
    """The models that separate, whether they are installed here, and what else separates for you."""
    services = bootstrap.services()
    engines = [
        {"name": "local", "available": True, "stems": []},
        {
            "name": "lalalai",
            "available": services.vendors.kept(caller(request).tenant_id) is not None,
            "stems": [2, 4, 6],
        },
    ]
    return JsonAnswer(data({"models": mapping.models(services.shelf), "engines": engines}))


def _here(body: schemas.SeparationOrder) -> tuple[dict[str, Any], str]:
    """(workflow and parameters, model) of a separation by a model. Raises `InvalidInput`."""
    if body.stems is not None:
        raise InvalidInput("stems goes with engine lalalai; here the model says how many there are", field="stems")
    workflow, model = mapping.separation(body.model, bootstrap.services().shelf)
    return {"workflow": workflow, "params": {"model": model}}, model


def _elsewhere(request: Request, body: schemas.SeparationOrder) -> tuple[dict[str, Any], str]:
    """The same of one by LALAL.AI. Raises `InvalidInput`, also for who has no key there."""
    stems, model = mapping.lalalai_stems(body.stems, body.model)
    if bootstrap.services().vendors.kept(caller(request).tenant_id) is None:
        raise InvalidInput(NO_KEY, field="engine")
    return {"workflow": mapping.LALALAI, "params": {"stems": stems}, "request": {"model": model}}, model
