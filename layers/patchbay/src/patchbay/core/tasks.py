"""The worker's use cases: lease a task, report on it, end it, give it back."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from patchbay.core import layout, store
from patchbay.core.pipeline import STEPS_KEPT, outputs_by_name
from patchbay.domain import jobs as life
from patchbay.domain import steps as step_life
from patchbay.domain.assets import result_prefix
from patchbay.domain.base import Entity
from patchbay.domain.errors import Conflict, TaskCancelled
from patchbay.domain.jobs import Failure, FailureKind, Job, Output
from patchbay.domain.steps import Seconds, Step, StepState
from patchbay.domain.tasks import TaskMessage
from patchbay.ports import Clock, Delete, Executions, Put, Records, WriteConflict

LEASE_S = 45.0
"""How long a worker's lease holds without a sign of life; a dead worker's task is free again after it."""
RESULT_MARGIN = timedelta(days=1)
SAME_WORK_WAIT = timedelta(seconds=10)
"""How long to leave a task whose very computation another job is at; then there may be a result."""
CLAIM_KEPT = timedelta(days=1)
STEP_FAILED = "Patchbay.StepFailed"


class Answer(StrEnum):
    """What came of asking for a lease."""

    YOURS = "yours"
    BUSY = "busy"
    """Another worker holds it: leave the message, it comes back."""
    OVER = "over"
    """There is nothing left to do: delete the message."""


class Claim(Entity):
    """Which step of which job is at a computation; while it holds, others wait for the result."""

    job_id: str
    step: int
    until: datetime

    def of(self, step: Step) -> bool:
        """Whether it is that step's."""
        return (self.job_id, self.step) == (step.job_id, step.index)


