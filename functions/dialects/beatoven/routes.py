"""Routes of the Beatoven API."""

from typing import Annotated, Any

from fastapi import Query, Request
from starlette.datastructures import Headers

from functions.dialects.beatoven import answers, options, schemas, wishes
from functions.dialects.beatoven.errors import ERRORS, shape
from functions.http.app import JsonAnswer, caller
from functions.http.dialect import Dialect, new_router
from functions.http.once import once_of
from functions.http.sizes import fitting
from patchbay import bootstrap
from patchbay.core.tracks import MAX_PAGE, WORKFLOW
from patchbay.domain.errors import InvalidInput, NotFound
from patchbay.domain.jobs import Job

Version = Annotated[int | None, Query(ge=0, description="Number of the composition, from 1; the latest if left out")]
TRACKS, TASKS, CURRENT = "Tracks", "Tasks", "Current v1"
SCHEMES = frozenset({"api_key", "bearer"})
router = new_router()


# What clients poll comes first: routes are tried in this order.
@router.get("/api/v2/status/{task_id}", response_model=schemas.Status, tags=[TASKS])
async def get_status(request: Request, task_id: str) -> JsonAnswer:
    """How a task stands, and what came of it."""
    return JsonAnswer(answers.status(_task(request, task_id), bootstrap.services().jobs.link))


@router.get("/api/v1/status/{task_id}", response_model=schemas.Status, tags=[TASKS])
async def get_status_v1(request: Request, task_id: str) -> JsonAnswer:
    """The same as under `/api/v2`."""
    return JsonAnswer(answers.status(_task(request, task_id), bootstrap.services().jobs.link))


@router.get("/api/v1/tasks/{task_id}", response_model=schemas.Task, tags=[CURRENT])
async def get_task(request: Request, task_id: str) -> JsonAnswer:
    """How a task of the current v1 stands, and what came of it."""
    return JsonAnswer(answers.task(_task(request, task_id), bootstrap.services().jobs.link))


@router.post("/api/v1/tracks/compose", response_model=schemas.Started, tags=[CURRENT])
async def compose_prompt(request: Request, body: schemas.PromptOrder) -> JsonAnswer:
    """Compose what a prompt asks for."""
    wish = wishes.create(
        caller(request), schemas.TrackOrder(prompt=wishes.prompt_text(body.prompt), looping=body.looping)
    )
    service = bootstrap.services().tracks
    wish = wishes.with_params(wish, wishes.current(body.format))
    try:
        job = service.create_and_compose(wish, once_of(request))
    except InvalidInput as error:
        raise wishes.in_client_words(error) from None
    return JsonAnswer({"status": "started", "task_id": job.id})


@router.post("/api/v1/tracks/compose/{track_id}", response_model=schemas.Started, tags=[CURRENT])
async def compose_created(request: Request, track_id: str, body: schemas.TrackOrder | None = None) -> JsonAnswer:
    """Compose a track in the current v1's way."""
    given = body or schemas.TrackOrder()
    job = _composed(request, track_id, given, wishes.current(given.format or "wav"))
    return JsonAnswer({"status": "started", "task_id": job.id})


@router.post("/api/v2/tracks", response_model=schemas.Created, tags=[TRACKS])
async def create_track(request: Request, body: schemas.TrackOrder) -> JsonAnswer:
    """Make a track; nothing is composed yet."""
    return _created(request, body, "Created successfully")


@router.post("/api/v1/tracks", response_model=schemas.Created, tags=[TRACKS])
async def create_track_v1(request: Request, body: schemas.TrackOrder) -> JsonAnswer:
    """The same as under `/api/v2`."""
    current = isinstance(body.prompt, schemas.PromptText)
    return _created(request, body, "created" if current else "Created successfully")


@router.get("/api/v1/tracks", response_model=schemas.TrackList, tags=[TRACKS])
async def list_tracks(request: Request) -> JsonAnswer:
    """The newest tracks: a thousand, or as many as 6 MB hold if their titles are very long."""
    found = bootstrap.services().tracks.list(caller(request).tenant_id, limit=MAX_PAGE)
    newest, _ = fitting(answers.listed(track) for track in found)
    return JsonAnswer({"tracks": newest})


@router.post("/api/v2/tracks/{track_id}/compose", response_model=schemas.TaskId, tags=[TRACKS])
async def compose_track(request: Request, track_id: str, body: schemas.TrackOrder | None = None) -> JsonAnswer:
    """Compose a track, with what the body says, if there is one, in place of what the track says."""
    return JsonAnswer({"task_id": _composed(request, track_id, body or schemas.TrackOrder()).id})


@router.post("/api/v1/tracks/{track_id}/compose", response_model=schemas.TaskId, tags=[TRACKS])
async def compose_track_v1(request: Request, track_id: str, body: schemas.TrackOrder | None = None) -> JsonAnswer:
    """The same as under `/api/v2`."""
    return JsonAnswer({"task_id": _composed(request, track_id, body or schemas.TrackOrder()).id})


