"""Routes of tracks: looked up at Spotify, made of one's own audio, downloaded."""

import hashlib
from enum import Enum
from typing import Annotated, Final

from fastapi import Query, Request

from functions.dialects.soundforge import mapping, schemas
from functions.dialects.soundforge.routes.base import NAME, batch_of, data, job_of, standing
from functions.dialects.soundforge.socket import fetched
from functions.http.app import JsonAnswer, caller
from functions.http.dialect import new_router
from functions.http.once import once_of
from patchbay import bootstrap
from patchbay.core.downloads import WORKFLOW
from patchbay.core.jobs import Order
from patchbay.core.songs import MAX_PAGE
from patchbay.domain.errors import InvalidInput, NotConfigured, NotFound
from patchbay.domain.ids import is_id
from patchbay.domain.songs import MAX_TEXT_CHARS, Facts, Song

FETCH, DOWNLOAD, TRACKS = "/api/spotify/fetch", "/api/download/track", "/api/tracks"
TRACK = TRACKS + "/{track_id}"
SPOTIFY: Final[list[str | Enum]] = ["Spotify"]
DOWNLOADS: Final[list[str | Enum]] = ["Download"]
OWN: Final[list[str | Enum]] = ["Tracks"]
router = new_router()


@router.get("/api/download/job/{job_id}", response_model=schemas.JobAnswer[schemas.DownloadJob], tags=DOWNLOADS)
async def get_download(request: Request, job_id: str) -> JsonAnswer:
    """How a download stands."""
    job = job_of(request, job_id, WORKFLOW)
    return JsonAnswer(standing(mapping.download_job(job, fetched(job))))


@router.post(FETCH, response_model=schemas.FoundAnswer, tags=SPOTIFY)
async def fetch(request: Request, body: schemas.SpotifyOrder) -> JsonAnswer:
    """Look up a track, an album or a playlist; each of its tracks becomes one of yours."""
    listing, songs = bootstrap.services().lookups.fetch(caller(request).tenant_id, body.url)
    told = mapping.found(listing, songs)
    return JsonAnswer({"data": told, "success": True, "metadata": told})


@router.post(DOWNLOAD, response_model=schemas.Data[schemas.Started], tags=DOWNLOADS)
async def download(request: Request, body: schemas.DownloadOrder) -> JsonAnswer:
    """Download a track's audio from whoever may give it here."""
    who, song = caller(request), _wanted(request, body)
    order = Order(
        who.tenant_id,
        who.application_id,
        NAME,
        WORKFLOW,
        name=song.label[:200],
        batch_name=batch_of(song.id),
        metadata={"track_id": song.id},
    )
    job = bootstrap.services().downloads.order(
        order, song, body.quality or "high", audio_url=body.audio_url, once=once_of(request)
    )
    return JsonAnswer(data({"job_id": job.id, "track_id": song.id, "status": "queued"}))


@router.post(TRACKS, response_model=schemas.Data[schemas.TrackAnswer], status_code=201, tags=OWN)
async def create_track(request: Request, body: schemas.TrackOrder) -> JsonAnswer:
    """A track of your own audio: of what you uploaded, or of what you then PUT to `upload_url`."""
    services, tenant_id, once = bootstrap.services(), caller(request).tenant_id, once_of(request)
    facts = Facts(title=body.title, artist=body.artist, album=body.album)
    try:
        song = services.songs.add(tenant_id, facts, asset_id=body.audio_id, awaits=body.audio_id is None, once=once)
    except NotFound as error:
        raise InvalidInput(str(error), field="audio_id") from None
    url = None
    if body.audio_id is None:
        url = services.assets.put_url(services.assets.get(tenant_id, song.asset_id or ""))
    return JsonAnswer(data({"track": mapping.track(song), "upload_url": url}), status_code=201)


@router.get(TRACKS, response_model=schemas.Data[schemas.TrackPage], tags=OWN)
async def list_tracks(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
    before: Annotated[str | None, Query(max_length=64)] = None,
) -> JsonAnswer:
    """Your tracks, newest first."""
    if before and not is_id(before):
        raise InvalidInput("before is the id of a track; take next_before of the page before", field="before")
    found = bootstrap.services().songs.list(caller(request).tenant_id, limit=limit, before=before or None)
    after = found[-1].id if len(found) == limit else None
    return JsonAnswer(data({"tracks": [mapping.track(song) for song in found], "next_before": after}))


@router.get(TRACK, response_model=schemas.Data[schemas.Track], tags=OWN)
async def get_track(request: Request, track_id: str) -> JsonAnswer:
    """A track."""
    return JsonAnswer(data(mapping.track(bootstrap.services().songs.get(caller(request).tenant_id, track_id))))


@router.delete(TRACK, response_model=schemas.Data[schemas.Gone], tags=OWN)
async def delete_track(request: Request, track_id: str) -> JsonAnswer:
    """Forget a track; its audio stays yours."""
    bootstrap.services().songs.delete(caller(request).tenant_id, track_id)
    return JsonAnswer(data({"id": track_id}))


def _wanted(request: Request, body: schemas.DownloadOrder) -> Song:
    """The track that a download is of. Whoever knows where the audio is needs no catalogue to have it."""
    services, tenant_id = bootstrap.services(), caller(request).tenant_id
    if body.track_id is not None:
        return services.songs.get(tenant_id, body.track_id)
    try:
        _, songs = services.lookups.fetch(tenant_id, body.url or "")
    except NotConfigured:
        if not body.audio_url:
            raise
        return services.songs.found(tenant_id, _named(body.url or ""))
    if len(songs) != 1:
        raise InvalidInput("that is no single track; download the tracks of an album one by one", field="url")
    return songs[0]


def _named(url: str) -> Facts:
    """A song of which nothing is known but its address: the same one for the same address."""
    digest = hashlib.sha256(url.encode()).hexdigest()
    return Facts(title=url[:MAX_TEXT_CHARS], url=url, catalogue="address", catalogue_id=digest)
