"""Tracks and their compositions in the words of the Beatoven API. Links are made anew for each answer."""

from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final

from functions.dialects.beatoven import schemas, wishes
from patchbay.catalog.composition import PARTS
from patchbay.catalog.workflows.compose import ComposeParams
from patchbay.domain.jobs import Job, JobState, Output
from patchbay.domain.tracks import Track

MakeLink = Callable[[Output], str]
STATES: Final[Mapping[JobState, schemas.State]] = {
    JobState.QUEUED: "PENDING",
    JobState.STARTED: "PROGRESS",
    JobState.SUCCEEDED: "SUCCESS",
    JobState.FAILED: "FAILURE",
    JobState.CANCELLED: "FAILURE",
}
_MESSAGES: Final = ((0.0, "Writing your composition"), (0.4, "Playing your composition"), (0.8, "Mixing your track"))


def track(found: Track, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A track, or a composition of it if its own parameters are given."""
    told = ComposeParams.model_validate(params or found.params)
    prompt = found.request.get("prompt")
    return {
        "created_at": http_date(found.created_at),
        "duration_ms": round(told.duration_s * 1000),
        "genre": told.genre,
        "sections": [
            {"emotion": one.emotion, "length": round(one.length_s * 1000), "start": round(one.start_s * 1000)}
            for one in told.whole()
        ],
        "tempo": told.tempo,
        "title": title(found),
        "version": found.composed,
        "music_prompt": prompt,
        "understood": wishes.understood(prompt),
    }


def title(found: Track) -> Any:
    """A track's title as it was sent, or the one it was given."""
    sent = found.request.get("title")
    return found.title if sent in (None, "", []) else sent


def created(found: Track, status: str) -> dict[str, Any]:
    """A new track."""
    return {"status": status, "uuid": found.id, "track": track(found), "tracks": [found.id]}


def listed(found: Track) -> dict[str, Any]:
    """A track in the list."""
    return {"title": title(found), "project_id": found.id, "version": found.composed}


def status(job: Job, link: MakeLink) -> dict[str, Any]:
    """A job as a task of the document's API."""
    state = STATES[job.state]
    if state == "FAILURE":
        message = failure(job)
        return {"state": state, "meta": _standing(message, job), "error": message}
    if state != "SUCCESS":
        return {"state": state, "meta": _standing(message_of(job), job)}
    made = _outputs(job)
    if is_stems(job):
        return {"state": state, "meta": instrument_urls(job, made, link)}
    urls = {"download_url": download_url(made, link), "section_options": section_options(job, made, link)}
    return {"state": state, "meta": urls}


def composed(found: Track, number: int, job: Job | None, stems: Job | None, link: MakeLink) -> dict[str, Any]:
    """A composition of a track with all its addresses."""
    made = _outputs(job) if job else {}
    apart = _outputs(stems) if stems else {}
    return {
        "uuid": found.id,
        "state": STATES[job.state] if job else None,
        "version": number,
        "track": track(found, job.params if job else None),
        "download_url": download_url(made, link),
        "section_options": section_options(job, made, link) if job and made else [],
        "instrument_urls": instrument_urls(stems, apart, link) if stems and apart else [],
    }


def task(job: Job, link: MakeLink) -> dict[str, Any]:
    """A job as a task of the current v1.

    A script of the vendor takes all but `composing` and `failed` for the end. There is no `meta` before that: in typed
    clients it has all of its fields or is not there.
    """
    if STATES[job.state] == "FAILURE":
        return {"status": "failed", "error": failure(job)}
    if job.state is not JobState.SUCCEEDED:
        return {"status": "composing", "percentage": percentage(job)}
    prompt, about = job.request.get("prompt"), job.request.get("track_id")
    made = _outputs(job)
    stems = {part: name for part in PARTS for name in made if name.startswith(f"stem-{part}.")}
    meta = {
        "project_id": about,
        "track_id": about,
        "prompt": {"text": prompt} if prompt else None,
        "version": job.request.get("version"),
        "track_url": download_url(made, link),
        "stems_url": {part: link(made[name]) for part, name in stems.items()},
    }
    return {"status": "composed", "meta": meta}


def failure(job: Job) -> str:
    """Why a job came to nothing."""
    return job.failure.message if job.failure else "cancelled by its owner"


def percentage(job: Job) -> int:
    """How much is done, 0 to 100."""
    return int(job.progress * 100)


def message_of(job: Job) -> str:
    """What is being done."""
    if job.state is JobState.QUEUED:
        return "Waiting to be composed"
    return next(told for least, told in reversed(_MESSAGES) if job.progress >= least)


def is_stems(job: Job) -> bool:
    """Whether a job makes the stems of sections rather than a track."""
    return bool(job.params.get("section_stems"))


def http_date(when: datetime) -> str:
    """A time such as `Tue, 04 Apr 2023 09:49:33 GMT`."""
    return format_datetime(when, usegmt=True)


def download_url(made: Mapping[str, Output], link: MakeLink) -> str | None:
    """The whole track in its first format."""
    found = next((output for name, output in made.items() if name.startswith("track.")), None)
    return link(found) if found else None


def section_options(job: Job, made: Mapping[str, Output], link: MakeLink) -> list[list[dict[str, Any]]]:
    """[version][section] of a composition whose sections were made; else nothing."""
    told = ComposeParams.model_validate(job.params)
    heard = made["instruments"].value if "instruments" in made else None
    if not told.sections_audio:
        return []
    return [
        [
            {
                "instruments": _at(heard, version, number),
                "object_name": f"section-{version}-{number}.mp3",
                "option_number": version,
                "preview_url": _link(made, f"preview-{version}-{number}.mp3", link),
                "section_duration": round(section.length_s * 1000),
                "track_url": _link(made, f"section-{version}-{number}.mp3", link),
            }
            for number, section in enumerate(told.whole())
        ]
        for version in range(told.versions)
    ]


def instrument_urls(job: Job, made: Mapping[str, Output], link: MakeLink) -> list[list[dict[str, Any]]]:
    """[version][section] of a making of stems: stem -> its addresses."""
    told = ComposeParams.model_validate(job.params)
    return [
        [
            {
                part: {"preview_url": "", "track_url": _link(made, name, link)}
                for part in PARTS
                if (name := f"stem-{version}-{number}-{part}.mp3") in made
            }
            for number in range(len(told.whole()))
        ]
        for version in range(told.versions)
    ]


def _standing(message: str, job: Job) -> dict[str, Any]:
    """How far a task is. The document's example says `percentage`, its prose `generationProgress`."""
    done = percentage(job)
    return {"message": message, "percentage": done, "generationProgress": done}


def _outputs(job: Job) -> dict[str, Output]:
    return {output.name: output for output in job.outputs} if job.state is JobState.SUCCEEDED else {}


def _link(made: Mapping[str, Output], name: str, link: MakeLink) -> str:
    return link(made[name]) if name in made else ""


def _at(heard: Any, version: int, section: int) -> list[str]:
    """The instruments of a version of a section, as far as they are told."""
    try:
        return [str(name) for name in heard[version][section]]
    except (IndexError, KeyError, TypeError):
        return []
