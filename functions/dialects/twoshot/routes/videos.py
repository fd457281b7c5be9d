"""Routes about videos: upload one, put audio under it, render it, take it away."""

from enum import Enum
from typing import Annotated, Final

from fastapi import Query, Request
from starlette.responses import Response

from functions.dialects.twoshot.mapping import generations
from functions.dialects.twoshot.mapping import videos as mapping
from functions.dialects.twoshot.routes.base import NAME, link, to_file
from functions.dialects.twoshot.routes.sources import Resolved, resolve
from functions.dialects.twoshot.schemas import generations as generation_schemas
from functions.dialects.twoshot.schemas import videos as schemas
from functions.dialects.twoshot.schemas.common import Limit, redirect
from functions.http.app import JsonAnswer, caller
from functions.http.dialect import new_router
from functions.http.once import once_of
from patchbay import bootstrap
from patchbay.core.jobs import Order
from patchbay.domain.errors import InvalidInput
from patchbay.domain.projects import Reference
from patchbay.domain.videos import Video

VIDEO = "/video/{video_id}"
MAX_OFFSET = 900
TAGS: Final[list[str | Enum]] = ["Videos"]
router = new_router()


@router.post("/video", response_model=schemas.Made, status_code=201, tags=TAGS)
async def create_video(request: Request, body: schemas.NewVideo) -> JsonAnswer:
    """A new video, and where to send its file."""
    services = bootstrap.services()
    tenant_id = caller(request).tenant_id
    made = services.videos.create(tenant_id, body.name, size_bytes=body.sizeBytes, once=once_of(request))
    url = services.videos.put_url(made, size_bytes=body.sizeBytes)
    return JsonAnswer({"id": made.id, "uploadUrl": url, "expiresIn": services.limits.upload_ttl_s}, 201)


@router.get("/video", response_model=list[schemas.Video], tags=TAGS)
async def list_videos(
    request: Request, limit: Limit = 20, offset: Annotated[int, Query(ge=0, le=MAX_OFFSET)] = 0
) -> JsonAnswer:
    """Your videos, newest first."""
    found = bootstrap.services().videos.owned(caller(request).tenant_id, limit=limit + offset)
    return JsonAnswer([_shown(video) for video in found[offset:]])


@router.get(VIDEO, response_model=schemas.Video, tags=TAGS)
async def get_video(request: Request, video_id: str) -> JsonAnswer:
    """A video of yours."""
    return JsonAnswer(_shown(bootstrap.services().videos.get(caller(request).tenant_id, video_id)))


@router.put(VIDEO, response_model=schemas.Video, tags=TAGS)
async def set_sync(request: Request, video_id: str, body: schemas.Sync) -> JsonAnswer:
    """Say which audio goes under a video, and how. The file, if it has come, is looked at."""
    service, tenant_id = bootstrap.services().videos, caller(request).tenant_id
    service.get(tenant_id, video_id)
    _audio(body.audioId, tenant_id)
    return JsonAnswer(_shown(service.set_sync(tenant_id, video_id, mapping.sync_of(body), name=body.name)))


@router.delete(VIDEO, response_model=schemas.Gone, tags=TAGS)
async def delete_video(request: Request, video_id: str) -> JsonAnswer:
    """Remove a video with its file; a rendering under way is cancelled."""
    bootstrap.services().videos.delete(caller(request).tenant_id, video_id)
    return JsonAnswer({"id": video_id})


@router.post(VIDEO + "/render", response_model=generation_schemas.Started, tags=TAGS)
async def render_video(request: Request, video_id: str) -> JsonAnswer:
    """Render a video. `GET /generation/{jobId}` tells how that stands."""
    who, once = caller(request), once_of(request)
    service = bootstrap.services().videos
    if once and once.made:
        video = service.get(who.tenant_id, video_id)
        found, job = bootstrap.services().generations.get(once.made, who.tenant_id)
        return JsonAnswer(generations.started(found, job, mapping.takes_s(video)))
    video = service.checked(who.tenant_id, video_id)
    if video.sync is None:
        raise InvalidInput("say first, by PUT, which audio goes under the video", field="audioId")
    audio = _audio(video.sync.audio_id, who.tenant_id)
    _check_meets(video, audio.duration_s)
    order = Order(who.tenant_id, who.application_id, NAME, workflow="video")
    found, job = service.render(order, video_id, audio.file, once=once)
    return JsonAnswer(generations.started(found, job, mapping.takes_s(video)))


@router.get(VIDEO + "/download", response_model=schemas.Download, responses=redirect(), tags=TAGS)
async def download_video(request: Request, video_id: str) -> Response:
    """The rendered video."""
    services = bootstrap.services()
    video = services.videos.get(caller(request).tenant_id, video_id)
    output = services.videos.result(video)
    told = {
        "videoId": video.id,
        "name": video.name,
        "mediaType": output.media_type,
        "sizeBytes": output.size_bytes,
        "url": link(output.key or ""),
        "expiresIn": services.limits.link_ttl_s,
    }
    return to_file(request, told)


def _shown(video: Video) -> dict[str, object]:
    return mapping.video(video, bootstrap.services().videos.job(video))


def _audio(audio_id: str, tenant_id: str) -> Resolved:
    """The audio that goes under a video. Raises `Missing`, `NotReady`, `InvalidInput`."""
    return resolve(Reference(name="audio", audio_id=audio_id, field="audioId"), tenant_id)


def _check_meets(video: Video, audio_s: float) -> None:
    """Raises `InvalidInput` if nothing of the audio would be heard."""
    length_s = video.info.duration_s if video.info else None
    offset_s = video.sync.offset_s if video.sync else 0.0
    if offset_s + audio_s <= 0 or (length_s is not None and offset_s >= length_s):
        told = f"the video has {length_s:g} s" if length_s is not None else "the video begins after it"
        raise InvalidInput(f"nothing of the {audio_s:g} s of audio would be heard: {told}", field="offset")
