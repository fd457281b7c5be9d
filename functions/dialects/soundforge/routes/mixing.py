"""Routes of the mixer: stems and a manifest go in, a WAV comes out."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from enum import Enum
from pathlib import PurePath
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from functions.dialects.soundforge import daw
from functions.dialects.soundforge.routes.base import NAME, batch_of
from functions.http import archive, observe
from functions.http.app import caller
from functions.http.dialect import new_router
from functions.http.once import once_of
from functions.http.uploads import form_body, receive_files
from patchbay import bootstrap
from patchbay.core import manifests
from patchbay.core.jobs import Order
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.base import utc_now
from patchbay.domain.errors import InvalidInput, NotFound, Unavailable, UnusableAudio
from patchbay.domain.jobs import FailureKind, Job, JobFile, JobState, Output

EXPORT = "/api/daw/export"
FIELD = "stems[]"
WORKFLOW, MIX = "render", "mix.wav"
POLL_S = 0.4
KEPT = timedelta(days=1)
LONGEST_S, LONGEST_IN_LAMBDA_S = 600.0, 24.0
TAGS: Final[list[str | Enum]] = ["DAW"]
_WAV: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"audio/wav": {"schema": {"type": "string", "format": "binary"}}}},
    303: {"description": "To the file, where it is too large for an answer"},
}
_FORM: Final = form_body(
    field=FIELD,
    track_id="The track that the stems are of",
    manifest="JSON: {volumes: {stem: 0..1}, pans: {stem: -1..1}, edits: [{stem, type: cut | mute | fade_in | fade_out,"
    " start, end}]}; stems are called as their files, without the ending",
)
router = new_router()


@router.post(EXPORT, tags=TAGS, response_class=Response, responses=_WAV, openapi_extra=_FORM)
async def export(request: Request) -> Response:
    """Mix stems as the manifest says; the mix is the answer, 24 bits a sample."""
    services = bootstrap.services()
    stems, fields = await receive_files(
        request, field=FIELD, most=daw.MAX_STEMS, check=_checked, keep_until=utc_now() + KEPT
    )
    job: Job | None = None
    try:
        job = services.jobs.submit(_order(request, stems, fields), once_of(request))
        job = await _over(request, job)
    finally:
        # They were brought for this alone; while the job still wants them, their time ends by itself.
        if job is None or job.state.terminal:
            _forget(stems)
    output = _mix(job)
    name = archive.file_name(fields.get("track_id") or "mix", ".wav").encode("ascii", "replace").decode()
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    if observe.in_lambda():
        return Response(status_code=303, headers={"location": services.jobs.link(output)})
    length = {"content-length": str(output.size_bytes)} if output.size_bytes else {}
    return StreamingResponse(_blocks(output), media_type="audio/wav", headers={**headers, **length})


def _checked(fields: dict[str, str]) -> None:
    daw.read(fields.get("manifest", ""))


def _order(request: Request, stems: list[Asset], fields: dict[str, str]) -> Order:
    """The order of the mix. Raises `InvalidInput`."""
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
    names = [file.name for file in files]
    if len(set(names)) < len(names) or "arrangement" in names:
        raise InvalidInput("each stem's file needs a name of its own, and none may be called arrangement", field=FIELD)
    session = daw.arrangement(daw.read(fields.get("manifest", "")), names)
    document = session.model_dump_json().encode()
    told = manifests.document(services.objects, who.tenant_id, "arrangement", document)
    track_id = fields.get("track_id", "")[:64]
    return Order(
        who.tenant_id,
        who.application_id,
        NAME,
        WORKFLOW,
        params={"format": "wav", "bit_depth": 24},
        files=(told, *files),
        name="mix",
        batch_name=batch_of(track_id) if track_id else None,
        metadata={"track_id": track_id} if track_id else {},
    )


async def _over(request: Request, job: Job) -> Job:
    """The job once it is over. Raises `Unavailable` if that takes too long, or nobody waits for it any more."""
    jobs, left_s = bootstrap.services().jobs, LONGEST_IN_LAMBDA_S if observe.in_lambda() else LONGEST_S
    # The body was read: what comes next is that the client goes. Who waits for nobody holds up others.
    gone = asyncio.ensure_future(request.receive())
    try:
        while not job.state.terminal:
            if left_s <= 0:
                raise Unavailable(f"the mix takes longer than this answer can wait; ask for job {job.id} later")
            if gone.done():
                raise Unavailable(f"the client went away; the mix goes on, ask for job {job.id}")
            await asyncio.sleep(POLL_S)
            left_s -= POLL_S
            with suppress(Unavailable):  # the store may be back at the next look
                job = jobs.get(job.tenant_id, job.id)
    finally:
        gone.cancel()
        await asyncio.wait({gone})
    return job


def _mix(job: Job) -> Output:
    """What a job made. Raises `UnusableAudio`, `Unavailable`."""
    if job.state is JobState.SUCCEEDED:
        return next(output for output in job.outputs if output.name == MIX)
    if job.failure and job.failure.kind is FailureKind.BAD_INPUT:
        raise UnusableAudio(job.failure.message)
    raise Unavailable(job.failure.message if job.failure else "the mix was cancelled")


async def _blocks(output: Output) -> Any:
    with bootstrap.services().objects.read(output.key or "") as blocks:
        for block in blocks:
            yield block


def _forget(stems: list[Asset]) -> None:
    for asset in stems:
        with suppress(NotFound):
            bootstrap.services().assets.delete(asset.tenant_id, asset.id)
