"""Audio in the words of the TwoShot API. Links are made anew for each answer."""

from collections.abc import Callable
from typing import Any

from functions.dialects.twoshot.mapping import samples
from functions.dialects.twoshot.mapping.times import iso
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.jobs import Job, JobState, Output
from patchbay.domain.samples import Sample

_STATUS = {
    JobState.QUEUED: "pending",
    JobState.STARTED: "processing",
    JobState.SUCCEEDED: "completed",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "failed",
}


def of_sample(found: Sample) -> dict[str, Any]:
    """The audio of a sample."""
    return {
        "id": found.asset_id,
        "name": found.name,
        "created": iso(found.created_at),
        "duration": found.duration_s,
        "bpm": found.bpm,
        "scale": found.scale or None,
        "free": found.free,
        "licenceId": found.licence_id,
        "sampleId": found.number,
        "public": found.public,
        "processing": samples.processing(found),
        "error": found.reason,
    }


def of_asset(found: Asset) -> dict[str, Any]:
    """Audio that no sample was made of."""
    return {
        "id": found.id,
        "name": found.name,
        "created": iso(found.created_at),
        "duration": found.audio.duration_s if found.audio else None,
        "bpm": None,
        "scale": None,
        "free": False,
        "licenceId": None,
        "sampleId": None,
        "public": False,
        "processing": found.state is AssetState.PENDING,
        "error": found.reason,
    }


def file(told: dict[str, Any], found: Asset) -> dict[str, Any]:
    """Audio with what its bytes say. `told` is the one or the other of the above."""
    seen = found.audio
    return {
        **told,
        "duration": told["duration"] if seen is None else seen.duration_s,
        "mediaType": seen.media_type if seen else None,
        "sampleRate": seen.sample_rate_hz if seen else None,
        "channels": seen.channels if seen else None,
        "sizeBytes": found.size_bytes,
    }


def stems(audio_id: str, job: Job, link: Callable[[Output], str]) -> dict[str, Any]:
    """How a separation stands."""
    over = job.state is JobState.SUCCEEDED
    error = job.failure.message if job.failure else None
    return {
        "audioId": audio_id,
        "jobId": job.id,
        "status": _STATUS[job.state],
        "progress": int(job.progress * 100),
        "stems": [{"name": out.name, "url": link(out)} for out in job.outputs if out.key] if over else [],
        "error": "cancelled by its owner" if job.state is JobState.CANCELLED else error,
    }
