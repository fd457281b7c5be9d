"""Routes of separation."""

from enum import Enum
from typing import Any, Final

from fastapi import Request

from functions.dialects.soundforge import mapping, schemas
from functions.dialects.soundforge.routes.base import audio_of, data, job_of, order
from functions.http.app import JsonAnswer
from functions.http.dialect import new_router
from functions.http.once import once_of
from patchbay import bootstrap
from patchbay.domain.errors import InvalidInput

SEPARATE = "/api/processing/separate"
TAGS: Final[list[str | Enum]] = ["Processing"]
_MADE: Final[dict[int | str, dict[str, Any]]] = {201: {"model": schemas.Ordered, "description": "Of a file"}}
router = new_router()


@router.get("/api/processing/job/{job_id}", response_model=schemas.Data[schemas.SeparationJob], tags=TAGS)
async def get_separation(request: Request, job_id: str) -> JsonAnswer:
    """How a separation stands, and its stems once it is over."""
    return JsonAnswer(data(mapping.separation_job(job_of(request, job_id, *mapping.SEPARATION))))


@router.post(SEPARATE, response_model=schemas.Data[schemas.Separation], responses=_MADE, tags=TAGS)
async def separate(request: Request, body: schemas.SeparationOrder) -> JsonAnswer:
    """Separate a track into stems."""
    if body.engine != "local":
        raise InvalidInput("lalal.ai cannot be used here yet; ask for local, or leave engine out", field="engine")
    services = bootstrap.services()
    track_id, song, asset = audio_of(request, body.track_id, body.file_path)
    workflow, model = mapping.separation(body.model, services.shelf)
    job = services.jobs.submit(
        order(request, track_id, song, asset, workflow=workflow, params={"model": model}), once_of(request)
    )
    if body.track_id is None:
        told = {"success": True, "job_id": job.id, "status": mapping.STATUS[job.state], "model": model}
        return JsonAnswer(told, status_code=201)
    return JsonAnswer(data({"job_id": job.id, "track_id": track_id, "model": model, "status": "queued"}))


@router.get("/api/processing/models", response_model=schemas.Data[schemas.Models], tags=TAGS)
async def list_models() -> JsonAnswer:
    """The models that separate, and whether they are installed here."""
    return JsonAnswer(data({"models": mapping.models(bootstrap.services().shelf)}))
