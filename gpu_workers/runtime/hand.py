"""The task in hand: its signs of life, its progress, and who may say how it ends."""

import logging
import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self

from gpu_workers.runtime.messages import pass_on
from gpu_workers.runtime.timing import Timing
from patchbay.core.tasks import Tasks
from patchbay.domain.errands import Errand
from patchbay.domain.errors import TaskCancelled, TaskReturned
from patchbay.domain.jobs import Failure, FailureKind
from patchbay.domain.steps import Step
from patchbay.domain.tasks import ComputeClass
from patchbay.ports import Delivery, TaskQueues

_logger = logging.getLogger(__name__)
_GIVE_BACK_S = 4.0
"""Two calls; a process that is told to end has about five seconds."""


class Ending(StrEnum):
    """How a task in hand can end. The first to say so is right; whoever comes later has nothing to report."""

    DONE = "done"
    FAILED = "failed"
    TROUBLE = "trouble"
    CANCELLED = "cancelled"
    LOST = "lost"
    RETURNED = "returned"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class Desk:
    """What every task of one worker is handled with."""

    compute: ComputeClass
    worker_id: str
    tasks: Tasks
    queues: TaskQueues
    timing: Timing
    give_up: Callable[[], None]
    """Ends the process at once: the engine does not let go."""
    errand_of: Callable[[Step], Errand | None] = lambda step: None
    """What speaks to a service elsewhere for a step's owner; None for steps that are done here."""
    longest_s: float = math.inf
    """What the place it runs in leaves for one task, whatever its workflow allows."""


