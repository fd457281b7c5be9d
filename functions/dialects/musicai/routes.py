"""Routes of the Music.ai API, without the base they are served under."""

from collections.abc import Iterable
from typing import Annotated, Any, get_args

from fastapi import Query, Request
from pydantic import Field
from starlette.datastructures import Headers

from functions.dialects.musicai import mapping, schemas
from functions.dialects.musicai.errors import ERRORS, shape
from functions.http.app import JsonAnswer, caller
from functions.http.dialect import Dialect, new_router
from functions.http.once import once_of
from functions.http.sizes import fitting
from patchbay import bootstrap
from patchbay.catalog import workflows as catalogue
from patchbay.catalog.models import Shelf
from patchbay.catalog.workflow import Workflow
from patchbay.core.jobs import MAX_PAGE, JobFilter
from patchbay.domain.errors import InvalidInput, NotFound
from patchbay.domain.jobs import Job
from patchbay.domain.users import Caller

MAX_SKIP = 100_000
"""Deepest place in a list that a page may begin at: pages are counted off, so a deep one costs what lies before it."""
PageNumber = Annotated[int, Query(ge=0, le=MAX_SKIP, description="Page number, from 0")]
PageSize = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Page size")]
Value = Annotated[str, Field(max_length=256)]
Filter = Annotated[list[Value], Query(max_length=100, description="Repeat the name, or part the values by commas")]
Names = Annotated[list[Value], Query(max_length=100, description="Repeat the name for several")]
router = new_router()
_app_names: dict[str, str] = {}


# What clients poll comes first: routes are tried in this order.
@router.get("/job/{job_id}/status", response_model=schemas.JobStatus, tags=["Jobs"])
async def get_job_status(request: Request, job_id: str) -> JsonAnswer:
    """A job's state alone."""
    return JsonAnswer(mapping.status(bootstrap.services().jobs.get(caller(request).tenant_id, job_id)))


@router.get("/job/{job_id}", response_model=schemas.Job, tags=["Jobs"])
async def get_job(request: Request, job_id: str) -> JsonAnswer:
    """A job, its results as fresh links."""
    return JsonAnswer(_shown(request, bootstrap.services().jobs.get(caller(request).tenant_id, job_id)))


@router.get("/upload", response_model=schemas.Upload, tags=["File upload"])
async def upload(request: Request) -> JsonAnswer:
    """Where to PUT a file, and the URL to name it by in a job."""
    assets = bootstrap.services().assets
    asset = assets.create(caller(request).tenant_id)
    return JsonAnswer({"uploadUrl": assets.put_url(asset), "downloadUrl": assets.download_url(asset)})


@router.post("/job", response_model=schemas.JobId, tags=["Jobs"])
async def add_job(request: Request, body: schemas.JobOrder) -> JsonAnswer:
    """Order work."""
    order, sent = mapping.order(caller(request), body)
    try:
        job = bootstrap.services().jobs.submit(order, once_of(request))
    except InvalidInput as error:
        raise mapping.in_client_words(error, sent) from None
    return JsonAnswer({"id": job.id})


@router.get("/job", response_model=list[schemas.Job], tags=["Jobs"])
async def list_jobs(
    request: Request,
    status: Filter = [],  # noqa: B006
    workflow: Filter = [],  # noqa: B006
    batchName: Names = [],  # noqa: B006, N803
    page: PageNumber = 0,
    size: PageSize = 100,
) -> JsonAnswer:
    """Jobs, newest first.

    An answer has 6 MB at most. A page that you named by `page` or `size` and that would be larger is refused, with the
    number of jobs that fit, so that no job is ever skipped between pages; without either the list ends early.
    """
    if page * size > MAX_SKIP:
        raise InvalidInput(f"pages are served down to job {MAX_SKIP}; use filters to go deeper", field="page")
    states = tuple(state for name in _split(status) for state in _states(name))
    slugs = tuple(mapping.slug(name) for name in _split(workflow))
    which = JobFilter(states=states, workflows=slugs, batches=tuple(name for name in batchName if name))
    found = bootstrap.services().jobs.list(caller(request).tenant_id, which, limit=size, skip=page * size)
    shown, all_of_them = fitting(_shown(request, job) for job in found)
    if not all_of_them and not {"page", "size"}.isdisjoint(request.query_params):
        message = f"the {len(found)} jobs of this page are too large for one answer; the first {len(shown)} would fit"
        raise InvalidInput(f"{message}: give a smaller size", field="size")
    return JsonAnswer(shown)


