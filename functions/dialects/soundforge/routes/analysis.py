"""Routes of analysis."""

from enum import Enum
from typing import Any, Final

from fastapi import Request

from functions.dialects.soundforge import documents, mapping, schemas
from functions.dialects.soundforge.routes.base import audio_of, data, job_of, order, standing
from functions.http.app import JsonAnswer
from functions.http.dialect import new_router
from functions.http.once import once_of
from patchbay import bootstrap
from patchbay.domain.jobs import JobState

ANALYZE = "/api/analysis/analyze"
TAGS: Final[list[str | Enum]] = ["Analysis"]
_MADE: Final[dict[int | str, dict[str, Any]]] = {201: {"model": schemas.Ordered, "description": "Of a file"}}
router = new_router()


@router.get("/api/analysis/job/{job_id}", response_model=schemas.JobAnswer[schemas.AnalysisJob], tags=TAGS)
async def get_analysis(request: Request, job_id: str) -> JsonAnswer:
    """How an analysis stands, and what was found once it is over."""
    job = job_of(request, job_id, mapping.ANALYSIS)
    found = documents.analysis(bootstrap.services().objects, job) if job.state is JobState.SUCCEEDED else None
    return JsonAnswer(standing(mapping.analysis_job(job, found)))


@router.post(ANALYZE, response_model=schemas.Data[schemas.Started], responses=_MADE, tags=TAGS)
async def analyze(request: Request, body: schemas.AnalysisOrder) -> JsonAnswer:
    """Look into a track's music."""
    track_id, song, asset = audio_of(request, body.track_id, body.file_path)
    wanted = mapping.features(body.features, body.type)
    asked = order(
        request,
        track_id,
        song,
        asset,
        workflow=mapping.ANALYSIS,
        params={"features": wanted},
        request={"type": body.type} if body.type else {},
    )
    job = bootstrap.services().jobs.submit(asked, once_of(request))
    if body.file_path is not None:
        kind = {} if body.features else {"type": body.type or "full"}
        return JsonAnswer({"success": True, "job_id": job.id, "status": "queued", **kind}, status_code=201)
    return JsonAnswer(data({"job_id": job.id, "track_id": track_id, "status": "queued"}))