class InHand:
    """One leased task. As a context manager it keeps lease and message alive from a thread of its own."""

    def __init__(self, desk: Desk, delivery: Delivery, step: Step) -> None:
        self.delivery = delivery
        self.step = step
        self.ending: Ending | None = None
        self._desk = desk
        self._deciding = threading.Lock()
        self._message = threading.Lock()
        """Held while the message's visibility is changed, so that no late sign of life hides what was given back."""
        self._over = threading.Event()
        self._given_back = threading.Event()
        self._deadline = math.inf
        self._ends_at = math.inf
        self._running = False
        self._fraction = 0.0
        self._reported = 0.0
        # In a context of its own that has the task's facts, so that its lines tell of which task they are.
        self._watcher = threading.Thread(
            target=copy_context().run, args=(self._watch,), name="signs-of-life", daemon=True
        )

    def __enter__(self) -> Self:
        self._watcher.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()

    def settle(self, ending: Ending) -> bool:
        """Say how it ends. False if that was said already."""
        with self._deciding:
            if self.ending is not None:
                return False
            self.ending = ending
            grace = self._desk.timing.yield_s if self._running else self._desk.timing.load_s
            if ending in {Ending.CANCELLED, Ending.LOST, Ending.OVERDUE}:
                self._deadline = time.monotonic() + grace
            return True

    def check(self) -> None:
        """Raises `TaskCancelled` or `TaskReturned` if the work is for nothing."""
        if self.ending is Ending.RETURNED:
            raise TaskReturned("this machine is going away")
        if self.ending is not None:
            raise TaskCancelled("nobody waits for this task any more")

    def begin(self) -> None:
        """The engine starts now, and has the step's time from here."""
        self._running = True
        self._ends_at = time.monotonic() + min(self.step.timeout_s, self._desk.longest_s)
        self.check()

    def progress(self, fraction: float) -> None:
        """What the engine calls. It only leaves the figure behind: no call waits for the network here."""
        if fraction > self._fraction:
            self._fraction = min(fraction, 1.0)
        self.check()

    def finished(self) -> None:
        """The engine is through: tell it at once. Raises as `check` does."""
        self._running, self._ends_at = False, math.inf
        self._fraction = 1.0
        self._attempt(self._report)
        self.check()

    def give_back(self) -> None:
        """Let another worker have the task now, whatever the engine is doing; what it still makes is thrown away."""
        if not self.settle(Ending.RETURNED):
            return
        message = self.delivery.message  # told here: a signal's thread does this, which has none of the task's facts
        told = {"job_id": message.job_id, "tenant_id": message.tenant_id, "step": self.step.name}
        try:
            try:
                self._desk.tasks.give_back(self.delivery.message, self._desk.worker_id, None)
            except Exception:
                _logger.exception("the lease could not be given back; it ends by itself", extra=told)
            with self._message:
                pass_on(self._desk.queues, self._desk.compute, self.delivery, 0)
            _logger.info("task given back", extra=told)
        finally:
            self._given_back.set()

    def wait_until_given_back(self) -> None:
        """Let the thread that gives the task back finish: the process must not end under its hands."""
        if self.ending is Ending.RETURNED:
            self._given_back.wait(_GIVE_BACK_S)

    def leave(self, trouble: str) -> None:
        """Let the task be tried again in a while. This delivery counts. To be called by who settled that."""
        desk = self._desk
        desk.tasks.give_back(self.delivery.message, desk.worker_id, trouble)
        with self._message:
            desk.queues.hold(desk.compute, self.delivery.handle, desk.timing.backoff_s)

    def _watch(self) -> None:
        timing = self._desk.timing
        now = time.monotonic()
        keep_at, look_at, report_at = now + timing.keep_s, now + timing.wanted_s, now + timing.progress_s
        while not self._over.wait(timing.tick_s):
            now = time.monotonic()
            if now >= self._deadline:
                self._desk.give_up()
            if self.ending is not None:
                continue
            if now >= self._ends_at:
                self._attempt(self._overdue)
            if now >= keep_at:
                # After trouble sooner again: the next beat but two would be too late.
                keep_at = now + (timing.keep_s if self._attempt(self._keep) else timing.tick_s * 5)
            if now >= report_at and self._fraction > self._reported:
                report_at = now + timing.progress_s
                if self._attempt(self._report):
                    look_at = now + timing.wanted_s
            if now >= look_at:
                look_at = now + timing.wanted_s
                self._attempt(self._look)

    def _attempt(self, call: Callable[[], None]) -> bool:
        """Whether it worked. The store may be away for a moment; the lease tells how long is too long."""
        try:
            call()
        except Exception as error:  # noqa: BLE001 - the watch must go on
            told = {"job_id": self.delivery.message.job_id, "error": repr(error)}
            _logger.warning("a sign of life did not get through", extra=told)
            return False
        return True

    def _keep(self) -> None:
        try:
            self._desk.tasks.keep(self.delivery.message, self._desk.worker_id)
        except TaskCancelled:
            # Somebody else has the lease, and with it the message.
            self.settle(Ending.LOST)
            return
        # Only after the lease: the message must not come back before that ends.
        with self._message:
            if self.ending is None:
                self._desk.queues.hold(self._desk.compute, self.delivery.handle, self._desk.timing.hold_s)

    def _report(self) -> None:
        fraction = self._fraction
        try:
            self._desk.tasks.progress(self.delivery.message, self.step, fraction)
        except TaskCancelled:
            self._cancelled()
        else:
            self._reported = fraction

    def _look(self) -> None:
        if not self._desk.tasks.wanted(self.delivery.message):
            self._cancelled()

    def _overdue(self) -> None:
        if not self.settle(Ending.OVERDUE):
            return
        allowed_s, place_s = self.step.timeout_s, self._desk.longest_s
        why = f"{allowed_s} s that its workflow allows" if allowed_s <= place_s else f"{place_s:g} s that a machine has"
        text = f"step {self.step.name!r} took longer than the {why}"
        self._desk.tasks.fail(self.delivery.message, Failure(kind=FailureKind.TIMEOUT, message=text))
        with self._message:
            self._desk.queues.delete(self._desk.compute, self.delivery.handle)

    def _cancelled(self) -> None:
        if self.settle(Ending.CANCELLED):
            with self._message, suppress(Exception):
                self._desk.queues.delete(self._desk.compute, self.delivery.handle)
