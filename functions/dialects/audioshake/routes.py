"""Routes of the AudioShake APIs."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from starlette.datastructures import Headers

from functions.dialects.audioshake import answers, assets, legacy, schemas, sizes, tasks
from functions.dialects.audioshake.errors import ERRORS, AssetNotFound, shape
from functions.dialects.audioshake.outputs import DIALECT as NAME
from functions.http.app import REQUEST_ID, JsonAnswer, caller
from functions.http.dialect import Dialect, new_router
from functions.http.limits import Quotas
from functions.http.once import once_of
from functions.http.uploads import form_body, receive_file
from patchbay import bootstrap
from patchbay.core.limits import Quota
from patchbay.domain.assets import Asset
from patchbay.domain.errors import FetchRefused, InvalidInput, NotFound
from patchbay.domain.groups import JobGroup

MAX_SKIP = 10_000
"""Deepest place in a list that a page may begin at: what lies before it is read and dropped."""
MAX_TAKE = 100
Skip = Annotated[int, Query(ge=0, le=MAX_SKIP, description="How many to leave out")]
Take = Annotated[
    int, Query(ge=1, le=MAX_TAKE, description="How many to give; if left out, as many as one answer holds")
]
JOBS, TASKS, ASSETS = "Jobs (legacy)", "Tasks", "Assets"
router = new_router()


# What clients poll comes first: routes are tried in this order.
@router.get("/job/{job_id}", response_model=schemas.JobAnswer, tags=[JOBS])
async def get_job(request: Request, job_id: str) -> JsonAnswer:
    """A job, its results as fresh links."""
    found = bootstrap.services().jobs.get(caller(request).tenant_id, job_id)
    return JsonAnswer({"job": answers.job(found)})


@router.get("/tasks/statistics", response_model=list[schemas.MonthStatistics], tags=[TASKS])
async def get_statistics(
    request: Request, name: Annotated[Literal["usage"], Query(description="What to tell")] = "usage"
) -> JsonAnswer:
    """Finished work of the last three months."""
    return JsonAnswer(tasks.statistics(answers.months(caller(request).tenant_id)))


@router.get("/tasks/{task_id}", response_model=schemas.Task, tags=[TASKS])
async def get_task(request: Request, task_id: str) -> JsonAnswer:
    """A Task, its results as fresh links."""
    (found,) = _tasks(_group(request, task_id))
    return JsonAnswer(found)


@router.post("/upload", response_model=schemas.Asset, tags=[JOBS], openapi_extra=form_body())
async def upload(request: Request) -> JsonAnswer:
    """Take a file."""
    return JsonAnswer(await _received(request))


@router.post("/upload/link", response_model=schemas.Asset, tags=[JOBS])
async def upload_link(request: Request, body: schemas.Link) -> JsonAnswer:
    """Take a file from a URL. The answer comes at once, the file is fetched after it."""
    return JsonAnswer(_linked(request, body))


@router.post("/upload/audio-link", response_model=schemas.Asset, tags=[JOBS])
async def upload_audio_link(request: Request, body: schemas.Link) -> JsonAnswer:
    """The same as `/upload/link`."""
    return JsonAnswer(_linked(request, body))


@router.post("/job", response_model=schemas.JobAnswer, tags=[JOBS])
async def create_job(request: Request, body: schemas.JobOrder) -> JsonAnswer:
    """Order one model's work on one asset."""
    services, who = bootstrap.services(), caller(request)
    source = _named_asset(who.tenant_id, body.assetId)
    order = legacy.order(who, body, source, request.scope[REQUEST_ID], services.shelf)
    try:
        job = services.jobs.submit(order, once_of(request))
    except InvalidInput as error:
        raise legacy.in_client_words(error) from None
    return JsonAnswer({"job": answers.job(job)})


@router.get("/job", response_model=schemas.JobList, tags=[JOBS])
async def list_jobs(request: Request, skip: Skip = 0, take: Take = MAX_TAKE) -> JsonAnswer:
    """Jobs, newest first; targets of Tasks are among them."""
    found = bootstrap.services().jobs.list(caller(request).tenant_id, limit=take, skip=skip)
    return JsonAnswer({"jobs": _page(request, map(answers.job, found))})


@router.get("/usage", response_model=schemas.Usage, tags=[JOBS])
async def get_usage(request: Request) -> JsonAnswer:
    """Finished work of the last three months."""
    who = caller(request)
    return JsonAnswer(legacy.usage(who, answers.months(who.tenant_id)))


