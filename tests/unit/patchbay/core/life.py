"""A state machine, a queue's workers, a bus and receivers, all at the mercy of a test: for whole lives of jobs."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from unittest import mock

from patchbay.core.notices import Shape
from patchbay.core.pipeline import PlannedStep
from patchbay.core.tasks import Answer
from patchbay.domain import ids
from patchbay.domain.errors import Conflict, FetchRefused, NotFound, TaskCancelled
from patchbay.domain.jobs import Failure, FailureKind, Output
from patchbay.domain.steps import Step
from patchbay.domain.tasks import TaskMessage
from patchbay.ports import Delivery, NoticeMessage, WebAnswer
from tests.fakes.clock import START
from tests.fakes.notices import FakeStream
from tests.fakes.world import Tenant, World
from tests.unit.patchbay.core.receiving import Killed, dying

BROKEN = Failure(kind=FailureKind.INTERNAL, message="the engine failed")
ROUNDS_OF_BAD_LUCK = 12
Death = tuple[int, bool] | None
"""(number of the effect, after it) at which the process dies."""


class Dice:
    """Stands in for `os` and `time` where ids are made: the same lives get the same ids, and are found again."""

    def __init__(self) -> None:
        self._random = random.Random(0)

    def urandom(self, count: int) -> bytes:
        return self._random.randbytes(count)

    def time_ns(self) -> int:
        return int(START.timestamp() * 1e9)


@contextmanager
def loaded_dice() -> Iterator[None]:
    """Ids that are the same in each run."""
    dice, place = Dice(), "patchbay.domain.ids"
    fresh = type(ids.__dict__["_sequence"])()
    with mock.patch(f"{place}.os", dice), mock.patch(f"{place}.time", dice), mock.patch(f"{place}._sequence", fresh):
        yield


@dataclass
class Run:
    """One execution: what Step Functions would know of it."""

    tenant_id: str
    job_id: str
    number: int
    todo: list[PlannedStep] | None = None
    token: str = ""
    calls: list[Callable[[], None]] = field(default_factory=list)
    """What it called last and may call again: a Lambda's answer can get lost."""


@dataclass
class Work:
    """A task in a worker's hands."""

    worker: str
    delivery: Delivery
    step: Step


