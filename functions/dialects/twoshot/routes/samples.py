"""Routes about samples: find them, hear them, like them."""

from enum import Enum
from typing import Annotated, Final

from fastapi import Query, Request
from starlette.responses import Response

from functions.dialects.twoshot.mapping import samples as mapping
from functions.dialects.twoshot.routes import files
from functions.dialects.twoshot.routes.base import items, link, tenant_of, to_file, viewer
from functions.dialects.twoshot.schemas import audio as audio_schemas
from functions.dialects.twoshot.schemas import samples as schemas
from functions.dialects.twoshot.schemas.common import Limit, Measure, Number, Whether, Which, redirect
from functions.http.app import JsonAnswer, caller
from functions.http.dialect import new_router
from patchbay import bootstrap
from patchbay.core.search import Query as Wanted
from patchbay.core.search.query import MAX_OFFSET
from patchbay.domain.errors import Conflict, InvalidInput, NotFound
from patchbay.domain.samples import Sample

BROWSE, SAMPLE, EXPLORE = "/sample", "/sample/{sample_id}", "/tag/explore"
PREVIEW, DOWNLOAD = SAMPLE + "/preview/{audio_id}", SAMPLE + "/download/{audio_id}"
TAGS: Final[list[str | Enum]] = ["Samples"]
router = new_router()


@router.get(BROWSE, response_model=list[schemas.Item], tags=TAGS)
async def browse(
    request: Request,
    q: Annotated[str, Query(max_length=200, description="Words of names and tags; the last may be a beginning")] = "",
    owner_id: Annotated[Which, Query(description="Samples of this user")] = None,
    public: Annotated[Whether, Query(description="True: leave out what only you see")] = None,
    scale: Annotated[str, Query(max_length=32, description="Such as `A Minor`")] = "",
    bpm_min: Measure = None,
    bpm_max: Measure = None,
    duration_min: Measure = None,
    duration_max: Measure = None,
    tags: Annotated[str, Query(max_length=400, description="Names with commas between them; all of them")] = "",
    sort: Annotated[schemas.Sort, Query(description="Order")] = "latest",
    limit: Limit = 20,
    offset: Annotated[int, Query(ge=0, le=MAX_OFFSET, description="Results to leave out")] = 0,
) -> JsonAnswer:
    """Samples that you may hear: everybody's public ones, and your own."""
    services, watcher = bootstrap.services(), viewer(request)
    owner = tenant_of(owner_id) if owner_id is not None else None
    if owner_id is not None and owner is None:
        return JsonAnswer([])
    wanted = Wanted(
        text=q,
        owner=owner,
        public_only=bool(public),
        viewer=watcher,
        scale=scale,
        bpm=_range("bpm", bpm_min, bpm_max),
        duration_s=_range("duration", duration_min, duration_max),
        tags=tuple(tag for part in tags.split(",") if (tag := part.strip())),
        sort=sort,
        limit=limit,
        offset=offset,
    )
    return JsonAnswer(items(services.search.samples(wanted), watcher))


@router.get(SAMPLE, response_model=schemas.Details, tags=TAGS)
async def get_sample(request: Request, sample_id: Number) -> JsonAnswer:
    """A sample."""
    found = bootstrap.services().samples.get(sample_id, viewer(request))
    return JsonAnswer(_details(request, found))


@router.get(PREVIEW, response_model=audio_schemas.File, responses=redirect(), tags=TAGS)
async def preview_sample(request: Request, sample_id: Number, audio_id: str) -> Response:
    """A short MP3 of a sample."""
    found = _with_audio(request, sample_id, audio_id)
    if not found.preview_key:
        if mapping.processing(found):
            raise Conflict("the preview is being made; try again in a moment")
        raise NotFound(f"there is no preview: {found.reason or 'none was made'}")
    return to_file(request, files.told(found.asset_id, link(found.preview_key)), found.licence_id)


@router.get(DOWNLOAD, response_model=audio_schemas.Download, responses=redirect(), tags=TAGS)
async def download_sample(request: Request, sample_id: Number, audio_id: str) -> Response:
    """A sample's audio as it was uploaded, with the licence that it is under."""
    who, found = caller(request), _with_audio(request, sample_id, audio_id)
    asset = bootstrap.services().assets.get(found.tenant_id, found.asset_id)
    return to_file(request, files.download(who.tenant_id, found, asset), found.licence_id)


@router.post(SAMPLE + "/like", response_model=schemas.Like, tags=TAGS)
async def like_sample(request: Request, sample_id: Number) -> JsonAnswer:
    """Like a sample; asking again changes nothing."""
    count = bootstrap.services().samples.like(caller(request).tenant_id, sample_id)
    return JsonAnswer({"liked": True, "likes": count})


@router.delete(SAMPLE + "/like", response_model=schemas.Like, tags=TAGS)
async def unlike_sample(request: Request, sample_id: Number) -> JsonAnswer:
    """Like a sample no longer; asking again changes nothing."""
    count = bootstrap.services().samples.unlike(caller(request).tenant_id, sample_id)
    return JsonAnswer({"liked": False, "likes": count})


@router.get(EXPLORE, response_model=list[schemas.Trend], tags=["Tags"])
async def explore_tags(limit: Limit = 20) -> JsonAnswer:
    """Tags that public samples have, the most used first."""
    found = bootstrap.services().search.explore(limit)
    return JsonAnswer([{"tag": tag, "count": count} for tag, count in found])


def _details(request: Request, found: Sample) -> dict[str, object]:
    listed = items([found], viewer(request))
    if not listed:
        raise NotFound(f"there is no sample {found.number}")
    return mapping.details(found, listed[0], link)


def _with_audio(request: Request, number: int, audio_id: str) -> Sample:
    """A sample whose audio has that id. Raises `NotFound`."""
    found = bootstrap.services().samples.get(number, viewer(request))
    if found.asset_id != audio_id:
        raise NotFound(f"sample {number} has no audio {audio_id}")
    return found


def _range(name: str, least: float | None, most: float | None) -> tuple[float | None, float | None]:
    """Raises `InvalidInput` for one that nothing is in."""
    if least is not None and most is not None and least > most:
        raise InvalidInput(f"{name}_min is more than {name}_max", field=f"{name}_min")
    return least, most
