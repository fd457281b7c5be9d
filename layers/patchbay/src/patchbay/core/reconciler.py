"""What keeps jobs from hanging: on a schedule, every job that somebody has to look after is looked at."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from patchbay.catalog import compute
from patchbay.catalog.warm import Warm
from patchbay.core import layout, store
from patchbay.core.pipeline import STEPS_KEPT, Pipeline
from patchbay.domain import jobs as life
from patchbay.domain import steps as step_life
from patchbay.domain.jobs import Failure, FailureKind, Job
from patchbay.domain.steps import Step, StepState
from patchbay.domain.tasks import ComputeClass
from patchbay.ports import Clock, Executions, Record, Records, TaskQueues

ROUND = timedelta(minutes=5)
"""How often jobs are looked after."""
STUCK = timedelta(minutes=10)
"""A job that waits for a worker this long, with nothing in the queue that could call one, waits in vain."""
MAX_RUNS = 3
"""How often the reconciler lets a job run before it calls it failed."""
SETTLE = timedelta(seconds=60)
"""A job younger than this may just not have been started yet."""
_QUEUED = frozenset(each.name for each in compute.QUEUED)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Finds jobs whose execution is gone or stuck, or whose end nobody was told of."""

    records: Records
    executions: Executions
    queues: TaskQueues
    pipeline: Pipeline
    clock: Clock
    warm: Mapping[ComputeClass, Warm] = field(default_factory=dict)

    def reconcile(self, *, restarted: bool = False) -> dict[str, int]:
        """Look at every open job: one whose execution is gone or stuck is run again, or failed after `MAX_RUNS`; one
        whose end nobody was told of is told of again.

        `restarted`: the state machine lost all it knew and the workers died with it, as when the twin starts again;
        then even young jobs are looked at, and what dead workers held is free at once.
        """
        done = {"looked_at": 0, "resumed": 0, "failed": 0, "told": 0, "trouble": 0}
        for each in compute.QUEUED:
            self._keep_warm(each.name)
            if self.queues.waiting(each.name):  # its worker may have left just as the task came, or died
                self.pipeline.ask_for_worker(each.name)
        # Each time from another shard on: with very many open jobs a round may not come to its end.
        first = int(self.clock.now().timestamp() / ROUND.total_seconds())
        for number in range(layout.OPEN_SHARDS):
            shard = (first + number) % layout.OPEN_SHARDS
            before: str | None = None
            while keys := self.records.index_keys("by_open", f"OPEN#{shard}", limit=100, before=before):
                before = keys[-1][1]
                for stored in self.records.get_many(keys):
                    done["looked_at"] += 1
                    if outcome := self._looked_after(stored, restarted=restarted):
                        done[outcome] += 1
        return done

    def _keep_warm(self, wanted: ComputeClass) -> None:
        """See to the workers that are to stay now. That they cannot be had keeps no job waiting."""
        told = self.warm.get(wanted)
        until = told.until(self.clock.now()) if told else None
        if told is None or until is None:
            return
        try:
            self.pipeline.launcher.keep_warm(wanted, told.workers, until)
        except Exception:  # noqa: BLE001 - logged, whatever it is
            _log.exception("no warm worker could be started; the next round tries again", extra={"compute": wanted})

    def _looked_after(self, stored: Record, *, restarted: bool) -> str | None:
        """As `_revive`; a job that cannot be looked after now does not keep the others from it."""
        try:
            return self._revive(layout.entity(Job, stored), restarted=restarted)
        except Exception:  # noqa: BLE001 - logged, whatever it is
            _log.exception("job not looked after; the next round tries again", extra={"job_id": stored.sk})
            return "trouble"

    def _revive(self, job: Job, *, restarted: bool) -> str | None:
        now = self.clock.now()
        if now - (job.completed_at or job.created_at) < SETTLE and not restarted:
            return None
        if job.state.terminal:
            return self._tell_again(job)
        if self.executions.running(job.id, job.runs):
            if not self._stuck(job):
                return None
            _log.warning("job is stuck: no task of its is left", extra={"job_id": job.id, "run": job.runs})
            self.executions.stop(job.id, job.runs)
        elif not self.executions.known(job.id, job.runs):  # it could not be started so far, which is no interruption
            self.executions.start(job.tenant_id, job.id, job.runs)
            return "resumed"
        return self._again(job, restarted=restarted)

    def _again(self, job: Job, *, restarted: bool) -> str | None:
        """Begin another run of an interrupted job, or fail it if it had enough of them."""
        if job.runs >= MAX_RUNS:
            message = f"the job was interrupted {job.runs} times"
            self.pipeline.fail(job.tenant_id, job.id, Failure(kind=FailureKind.INTERNAL, message=message))
            return "failed"
        resumed = self._change(job, life.resume)
        if resumed is None:
            return None
        if restarted:
            self._free(job.id)
        self.executions.start(job.tenant_id, job.id, resumed.runs)
        _log.info("job resumed", extra={"job_id": job.id, "run": resumed.runs})
        return "resumed"

    def _tell_again(self, job: Job) -> str | None:
        """Write a job that is over once more as it is: the table's stream then reports its end again."""
        told = self._change(job, lambda j: j.model_copy() if j.told_at is None else j)
        return "told" if told is not None and told.told_at is None else None

    def _stuck(self, job: Job) -> bool:
        """Whether a job waits for a worker that no message will ever call: its queue is empty, and has been long."""
        waiting = next((step for step in self.pipeline.steps(job.id) if step.state is not StepState.DONE), None)
        if waiting is None or waiting.compute not in _QUEUED:
            return False
        seen = [job.started_at, waiting.leased_until, *(step.ended_at for step in self.pipeline.steps(job.id))]
        quiet = self.clock.now() - max(moment for moment in seen if moment is not None)
        return quiet >= STUCK and self.queues.unfinished(waiting.compute) == 0

    def _free(self, job_id: str) -> None:
        """Take the steps of a job from the workers that held them."""
        now = self.clock.now()
        expires, told = int((now + STEPS_KEPT).timestamp()), "the machine was restarted"
        for step in self.pipeline.steps(job_id):
            if step.state is StepState.LEASED:
                key = layout.step_key(job_id, step.index)
                store.change(
                    self.records,
                    Step,
                    key,
                    lambda s: step_life.release(s, told, now) if s.state is StepState.LEASED else s,
                    lambda s: layout.put_step(s, expires),
                )

    def _change(self, job: Job, how: Callable[[Job], Job]) -> Job | None:
        return store.change(self.records, Job, layout.job_key(job.tenant_id, job.id), how, layout.put_job)
