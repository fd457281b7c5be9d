"""Videos in the words of the TwoShot API."""

from typing import Any

from functions.dialects.twoshot.mapping import generations
from functions.dialects.twoshot.mapping.times import iso
from functions.dialects.twoshot.schemas import videos as schemas
from patchbay.domain.generations import Generation
from patchbay.domain.jobs import Job, JobState
from patchbay.domain.videos import Sync, Video

RENDERS_S, RENDERS_PART = 15.0, 0.05
"""A rendering takes about so long, and for each second of video so much more."""


def sync_of(given: schemas.Sync) -> Sync:
    """What a client says of a video, in the core's terms."""
    asked = given.ducking
    ducking = schemas.Ducking() if asked is True else asked or None
    return Sync(
        audio_id=given.audioId,
        offset_s=given.offset,
        gain=given.gain,
        keep_original=given.keepOriginal,
        fade_out_s=given.fadeOut,
        **_duck(ducking),
    )


def _duck(ducking: schemas.Ducking | None) -> dict[str, Any]:
    if ducking is None:
        return {}
    return {
        "duck": ducking.target,
        "duck_db": ducking.amount,
        "attack_s": ducking.attack,
        "release_s": ducking.release,
    }


def video(found: Video, rendering: tuple[Generation, Job] | None) -> dict[str, Any]:
    """A video, and how its rendering stands."""
    sync = found.sync or Sync(audio_id="")
    ducks = sync.duck != "none"
    return {
        "id": found.id,
        "name": found.name,
        "created": iso(found.created_at),
        "updated": iso(found.updated_at),
        "media": _media(found),
        "error": found.reason,
        "audioId": sync.audio_id or None,
        "offset": sync.offset_s,
        "gain": sync.gain,
        "keepOriginal": sync.keep_original,
        "ducking": {
            "target": sync.duck,
            "amount": sync.duck_db,
            "attack": sync.attack_s,
            "release": sync.release_s,
        }
        if ducks
        else None,
        "fadeOut": sync.fade_out_s,
        "render": _rendering(found, *rendering) if rendering else None,
    }


def takes_s(found: Video) -> float:
    """About how long a rendering takes."""
    length_s = found.info.duration_s if found.info and found.info.duration_s else 60.0
    return RENDERS_S + RENDERS_PART * length_s


def _media(found: Video) -> dict[str, Any] | None:
    if found.info is None:
        return None
    return {
        "container": found.info.container,
        "codec": found.info.codec,
        "width": found.info.width_px,
        "height": found.info.height_px,
        "duration": found.info.duration_s,
        "hasSound": found.info.sounds,
        "sizeBytes": found.size_bytes,
    }


def _rendering(found: Video, generation: Generation, job: Job) -> dict[str, Any]:
    error = "cancelled by its owner" if job.state is JobState.CANCELLED else generation.reason
    return {
        "jobId": job.id,
        "status": generations.status(generation, job),
        "progress": int(job.progress * 100),
        "error": job.failure.message if job.failure else error,
        "outdated": found.rendered != found.sync,
    }
