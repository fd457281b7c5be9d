"""Stems to mix, as a job's files: those that were brought, or those that an earlier job left."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, Final

from starlette.requests import Request

from functions.dialects.soundforge import daw, mapping, names
from functions.dialects.soundforge.routes.base import latest
from functions.http.app import caller
from patchbay import bootstrap
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.errors import Conflict, InvalidInput, NotFound
from patchbay.domain.jobs import Job, JobFile, JobState, Output

FIELD: Final = "stems[]"
JOB, TRACK = "job_id", "track_id"
FILE, TYPE = "file", "stem_type"
"""What the service's own program sends in their place: one stem that its editor made, to be kept."""
_PREFIX = "stem-"
"""What stems are called of a job that makes other audio too."""


def brought(request: Request, stems: Sequence[Asset]) -> list[JobFile]:
    """Files of a form. Raises `InvalidInput` for what is no audio, or cannot be told from another."""
    services, who = bootstrap.services(), caller(request)
    looked_at = [services.assets.inspect(who.tenant_id, asset.id) for asset in stems]
    files: list[JobFile] = []
    for asset in looked_at:
        name = PurePath(asset.name).stem or "stem"
        if len(name) > daw.MAX_NAME_CHARS:
            raise InvalidInput(
                f"a stem's name has {daw.MAX_NAME_CHARS} characters at most; rename its file", field=FIELD
            )
        if asset.state is not AssetState.READY or asset.sha256 is None:
            raise InvalidInput(f"stem {name!r} cannot be used: {asset.reason}", field=FIELD)
        files.append(JobFile(name=name, key=asset.key, sha256=asset.sha256))
    found = [file.name for file in files]
    if len(set(found)) < len(found) or "arrangement" in found:
        raise InvalidInput("each stem's file needs a name of its own, and none may be called arrangement", field=FIELD)
    return files


def kept(request: Request, brought: Sequence[Asset], fields: Mapping[str, str]) -> dict[str, Any]:
    """A stem that an editor made, kept as audio of its owner's: what the service's own program is answered.

    Raises `InvalidInput`, `NotFound`, `Conflict`.
    """
    services, tenant_id, kind = bootstrap.services(), caller(request).tenant_id, fields[TYPE].strip()
    if len(brought) != 1:
        raise InvalidInput(f"bring the stem as one part named {FILE}", field=FILE)
    if not 0 < len(kind) <= daw.MAX_NAME_CHARS or not kind.isprintable():
        raise InvalidInput(f"say what stem it is in 1 to {daw.MAX_NAME_CHARS} characters, such as vocals", field=TYPE)
    if not fields.get(TRACK):
        raise InvalidInput("name the track that the stem is of", field=TRACK)
    services.songs.audio_of(tenant_id, fields[TRACK])
    asset = services.assets.inspect(tenant_id, brought[0].id)
    if asset.state is not AssetState.READY:
        raise InvalidInput(f"the stem cannot be used: {asset.reason}", field=FILE)
    limits = services.assets.limits
    services.assets.keep(tenant_id, asset.id, services.clock.now() + limits.kept if limits.kept else None)
    return {"ok": True, "stem_id": asset.id, "file_path": names.path_of("uploads", asset.id, f"{kind}_edited.wav")}


def job_of(request: Request, fields: Mapping[str, str]) -> Job:
    """The job whose stems a form without files means: the one it names, or the latest separation of its track.

    Raises `NotFound`, `Conflict` for a job that made nothing, `InvalidInput` where neither is named.
    """
    services, tenant_id = bootstrap.services(), caller(request).tenant_id
    if job_id := fields.get(JOB):
        job = services.jobs.get(tenant_id, job_id)
        if job.state is not JobState.SUCCEEDED:
            told = "failed: it has no stems" if job.state.terminal else "is not over yet; wait for its end"
            raise Conflict(f"job {job_id} {told}")
        return job
    if track_id := fields.get(TRACK):
        services.songs.audio_of(tenant_id, track_id)
        return latest(request, track_id, "separation", *mapping.SEPARATION)
    told = f"bring stems as parts named {FIELD}, or name whose stems are meant: a job by {JOB}, a track by {TRACK}"
    raise InvalidInput(told, field=FIELD)


def left(job: Job) -> list[JobFile]:
    """The stems that a job left. Raises `InvalidInput` where it made none, `NotFound` where they are gone."""
    found = _stems(job)
    if not found:
        raise InvalidInput(f"job {job.id} made no stems; name a separation, or a composition with stems", field=JOB)
    if any(bootstrap.services().objects.stat(output.key or "") is None for output in found.values()):
        raise NotFound(f"the stems of job {job.id} are not kept any more; have them made again")
    return [JobFile(name=name, key=output.key or "", sha256=output.sha256 or "") for name, output in found.items()]


def _stems(job: Job) -> dict[str, Output]:
    """A job's stems by their names, of each the best that there is: WAV before what lost something."""
    audio = [output for output in job.outputs if output.key and output.media_type.startswith("audio/")]
    named = [output for output in audio if output.name.startswith(_PREFIX)]
    found: dict[str, Output] = {}
    for output in named or audio:
        path = PurePath(output.name.removeprefix(_PREFIX))
        if path.stem not in found or path.suffix == ".wav":
            found[path.stem] = output
    return dict(list(found.items())[: daw.MAX_STEMS])
