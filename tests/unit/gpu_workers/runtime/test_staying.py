"""How long a worker stays: for lack of work, until an hour, and until it may take nothing more.

Its clock is the test's: each question to the queue takes a minute.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from gpu_workers.runtime import worker as module
from patchbay.domain.errors import Unavailable
from patchbay.domain.steps import StepState
from patchbay.ports import Delivery
from tests.unit.gpu_workers.runtime.desk import Bench

MINUTE_S = 60.0


class Time:
    """As much of `time` as the worker uses."""

    def __init__(self) -> None:
        self.at = 0.0

    def monotonic(self) -> float:
        return self.at


class Minutes:
    """A bench whose queue answers once a minute, and does `event` in minute `number` before."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bench = Bench(root)
        self.time = Time()
        self.asked = 0
        self.events: dict[int, Callable[[], object]] = {}
        self._receive = self.bench.world.queues.receive
        monkeypatch.setattr(module, "time", self.time)
        monkeypatch.setattr(module, "_MAX_PAUSE_S", 0.0)
        monkeypatch.setattr(self.bench.worker._stopping, "wait", lambda seconds: None)
        monkeypatch.setattr(self.bench.world.queues, "receive", self.receive)

    def receive(self, compute: str, *, wait_s: int, hold_s: int) -> Delivery | None:
        self.asked += 1
        self.time.at += MINUTE_S
        self.events.get(self.asked, lambda: None)()
        return self._receive("gpu", wait_s=wait_s, hold_s=hold_s)


@pytest.fixture
def minutes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Minutes:
    return Minutes(tmp_path, monkeypatch)


def fail() -> None:
    raise Unavailable("the task queue is away")


def test_without_work_it_leaves_after_its_idle_time(minutes: Minutes) -> None:
    minutes.bench.worker.run(idle_s=5 * MINUTE_S)
    assert minutes.asked == 5


def test_after_work_the_idle_time_begins_again(minutes: Minutes) -> None:
    minutes.events[4] = minutes.bench.order
    minutes.bench.worker.run(idle_s=5 * MINUTE_S)
    assert minutes.bench.step.state is StepState.DONE
    assert minutes.asked == 9


def test_a_warm_worker_stays_and_does_what_comes(minutes: Minutes) -> None:
    minutes.events[600] = minutes.bench.order
    minutes.bench.worker.run(idle_s=MINUTE_S, stay_s=720 * MINUTE_S)
    assert minutes.bench.step.state is StepState.DONE
    assert minutes.asked == 720


def test_work_at_the_end_of_its_hours_gives_it_its_idle_time_once_more(minutes: Minutes) -> None:
    minutes.events[10] = minutes.bench.order
    minutes.bench.worker.run(idle_s=5 * MINUTE_S, stay_s=10 * MINUTE_S)
    assert minutes.asked == 15


def test_nothing_more_is_taken_after_the_time_for_it(minutes: Minutes) -> None:
    minutes.bench.order()
    minutes.bench.worker.run(idle_s=5 * MINUTE_S, take_s=0)
    assert (minutes.asked, minutes.bench.left) == (0, 1)
    minutes.bench.worker.run(idle_s=60 * MINUTE_S, take_s=3 * MINUTE_S)
    assert minutes.bench.step.state is StepState.DONE
    assert minutes.asked == 3


def test_one_failure_of_the_queue_does_not_end_who_has_long_been_idle(minutes: Minutes) -> None:
    minutes.events[100] = fail
    minutes.bench.worker.run(idle_s=5 * MINUTE_S, stay_s=200 * MINUTE_S)
    assert minutes.asked == 200


def test_a_queue_that_stays_away_for_the_idle_time_ends_it_hours_or_not(minutes: Minutes) -> None:
    minutes.events = dict.fromkeys(range(100, 1000), fail)
    with pytest.raises(Unavailable):
        minutes.bench.worker.run(idle_s=5 * MINUTE_S, stay_s=200 * MINUTE_S)
    assert minutes.asked == 105
