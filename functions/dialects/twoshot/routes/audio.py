"""Routes about audio: the files of one's samples, and those of others that everybody may hear."""

from enum import Enum
from typing import Annotated, Final

from fastapi import Query, Request
from starlette.responses import Response

from functions.dialects.twoshot.mapping import audio as mapping
from functions.dialects.twoshot.mapping import samples
from functions.dialects.twoshot.routes import archive, files
from functions.dialects.twoshot.routes.base import NAME, to_file, viewer
from functions.dialects.twoshot.schemas import audio as schemas
from functions.dialects.twoshot.schemas.common import Limit, redirect
from functions.http import archive as zips
from functions.http.app import JsonAnswer, caller
from functions.http.dialect import new_router
from patchbay import bootstrap
from patchbay.core.jobs import JobFilter, Order
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.errors import Forbidden, InvalidInput, NotFound, Unavailable
from patchbay.domain.jobs import Job, JobState

AUDIO, BULK, STEMS = "/audio/{audio_id}", "/audio/download", "/audio/{audio_id}/stem"
PLAY, BPM = "/audio/{audio_id}/play", "/audio/{audio_id}/bpm"
SEPARATION = "stem-isolation-4"
MAX_OFFSET, MAX_IDS, MAX_EARLIER = 900, 50, 20
TAGS: Final[list[str | Enum]] = ["Audio"]
router = new_router()


@router.get("/audio", response_model=list[schemas.Audio], tags=TAGS)
async def list_audio(
    request: Request, limit: Limit = 20, offset: Annotated[int, Query(ge=0, le=MAX_OFFSET)] = 0
) -> JsonAnswer:
    """The audio of your samples, newest first."""
    found = bootstrap.services().samples.owned(caller(request).tenant_id, limit=limit + offset)
    return JsonAnswer([mapping.of_sample(sample) for sample in found[offset:]])


@router.get(
    BULK,
    tags=TAGS,
    response_class=Response,
    responses={200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def download_many(
    request: Request,
    ids: Annotated[str, Query(max_length=40 * MAX_IDS, description=f"{MAX_IDS} ids at most, commas between them")],
) -> Response:
    """Several files in one ZIP, with the licences that they are under."""
    tenant_id = caller(request).tenant_id
    await request.body()  # where each request holds a thread, this is where one too many is sent away
    wanted = list(dict.fromkeys(name for part in ids.split(",") if (name := part.strip())))
    if not 0 < len(wanted) <= MAX_IDS:
        raise InvalidInput(f"name 1 to {MAX_IDS} audio ids, commas between them", field="ids")
    entries = archive.entries(tenant_id, [files.audio_of(audio_id, tenant_id) for audio_id in wanted])
    return zips.answer(request, archive.written(entries), "audio.zip")


@router.get(AUDIO, response_model=schemas.AudioFile, tags=TAGS)
async def get_audio(request: Request, audio_id: str) -> JsonAnswer:
    """What is known of an audio file."""
    sample, asset = files.audio_of(audio_id, viewer(request))
    return JsonAnswer(mapping.file(mapping.of_sample(sample) if sample else mapping.of_asset(asset), asset))


@router.get(PLAY, response_model=schemas.File, tags=TAGS)
async def play_audio(request: Request, audio_id: str) -> JsonAnswer:
    """Where to play an audio file from."""
    _, asset = files.audio_of(audio_id, viewer(request))
    return JsonAnswer(files.of_asset(asset))


@router.get(BPM, response_model=schemas.Bpm, tags=TAGS)
async def get_bpm(request: Request, audio_id: str) -> JsonAnswer:
    """How fast it is."""
    sample, asset = files.audio_of(audio_id, viewer(request))
    under_way = samples.processing(sample) if sample else asset.state is AssetState.PENDING
    return JsonAnswer({"audioId": asset.id, "bpm": sample.bpm if sample else None, "processing": under_way})


@router.get("/audio/{audio_id}/download", response_model=schemas.Download, responses=redirect(), tags=TAGS)
async def download_audio(request: Request, audio_id: str) -> Response:
    """An audio file as it was uploaded, with the licence that it is under."""
    who = caller(request)
    sample, asset = files.audio_of(audio_id, who.tenant_id)
    told = files.download(who.tenant_id, sample, asset)
    return to_file(request, told, sample.licence_id if sample else None)


@router.get(STEMS, response_model=schemas.Stems, tags=TAGS)
async def get_stems(request: Request, audio_id: str) -> JsonAnswer:
    """The stems of audio of yours. The first request starts the separation, later ones tell how it stands."""
    who = caller(request)
    sample, asset = files.audio_of(audio_id, who.tenant_id)
    if asset.tenant_id != who.tenant_id:
        raise Forbidden("stems are made of your own audio only")
    order = Order(
        tenant_id=who.tenant_id,
        application_id=who.application_id,
        dialect=NAME,
        workflow=SEPARATION,
        input_asset_id=asset.id,
        name=sample.name if sample else asset.name,
        batch_name=f"stems-{asset.id}",
    )
    services = bootstrap.services()
    return JsonAnswer(mapping.stems(asset.id, _separation(order, asset), services.jobs.link))


def _separation(order: Order, asset: Asset) -> Job:
    """The job that separates an asset: one that is under way or whose stems are there, else a new one.

    A new one is ordered under a key that names the last one before it. So of two requests at once, which see the same
    last one, one orders, though the list of jobs may be a moment old. Raises `InvalidInput`, `Conflict`, `Unavailable`.
    """
    services = bootstrap.services()
    which = JobFilter(workflows=(SEPARATION,), batches=(order.batch_name or "",))
    earlier = services.jobs.list(order.tenant_id, which, limit=MAX_EARLIER)
    if found := next(filter(_of_use, earlier), None):
        return found
    last = earlier[0].id if earlier else ""
    for _ in range(MAX_EARLIER):
        once, _ = services.idempotency.begin(order.tenant_id, f"stems/{asset.id}/{last}", SEPARATION)
        try:
            job = services.jobs.submit(order, once)
        except NotFound:  # its owner has deleted it since
            last = once.made or last
            continue
        if _of_use(job):
            return job
        last = job.id
    raise Unavailable("too many separations end at once; try again")


def _of_use(job: Job) -> bool:
    """Whether a separation may still give stems, or has given some that are not forgotten yet."""
    if job.state is JobState.SUCCEEDED:
        return bootstrap.services().jobs.whole(job)
    return job.state not in {JobState.FAILED, JobState.CANCELLED}
