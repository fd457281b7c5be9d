"""What the state machine calls: plan a job, dispatch its steps, finish it."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from patchbay.catalog import compute, models, workflows
from patchbay.catalog.models import Shelf
from patchbay.catalog.workflow import StepSpec
from patchbay.core import layout, store, tracing
from patchbay.core.assets import Assets
from patchbay.core.ends import Ends
from patchbay.domain import jobs as life
from patchbay.domain import steps as step_life
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.errors import (
    Conflict,
    FetchRefused,
    InvalidInput,
    ModelUnavailable,
    NotFound,
    TooLarge,
    Unavailable,
    UnusableAudio,
)
from patchbay.domain.jobs import Failure, FailureKind, Job, JobFile, Output
from patchbay.domain.steps import Step, StepInput, StepState
from patchbay.domain.tasks import ComputeClass, TaskMessage
from patchbay.ports import Clock, Delete, Executions, Launcher, Objects, Records, TaskQueues, WriteConflict

STEPS_KEPT = timedelta(days=30)
_BAD_INPUT = (InvalidInput, UnusableAudio, FetchRefused, TooLarge, NotFound, ModelUnavailable)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step that is still to be done, as the state machine needs it."""

    step: int
    compute: str
    timeout_s: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The life of a job between its order and its end."""

    records: Records
    objects: Objects
    executions: Executions
    queues: TaskQueues
    launcher: Launcher
    assets: Assets
    clock: Clock
    shelf: Shelf
    ends: Ends

    def plan(self, tenant_id: str, job_id: str, run: int | None = None) -> list[PlannedStep]:
        """Take a job up: look at its input, write its steps, and say which are still to be done.

        What is the order's own fault ends the job here with the reason; then there is nothing to be done. Calling it
        again, after a crash or for a resumed job, finds what was done and leaves it. An execution that was given up, of
        another run than `run`, finds nothing to do.
        """
        try:
            job = self._change(tenant_id, job_id, lambda j: life.start(j, self.clock.now()) if _is(run, j) else None)
        except Conflict:
            return []
        if job is None:
            return []
        tracing.adopt(job.traceparent)
        try:
            asset, specs = self._input(job), self._specs(job)
            audio_s = asset.audio.duration_s if asset and asset.audio else None
            if job.audio_s != audio_s:  # now, because the file may be deleted before the job ends
                self._change(tenant_id, job_id, lambda j: j.model_copy(update={"audio_s": audio_s}))
            steps = [self._keep(step) for step in self._steps(job, asset, specs)]
        except _BAD_INPUT as error:
            self.fail(tenant_id, job_id, Failure(kind=FailureKind.BAD_INPUT, message=str(error)))
            return []
        todo = [step for step in steps if step.state is not StepState.DONE]
        return [PlannedStep(step.index, step.compute, step.timeout_s) for step in todo]

    def dispatch(self, tenant_id: str, job_id: str, index: int, token: str) -> None:
        """Put a step on the queue of its compute class, and see to it that there is a worker."""
        step = store.load(self.records, Step, layout.step_key(job_id, index))
        if step is None or step.tenant_id != tenant_id:
            raise NotFound(f"job {job_id} has no step {index}")
        if step.state is StepState.DONE:
            self.executions.succeed_task(token)
            return
        tracing.adopt(step.traceparent)
        message = TaskMessage(
            tenant_id=tenant_id, job_id=job_id, step=index, task_token=token, traceparent=tracing.traceparent()
        )
        self.queues.send(step.compute, message)
        self.ask_for_worker(step.compute)

    def finish(self, tenant_id: str, job_id: str, run: int | None = None) -> None:
        """All steps are done: the job has succeeded, and is counted. Of a run that was given up this says nothing."""
        job = store.load(self.records, Job, layout.job_key(tenant_id, job_id))
        if job is None or job.state.terminal or not _is(run, job):
            self.ends.look_at_budget(tenant_id)  # whoever ended it may have died before he could
            return
        tracing.adopt(job.traceparent)
        steps = self.steps(job_id)
        undone = [step.name for step in steps if step.state is not StepState.DONE]
        if undone or not steps:
            message = f"step {undone[0]!r} was not done" if undone else "the job was never planned"
            self.fail(tenant_id, job_id, Failure(kind=FailureKind.INTERNAL, message=message))
            return
        outputs = [o for step in steps if step.reported for o in step.outputs]
        delivered = {
            o.name: o.delivered_to for step in steps if not step.reported for o in step.outputs if o.delivered_to
        }
        told = [o.model_copy(update={"delivered_to": delivered.get(o.name)}) for o in outputs]
        self._end(tenant_id, job_id, lambda j: life.succeed(j, told, self.clock.now()))

    def fail(self, tenant_id: str, job_id: str, failure: Failure, run: int | None = None) -> None:
        """The job cannot be done. What a step already told of the reason goes before `failure`."""
        steps = self.steps(job_id)
        reason = next((step.failure for step in steps if step.failure), failure)

        def failed(job: Job) -> Job | None:
            tracing.adopt(job.traceparent)
            return life.fail(job, reason, self.clock.now()) if _is(run, job) else None

        self._end(tenant_id, job_id, failed)

    def steps(self, job_id: str) -> list[Step]:
        """A job's steps, in order."""
        found = self.records.query(layout.step_key(job_id, 0)[0], limit=100, ascending=True)
        return [layout.entity(Step, stored) for stored in found]

    def ask_for_worker(self, wanted: ComputeClass) -> None:
        """Ask for a worker. That none can be had now is no fault of the task: one that is there may take it."""
        try:
            self.launcher.launch(wanted)
        except Exception:  # noqa: BLE001 - logged, whatever it is
            _log.exception("no worker could be started; the reconciler asks again", extra={"compute": wanted})

    def _input(self, job: Job) -> Asset | None:
        """The job's asset, ready to work on; imported first if it is at a URL. None for a job that has none."""
        if job.input_asset_id is None:
            return None
        asset = self.assets.inspect(job.input_tenant_id or job.tenant_id, job.input_asset_id)
        if asset.state is AssetState.REJECTED:
            raise UnusableAudio(f"the input file was rejected: {asset.reason}")
        if asset.state is not AssetState.READY:  # whatever is not looked at is not worked on
            raise Unavailable("the input file is not ready yet")
        return asset

    def _specs(self, job: Job) -> tuple[StepSpec, ...]:
        workflow = workflows.get(job.workflow)
        specs = workflow.steps(workflow.parse(job.params), self.shelf, has_input=job.input_asset_id is not None)
        if job.deliver_to:
            names = tuple(job.deliver_to)
            last = specs[-1].name
            specs += (StepSpec("deliver", "deliver", "light", names, after=last, timeout_s=900, reported=False),)
        return specs

    def _steps(self, job: Job, asset: Asset | None, specs: tuple[StepSpec, ...]) -> list[Step]:
        """The steps of a job, with inputs, fingerprints and shares of the progress."""
        made: dict[str, Step] = {}
        total, before, ready_at = sum(spec.weight for spec in specs), 0.0, self.clock.now()
        for index, spec in enumerate(specs):
            inputs, content = _inputs_of(spec, asset, job.manifest, made, {s.name: s for s in specs})
            version = models.get(spec.model).version if spec.model else "1"
            unique = {"job": job.id} if spec.engine == "deliver" else {}
            share = (before / total, (before + spec.weight) / total)
            before += spec.weight
            made[spec.name] = Step(
                tenant_id=job.tenant_id,
                job_id=job.id,
                index=index,
                name=spec.name,
                engine=spec.engine,
                model=spec.model,
                model_version=version,
                compute=spec.compute,
                params=dict(spec.params),
                inputs=inputs,
                fingerprint=step_life.fingerprint(spec.engine, spec.model, version, {**spec.params, **unique}, content),
                traceparent=job.traceparent,
                timeout_s=min(spec.timeout_s, compute.MAX_STEP_TIMEOUT_S),
                share=share,
                reported=spec.reported,
                ready_at=ready_at,
            )
        return [self._reuse(step) for step in made.values()]

    def _reuse(self, step: Step) -> Step:
        """The step done already, if the same computation was, and its objects are still there."""
        key = layout.result_key(step.tenant_id, step.fingerprint)
        kept = store.load(self.records, layout.StoredResult, key)
        if kept is None:
            return step
        if any(o.key and self.objects.stat(o.key) is None for o in kept.outputs):
            with suppress(WriteConflict):  # else the worker would take it for what another job made meanwhile
                self.records.write(Delete(key, expected=kept.version))
            return step
        return step.model_copy(update={"state": StepState.DONE, "outputs": kept.outputs, "reused": True})

    def _keep(self, step: Step) -> Step:
        """Store a step, unless an earlier planning has stored the same one and got further."""
        old = store.load(self.records, Step, layout.step_key(step.job_id, step.index))
        if old is not None and old.fingerprint == step.fingerprint and old.state is not StepState.FAILED:
            return old
        now = self.clock.now()
        spent = {"version": old.version, "lost_s": old.busy_s(now)} if old else {}  # what it took was spent
        new = step.model_copy(update=spent)
        try:
            self.records.write(layout.put_step(new, _unix(now + STEPS_KEPT)))
        except WriteConflict:
            return store.load(self.records, Step, layout.step_key(step.job_id, step.index)) or new
        return new

    def _change(self, tenant_id: str, job_id: str, how: Any) -> Job | None:
        return store.change(self.records, Job, layout.job_key(tenant_id, job_id), how, layout.put_job)

    def _end(self, tenant_id: str, job_id: str, how: Callable[[Job], Job | None]) -> None:
        """Bring a job to its end, unless it has one."""
        try:
            self.ends.bring(tenant_id, job_id, how)
        except Conflict:
            _log.info("job was over already", extra={"job_id": job_id})


