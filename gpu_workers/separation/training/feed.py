"""Batches made ahead of the training, in one process beside it."""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Protocol

from gpu_workers.separation.training.learners import Arrays, Audio, Prepare

_AHEAD = 3


class Source(Protocol):
    """Where examples come from: the same number gives the same batch."""

    def batch(self, index: int, size: int) -> tuple[Audio, Audio]:
        """Mixtures (size, 2, frames) and stems (size, 4, 2, frames), float32 at 44.1 kHz."""


Open = Callable[[], Source]
"""Opens the source in the process that reads it; has to be picklable."""


def feed(open_source: Open, prepare: Prepare, size: int, first: int) -> Generator[Arrays, None, None]:
    """Prepared batches from number `first` on, for ever. Close the generator to end its process."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, _start, (open_source,)) as pool:
        coming: deque[Future[Arrays]] = deque()
        index = first
        try:
            while True:
                while len(coming) < _AHEAD:
                    coming.append(pool.submit(_make, prepare, index, size))
                    index += 1
                yield coming.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


_source: list[Source] = []
"""The one of this process, once `_start` has run in it."""


def _start(open_source: Open) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _source.append(open_source())


def _end_with_parent() -> None:
    """Where the training is killed, nobody tells this process to end."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _make(prepare: Prepare, index: int, size: int) -> Arrays:
    return prepare(*_source[0].batch(index, size), index)