@dataclass(frozen=True, slots=True)
class Tasks:
    """Tasks, as workers and the dead-letter reader see them."""

    records: Records
    executions: Executions
    clock: Clock
    retention: timedelta = timedelta(days=30)
    lease_s: float = LEASE_S

    def lease(self, message: TaskMessage, worker_id: str) -> tuple[Answer, Step | None]:
        """Take a task, its inputs resolved to objects. Of two workers that ask at once, one gets it.

        With `BUSY` comes the step as it was seen, which tells how long the other's lease holds, or when to ask again
        for a task that another job's worker is doing right now: one does it, both have the result.
        """
        job = store.load(self.records, Job, layout.job_key(message.tenant_id, message.job_id))
        key = layout.step_key(message.job_id, message.step)
        step = store.load(self.records, Step, key)
        if job is None or job.state.terminal or step is None or step.tenant_id != message.tenant_id:
            return Answer.OVER, None
        now = self.clock.now()
        if self._settled(message, step, now):
            return Answer.OVER, None
        if not self._claimed(step, now):
            return Answer.BUSY, step.model_copy(update={"leased_until": now + SAME_WORK_WAIT})
        leased = self._change(message, lambda s: step_life.lease(s, worker_id, now, self.lease_s))
        if leased is None or leased.leased_by != worker_id:
            return Answer.BUSY, step
        return Answer.YOURS, self._resolved(leased)

    def keep(self, message: TaskMessage, worker_id: str) -> None:
        """A sign of life: prolong the lease and the state machine's patience. Raises `TaskCancelled`."""
        until = self.clock.now() + timedelta(seconds=self.lease_s)
        kept = self._change(
            message, lambda s: s.model_copy(update={"leased_until": until}) if s.leased_by == worker_id else None
        )
        if kept is None:
            raise TaskCancelled("the task was given to another worker")
        self._claimed(kept, self.clock.now())
        self.executions.keep_task(message.task_token)

    def progress(self, message: TaskMessage, step: Step, fraction: float) -> None:
        """Report how far the engine is, 0 to 1. Raises `TaskCancelled` if nobody wants the job any more."""
        low, high = step.share
        overall = low + min(max(fraction, 0.0), 1.0) * (high - low)
        key = layout.job_key(message.tenant_id, message.job_id)
        try:
            job = store.change(self.records, Job, key, lambda j: life.advance(j, overall), layout.put_job)
        except Conflict:
            raise TaskCancelled("the job is over") from None
        if job is None:
            raise TaskCancelled("the job was deleted")

    def wanted(self, message: TaskMessage) -> bool:
        """Whether the task's job is still there and open."""
        job = store.load(self.records, Job, layout.job_key(message.tenant_id, message.job_id))
        return job is not None and not job.state.terminal

    def complete(self, message: TaskMessage, step: Step, outputs: Sequence[Output], took: Seconds | float) -> None:
        """The task is done: keep its outputs for the next who wants the same, and tell the state machine.

        `took`: where the worker's seconds went; a number alone is the engine's.
        """
        seconds = took if isinstance(took, Seconds) else Seconds(took)
        kept = layout.StoredResult(outputs=tuple(outputs))
        expires = self.clock.now() + max(self.retention - RESULT_MARGIN, RESULT_MARGIN)
        key = layout.result_key(step.tenant_id, step.fingerprint)
        stored = layout.record(key, "result", kept, expires_at=int(expires.timestamp()))
        claim = layout.claim_key(step.tenant_id, step.fingerprint)
        self.records.write(Put(stored, expected=None), Delete(claim, expected=None))
        now = self.clock.now()
        self._change(message, lambda s: s if s.state is StepState.DONE else step_life.finish(s, outputs, seconds, now))
        self.executions.succeed_task(message.task_token)

    def fail(self, message: TaskMessage, failure: Failure) -> None:
        """The task can never be done: tell the state machine why."""
        now = self.clock.now()
        step = self._change(message, lambda s: s if s.state is StepState.DONE else step_life.fail(s, failure, now))
        if step is not None:
            self._unclaim(step)
            self._tell_failed(message, step)

    def give_back(self, message: TaskMessage, worker_id: str, trouble: str | None) -> None:
        """Let another worker have the task, now."""
        now = self.clock.now()
        step = self._change(message, lambda s: step_life.release(s, trouble, now) if s.leased_by == worker_id else s)
        if step is not None and step.leased_by is None:
            self._unclaim(step)

    def bury(self, message: TaskMessage) -> None:
        """Nobody managed the task in all its deliveries: fail it with the last reason known.

        Raises `Conflict` while a worker holds the task (by another message of it): look again later.
        """
        step = store.load(self.records, Step, layout.step_key(message.job_id, message.step))
        if step is None or step.tenant_id != message.tenant_id:
            return
        if step.state is StepState.DONE:
            self.executions.succeed_task(message.task_token)
            return
        if step.leased_by is not None and step.leased_until is not None and step.leased_until > self.clock.now():
            raise Conflict("a worker holds the task")
        trouble = step.last_trouble or "the worker died each time, perhaps for lack of memory"
        text = f"gave up after {step.attempts} attempts; the last one ended with: {trouble}"
        self.fail(message, Failure(kind=FailureKind.INTERNAL, message=text))

    def output_key(self, step: Step, file_name: str, sha256: str) -> str:
        """Where an output of a step belongs.

        The contents are part of the name: machines compute to different last bits, and of two that do the same work
        at once neither may change what the other has reported.
        """
        return f"{result_prefix(step.tenant_id, step.fingerprint)}{sha256[:16]}/{file_name}"

    def _settled(self, message: TaskMessage, step: Step, now: datetime) -> bool:
        """Whether there is nothing left to do for a task; then its token is answered."""
        if step.state is StepState.FAILED:
            self._tell_failed(message, step)
            return True
        if step.state is not StepState.DONE:
            key = layout.result_key(step.tenant_id, step.fingerprint)
            kept = store.load(self.records, layout.StoredResult, key)
            if kept is None:
                return False
            # Another job has done the same since this one was planned.
            self._change(message, lambda s: s if s.state is StepState.DONE else step_life.reuse(s, kept.outputs, now))
        self.executions.succeed_task(message.task_token)
        return True

    def _claimed(self, step: Step, now: datetime) -> bool:
        """Whether the step's computation is its own now, and not that of another job which is at the same."""
        key = layout.claim_key(step.tenant_id, step.fingerprint)
        old = store.load(self.records, Claim, key)
        if old is not None and not old.of(step) and now < old.until:
            return False
        until = now + timedelta(seconds=self.lease_s)
        claim = Claim(version=old.version if old else 0, job_id=step.job_id, step=step.index, until=until)
        try:
            self.records.write(layout.put(key, "claim", claim, expires=until + CLAIM_KEPT))
        except WriteConflict:
            return self._claimed(step, now)
        return True

    def _unclaim(self, step: Step) -> None:
        """Let others have the step's computation."""
        key = layout.claim_key(step.tenant_id, step.fingerprint)
        claim = store.load(self.records, Claim, key)
        if claim is not None and claim.of(step):
            with suppress(WriteConflict):
                self.records.write(Delete(key, expected=claim.version))

    def _resolved(self, step: Step) -> Step:
        """The step with the objects of its inputs: outputs of earlier steps are known only now."""
        if all(given.key for given in step.inputs):
            return step
        partition = layout.step_key(step.job_id, 0)[0]
        steps = [layout.entity(Step, r) for r in self.records.query(partition, limit=100, ascending=True)]
        there = outputs_by_name(steps, step.index)
        found = [
            given.model_copy(update={"key": there[given.name].key, "sha256": there[given.name].sha256})
            for given in step.inputs
        ]
        return step.model_copy(update={"inputs": tuple(found)})

    def _tell_failed(self, message: TaskMessage, step: Step) -> None:
        reason = step.failure.message if step.failure else "the step failed"
        self.executions.fail_task(message.task_token, STEP_FAILED, reason)

    def _change(self, message: TaskMessage, how: object) -> Step | None:
        key = layout.step_key(message.job_id, message.step)
        expires = _expiry(self.clock.now())
        return store.change(self.records, Step, key, how, lambda s: layout.put_step(s, expires))  # type: ignore[arg-type]


def _expiry(now: datetime) -> int:
    return int((now + STEPS_KEPT).timestamp())
