"""The worker: takes tasks of one compute class off the queue until it is empty for long enough, or it is told to stop.

Every promise of it is kept by somebody else too, so that no crash breaks one: a message is deleted only after its task
is reported, outputs lie under keys that a repetition writes again, and a step that is over stays so.
"""

import errno
import logging
import math
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime
from pathlib import Path

from gpu_workers.runtime import files
from gpu_workers.runtime.engines import Rack
from gpu_workers.runtime.hand import Desk, Ending, InHand
from gpu_workers.runtime.messages import pass_on
from gpu_workers.runtime.meter import Meter
from patchbay.core import tracing, work
from patchbay.core.tasks import Answer
from patchbay.domain.errors import (
    InvalidInput,
    ModelUnavailable,
    TaskCancelled,
    TaskReturned,
    Unavailable,
    UnusableAudio,
)
from patchbay.domain.jobs import Failure, FailureKind, Output
from patchbay.domain.steps import Seconds, Step
from patchbay.domain.tasks import EngineInput, EngineTask
from patchbay.ports import Delivery, Objects

_logger = logging.getLogger(__name__)
_MAX_PAUSE_S = 30.0
_NO_MEMORY = {"MemoryError", "OutOfMemoryError"}
"""By name, because torch has one of its own and must not be imported to ask."""
_NO_DEVICE = {"AcceleratorError"}
"""After one of these nothing runs on the GPU any more in this process."""


