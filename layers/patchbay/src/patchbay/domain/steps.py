"""One step of a job: what an engine is to do, who holds it, what came of it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from patchbay.domain.base import Entity, Part
from patchbay.domain.jobs import Failure, Output
from patchbay.domain.tasks import ComputeClass


class StepState(StrEnum):
    """`READY` until a worker leases it; `DONE` and `FAILED` are final for one run of the job."""

    READY = "ready"
    LEASED = "leased"
    DONE = "done"
    FAILED = "failed"


class StepInput(Part):
    """One input file of a step."""

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
    traceparent: str | None = None
    """Its job's."""
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
    start_s: float = 0.0
    """Seconds that a worker fetched its inputs and loaded its model."""
    engine_s: float = 0.0
    """Seconds the engine ran."""
    store_s: float = 0.0
    """Seconds that its results were stored."""
    lost_s: float = 0.0
    """Seconds of attempts that came to nothing."""
    ready_at: datetime | None = None
    """When it was planned."""
    leased_at: datetime | None = None
    """When the worker that holds it took it up."""
    started_at: datetime | None = None
    """When a worker first took it up."""
    ended_at: datetime | None = None

    def busy_s(self, now: datetime | None = None) -> float:
        """Seconds that machines were at it; with `now`, the one that holds it counts until then, or its lease's end."""
        done = self.start_s + self.engine_s + self.store_s + self.lost_s
        return round(done + (self.held_s(now) if now is not None else 0.0), 3)

    def held_s(self, now: datetime) -> float:
        """Seconds that the worker at it has held it; after a lease that was not prolonged it is taken to be dead."""
        if self.state is not StepState.LEASED or self.leased_at is None:
            return 0.0
        until = min(now, self.leased_until) if self.leased_until is not None else now
        return round(max((until - self.leased_at).total_seconds(), 0.0), 3)


@dataclass(frozen=True, slots=True)
class Seconds:
    """Where the seconds of an attempt that succeeded went, as its worker measured them."""

    engine: float
    start: float = 0.0
    store: float = 0.0


def lease(step: Step, worker_id: str, now: datetime, lease_s: float) -> Step | None:
    """The step held by `worker_id` for `lease_s` seconds, or None while another holds it."""
    held = step.leased_until is not None and step.leased_until > now and step.leased_by != worker_id
    if step.state in {StepState.DONE, StepState.FAILED} or (step.state is StepState.LEASED and held):
        return None
    changes = {"state": StepState.LEASED, "leased_by": worker_id, "attempts": step.attempts + 1}
    times = {"leased_until": now + timedelta(seconds=lease_s), "started_at": step.started_at or now, "leased_at": now}
    return step.model_copy(update={**changes, **times, "lost_s": _lost(step, now)})


def release(step: Step, trouble: str | None, now: datetime) -> Step:
    """The step given back for another worker, with what went wrong if anything did."""
    changes = {"state": StepState.READY, "leased_by": None, "leased_until": None, "lost_s": _lost(step, now)}
    return step.model_copy(update={**changes, "last_trouble": trouble or step.last_trouble})


def finish(step: Step, outputs: Sequence[Output], took: Seconds, now: datetime) -> Step:
    """The step done, with its outputs."""
    changes: dict[str, Any] = {
        "state": StepState.DONE,
        "outputs": tuple(outputs),
        "leased_by": None,
        "leased_until": None,
    }
    seconds = {
        "start_s": round(step.start_s + took.start, 3),
        "engine_s": round(step.engine_s + took.engine, 3),
        "store_s": round(step.store_s + took.store, 3),
    }
    return step.model_copy(update={**changes, **seconds, "ended_at": now})


def reuse(step: Step, outputs: Sequence[Output], now: datetime) -> Step:
    """The step done by an earlier computation of the same."""
    return finish(step, outputs, Seconds(0.0), now).model_copy(update={"reused": True, "lost_s": _lost(step, now)})


def fail(step: Step, failure: Failure, now: datetime) -> Step:
    """The step over for good: trying again would end the same."""
    changes = {"state": StepState.FAILED, "failure": failure, "leased_by": None, "ended_at": now}
    return step.model_copy(update={**changes, "lost_s": _lost(step, now)})


def _lost(step: Step, now: datetime) -> float:
    """With the seconds of the attempt that ends now, if there is one."""
    return round(step.lost_s + step.held_s(now), 3)


def waits_s(steps: Sequence[Step]) -> list[float | None]:
    """How long each of a job's steps waited for a machine, from when it could begin; None for one that none took."""
    found: list[float | None] = []
    free: datetime | None = None
    for step in steps:
        could = max((when for when in (step.ready_at, free) if when is not None), default=None)
        taken = step.started_at if could is not None else None
        found.append(round(max((taken - could).total_seconds(), 0.0), 3) if taken and could else None)
        free = step.ended_at or free
    return found


def fingerprint(
    engine: str, model: str, version: str, params: Mapping[str, Any], inputs: Sequence[tuple[str, str]]
) -> str:
    """Name of a computation. `inputs` are (name, content id): a file's SHA-256, or another fingerprint and a name."""
    told = [engine, model, version, dict(params), [list(pair) for pair in inputs]]
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
