"""One step of a job: what an engine is to do, who holds it, what came of it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from patchbay.domain.base import Entity
from patchbay.domain.jobs import Failure, Output
from patchbay.domain.tasks import ComputeClass


class StepState(StrEnum):
    """`READY` until a worker leases it; `DONE` and `FAILED` are final for one run of the job."""

    READY = "ready"
    LEASED = "leased"
    DONE = "done"
    FAILED = "failed"


class StepInput(BaseModel):
    """One input file of a step."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    name: str
    key: str
    sha256: str | None = None
    """What the bytes must hash to, where it is known: an upload could be replaced after it was looked at."""
    lists: bool = False
    """Whether it is a list of files, which are the input in its place."""


class Step(Entity):
    """A step as planned: everything a worker must know is here, nothing is in the queue's message."""

    tenant_id: str
    job_id: str
    index: int
    name: str
    engine: str
    model: str = ""
    model_version: str = ""
    compute: ComputeClass
    params: dict[str, Any] = {}
    inputs: tuple[StepInput, ...] = ()
    fingerprint: str
    """Names the computation: same audio, engine, model, version and parameters give the same text."""
    timeout_s: int
    share: tuple[float, float] = (0.0, 1.0)
    """The part of the job's progress that this step is."""
    reported: bool = True
    """Whether its outputs are results of the job (else they only feed a later step)."""
    state: StepState = StepState.READY
    reused: bool = False
    """Whether the outputs were there already from an earlier job."""
    leased_by: str | None = None
    leased_until: datetime | None = None
    attempts: int = 0
    """How often a worker took it up."""
    last_trouble: str | None = None
    outputs: tuple[Output, ...] = ()
    failure: Failure | None = None
    engine_s: float = 0.0
    """Seconds the engine ran, all attempts together."""
    started_at: datetime | None = None
    """When a worker first took it up."""
    ended_at: datetime | None = None


def lease(step: Step, worker_id: str, now: datetime, lease_s: float) -> Step | None:
    """The step held by `worker_id` for `lease_s` seconds, or None while another holds it."""
    held = step.leased_until is not None and step.leased_until > now and step.leased_by != worker_id
    if step.state in {StepState.DONE, StepState.FAILED} or (step.state is StepState.LEASED and held):
        return None
    changes = {"state": StepState.LEASED, "leased_by": worker_id, "attempts": step.attempts + 1}
    times = {"leased_until": now + timedelta(seconds=lease_s), "started_at": step.started_at or now}
    return step.model_copy(update={**changes, **times})


def release(step: Step, trouble: str | None) -> Step:
    """The step given back for another worker, with what went wrong if anything did."""
    changes = {"state": StepState.READY, "leased_by": None, "leased_until": None}
    return step.model_copy(update={**changes, "last_trouble": trouble or step.last_trouble})


def finish(step: Step, outputs: Sequence[Output], engine_s: float, now: datetime) -> Step:
    """The step done, with its outputs."""
    changes: dict[str, Any] = {
        "state": StepState.DONE,
        "outputs": tuple(outputs),
        "leased_by": None,
        "leased_until": None,
    }
    return step.model_copy(update={**changes, "engine_s": round(step.engine_s + engine_s, 3), "ended_at": now})


def reuse(step: Step, outputs: Sequence[Output], now: datetime) -> Step:
    """The step done by an earlier computation of the same."""
    return finish(step, outputs, 0.0, now).model_copy(update={"reused": True})


def fail(step: Step, failure: Failure, now: datetime) -> Step:
    """The step over for good: trying again would end the same."""
    changes = {"state": StepState.FAILED, "failure": failure, "leased_by": None, "ended_at": now}
    return step.model_copy(update=changes)


def fingerprint(
    engine: str, model: str, version: str, params: Mapping[str, Any], inputs: Sequence[tuple[str, str]]
) -> str:
    """Name of a computation. `inputs` are (name, content id): a file's SHA-256, or another fingerprint and a name."""
    told = [engine, model, version, dict(params), [list(pair) for pair in inputs]]
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
