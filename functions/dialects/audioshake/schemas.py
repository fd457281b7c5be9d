"""Bodies of the AudioShake APIs. Field names are the wire's."""
# ruff: noqa: N815

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, ConfigDict, Field, PlainSerializer, ValidatorFunctionWrapHandler, WrapValidator

from functions.http.schemas import Body

MAX_TARGETS = 20
JobStatus = Literal["queued", "processing", "completed", "failed"]
TargetStatus = Literal["processing", "completed", "error"]
_MODEL = "Model: vocals, instrumental, drums, bass, other, guitar, piano, music_detection, as far as installed here"
_FORMAT = "wav, flac, mp3, m4a, ogg or opus; json for music_detection"
_CALLBACK = "URL that gets a signed POST when it is over; links are null in a body that else had more than 20 kB"


def _unless_empty(given: Any, read: ValidatorFunctionWrapHandler) -> Any:
    return given if given == "" else read(given)


def _as_sent(given: Any) -> Any:
    return given


Flag = Annotated[bool | None, WrapValidator(_unless_empty), PlainSerializer(_as_sent)]
"""True or false; empty text is neither, and is answered back as it was sent."""


class Work(Body):
    """What the two APIs ask of a model alike. Fields that are not listed have no effect and are answered back.

    Here as in all orders an optional field that is null or empty is as good as left out.
    """

    model_config = ConfigDict(extra="allow", strict=True)

    residual: Flag = Field(False, description="Whether to give what is left of the song as well")
    variant: str | None = Field(None, max_length=255, description="`high_quality`, or nothing: the two are the same")
    language: str | None = Field(None, max_length=64, description="Has no effect on the models served here")


class Metadata(Work):
    """The model of a job and what is wanted of it, answered back word for word. Older clients send `stemName`."""

    name: str = Field(
        min_length=1,
        max_length=255,
        description=_MODEL,
        examples=["vocals"],
        validation_alias=AliasChoices("name", "stemName"),
    )
    format: str | None = Field(
        None, max_length=16, description=f"{_FORMAT}; the first that the model has if left out", examples=["wav"]
    )


class JobOrder(Body):
    """An order of one model's work on one asset. In place of `metadata`, older clients send `stemMetadata`."""

    model_config = ConfigDict(extra="ignore")

    metadata: Metadata = Field(validation_alias=AliasChoices("metadata", "stemMetadata"))
    assetId: str = Field(min_length=1, max_length=255, description="Id of an upload")
    callbackUrl: str | None = Field(None, max_length=2048, description=_CALLBACK)


class Link(Body):
    """A file to be fetched."""

    model_config = ConfigDict(extra="ignore")

    link: str = Field(min_length=1, max_length=8192, description="Public URL of the file")
    name: str | None = Field(None, max_length=1024, description="Name to know it by; the URL's if left out")


class TargetOrder(Work):
    """One model's work in a Task. Answered back word for word."""

    model: str = Field(min_length=1, max_length=255, description=_MODEL, examples=["vocals"])
    formats: list[str] = Field(min_length=1, max_length=6, description=_FORMAT, examples=[["wav"]])


class TaskOrder(Body):
    """An order of several models' work on one file: an asset or a URL."""

    model_config = ConfigDict(extra="ignore")

    assetId: str | None = Field(None, max_length=255, description="Id of an asset; or give `url`")
    url: str | None = Field(None, max_length=8192, description="Public URL of the file; or give `assetId`")
    metadata: str | None = Field(None, max_length=4096, description="Anything to answer back with the Task")
    callbackUrl: str | None = Field(
        None,
        max_length=2048,
        description="URL that gets the Task by signed POST, once a target, with links to the results of that target"
        " alone, and none in a body that else had more than 20 kB",
    )
    targets: list[TargetOrder] = Field(min_length=1, max_length=MAX_TARGETS)


class Asset(Body):
    """An uploaded or linked file."""

    id: str
    name: str
    fileType: str = Field(description="Media type")
    format: str = Field(description="Ending that goes with it; empty while unknown")
    link: str | None = Field(description="Fresh link to its bytes; null for a rejected file")


class StatedAsset(Asset):
    """An asset with what became of it."""

    status: Literal["pending", "ready", "rejected"]
    reason: str | None = Field(description="Why it was rejected")


class StatusInfo(Body):
    """How a job stands."""

    code: int = Field(description="200 done, 202 under way, 410 cancelled, 422 bad input, 500 our fault, 504 too slow")
    message: str


class OutputAsset(Body):
    """One result of a job."""

    id: str
    name: str = Field(examples=["vocals.wav"])
    fileType: str
    format: str
    link: str | None = Field(description="Fresh link")


class Job(Body):
    """A job. `stemMetadata`, its `stemName`, and `stemAssets` are older names of `metadata`, `name`, `outputAssets`."""

    id: str
    clientId: str
    requestId: str | None
    licenseId: str | None
    createdAt: str
    startedAt: str | None
    updatedAt: str
    metadata: dict[str, Any]
    stemMetadata: dict[str, Any]
    callbackUrl: str | None
    status: JobStatus
    statusInfo: StatusInfo
    assetId: str | None
    sourceAsset: Asset
    outputAssets: list[OutputAsset]
    stemAssets: list[OutputAsset]


class JobAnswer(Body):
    """A job in its wrapping."""

    job: Job


class JobList(Body):
    """Jobs, newest first."""

    jobs: list[Job]


class MonthUsage(Body):
    """One month's finished work."""

    month: str = Field(examples=["2026-03"])
    totalJobs: int
    totalMinutes: float


class Usage(Body):
    """The last three months, this one first."""

    clientId: str
    usage: list[MonthUsage]


class MonthStatistics(Body):
    """One month's finished work."""

    month: str = Field(examples=["2026-03"])
    totalTargets: int
    totalMinutes: str = Field(examples=["823.50"])


class TargetOutput(Body):
    """One result of a target."""

    name: str = Field(examples=["vocals"])
    format: str
    type: str = Field(description="Media type")
    link: str | None = Field(description="Fresh link")


class TargetError(Body):
    """Why a target failed."""

    code: int
    message: str


class Target(Body):
    """One model's work in a Task, with what else was sent of it."""

    model_config = ConfigDict(extra="allow")

    id: str
    model: str
    status: TargetStatus
    formats: list[str]
    output: list[TargetOutput]
    cost: float | None = Field(None, description="US dollars; absent until it is over")
    duration: float | None = Field(None, description="Seconds of audio; absent until it was looked at")
    error: TargetError | None = Field(None, description="Absent unless it failed")


class Task(Body):
    """Several models' work on one file. Has what was sent of `assetId`, `url`, `metadata` and `callbackUrl`."""

    id: str
    clientId: str
    createdAt: str
    updatedAt: str
    completedAt: str | None
    cost: float | None = Field(None, description="US dollars, of the targets that are over; absent before one is")
    assetId: str | None = None
    url: str | None = None
    metadata: str | None = None
    callbackUrl: str | None = None
    targets: list[Target]


class Error(Body):
    """Every answer that is not 2xx."""

    statusCode: int
    error: str
    message: str
    code: str
    field: str | None = Field(None, description="The part of the request at fault, as it was sent; absent if none is")