class Worker:
    """One worker. `run` works in the caller's thread; `stop` may be called from any other."""

    def __init__(self, desk: Desk, objects: Objects, rack: Rack, root: Path) -> None:
        self._desk = desk
        self._objects = objects
        self._rack = rack
        self._root = root
        self._meter = Meter(desk.compute)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._hand: InHand | None = None

    def run(self, *, idle_s: float, once: bool = False, stay_s: float = 0.0, take_s: float = math.inf) -> None:
        """Work until the queue has had nothing for `idle_s` seconds, or after one task; but for lack of work not before
        `stay_s` seconds are over, and take nothing more after `take_s`.

        Raises what the queue or the table raised last, if nothing else came of them for `idle_s`.
        """
        now = time.monotonic()
        try:
            self._run(idle_s, once, now + stay_s, now + take_s)
        finally:
            self._meter.write()

    def _run(self, idle_s: float, once: bool, stay_until: float, take_until: float) -> None:
        answered, pause_s = time.monotonic(), 1.0
        leave_at = max(answered + idle_s, stay_until)
        while not self._stopping.is_set() and time.monotonic() < take_until:
            try:
                with self._meter.idle():
                    delivery = self._receive(leave_at - time.monotonic())
                with self._meter.busy():
                    worked = delivery is not None and self._handle(delivery)
            except Exception:
                if time.monotonic() - answered > idle_s:
                    raise
                _logger.exception("the queue or the table did not answer", extra={"seconds": pause_s})
                self._stopping.wait(pause_s)
                pause_s = min(2 * pause_s, _MAX_PAUSE_S)
                continue
            answered, pause_s = time.monotonic(), 1.0
            if worked:
                leave_at = max(answered + idle_s, stay_until)
            if worked and once:
                return
            if delivery is None and time.monotonic() >= leave_at:
                _logger.info("nothing to do", extra={"seconds": round(idle_s, 1)})
                return

    @property
    def stopping(self) -> bool:
        """Whether it takes nothing more: it was told so, or nothing runs on its GPU any more."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Take nothing more, and give the task in hand back now. Returns when that is done."""
        with self._lock:
            self._stopping.set()
            hand = self._hand
        if hand is not None:
            hand.give_back()

    def _receive(self, left_s: float) -> Delivery | None:
        timing = self._desk.timing
        # At least a second: a shorter poll asks only some of the queue's servers, and may miss what is there.
        wait_s = max(1, min(timing.wait_s, round(left_s)))
        return self._desk.queues.receive(self._desk.compute, wait_s=wait_s, hold_s=timing.hold_s)

    def _handle(self, delivery: Delivery) -> bool:
        """Whether there was something to do."""
        message = delivery.message
        facts = {"tenant_id": message.tenant_id, "job_id": message.job_id, "step": message.step}
        with work.begin(**facts), tracing.span("task", kind="consumer", parent=message.traceparent) as span:
            answer = self._taken(delivery)
            span.tell(patchbay_compute=self._desk.compute, patchbay_worked=answer)
        return answer

    def _taken(self, delivery: Delivery) -> bool:
        desk = self._desk
        if self._stopping.is_set():
            pass_on(desk.queues, desk.compute, delivery, 0)
            return False
        try:
            answer, step = desk.tasks.lease(delivery.message, desk.worker_id)
        except Exception:
            pass_on(desk.queues, desk.compute, delivery, desk.timing.backoff_s)
            raise
        if answer is Answer.YOURS and step is not None:
            self._meter.waited(delivery)
            self._work(InHand(desk, delivery, step))
            return True
        _logger.info("no work in this message", extra={"answer": answer.value})
        if answer is Answer.OVER:
            desk.queues.delete(desk.compute, delivery.handle)
        else:
            pass_on(desk.queues, desk.compute, delivery, self._until_free(step, desk.tasks.clock.now()))
        return False

    def _until_free(self, step: Step | None, now: datetime) -> int:
        """Seconds until the other worker's lease may be over. Clocks differ, so never more than a lease."""
        lease_s = self._desk.timing.lease_s
        until = step.leased_until if step is not None else None
        left_s = (until - now).total_seconds() if until is not None else lease_s
        return math.ceil(min(max(left_s, 0.0), lease_s)) + 1

    def _work(self, hand: InHand) -> None:
        with self._lock:
            self._hand = hand
        if self._stopping.is_set():
            hand.give_back()
        started = time.monotonic()
        folder = Path(tempfile.mkdtemp(prefix="task-", dir=self._root))
        try:
            with hand:
                self._carry_out(hand, folder)
            hand.wait_until_given_back()
        finally:
            with self._lock:
                self._hand = None
            shutil.rmtree(folder, ignore_errors=True)
        ending = hand.ending.value if hand.ending else ""
        _logger.info(
            "task over", extra=_told(hand) | {"ending": ending, "seconds": round(time.monotonic() - started, 3)}
        )

    def _carry_out(self, hand: InHand, folder: Path) -> None:
        """Do the task and report how it ended."""
        tasks, message = self._desk.tasks, hand.delivery.message
        try:
            outputs, took = self._perform(hand, folder)
        except (TaskCancelled, TaskReturned) as error:
            self._trouble(hand, error)
        except (InvalidInput, UnusableAudio) as error:
            failure = Failure(kind=FailureKind.BAD_INPUT, message=str(error))
            self._end(hand, Ending.FAILED, lambda: tasks.fail(message, failure))
        except ModelUnavailable as error:
            # Every worker takes its weights from the same place: trying again would end the same.
            _logger.exception("model not available", extra=_told(hand))
            failure = Failure(kind=FailureKind.INTERNAL, message=str(error))
            self._end(hand, Ending.FAILED, lambda: tasks.fail(message, failure))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - logged in `_trouble`
            self._trouble(hand, error)
        else:
            self._end(hand, Ending.DONE, lambda: tasks.complete(message, hand.step, outputs, took))

    def _perform(self, hand: InHand, folder: Path) -> tuple[list[Output], Seconds]:
        """Fetch, run, store. Returns the outputs, and where the seconds went."""
        hand.check()
        begun = time.monotonic()
        step, fetched, scratch = hand.step, folder / "in", folder / "work"
        fetched.mkdir()
        scratch.mkdir()
        with ThreadPoolExecutor(1) as pool:
            # The first task of a worker waits for imports and weights anyway; its inputs come meanwhile.
            coming = pool.submit(copy_context().run, self._fetched, step, fetched, hand)
            with tracing.span("load", patchbay_engine=step.engine, patchbay_model=step.model):
                engine = self._rack.ready(step)
            inputs = coming.result()
        hand.begin()
        started = time.monotonic()
        with tracing.span("engine", patchbay_engine=step.engine, patchbay_model=step.model):
            made = engine.run(EngineTask(inputs, step.params, scratch, hand.progress, self._desk.errand_of(step)))
        ended = time.monotonic()
        hand.finished()
        with tracing.span("store"):
            stored = files.store(self._objects, self._desk.tasks, step, made, scratch, hand.check)
        return stored, Seconds(engine=ended - started, start=started - begun, store=time.monotonic() - ended)

    def _fetched(self, step: Step, folder: Path, hand: InHand) -> list[EngineInput]:
        with tracing.span("fetch"):
            return files.fetch(self._objects, step, folder, hand.check)

    def _end(self, hand: InHand, ending: Ending, report: Callable[[], None]) -> None:
        """Report and delete the message, unless the task was taken out of our hands before."""
        if not hand.settle(ending):
            return
        try:
            report()
            self._desk.queues.delete(self._desk.compute, hand.delivery.handle)
        except Exception:
            # The message comes back when its time is up, and the step's record tells what is left to do.
            _logger.exception("the end of a task could not be reported", extra=_told(hand))

    def _trouble(self, hand: InHand, error: BaseException) -> None:
        """Something went wrong that may go right next time: leave the task to another try."""
        if not hand.settle(Ending.TROUBLE):
            return
        text = _in_words(error)
        _logger.error("the task went wrong: %s", text, exc_info=error, extra=_told(hand))
        if not isinstance(error, Unavailable):
            self._rack.drop(hand.step.engine)
        if type(error).__name__ in _NO_DEVICE:
            self._stopping.set()
        try:
            hand.leave(text)
        except Exception:
            _logger.exception("the task could not be given back; its lease ends by itself", extra=_told(hand))


def _in_words(error: BaseException) -> str:
    """What went wrong, fit for the owner of the job: no paths, no internals; those are in the log."""
    if type(error).__name__ in _NO_MEMORY:
        return "the worker ran out of memory"
    if isinstance(error, Unavailable):
        return str(error)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "the worker's disk is full"
    if type(error).__name__ in _NO_DEVICE:
        return "the worker's GPU failed"
    return f"the engine stopped with {type(error).__name__}"


def _told(hand: InHand) -> dict[str, object]:
    return {
        "step": hand.step.name,
        "engine": hand.step.engine,
        "model": hand.step.model,
        "attempt": hand.step.attempts,
    }
