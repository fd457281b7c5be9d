"""Routes about jobs, of whichever dialect."""

from typing import Annotated

from fastapi import Query, Request
from pydantic import Field

from functions.dialects.native.mapping import jobs as mapping
from functions.dialects.native.paging import Cursor, Limit, fitted, walked
from functions.dialects.native.routes.base import BASE
from functions.dialects.native.schemas import jobs as schemas
from functions.dialects.native.schemas.common import Gone
from functions.dialects.native.waiting import Wait, until
from functions.http.app import JsonAnswer, caller
from functions.http.dialect import new_router
from functions.http.once import once_of
from patchbay import bootstrap
from patchbay.core.jobs import JobFilter
from patchbay.domain.jobs import Job, JobState

Names = Annotated[
    list[Annotated[str, Field(max_length=256)]],
    Query(max_length=20, description="Only these; repeat the name for several"),
]
router = new_router()


@router.post(f"{BASE}/jobs", response_model=schemas.Job, tags=["Jobs"])
async def create_job(request: Request, body: schemas.JobOrder) -> JsonAnswer:
    """Order work. With an `Idempotency-Key` header it is ordered once, however often the request is sent."""
    return _shown(bootstrap.services().jobs.submit(mapping.order(caller(request), body), once_of(request)))


@router.get(f"{BASE}/jobs", response_model=schemas.JobPage, tags=["Jobs"])
async def list_jobs(
    request: Request,
    state: Annotated[list[JobState], Query(max_length=5, description="Only these; repeat the name for several")] = [],  # noqa: B006
    workflow: Names = [],  # noqa: B006
    batch_name: Names = [],  # noqa: B006
    dialect: Annotated[
        str | None,
        Query(max_length=64, description="Only jobs ordered in it. Then a page may be short though more follow"),
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> JsonAnswer:
    """Jobs of all dialects, newest first, without their outputs and steps.

    A page of jobs with very long descriptions may end before `limit`: go on with `next_cursor` until it is null.
    """
    jobs, tenant_id = bootstrap.services().jobs, caller(request).tenant_id
    which = JobFilter(states=state, workflows=_named(workflow), batches=_named(batch_name))
    page, following = walked(
        lambda count, before: jobs.list(tenant_id, which, limit=count, before=before),
        lambda job: job.id,
        limit,
        cursor,
        (lambda job: job.dialect == dialect) if dialect else None,
    )
    shown, following = fitted(page, mapping.listed, lambda job: job.id, following)
    return JsonAnswer({"jobs": shown, "next_cursor": following})


@router.get(f"{BASE}/jobs/{{job_id}}", response_model=schemas.Job, tags=["Jobs"])
async def get_job(
    request: Request,
    job_id: str,
    wait_s: Wait = 0,
    after_state: Annotated[
        JobState | None, Query(description="State that you know already; the one found at first if left out")
    ] = None,
    after_progress: Annotated[
        float | None,
        Query(ge=0, le=1, description="Progress that you know already; what is found at first if left out"),
    ] = None,
) -> JsonAnswer:
    """A job with its results as fresh links, and its steps.

    With `wait_s` the answer waits until the state or the progress is another than you know, or the job is over. Ask
    again as soon as you are answered, with what you were told, and you hear of every change within about half a second.
    """
    jobs, tenant_id = bootstrap.services().jobs, caller(request).tenant_id
    first = jobs.get(tenant_id, job_id)
    known_state = after_state or first.state
    known_progress = first.progress if after_progress is None else after_progress

    def news(job: Job) -> bool:
        return job.state.terminal or job.state is not known_state or job.progress > known_progress

    if wait_s and not news(first):
        first = await until(lambda: jobs.get(tenant_id, job_id), news, wait_s)
    return _shown(first)


@router.post(f"{BASE}/jobs/{{job_id}}/cancel", response_model=schemas.Job, tags=["Jobs"])
async def cancel_job(request: Request, job_id: str) -> JsonAnswer:
    """End a job that is not over. Repeating it changes nothing; a job that ended otherwise is 409."""
    return _shown(bootstrap.services().jobs.cancel(caller(request).tenant_id, job_id))


@router.delete(f"{BASE}/jobs/{{job_id}}", response_model=Gone, tags=["Jobs"])
async def delete_job(request: Request, job_id: str) -> JsonAnswer:
    """Forget a job; one that is not over is cancelled first."""
    bootstrap.services().jobs.delete(caller(request).tenant_id, job_id)
    return JsonAnswer({"id": job_id})


def _shown(job: Job) -> JsonAnswer:
    jobs = bootstrap.services().jobs
    return JsonAnswer(mapping.job(job, jobs.steps(job), jobs.link, jobs.ends.rates))


def _named(values: list[str]) -> tuple[str, ...]:
    return tuple(value for value in values if value)
