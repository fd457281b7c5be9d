"""The worker's side of a job: what is put on a queue, what an engine is handed, what it gives back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from patchbay.domain.errands import Errand

ComputeClass = Literal["light", "cpu", "gpu"]


class TaskMessage(BaseModel):
    """What the pipeline puts on a compute class's queue: where the task is, never what it is.

    The task itself is the step's record, which the worker leases; so a message that is delivered twice, late or
    forged with other contents can do nothing that the record does not allow.
    """

    model_config = ConfigDict(defer_build=True, extra="ignore", frozen=True)

    tenant_id: str
    job_id: str
    step: int
    """Position of the step in the job, from 0."""
    attempt: int = 1
    """Counts the dispatches of this step by the pipeline (not the deliveries of one message)."""
    task_token: str
    """Step Functions' token; the worker answers it with success or failure and keeps it alive."""
    traceparent: str | None = None
    """Where in a trace it was put there."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model's catalogue name and version, with its weights on this machine's disk, hashes checked."""

    name: str
    version: str
    weights_dir: Path | None = None
    """Folder that holds the catalogue entry's files under their own names; None for a model without weights."""


@dataclass(frozen=True, slots=True)
class EngineInput:
    """One input file on local disk, exactly as its owner uploaded it: hostile until decoded in the limited child."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class EngineOutput:
    """One output of an engine: a finished file in the task's work folder, or a plain JSON value."""

    name: str
    path: Path | None = None
    media_type: str = "application/octet-stream"
    value: Any = None


@dataclass(frozen=True, slots=True)
class EngineTask:
    """All that an engine is told. `progress(0..1)` is to be called at least every second or so of work; it raises
    `TaskCancelled` or `TaskReturned` (patchbay.domain.errors), which the engine lets through.
    """

    inputs: Sequence[EngineInput]
    params: Mapping[str, Any]
    work_dir: Path
    """An empty folder for scratch files and outputs; removed by the worker afterwards."""
    progress: Callable[[float], None] = field(default=lambda fraction: None)
    errand: "Errand | None" = None
    """For work that a service elsewhere does: what speaks to that for the task's owner."""
