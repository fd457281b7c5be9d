"""How many things may be done at once, and threads for them that can be stopped."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

_BEAT_S = 0.25
_MOST = 16
_Job = TypeVar("_Job")
_Made = TypeVar("_Made")


class Stopped(Exception):
    """Raised into work whose result nobody waits for any more."""


def cores() -> int:
    """Processors that this process may use."""
    return min(len(os.sched_getaffinity(0)), _MOST)


class Crew(Generic[_Job, _Made]):
    """Does jobs in threads, as many as there are cores.

    `work(job, heartbeat)` has to call `heartbeat` now and then: it raises `Stopped` once the whole is given up.
    """

    def __init__(self, work: Callable[[_Job, Callable[[], None]], _Made], count: int | None = None) -> None:
        self._work, self._count = work, count or cores()
        self._stop = threading.Event()

    def run(self, jobs: Iterable[_Job], told: Callable[[int], None]) -> Iterator[tuple[_Job, _Made]]:
        """Each job with what it made, in the order they end; `told` gets the number done several times a second.

        What a job or `told` raises stops all of them, and is raised when they have ended.
        """
        done = 0
        with ThreadPoolExecutor(self._count, thread_name_prefix="rendering") as pool:
            try:
                futures: dict[Future[_Made], _Job] = {
                    pool.submit(self._work, job, self._heartbeat): job for job in jobs
                }
                while futures:
                    ready, _ = wait(futures, _BEAT_S, FIRST_COMPLETED)
                    for future in ready:
                        done += 1
                        yield futures.pop(future), future.result()
                    told(done)
            finally:
                self._stop.set()
                pool.shutdown(cancel_futures=True)

    def _heartbeat(self) -> None:
        if self._stop.is_set():
            raise Stopped
