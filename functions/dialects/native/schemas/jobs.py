"""Bodies about jobs."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from functions.dialects.native.schemas.common import NEXT, Order
from functions.http.schemas import Body
from patchbay.domain.jobs import FailureKind, JobState
from patchbay.domain.steps import StepState

Url = Annotated[str, Field(min_length=1, max_length=8192)]


class JobInput(Order):
    """The audio that a job is about: a file of yours, or one on the web."""

    asset_id: str | None = Field(None, min_length=1, max_length=64, description="Id of an asset")
    url: Url | None = Field(None, description="Public http or https URL, or the `input_url` of an upload")

    @model_validator(mode="after")
    def one_of_both(self) -> Self:
        """Raises ValueError unless exactly one is given."""
        if (self.asset_id is None) == (self.url is None):
            raise PydanticCustomError("one_input", "name the input by `asset_id` or by `url`, and not by both")
        return self


class JobOrder(Order):
    """An order of work."""

    workflow: str = Field(
        min_length=1, max_length=256, description="Slug of the workflow", examples=["stem-isolation-4"]
    )
    params: dict[str, Any] = Field({}, description="The workflow's parameters; its JSON Schema is in the catalogue")
    input: JobInput | None = Field(
        None, description="The audio that it is about; left out where the workflow takes none"
    )
    name: str = Field("", max_length=1024, description="Name to know the job by")
    batch_name: Annotated[str, Field(min_length=1, max_length=256)] | None = Field(
        None, description="Name to list jobs by"
    )
    metadata: dict[str, Any] = Field({}, description="Anything to answer back with the job")
    callback_url: Url | None = Field(
        None,
        description="Where the job's end is reported by POST, signed with the application's secret (Standard Webhooks),"
        " beside the registered webhooks",
    )
    deliver_to: dict[str, Url] = Field(
        {}, max_length=100, description="Output name -> URL of your own storage that takes the result by PUT"
    )


class Failure(Body):
    """Why a job or step failed."""

    kind: FailureKind = Field(
        description="`bad_input`: the order's own fault. `timeout`, `internal`: ours; try again later"
    )
    message: str = Field(description="The reason in words")


class Output(Body):
    """One result: a file, or a plain value."""

    name: str = Field(description="Its name, as the workflow lists it")
    url: str | None = Field(description="A fresh link to the file; null for a value, and for what was delivered")
    value: Any = Field(description="The value, where it is no file")
    media_type: str = Field(description="Kind of the file")
    size_bytes: int | None = Field(description="Size of the file")
    sha256: str | None = Field(description="Hash of the file, in hexadecimal digits")
    delivered_to: str | None = Field(description="Host of your own storage that it was sent to, where you asked for it")


class Step(Body):
    """One step of a job."""

    name: str = Field(description="What it does")
    engine: str = Field(description="The engine that does it")
    model: str | None = Field(description="The model it takes")
    compute: str = Field(description="The class of machine it runs on")
    state: StepState = Field(description="`ready` until a machine has taken it (`leased`), then `done` or `failed`")
    reused: bool = Field(description="Whether the result was there from an earlier job; then it cost nothing")
    attempts: int = Field(description="How often a machine has taken it up")
    wait_s: float | None = Field(description="Seconds that it waited for a machine; null if none has taken it up")
    start_s: float = Field(description="Seconds that a machine fetched its inputs and loaded its model")
    engine_s: float = Field(description="Seconds that the engine ran")
    store_s: float = Field(description="Seconds that its results were stored")
    lost_s: float = Field(description="Seconds of attempts that came to nothing")
    cost_usd: float = Field(description="What machines cost for all of that but the waiting, in US dollars")
    started_at: datetime | None = Field(description="When a machine first took it up")
    ended_at: datetime | None = Field(description="When it was over")
    outputs: list[str] = Field(description="Names of what it made")
    failure: Failure | None = Field(description="Why it failed")


class Timing(Body):
    """Where a job's time went, in seconds, as far as it is known."""

    queued_s: float | None = Field(description="From the order to the start")
    running_s: float | None = Field(description="From the start to the end")
    engine_s: float = Field(description="Of that, how long engines ran, all steps together")
    audio_s: float | None = Field(description="How long the audio is")


class ListedJob(Body):
    """A job, as lists have it."""

    id: str = Field(description="Its id")
    name: str = Field(description="Name to know it by")
    batch_name: str | None = Field(description="Name to list jobs by")
    workflow: str = Field(description="Slug of the workflow")
    dialect: str = Field(description="The dialect in which it was ordered")
    application_id: str = Field(description="The application whose key ordered it")
    group_id: str | None = Field(description="The order of several jobs that it belongs to")
    params: dict[str, Any] = Field(description="The workflow's parameters, but for those that are the default")
    metadata: dict[str, Any] = Field(description="What was ordered to be answered back")
    input_asset_id: str | None = Field(description="The asset that it is about")
    input_url: str | None = Field(description="Where that was fetched from; null for an upload")
    callback_url: str | None = Field(description="Where its end is reported")
    state: JobState = Field(description="`queued`, `started`, then one of `succeeded`, `failed`, `cancelled`")
    progress: float = Field(description="0 to 1; never goes back")
    failure: Failure | None = Field(description="Why it failed")
    audio_s: float | None = Field(description="Seconds of audio that it is about, once it is over")
    cost_usd: float | None = Field(description="What its machines and requests cost, in US dollars, once it is over")
    created_at: datetime = Field(description="When it was ordered")
    started_at: datetime | None = Field(description="When work on it began")
    completed_at: datetime | None = Field(description="When it was over")


class Job(ListedJob):
    """A job with its results, and how they were made."""

    outputs: list[Output] = Field(description="Its results, once it has succeeded; links in them are fresh")
    steps: list[Step] = Field(description="Its steps, as far as they are planned; they are kept for 30 days")
    timing: Timing = Field(description="Where its time went")


class JobPage(Body):
    """A page of jobs, newest first."""

    jobs: list[ListedJob] = Field(description="At most `limit` of them")
    next_cursor: str | None = Field(description=NEXT)
