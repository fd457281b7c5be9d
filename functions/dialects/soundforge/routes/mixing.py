"""Routes of the mixer: stems and a manifest go in, a WAV comes out.

The stems are files of the form, or those that an earlier job left: then nothing but the manifest is sent. Who asks with
`Prefer: respond-async` (RFC 7240), or for more than one answer holds, is given a job to ask for instead.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from enum import Enum
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from functions.dialects.soundforge import daw, mapping, schemas
from functions.dialects.soundforge.routes import stems
from functions.dialects.soundforge.routes.base import NAME, batch_of, data, job_of
from functions.http import archive, observe
from functions.http.app import JsonAnswer, caller
from functions.http.dialect import new_router
from functions.http.once import once_of
from functions.http.uploads import form_body, receive_files
from patchbay import bootstrap
from patchbay.core import manifests
from patchbay.core.jobs import Order
from patchbay.domain.assets import Asset
from patchbay.domain.base import utc_now
from patchbay.domain.errors import InvalidInput, NotFound, PatchbayError, Unavailable, UnusableAudio
from patchbay.domain.jobs import FailureKind, Job, JobFile, JobState, Output

EXPORT = "/api/daw/export"
WORKFLOW, MIX = "render", "mix.wav"
POLL_S = 0.4
KEPT = timedelta(days=1)
LONGEST_S, LONGEST_IN_LAMBDA_S = 600.0, 24.0
ASYNC = "respond-async"
TAGS: Final[list[str | Enum]] = ["DAW"]
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": schemas.KeptStem, "content": {"audio/wav": {"schema": {"type": "string", "format": "binary"}}}},
    202: {"model": schemas.Data[schemas.Mix], "description": "Under way: ask for it at `Location`"},
    303: {"model": schemas.Data[schemas.Mix], "description": "To the file, where it is too large for an answer"},
}
_FORM: Final = form_body(
    field=stems.FIELD,
    needed=False,
    track_id="The track that the stems are of; without files in the form, those of its latest separation are mixed",
    job_id="A finished job of yours whose stems are mixed, in the place of files in the form",
    manifest="JSON: {volumes: {stem: 0..1}, pans: {stem: -1..1}, edits: [{stem, type: cut | mute | fade_in | fade_out,"
    " start, end}]}; stems are called as their files, without the ending",
)
router = new_router()


@router.post(EXPORT, tags=TAGS, response_class=Response, responses=_ANSWERS, openapi_extra=_FORM)
async def export(request: Request) -> Response:
    """Mix stems as the manifest says; the mix is the answer, 24 bits a sample.

    With the header `Prefer: respond-async` the answer is 202 and a job, at once. One stem that an editor made, as
    `file` with the texts `track_id` and `stem_type`, is not mixed but kept: then the answer is where it can be got.
    """
    services = bootstrap.services()
    taken, fields = await receive_files(
        request,
        field=stems.FIELD,
        also=stems.FILE,
        least=0,
        most=daw.MAX_STEMS,
        check=_checked,
        keep_until=utc_now() + KEPT,
    )
    if stems.TYPE in fields:
        return _kept(request, taken, fields)
    job: Job | None = None
    try:
        job = services.jobs.submit(_order(request, taken, fields), once_of(request))
        if not _at_once(request):
            job = await _over(request, job)
    finally:
        # They were brought for this alone; while the job still wants them, their time ends by itself.
        if job is None or job.state.terminal:
            _forget(taken)
    if not job.state.terminal:
        if taken and not _at_once(request):  # who brings files has the document's way in mind, which knows no jobs
            raise Unavailable(f"the mix takes longer than this answer can wait; ask for job {job.id} later")
        return JsonAnswer(data(_standing(job)), status_code=202, headers={"location": f"{EXPORT}/{job.id}"})
    return _file(job)


@router.get(f"{EXPORT}/{{job_id}}", tags=TAGS, response_model=schemas.Data[schemas.Mix])
async def get_export(request: Request, job_id: str) -> JsonAnswer:
    """How a mix stands, and a fresh link to it once it is over."""
    job = job_of(request, job_id, WORKFLOW)
    if job.dialect != NAME:
        raise NotFound(f"there is no job {job_id}")
    return JsonAnswer(data(_standing(job)))


def _kept(request: Request, taken: list[Asset], fields: dict[str, str]) -> Response:
    try:
        return JsonAnswer(stems.kept(request, taken, fields))
    except PatchbayError:
        _forget(taken)
        raise


def _checked(fields: dict[str, str]) -> None:
    daw.read(fields.get("manifest", ""))


def _at_once(request: Request) -> bool:
    wishes = ",".join(request.headers.getlist("prefer")).split(",")
    return ASYNC in (wish.partition(";")[0].strip().lower() for wish in wishes)


def _order(request: Request, taken: list[Asset], fields: dict[str, str]) -> Order:
    """The order of the mix. Raises `InvalidInput`, `NotFound`, `Conflict`."""
    if not taken:
        of = stems.job_of(request, fields)
        name = f"{of.name[:190]} (mix)" if of.name else "mix"
        return _ordered(request, stems.left(of), fields, name, mapping.track_of(of) or "")
    if fields.get(stems.JOB):
        raise InvalidInput("bring stems or name a job whose stems are meant, not both", field=stems.JOB)
    return _ordered(request, stems.brought(request, taken), fields, "mix", fields.get(stems.TRACK, "")[:64])


def _ordered(request: Request, files: Sequence[JobFile], fields: dict[str, str], name: str, track_id: str) -> Order:
    services, who = bootstrap.services(), caller(request)
    session = daw.arrangement(daw.read(fields.get("manifest", "")), [file.name for file in files])
    document = session.model_dump_json().encode()
    told = manifests.document(services.objects, who.tenant_id, "arrangement", document)
    return Order(
        who.tenant_id,
        who.application_id,
        NAME,
        WORKFLOW,
        params={"format": "wav", "bit_depth": 24},
        files=(told, *files),
        name=name,
        batch_name=batch_of(track_id) if track_id else None,
        metadata={"track_id": track_id} if track_id else {},
    )


async def _over(request: Request, job: Job) -> Job:
    """The job once it is over, or when that takes too long. Raises `Unavailable` if nobody waits for it any more."""
    jobs, left_s = bootstrap.services().jobs, LONGEST_IN_LAMBDA_S if observe.in_lambda() else LONGEST_S
    # The body was read: what comes next is that the client goes. Who waits for nobody holds up others.
    gone = asyncio.ensure_future(request.receive())
    try:
        while not job.state.terminal and left_s > 0:
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


def _file(job: Job) -> Response:
    """The mix, or where a Lambda's answer does not hold it, the way there. Raises `UnusableAudio`, `Unavailable`."""
    output = _mix(job)
    if observe.in_lambda() and (output.size_bytes or archive.MAX_LAMBDA_BYTES + 1) > archive.MAX_LAMBDA_BYTES:
        told = _standing(job)
        return JsonAnswer(data(told), status_code=303, headers={"location": told["url"]})
    name = archive.file_name(mapping.track_of(job) or "mix", ".wav")
    headers = {"content-disposition": archive.attachment(name)}
    length = {"content-length": str(output.size_bytes)} if output.size_bytes else {}
    return StreamingResponse(_blocks(output), media_type="audio/wav", headers={**headers, **length})


def _standing(job: Job) -> dict[str, Any]:
    """How a mix stands."""
    over = job.state is JobState.SUCCEEDED
    return {
        "job_id": job.id,
        "track_id": mapping.track_of(job),
        "status": mapping.STATUS[job.state],
        "progress": mapping.progress(job),
        "url": bootstrap.services().jobs.link(_mix(job)) if over else None,
        "error": mapping.error(job),
    }


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


def _forget(taken: list[Asset]) -> None:
    """Let go of what was brought; what cannot be now goes by itself, and the answer stands whatever becomes of it."""
    for asset in taken:
        with suppress(PatchbayError):
            bootstrap.services().assets.delete(asset.tenant_id, asset.id)
