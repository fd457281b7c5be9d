"""A worker over the fakes: one tenant, one job with one step, its message on the queue."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from gpu_workers.runtime.engines import Rack
from gpu_workers.runtime.hand import Desk, InHand
from gpu_workers.runtime.timing import Timing
from gpu_workers.runtime.worker import Worker
from patchbay.core import layout, store
from patchbay.core.tasks import Answer
from patchbay.domain import jobs as life
from patchbay.domain.jobs import Job, JobState
from patchbay.domain.steps import Step, StepInput, StepState
from patchbay.domain.tasks import EngineOutput, EngineTask, ModelFiles, TaskMessage
from patchbay.ports import Delivery, Write
from tests.fakes.world import World

TENANT, JOB = "0190a000-0000-7000-8000-000000000001", "0190a000-0000-7000-8000-000000000002"
INPUT_KEY = f"uploads/{TENANT}/0190a000-0000-7000-8000-000000000003"
QUICK = Timing(lease_s=0.45, progress_s=0.03, wanted_s=0.06, tick_s=0.01, yield_s=0.2, load_s=0.6, wait_s=1)
Run = Callable[[EngineTask], Sequence[EngineOutput]]


class PlainEngine:
    """Does what it was made with, and counts what was loaded."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.loaded: list[ModelFiles] = []

    def load(self, model: ModelFiles) -> None:
        self.loaded.append(model)

    def run(self, task: EngineTask) -> Sequence[EngineOutput]:
        return self._run(task)


def one_file(task: EngineTask) -> Sequence[EngineOutput]:
    """The usual work: one file of four bytes."""
    task.progress(0.5)
    path = task.work_dir / "stem.wav"
    path.write_bytes(b"stem")
    return [EngineOutput("stem", path, "audio/wav")]


class Bench:
    """Everything of one test."""

    def __init__(self, root: Path, run: Run = one_file, timing: Timing = QUICK) -> None:
        self.world = World()
        self._make_records_safe()
        self.gave_up = threading.Event()
        self.engine = PlainEngine(run)
        self.made: list[str] = []
        tasks = replace(self.world.services.tasks, lease_s=timing.lease_s)
        self.desk = Desk("gpu", "worker-1", tasks, self.world.queues, timing, self.gave_up.set)
        self.rack = Rack(lambda engine, name, version: ModelFiles(name, version, root), self._make)
        self.worker = Worker(self.desk, self.world.objects, self.rack, root)
        self.message = TaskMessage(tenant_id=TENANT, job_id=JOB, step=0, task_token="token")

    def _make(self, name: str) -> PlainEngine:
        self.made.append(name)
        return self.engine

    def _make_records_safe(self) -> None:
        """Writes come from the engine's thread and from the watcher's; the table of real life can take that."""
        lock, write = threading.Lock(), self.world.records.write

        def locked(*writes: Write) -> None:
            with lock:
                write(*writes)

        self.world.records.write = locked  # type: ignore[method-assign]

    def order(self, **changes: Any) -> Step:
        """A started job with one step, and the message on the queue."""
        now = self.world.clock.now()
        job = Job(
            id=JOB,
            tenant_id=TENANT,
            application_id="a",
            dialect="native",
            workflow="w",
            state=JobState.STARTED,
            created_at=now,
        )
        given: dict[str, Any] = {
            "tenant_id": TENANT,
            "job_id": JOB,
            "index": 0,
            "name": "isolate",
            "engine": "separation",
            "compute": "gpu",
            "inputs": (StepInput(name="input", key=INPUT_KEY),),
            "fingerprint": "f" * 64,
            "timeout_s": 60,
        }
        step = Step(**(given | changes))
        self.world.objects.put(INPUT_KEY, b"song")
        self.world.records.write(layout.put_job(job))
        self.world.records.write(layout.put_step(step, 2_000_000_000))
        self.world.queues.send("gpu", self.message)
        return step

    def take(self) -> InHand:
        """Receive and lease, as the worker does."""
        delivery = self.receive()
        answer, step = self.desk.tasks.lease(delivery.message, self.desk.worker_id)
        assert answer is Answer.YOURS
        assert step is not None
        return InHand(self.desk, delivery, step)

    def receive(self) -> Delivery:
        delivery = self.world.queues.receive("gpu", wait_s=0, hold_s=self.desk.timing.hold_s)
        assert delivery is not None
        return delivery

    def work(self) -> None:
        """Do the one task that is on the queue."""
        self.worker.run(idle_s=0, once=True)

    def lease_to_another(self) -> None:
        """What happens when this worker was silent for too long."""
        changes = {
            "state": StepState.LEASED,
            "leased_by": "worker-2",
            "leased_until": self.world.clock.now() + timedelta(seconds=30),
        }
        key = layout.step_key(JOB, 0)
        store.change(
            self.world.records,
            Step,
            key,
            lambda s: s.model_copy(update=changes),
            lambda s: layout.put_step(s, 2_000_000_000),
        )

    def cancel(self) -> None:
        now = self.world.clock.now()
        key = layout.job_key(TENANT, JOB)
        store.change(self.world.records, Job, key, lambda j: life.cancel(j, now), layout.put_job)

    @property
    def step(self) -> Step:
        found = store.load(self.world.records, Step, layout.step_key(JOB, 0))
        assert found is not None
        return found

    @property
    def job(self) -> Job:
        found = store.load(self.world.records, Job, layout.job_key(TENANT, JOB))
        assert found is not None
        return found

    @property
    def left(self) -> int:
        """Messages on the queue, hidden ones included."""
        return len(self.world.queues.messages["gpu"])