class Life:
    """The surroundings of the product; each method is one thing that happens there."""

    def __init__(self) -> None:
        self.world = World()
        self.stream = FakeStream(self.world.records)
        self.tenants = {name: self.world.tenant(f"{name}@example.org") for name in ("ada", "bob")}
        self.runs: dict[tuple[str, int], Run] = {}
        self.over: list[Run] = []
        self.working: list[Work] = []
        self.events: list[dict[str, Any]] = []
        self.up = True
        self.named: dict[tuple[str, str], set[str]] = {}
        """(URL, job id) -> webhook ids of every attempt to tell of its end there."""
        self.taken: set[tuple[str, str]] = set()
        self._count = 0
        self.world.services.notices.sweep()  # as a stage does from its first minute on
        self._post, self.world.web.post = self.world.web.post, self._received  # type: ignore[method-assign]

    def tenant_of(self, tenant_id: str) -> Tenant:
        return next(tenant for tenant in self.tenants.values() if tenant.id == tenant_id)

    def dying(self, death: Death, what: Callable[[], object]) -> bool:
        """Do it; False if the process died of it."""
        if death is None:
            what()
            return True
        with suppress(Killed), dying(self.world, death[0], after=death[1]):
            what()
            return True
        return False

    # -- executions --------------------------------------------------------------------------------------------------

    def active(self) -> list[Run]:
        """The executions under way; those that were stopped or lost can still come back from the dead with a call."""
        now = {(job_id, number) for job_id, number in self.world.executions.active}
        for tenant_id, job_id, number in self.world.executions.started:
            if (job_id, number) in now:
                self.runs.setdefault((job_id, number), Run(tenant_id, job_id, number))
        for name in [name for name in self.runs if name not in now]:
            self.over.append(self.runs.pop(name))
        return list(self.runs.values())

    def go_on(self, run: Run, death: Death = None) -> None:
        """The next thing that an execution does. One whose Lambda died calls it again."""
        if run.todo is None:
            self.dying(death, lambda: self._plan(run))
        elif not run.todo:
            self._end(run, death, self._finish(run))
        elif not run.token:
            self._count += 1
            token = f"token-{self._count}"
            if self.dying(death, lambda: self._dispatch(run, token)):
                run.token = token
        elif (told := self.world.executions.tokens.get(run.token)) is not None:
            run.token = ""
            if told[0] == "succeeded":
                run.todo.pop(0)
            else:
                self._end(run, death, self._fail(run))

    def _plan(self, run: Run) -> None:
        run.todo = self.world.services.pipeline.plan(run.tenant_id, run.job_id, run.number)

    def _dispatch(self, run: Run, token: str) -> None:
        assert run.todo
        self.world.services.pipeline.dispatch(run.tenant_id, run.job_id, run.todo[0].step, token)

    def _finish(self, run: Run) -> Callable[[], None]:
        return lambda: self.world.services.pipeline.finish(run.tenant_id, run.job_id, run.number)

    def _fail(self, run: Run) -> Callable[[], None]:
        return lambda: self.world.services.pipeline.fail(run.tenant_id, run.job_id, BROKEN, run.number)

    def _end(self, run: Run, death: Death, call: Callable[[], None]) -> None:
        run.calls.append(call)
        if self.dying(death, call):
            self.world.executions.stop(run.job_id, run.number)

    # -- workers -----------------------------------------------------------------------------------------------------

    def receive(self, death: Death = None) -> bool:
        """A worker takes a message, and the task if it gets the lease. False if there is no message."""
        for compute in ("gpu", "cpu"):
            delivery = self.world.queues.receive(compute, wait_s=0, hold_s=60)
            if delivery is not None:
                self._count += 1
                worker = f"worker-{self._count}"
                self.dying(death, partial(self._lease, compute, delivery, worker))
                return True
        return False

    def _lease(self, compute: Any, delivery: Delivery, worker: str) -> None:
        answer, step = self.world.services.tasks.lease(delivery.message, worker)
        if answer is Answer.OVER:
            self.world.queues.delete(compute, delivery.handle)
        elif answer is Answer.YOURS and step is not None:
            self.working.append(Work(worker, delivery, step))

    def report(self, work: Work, fraction: float) -> None:
        """A sign of life and the progress; a worker whose task was taken away or is not wanted drops it."""
        try:
            self.world.services.tasks.keep(work.delivery.message, work.worker)
            self.world.queues.hold(work.step.compute, work.delivery.handle, 60)
            self.world.services.tasks.progress(work.delivery.message, work.step, fraction)
        except TaskCancelled:
            self.working.remove(work)

    def complete(self, work: Work, death: Death = None) -> None:
        """The work is done, whether or not the lease still holds."""
        tasks, outputs = self.world.services.tasks, []
        for name in [str(n) for n in work.step.params.get("stems") or [given.name for given in work.step.inputs]]:
            key = tasks.output_key(work.step, f"{name}.wav", "0" * 64)
            self.world.objects.put(key, b"RIFF")
            outputs.append(Output(name=name, key=key))
        self._leave(work, death, lambda message: tasks.complete(message, work.step, outputs, 1.0))

    def fail(self, work: Work, death: Death = None) -> None:
        """The work can never be done."""
        self._leave(work, death, lambda message: self.world.services.tasks.fail(message, BROKEN))

    def give_back(self, work: Work, death: Death = None) -> None:
        """The machine goes away."""
        give_back = self.world.services.tasks.give_back
        self._leave(work, death, lambda message: give_back(message, work.worker, None), keep=True)

    def _leave(self, work: Work, death: Death, how: Callable[[TaskMessage], None], *, keep: bool = False) -> None:
        self.working.remove(work)
        if self.dying(death, lambda: how(work.delivery.message)) and not keep:
            self.world.queues.delete(work.step.compute, work.delivery.handle)

    # -- events and receivers ----------------------------------------------------------------------------------------

    def publish(self) -> None:
        """The stream's new events come to the queue before the router."""
        self.events += self.stream.events()

    def route(self, event: dict[str, Any], death: Death = None) -> None:
        """Route an event; one whose router died stays in the queue."""
        if self.dying(death, lambda: self.world.services.notices.route(event)) and event in self.events:
            self.events.remove(event)

    def attempt(self, message: NoticeMessage, death: Death = None) -> None:
        """Make an attempt; the message of one that died comes back."""
        if not self.dying(death, lambda: self.world.services.notices.deliver(message, self._shapes)):
            self.world.notice_queue.waiting.append((self.world.clock.now().timestamp() + 360, message))

    def _shapes(self, dialect: str) -> Shape:
        return lambda job: {"data": {"id": job.id}, "type": f"job.{job.state}", "tenant_id": job.tenant_id}

    def _received(self, url: str, body: bytes, headers: Any, *, timeout_s: float) -> WebAnswer:
        told = json.loads(body)
        assert url.startswith(f"https://{self._name_of(told['tenant_id'])}."), "another tenant's"
        self.named.setdefault((url, told["data"]["id"]), set()).add(headers["webhook-id"])
        if not self.up:
            raise FetchRefused("no connection")
        self.taken.add((url, told["data"]["id"]))
        return self._post(url, body, headers, timeout_s=timeout_s)

    def _name_of(self, tenant_id: str) -> str:
        return next(name for name, tenant in self.tenants.items() if tenant.id == tenant_id)

    # -- time --------------------------------------------------------------------------------------------------------

    def bury(self) -> None:
        """Messages that were handed out too often go to the dead-letter queue, which is read."""
        for compute, messages in self.world.queues.messages.items():
            for handle, held in list(messages.items()):
                if held.received > 8 and held.hidden_until <= self.world.clock.now().timestamp():
                    with suppress(Conflict, NotFound):
                        self.world.services.tasks.bury(held.message)
                        self.world.queues.delete(compute, handle)  # type: ignore[arg-type]

    def settle(self, seed: int) -> None:
        """Bad luck for some rounds more, then everything works again: let time pass until all is quiet."""
        chance = random.Random(seed)

        def fate() -> Death:
            return (chance.randrange(3), chance.random() < 0.5) if bad and chance.random() < 0.3 else None

        self.working.clear()
        for number in range(300):
            bad = number < ROUNDS_OF_BAD_LUCK
            self.up, self.world.notice_queue.losing = not bad or chance.random() < 0.7, bad and chance.random() < 0.3
            self._round(fate)
            if bad:
                self._double(chance)
            elif self._quiet():
                return
            self.world.clock.advance(minutes=1 if bad else 10)
        raise AssertionError("it does not come to rest")

    def _round(self, fate: Callable[[], Death]) -> None:
        """Everybody does what there is to do."""
        for run in self.active():
            with suppress(NotFound):  # of a job that was deleted
                self.go_on(run, fate())
        while self.receive(fate()):
            for work in list(self.working):
                self.report(work, 0.5)
                if work in self.working:
                    self.complete(work, fate())
        self.bury()
        self.publish()
        for event in list(self.events):
            self.route(event, fate())
        for message in self.world.notice_queue.due():
            self.attempt(message, fate())
        self.dying(fate(), self.world.services.notices.sweep)
        self.dying(fate(), self.world.services.reconciler.reconcile)

    def _double(self, chance: random.Random) -> None:
        """What was done already is asked for again."""
        for run in self.over:
            for call in run.calls:
                if chance.random() < 0.2:
                    call()
        for event in self.stream.told:
            if chance.random() < 0.1:
                self.events.append(event)

    def _quiet(self) -> bool:
        """Whether nobody looks after anything any more: no open job, no notice that waits."""
        records, notices = self.world.records.items.values(), self.world.notice_queue.waiting
        return not notices and not any("by_open" in record.indexes for record in records)
