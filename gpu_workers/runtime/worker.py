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
from datetime import datetime
from pathlib import Path

from gpu_workers.runtime import files
from gpu_workers.runtime.engines import Rack
from gpu_workers.runtime.hand import Desk, Ending, InHand
from gpu_workers.runtime.messages import pass_on
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
from patchbay.domain.steps import Step
from patchbay.domain.tasks import EngineTask
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
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._hand: InHand | None = None

    def run(self, *, idle_s: float, once: bool = False) -> None:
        """Work until the queue has had nothing for `idle_s` seconds, or after one task.

        Raises what the queue or the table raised last, if nothing else came of them for as long.
        """
        idle_from, pause_s = time.monotonic(), 1.0
        while not self._stopping.is_set():
            try:
                delivery = self._receive(idle_from + idle_s - time.monotonic())
                worked = delivery is not None and self._handle(delivery)
            except Exception:
                if time.monotonic() - idle_from > idle_s:
                    raise
                _logger.exception("the queue or the table did not answer", extra={"seconds": pause_s})
                self._stopping.wait(pause_s)
                pause_s = min(2 * pause_s, _MAX_PAUSE_S)
                continue
            pause_s = 1.0
            if worked:
                idle_from = time.monotonic()
            if worked and once:
                return
            if delivery is None and time.monotonic() - idle_from >= idle_s:
                _logger.info("nothing to do", extra={"seconds": round(idle_s, 1)})
                return

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
            self._work(InHand(desk, delivery, step))
            return True
        _logger.info("no work in this message", extra={"job_id": delivery.message.job_id, "answer": answer.value})
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
            outputs, engine_s = self._perform(hand, folder)
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
            self._end(hand, Ending.DONE, lambda: tasks.complete(message, hand.step, outputs, engine_s))

    def _perform(self, hand: InHand, folder: Path) -> tuple[list[Output], float]:
        """Fetch, run, store. Returns the outputs and the seconds that the engine ran."""
        hand.check()
        step, fetched, work = hand.step, folder / "in", folder / "work"
        fetched.mkdir()
        work.mkdir()
        with ThreadPoolExecutor(1) as pool:
            # The first task of a worker waits for imports and weights anyway; its inputs come meanwhile.
            coming = pool.submit(files.fetch, self._objects, step, fetched, hand.check)
            engine = self._rack.ready(step)
            inputs = coming.result()
        hand.begin()
        started = time.monotonic()
        made = engine.run(EngineTask(inputs, step.params, work, hand.progress))
        engine_s = time.monotonic() - started
        hand.finished()
        return files.store(self._objects, self._desk.tasks, step, made, work, hand.check), engine_s

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
    message = hand.delivery.message
    return {
        "job_id": message.job_id,
        "tenant": message.tenant_id,
        "step": hand.step.name,
        "engine": hand.step.engine,
        "model": hand.step.model,
        "attempt": hand.step.attempts,
    }
