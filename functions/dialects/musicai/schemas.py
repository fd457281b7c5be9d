"""Bodies of the Music.ai API. Field names are the wire's."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from functions.http.schemas import Body

Status = Literal["QUEUED", "STARTED", "SUCCEEDED", "FAILED"]


class JobOrder(Body):
    """An order of work.

    Fields that are not listed are ignored: clients of the original send some that we have no use for. Parameters are
    another matter: an unknown one is refused, because it would change the result.
    """

    model_config = ConfigDict(extra="ignore")

    name: str = Field(max_length=1024, description="Name to know the job by", examples=["My job 123"])
    workflow: str = Field(
        min_length=1,
        max_length=256,
        description="Slug or id of the workflow; a leading `music-ai/` or `moises/` is taken off",
        examples=["stems-vocals-accompaniment"],
    )
    params: dict[str, Any] = Field(
        description="`inputUrl` and the workflow's own parameters, in camelCase or snake_case",
        examples=[{"inputUrl": "https://music.ai/demo.ogg"}],
    )
    metadata: dict[str, Any] | None = Field(None, description="Anything to answer back with the job")
    batchName: str | None = Field(None, max_length=256, description="Name to list jobs by")  # noqa: N815
    copyResultsTo: dict[str, str] | None = Field(  # noqa: N815
        None, description="Output name -> URL of your own storage that takes the result by PUT"
    )


class JobId(Body):
    """A job by its id."""

    id: str


class JobStatus(Body):
    """A job's state alone."""

    id: str
    status: Status


class WorkflowRef(Body):
    """A job's workflow, as the document has it."""

    id: str
    name: str


class JobError(Body):
    """Why a job failed."""

    code: str = Field(description="BAD_INPUT, TIMEOUT, INTERNAL_ERROR or CANCELLED")
    title: str
    message: str


class Job(Body):
    """A job. `workflow` is a slug under `/v1` (the clients' types) and `{id, name}` under `/api` (the document)."""

    id: str
    app: str = Field(description="Name of the application whose key ordered it")
    name: str
    batchName: str | None  # noqa: N815
    metadata: dict[str, Any]
    workflow: str | WorkflowRef
    workflowParams: dict[str, Any]  # noqa: N815
    status: Status
    progress: float = Field(ge=0, le=1, description="How much is done")
    result: dict[str, Any] = Field(
        description="Output name -> fresh link, plain value, or `[custom storage]`; empty until there is one"
    )
    error: JobError | None
    createdAt: str  # noqa: N815
    startedAt: str | None  # noqa: N815
    completedAt: str | None  # noqa: N815


class Upload(Body):
    """Where to PUT a file, and by which URL to name it in a job."""

    uploadUrl: str  # noqa: N815
    downloadUrl: str  # noqa: N815


class Workflow(Body):
    """One thing that can be ordered."""

    id: str
    name: str
    slug: str
    description: str
    createdAt: str  # noqa: N815
    updatedAt: str  # noqa: N815


class WorkflowPage(Body):
    """A page of workflows."""

    workflows: list[Workflow]


class Application(Body):
    """The application that the key belongs to."""

    id: str
    name: str


class Error(Body):
    """Every answer that is not 200."""

    code: str
    title: str
    message: str
    field: str | None = Field(None, description="The part of the request at fault, as it was sent; absent if none is")