@router.delete("/job/{job_id}", response_model=schemas.JobId, tags=["Jobs"])
async def delete_job(request: Request, job_id: str) -> JsonAnswer:
    """Forget a job; one that is not over is cancelled first."""
    bootstrap.services().jobs.delete(caller(request).tenant_id, job_id)
    return JsonAnswer({"id": job_id})


@router.get("/workflow", response_model=schemas.WorkflowPage, tags=["Workflows"])
async def list_workflows(page: PageNumber = 0, size: PageSize = 100) -> JsonAnswer:
    """The workflows that can be ordered here, by slug."""
    shelf = bootstrap.services().shelf
    served = [found for found in catalogue.workflows().values() if _runs(found, shelf)]
    return JsonAnswer({"workflows": [mapping.workflow(w) for w in served[page * size : (page + 1) * size]]})


@router.get("/workflow/{reference:path}", response_model=schemas.Workflow, tags=["Workflows"])
async def get_workflow(reference: str) -> JsonAnswer:
    """A workflow, by slug or id."""
    found = catalogue.workflows().get(mapping.slug(reference))
    if found is None:
        raise NotFound(f"there is no workflow {reference}")
    return JsonAnswer(mapping.workflow(found))


@router.get("/application", response_model=schemas.Application, tags=["Application"])
async def get_application(request: Request) -> JsonAnswer:
    """The application that the key belongs to."""
    found = bootstrap.services().accounts.application(caller(request))
    return JsonAnswer({"id": found.id, "name": found.name})


def find_key(headers: Headers) -> str | None:
    """The key: the whole `Authorization` header, or what follows `Bearer`."""
    given = headers.get("authorization", "").strip()
    scheme, _, rest = given.partition(" ")
    return rest.strip() if rest and scheme.lower() == "bearer" else given


def _split(values: Iterable[str]) -> list[str]:
    """Query values, repeated or parted by commas."""
    return [part for value in values for text in value.split(",") if (part := text.strip())]


def _states(name: str) -> Iterable[Any]:
    for known in get_args(schemas.Status):
        if name.upper() == known:
            return mapping.STATES[known]
    known_names = ", ".join(get_args(schemas.Status))
    raise InvalidInput(f"{name!r} is no status; there are: {known_names}", field="status")


def _runs(workflow: Workflow, shelf: Shelf) -> bool:
    """Whether a workflow can be ordered here: its models are installed, and it takes no list of files."""
    if workflow.input == "files":
        return False
    try:
        workflow.outputs(workflow.parse({}), shelf)
    except InvalidInput as error:
        return error.field != "model"
    return True


def _shown(request: Request, job: Job) -> dict[str, Any]:
    base = request.scope["root_path"]
    return mapping.job(job, base, _app_name(caller(request), job), bootstrap.services().jobs.link)


def _app_name(who: Caller, job: Job) -> str:
    """Name of the application that ordered a job, looked up once in a Lambda's life."""
    if job.application_id not in _app_names:
        of_job = who.model_copy(update={"application_id": job.application_id})
        try:
            _app_names[job.application_id] = bootstrap.services().accounts.application(of_job).name
        except NotFound:
            return job.application_id
    return _app_names[job.application_id]


DIALECT = Dialect(
    name=mapping.DIALECT,
    title="Patchbay: Music.ai API",
    description="The API of Music.ai, served by Patchbay: `musicai-sdk` and `@music.ai/sdk` work after their base URL"
    " is changed. The bases `/v1` and `/api` differ in one thing: a job's `workflow` is a slug under the first and"
    " `{id, name}` under the second, as the clients' types and the document have it.",
    router=router,
    find_key=find_key,
    errors=ERRORS,
    shape=shape,
    error_model=schemas.Error,
    bases=("/v1", "/api"),
    writing=frozenset({"/upload"}),
    key_schemes={"key": {"type": "apiKey", "in": "header", "name": "Authorization"}},
)
