"""Routes of what jobs left: stems, analyses, and files by their paths."""

from enum import Enum
from typing import Final

from fastapi import Request
from starlette.responses import Response

from functions.dialects.soundforge import documents, mapping, names, schemas
from functions.dialects.soundforge.routes.base import batch_of, job_of, latest
from functions.http import archive
from functions.http.app import JsonAnswer, caller
from functions.http.dialect import new_router
from patchbay import bootstrap
from patchbay.core.downloads import WORKFLOW
from patchbay.core.jobs import JobFilter
from patchbay.domain.assets import AssetState
from patchbay.domain.errors import Conflict, NotFound
from patchbay.domain.jobs import JobState, Output

STEM, ANALYSIS, FILES = "/export/stem/{stem_id}", "/export/analysis/{track_id}", "/files/{path:path}"
STEMS = "/export/stems/{track_id}"
TAGS: Final[list[str | Enum]] = ["Export"]
_TO_FILE: Final[dict[int | str, dict[str, object]]] = {302: {"description": "To the file, which takes ranges"}}
_ZIP: Final[dict[int | str, dict[str, object]]] = {
    200: {"content": {archive.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
}
router = new_router()


@router.get(STEM, tags=TAGS, status_code=302, response_class=Response, responses=_TO_FILE)
async def export_stem(request: Request, stem_id: str) -> Response:
    """One stem's file: of a separation, or one that was kept by itself."""
    try:
        job_id, place = names.parse_stem_id(stem_id)
    except NotFound as missing:
        return _to_audio(request, stem_id, missing)
    files = names.files_of(job_of(request, job_id, *mapping.SEPARATION).outputs)
    if place >= len(files):
        raise NotFound(f"there is no stem {stem_id}")
    return _to(_link(files[place]))


@router.get(STEMS, tags=TAGS, response_class=Response, responses=_ZIP)
async def export_stems(request: Request, track_id: str) -> Response:
    """All stems of a track's latest separation, in one ZIP."""
    services = bootstrap.services()
    song, asset = services.songs.audio_of(caller(request).tenant_id, track_id)
    await request.body()  # where each request holds a thread, this is where one too many is sent away
    job = latest(request, track_id, "separation", *mapping.SEPARATION)
    made_at, outputs = job.completed_at or job.created_at, names.files_of(job.outputs)
    entries = [archive.Entry(f"{o.name}.wav", o.key or "", o.size_bytes or 0, made_at) for o in outputs]
    if not services.jobs.whole(job):
        raise NotFound(f"the stems of track {track_id} are not kept any more; separate it again")
    archive.check_size(entries)
    name = archive.file_name(song.label if song else asset.name, ".zip")
    return archive.answer(request, archive.written(services.objects, entries), name)


@router.get(ANALYSIS, response_model=schemas.AnalysisExport, tags=TAGS)
async def export_analysis(request: Request, track_id: str) -> JsonAnswer:
    """What is known of a track's music, by its latest analysis."""
    services = bootstrap.services()
    song, asset = services.songs.audio_of(caller(request).tenant_id, track_id)
    job = latest(request, track_id, "analysis", mapping.ANALYSIS)
    found = mapping.analysis(documents.analysis(services.objects, job), job.request.get("type"))
    title, artist = (song.facts.title, song.facts.artist) if song else (asset.name, "")
    return JsonAnswer({"track_id": track_id, "title": title, "artist": artist, "analysis": found})


@router.get(FILES, tags=["Files"], status_code=302, response_class=Response, responses=_TO_FILE)
async def get_file(request: Request, path: str) -> Response:
    """A file by its path: the way to where it is, which takes ranges."""
    services, tenant_id = bootstrap.services(), caller(request).tenant_id
    named = names.parse_path(path)
    missing = NotFound(f"there is no file /files/{path}")
    if named.place == "stems":
        files = job_of(request, named.owner_id, *mapping.SEPARATION).outputs
        wanted = named.name.rsplit(".", 1)[0]
        found = next((output for output in names.files_of(files) if output.name == wanted), None)
        if found is None:
            raise missing
        return _to(_link(found))
    if named.place == "downloads" and (output := _downloaded(request, named.owner_id, named.name)):
        return _to(_link(output))
    _, asset = services.songs.audio_of(tenant_id, named.owner_id)
    if asset.state is not AssetState.READY:
        raise Conflict("this audio is being looked at; try again in a moment")
    return _to(services.assets.download_url(asset))


def _to_audio(request: Request, asset_id: str, missing: NotFound) -> Response:
    """The way to a file of one's own. Raises `missing` where there is none."""
    assets = bootstrap.services().assets
    try:
        asset = assets.get(caller(request).tenant_id, asset_id)
    except NotFound:
        raise missing from None
    if asset.state is not AssetState.READY:
        raise missing
    return _to(assets.download_url(asset))


def _downloaded(request: Request, track_id: str, name: str) -> Output | None:
    """The file of a track's download, if there is one of that name."""
    which = JobFilter(states=(JobState.SUCCEEDED,), workflows=(WORKFLOW,), batches=(batch_of(track_id),))
    for job in bootstrap.services().jobs.list(caller(request).tenant_id, which, limit=20):
        path = names.path_of("downloads", track_id, mapping.file_name(job))
        if name in {mapping.file_name(job).replace("/", "_"), path.rsplit("/", 1)[1]}:
            return next(iter(names.files_of(job.outputs)), None)
    return None


def _link(output: Output) -> str:
    return bootstrap.services().jobs.link(output)


def _to(url: str) -> Response:
    return Response(status_code=302, headers={"location": url})
