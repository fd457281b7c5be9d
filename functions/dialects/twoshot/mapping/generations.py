"""Generations in the words of the TwoShot API. Links are made anew for each answer."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from functions.dialects.twoshot.mapping.times import iso
from patchbay.domain.generations import Generation
from patchbay.domain.jobs import Job, JobState, Output

_STATUS = {
    JobState.QUEUED: "pending",
    JobState.STARTED: "processing",
    JobState.SUCCEEDED: "completed",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "cancelled",
}
ALMOST = 99
"""Percent of what is done but for its audio, which is being put where it stays."""
FIRST_SHARE = 0.05
"""Progress from which on it tells how long the rest takes."""


def started(found: Generation, job: Job, takes_s: float) -> dict[str, Any]:
    """Work that was taken on, and takes about so long."""
    over_at = job.completed_at or job.created_at + timedelta(seconds=takes_s)
    return {"jobId": job.id, "status": status(found, job), "estimatedCompletion": iso(over_at)}


def status(found: Generation, job: Job) -> str:
    """How it stands. What succeeded is completed once its audio can be had."""
    if job.state is JobState.SUCCEEDED:
        if found.reason:
            return "failed"
        return "completed" if found.settled else "processing"
    return _STATUS[job.state]


def generation(
    found: Generation,
    job: Job,
    model: dict[str, Any] | None,
    *,
    mine: bool,
    link: Callable[[Output], str],
    now: datetime,
) -> dict[str, Any]:
    """A generation. Whoever has nothing but its id learns how it stands, and what came of it."""
    stands = status(found, job)
    over = stands not in {"pending", "processing"}
    made = stands == "completed"
    return {
        "id": found.id,
        "type": found.kind,
        "status": stands,
        "progress": 100 if made else min(int(job.progress * 100), ALMOST),
        "created": iso(found.created_at),
        "completed": iso(job.completed_at) if over and job.completed_at else None,
        "estimatedCompletion": None if over else iso(_over_at(job, now)),
        "model": model,
        "inputs": [dict(given) for given in found.inputs] if mine else [],
        "outputs": [_output(each) for each in found.outputs] if made else [],
        "files": _files(found, job, link) if made and mine else [],
        "error": _error(found, job),
        "creditsUsed": _credits(found, job) if mine else None,
    }


def _output(found: Any) -> dict[str, Any]:
    return {
        "audioId": found.asset_id,
        "name": found.name,
        "duration": found.duration_s,
        "format": found.format,
    }


def _files(found: Generation, job: Job, link: Callable[[Output], str]) -> list[dict[str, Any]]:
    audio = {output.name for output in found.outputs}
    others = [output for output in job.outputs if output.key and output.name not in audio]
    return [{"name": each.name, "mediaType": each.media_type, "url": link(each)} for each in others]


def _error(found: Generation, job: Job) -> str | None:
    if job.state is JobState.CANCELLED:
        return "cancelled by its owner"
    return found.reason or (job.failure.message if job.failure else None)


def _credits(found: Generation, job: Job) -> int:
    """What it costs; nothing any more as soon as its job makes nothing, even before that is given back."""
    return 0 if job.state in {JobState.FAILED, JobState.CANCELLED} else found.credits


def _over_at(job: Job, now: datetime) -> datetime:
    """A guess: as fast as it went so far; before there is anything to go by, in a minute."""
    if job.started_at is None or job.progress < FIRST_SHARE:
        return now + timedelta(minutes=1)
    return job.started_at + (now - job.started_at) / job.progress