@router.post("/api/v2/tracks/{track_id}/instrument_urls", response_model=schemas.TaskId, tags=[TRACKS])
async def make_stems(
    request: Request, track_id: str, body: schemas.StemsOrder | None = None, version: Version = None
) -> JsonAnswer:
    """Make the stems of a composition, section by section. Asked again, it answers with the same task."""
    wanted = version if version is not None else body.version if body else None
    tracks = bootstrap.services().tracks
    job = tracks.take_stems(track_id, _number(wanted), wishes.stems(caller(request)), once_of(request))
    return JsonAnswer({"task_id": job.id})


@router.get("/api/v2/tracks/{track_id}", response_model=schemas.ComposedTrack, tags=[TRACKS])
async def get_track(request: Request, track_id: str, version: Version = None) -> JsonAnswer:
    """A composition of a track with all its addresses."""
    return JsonAnswer(_shown(request, track_id, version))


@router.get("/api/v1/tracks/{track_id}", response_model=schemas.ComposedTrack, tags=[TRACKS])
async def get_track_v1(request: Request, track_id: str, version: Version = None) -> JsonAnswer:
    """The same as under `/api/v2`."""
    return JsonAnswer(_shown(request, track_id, version))


@router.get("/api/v2/composition_params", response_model=schemas.CompositionParams, tags=["Options"])
async def get_params() -> JsonAnswer:
    """What can be asked for, and the combinations that are refused."""
    return JsonAnswer(options.PARAMS)


def find_key(headers: Headers) -> str | None:
    """The key: `Authorization: api_key <key>` or `Authorization: Bearer <key>`."""
    scheme, _, rest = headers.get("authorization", "").strip().partition(" ")
    return rest.strip() if scheme.lower() in SCHEMES else None


def _created(request: Request, body: schemas.TrackOrder, status: str) -> JsonAnswer:
    wish = wishes.create(caller(request), body)
    wishes.check(wish)
    try:
        track = bootstrap.services().tracks.create(wish, once_of(request))
    except InvalidInput as error:
        raise wishes.in_client_words(error) from None
    return JsonAnswer(answers.created(track, status))


def _composed(request: Request, track_id: str, body: schemas.TrackOrder, more: dict[str, Any] | None = None) -> Job:
    """Compose a track; `more` tells what to make of it if it is not what the document says."""
    who, tracks = caller(request), bootstrap.services().tracks
    wish = wishes.compose(who, tracks.get(who.tenant_id, track_id), body)
    if more is None:
        wishes.check(wish)
    wish = wishes.with_params(wish, more or wishes.DOCUMENTED)
    try:
        return tracks.compose(track_id, wish, once_of(request))
    except InvalidInput as error:
        raise wishes.in_client_words(error) from None


def _task(request: Request, task_id: str) -> Job:
    """The job of a task. Raises `NotFound`, for jobs that compose nothing too."""
    tenant_id = caller(request).tenant_id
    try:
        job = bootstrap.services().jobs.get(tenant_id, task_id)
    except NotFound:
        job = None
    if job is None or job.workflow != WORKFLOW:
        raise NotFound(f"there is no task {task_id}")
    return job


def _number(version: int | None) -> int | None:
    """A composition's number. 0 is what a track that was never composed tells, so it stands for the first."""
    return None if version is None else max(version, 1)


def _shown(request: Request, track_id: str, version: int | None) -> dict[str, Any]:
    services, tenant_id = bootstrap.services(), caller(request).tenant_id
    track = services.tracks.get(tenant_id, track_id)
    if version is None and not track.composed:
        return answers.composed(track, 0, None, None, services.jobs.link)
    number = _number(version)
    composition = track.composition(number)
    ids = (composition.job_id, composition.stems_job_id)
    job, stems = (_job(tenant_id, job_id) for job_id in ids)
    return answers.composed(track, number or track.composed, job, stems, services.jobs.link)


def _job(tenant_id: str, job_id: str | None) -> Job | None:
    """A job, unless it was deleted."""
    try:
        return bootstrap.services().jobs.get(tenant_id, job_id) if job_id else None
    except NotFound:
        return None


DIALECT = Dialect(
    name=wishes.DIALECT,
    title="Patchbay: Beatoven.ai API",
    description="The API of Beatoven.ai, served by Patchbay in its three forms: the document's (`/api/v2`), that of the"
    " vendor's Python client (`/api/v1/tracks`, `/api/v1/status`) and the current one (`/api/v1/tracks/compose`,"
    " `/api/v1/tasks`).",
    router=router,
    find_key=find_key,
    errors=ERRORS,
    shape=shape,
    error_model=schemas.Error,
    key_schemes={
        "key": {"type": "apiKey", "in": "header", "name": "Authorization"},
        "bearer": {"type": "http", "scheme": "bearer"},
    },
)
