import threading
import time
from collections.abc import Callable

import pytest

from gpu_workers.rendering.workers import Crew, Stopped, cores


def test_there_is_a_core() -> None:
    assert cores() >= 1


def test_all_jobs_are_done_and_counted() -> None:
    told: list[int] = []

    def squared(job: int, heartbeat: Callable[[], None]) -> int:
        return job * job

    done = dict(Crew(squared, 2).run(range(5), told.append))
    assert done == {n: n * n for n in range(5)}
    assert told == sorted(told)
    assert told[-1] == 5
    assert list(Crew(squared, 2).run([], told.append)) == []


def test_trouble_in_one_stops_the_others() -> None:
    stopped = threading.Event()

    def work(job: int, heartbeat: Callable[[], None]) -> None:
        if job == 0:
            raise ValueError("no")
        try:
            while True:
                heartbeat()
                time.sleep(0.01)
        except Stopped:
            stopped.set()
            raise

    with pytest.raises(ValueError, match="no"):
        list(Crew(work, 2).run(range(4), lambda done: None))
    assert stopped.is_set()


def test_who_is_told_may_stop_it() -> None:
    before = set(threading.enumerate())

    def work(job: int, heartbeat: Callable[[], None]) -> None:
        while True:
            heartbeat()
            time.sleep(0.01)

    def told(done: int) -> None:
        raise KeyError("cancelled")

    with pytest.raises(KeyError):
        list(Crew(work, 3).run(range(3), told))
    assert set(threading.enumerate()) <= before