def _inputs_of(
    spec: StepSpec, asset: Asset | None, listed: JobFile | None, made: Mapping[str, Step], specs: Mapping[str, StepSpec]
) -> tuple[tuple[StepInput, ...], list[tuple[str, str]]]:
    """A step's input files, and what names their contents: a file's hash, or who makes it."""
    if spec.after is None:
        if listed is not None:
            return (StepInput(name=listed.name, key=listed.key, sha256=listed.sha256, lists=True),), [
                (listed.name, listed.sha256)
            ]
        if asset is None:
            return (), []
        name = spec.outputs[0] if spec.engine == "encoding" else "input"
        return (StepInput(name=name, key=asset.key, sha256=asset.sha256),), [(name, asset.sha256 or "")]
    source = made[spec.after]
    names = spec.outputs if spec.engine == "deliver" else spec.takes or specs[spec.after].outputs
    inputs = tuple(StepInput(name=name, key="") for name in names)
    return inputs, [(name, f"{source.fingerprint}/{name}") for name in names]


def _is(run: int | None, job: Job) -> bool:
    """Whether `run` is the one that the job is on; None stands for whichever that is."""
    return run is None or run == job.runs


def _unix(when: datetime) -> int:
    return int(when.timestamp())


def outputs_by_name(steps: list[Step], before: int) -> dict[str, Output]:
    """Output name -> output, of the steps before number `before`; later ones win."""
    return {o.name: o for step in steps if step.index < before for o in step.outputs}
