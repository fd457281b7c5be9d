"""A job and its life: queued, started, then exactly one of succeeded, failed, cancelled.

Pure functions: each takes a job and returns the changed copy, or the very same object where nothing changes. The store
writes the copy only if the version it was read at still stands, so of two racing changes one has to look again.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from patchbay.domain.base import Entity, Part
from patchbay.domain.errors import Conflict


class JobState(StrEnum):
    """States of a job; the last three are final."""

    QUEUED = "queued"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        """Whether a job in this state never changes again."""
        return self in _TERMINAL


_TERMINAL = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED})


class FailureKind(StrEnum):
    """Whose fault a failure is; dialects have their own codes for these."""

    BAD_INPUT = "bad_input"
    TIMEOUT = "timeout"
    INTERNAL = "internal"


class Failure(Part):
    """Why a job failed, in words for its owner."""

    kind: FailureKind
    message: str


class Output(Part):
    """One result of a step or job: a stored object or a plain value."""

    name: str
    key: str | None = None
    media_type: str = "application/octet-stream"
    size_bytes: int | None = None
    sha256: str | None = None
    value: Any = None
    delivered_to: str | None = None
    """Host of the owner's own storage, where the result was sent there on the owner's wish."""


class JobFile(Part):
    """One of the files that a job works on, where it takes any number of them."""

    name: str
    key: str
    sha256: str
    """What the bytes must hash to: an upload could be replaced after it was looked at."""


class Job(Entity):
    """One order of work. `dialect` only tells who shapes its reports; no rule here looks at it."""

    id: str
    tenant_id: str
    application_id: str
    dialect: str
    workflow: str
    name: str = ""
    batch_name: str | None = None
    params: dict[str, Any] = Field(default_factory=dict)
    """Parameters as the workflow's model understood them."""
    request: dict[str, Any] = Field(default_factory=dict)
    """What the dialect wants to answer back word for word; opaque to the core."""
    metadata: dict[str, Any] = Field(default_factory=dict)
    input_asset_id: str | None = None
    input_tenant_id: str | None = None
    """Whose the asset is, if not the job's own tenant's."""
    input_url: str | None = None
    """Where the input was to be fetched from, if it did not come by upload."""
    manifest: JobFile | None = None
    """The list of its files, where it takes any number of them."""
    group_id: str | None = None
    """The group it was ordered in, with others on the same file."""
    callback_url: str | None = None
    """Where its end is reported to, beside the owner's registered endpoints."""
    deliver_to: dict[str, str] = Field(default_factory=dict)
    """Output name -> URL of the owner's that takes it by PUT."""
    state: JobState = JobState.QUEUED
    progress: float = 0.0
    failure: Failure | None = None
    outputs: tuple[Output, ...] = ()
    runs: int = 1
    """How often the pipeline took the job up: more than 1 after a resume."""
    audio_s: float | None = None
    """Seconds of audio that the input has, once it was looked at."""
    cost_usd: float | None = None
    """What its machines and requests cost, once it is over."""
    reserved_usd: float = 0.0
    """What is set aside for it of its owner's budget until then."""
    told_at: datetime | None = None
    """When everybody who wants to hear of its end was put down to be told."""
    traceparent: str | None = None
    """Where in a trace it was ordered (W3C Trace Context)."""
    counted: bool = False
    """Whether it is one of its owner's unfinished jobs that are counted."""
    created_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None


def start(job: Job, now: datetime) -> Job:
    """The pipeline has taken the job up. Raises `Conflict` if it is over already."""
    _must_be_open(job)
    return (
        job if job.state is JobState.STARTED else job.model_copy(update={"state": JobState.STARTED, "started_at": now})
    )


def advance(job: Job, progress: float) -> Job:
    """Report progress, 0 to 1. A smaller figure than the last changes nothing: progress never goes back."""
    _must_be_open(job)
    capped = min(max(progress, 0.0), 0.999)
    return job if capped <= job.progress else job.model_copy(update={"progress": round(capped, 4)})


def succeed(job: Job, outputs: Sequence[Output], now: datetime) -> Job:
    """The work is done. Repeating it changes nothing."""
    if job.state is JobState.SUCCEEDED:
        return job
    return _end(job, JobState.SUCCEEDED, now, progress=1.0, outputs=tuple(outputs))


def fail(job: Job, failure: Failure, now: datetime) -> Job:
    """The work cannot be done. Repeating it keeps the first reason."""
    return job if job.state is JobState.FAILED else _end(job, JobState.FAILED, now, failure=failure)


def cancel(job: Job, now: datetime) -> Job:
    """Its owner does not want it any more."""
    return job if job.state is JobState.CANCELLED else _end(job, JobState.CANCELLED, now)


def tell(job: Job, now: datetime) -> Job:
    """Those who want to hear of its end are put down to be told. Of a job that is not over this says nothing."""
    return job.model_copy(update={"told_at": now}) if job.state.terminal and job.told_at is None else job


def resume(job: Job) -> Job:
    """The pipeline lost the job (its execution is gone): count another run. State and progress stay."""
    _must_be_open(job)
    return job.model_copy(update={"runs": job.runs + 1})


def _end(job: Job, state: JobState, now: datetime, **changes: Any) -> Job:
    _must_be_open(job)
    started = job.started_at or now
    return job.model_copy(update={"state": state, "completed_at": now, "started_at": started, **changes})


def _must_be_open(job: Job) -> None:
    if job.state.terminal:
        raise Conflict(f"job {job.id} is {job.state} already")