@router.post("/assets", response_model=schemas.Asset, tags=[ASSETS], openapi_extra=form_body())
async def create_asset(request: Request) -> JsonAnswer:
    """Take a file."""
    return JsonAnswer(await _received(request))


@router.get("/assets", response_model=list[schemas.StatedAsset], tags=[ASSETS])
async def list_assets(request: Request, skip: Skip = 0, take: Take = MAX_TAKE) -> JsonAnswer:
    """Assets, newest first."""
    service = bootstrap.services().assets
    found = service.list(caller(request).tenant_id, limit=skip + take)[skip:]
    return JsonAnswer([assets.stated(asset, service.download_url(asset)) for asset in found])


@router.get("/assets/{asset_id}", response_model=schemas.StatedAsset, tags=[ASSETS])
async def get_asset(request: Request, asset_id: str) -> JsonAnswer:
    """An asset."""
    service = bootstrap.services().assets
    asset = service.get(caller(request).tenant_id, asset_id)
    return JsonAnswer(assets.stated(asset, service.download_url(asset)))


@router.post("/tasks", response_model=schemas.Task, tags=[TASKS])
async def create_task(request: Request, body: schemas.TaskOrder) -> JsonAnswer:
    """Order several models' work on one file."""
    services, who = bootstrap.services(), caller(request)
    orders = tasks.orders(who, body, services.shelf)
    try:
        group, jobs = services.groups.submit(orders, request=tasks.request(body), once=once_of(request))
    except InvalidInput as error:
        if error.field == "input" and body.assetId:
            _named_asset(who.tenant_id, body.assetId)
        raise tasks.in_client_words(error, body) from None
    return JsonAnswer(answers.task(group, jobs))


@router.get("/tasks", response_model=list[schemas.Task], tags=[TASKS])
async def list_tasks(request: Request, skip: Skip = 0, take: Take = 10) -> JsonAnswer:
    """Tasks, newest first."""
    found = bootstrap.services().groups.list(caller(request).tenant_id, limit=take, skip=skip)
    return JsonAnswer(_page(request, _tasks(*found)))


def find_key(headers: Headers) -> str | None:
    """The key: `Authorization: Bearer <key>` or `x-api-key: <key>`."""
    scheme, _, rest = headers.get("authorization", "").strip().partition(" ")
    bearer = rest.strip() if scheme.lower() == "bearer" else ""
    return bearer or headers.get("x-api-key")


async def _received(request: Request) -> dict[str, Any]:
    asset, _ = await receive_file(request)
    return assets.asset(asset, bootstrap.services().assets.download_url(asset))


def _linked(request: Request, body: schemas.Link) -> dict[str, Any]:
    service, tenant_id = bootstrap.services().assets, caller(request).tenant_id
    try:
        asset = service.create(tenant_id, name=body.name or "", source_url=body.link, once=once_of(request))
    except FetchRefused as error:
        raise InvalidInput(str(error), field="link") from None
    return assets.asset(asset, service.download_url(asset))


def _named_asset(tenant_id: str, asset_id: str) -> Asset:
    """The asset that a body names. Raises `AssetNotFound`."""
    try:
        return bootstrap.services().assets.get(tenant_id, asset_id)
    except NotFound as error:
        raise AssetNotFound(str(error)) from None


def _group(request: Request, task_id: str) -> JobGroup:
    try:
        return bootstrap.services().groups.get(caller(request).tenant_id, task_id)
    except NotFound:
        raise NotFound(f"there is no task {task_id}") from None


def _tasks(*found: JobGroup) -> Iterator[dict[str, Any]]:
    jobs = bootstrap.services().groups.jobs_of(found)
    return (answers.task(group, jobs[group.id]) for group in found)


def _page(request: Request, items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """A page of a list. Raises `TooLarge` if the client said how many and they are more than an answer holds."""
    return sizes.page(items, whole="take" in request.query_params)


DIALECT = Dialect(
    name=NAME,
    title="Patchbay: AudioShake API",
    description="The APIs of AudioShake, served by Patchbay: the legacy Jobs API (`/upload`, `/job`, `/usage`) and the"
    " Tasks API (`/assets`, `/tasks`). What no installed engine can do is refused, naming what is served.",
    router=router,
    find_key=find_key,
    errors=ERRORS,
    shape=shape,
    error_model=schemas.Error,
    streamed=frozenset({"/upload", "/assets"}),
    quotas=Quotas(known=Quota(60, 1), premium=Quota(300, 1)),
    key_schemes={
        "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
        "bearer": {"type": "http", "scheme": "bearer"},
    },
)
