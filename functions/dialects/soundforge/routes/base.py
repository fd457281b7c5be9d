"""What the routes share."""

from typing import Any, Final

from starlette.datastructures import Headers
from starlette.requests import Request

from functions.dialects.soundforge import names
from functions.http.app import caller
from functions.http.limits import Quotas
from patchbay import bootstrap
from patchbay.core.jobs import JobFilter, Order
from patchbay.core.limits import Quota
from patchbay.domain.assets import Asset
from patchbay.domain.errors import InvalidInput, NotFound
from patchbay.domain.jobs import Job, JobState
from patchbay.domain.songs import Song

NAME: Final = "soundforge"
_MINUTE_S = 60
QUOTAS: Final = Quotas(Quota(60, _MINUTE_S), Quota(60, _MINUTE_S), Quota(300, _MINUTE_S))
HEAVY: Final = Quotas(Quota(10, _MINUTE_S), Quota(10, _MINUTE_S), Quota(50, _MINUTE_S))
"""The document's, and five times as many for the premium plan."""


def find_key(headers: Headers) -> str | None:
    """The credential: `Authorization: Bearer <key or JWT>`."""
    scheme, _, rest = headers.get("authorization", "").strip().partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else None


def data(content: Any) -> dict[str, Any]:
    """An answer's envelope."""
    return {"data": content}


def standing(job: dict[str, Any]) -> dict[str, Any]:
    """How a job stands: in the envelope, and beside it what the service's own program tells of it."""
    told = {name: job[name] for name in ("status", "progress")}
    return {**data(job), "success": True, "job_id": job["id"], **told}


def audio_of(request: Request, track_id: str | None, file_path: str | None) -> tuple[str, Song | None, Asset]:
    """(track id, song, audio) that a request names. Raises `NotFound`, `Conflict`, `InvalidInput`."""
    songs, tenant_id = bootstrap.services().songs, caller(request).tenant_id
    named = names.parse_told(file_path) if file_path is not None else None
    if named and named.place == "stems":
        raise InvalidInput("stems are not worked on again; name a track", field="file_path")
    track_id = track_id or (named.owner_id if named else "")
    song, asset = songs.audio_of(tenant_id, track_id)
    if named and named.owner_id not in {track_id, asset.id}:
        raise InvalidInput("that file is not the track's; name one of them", field="file_path")
    return track_id, song, asset


def order(asks: Request, track_id: str, song: Song | None, asset: Asset, **more: Any) -> Order:
    """An order on a track's audio; jobs of a track are found by their batch."""
    who = caller(asks)
    return Order(
        who.tenant_id,
        who.application_id,
        NAME,
        input_asset_id=asset.id,
        name=(song.label if song else asset.name)[:200],
        batch_name=batch_of(track_id),
        metadata={"track_id": track_id},
        **more,
    )


def batch_of(track_id: str) -> str:
    """What the jobs of a track are found by."""
    return f"track-{track_id}"


def job_of(request: Request, job_id: str, *workflows: str) -> Job:
    """A job of one of some workflows. Raises `NotFound`."""
    job = bootstrap.services().jobs.get(caller(request).tenant_id, job_id)
    if job.workflow not in workflows:
        raise NotFound(f"there is no job {job_id}")
    return job


def latest(request: Request, track_id: str, what: str, *workflows: str) -> Job:
    """The newest job of a track that ended well; `what` is what such jobs make. Raises `NotFound`."""
    which = JobFilter(states=(JobState.SUCCEEDED,), workflows=workflows, batches=(batch_of(track_id),))
    found = bootstrap.services().jobs.list(caller(request).tenant_id, which, limit=1)
    if not found:
        raise NotFound(f"track {track_id} has no {what} yet; order it, and ask again when its job is over")
    return found[0]
