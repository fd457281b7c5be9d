"""How long a worker works and how long it waits for work, and how long work waits for it, as metrics in its log."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from patchbay.catalog import metrics
from patchbay.core import work
from patchbay.domain.tasks import ComputeClass
from patchbay.ports import Delivery

EVERY_S = 60.0
"""A line at most so often: CloudWatch keeps one figure a minute."""


class Meter:
    """Adds up the time of one worker's thread, each stretch to where it belongs."""

    def __init__(self, compute: ComputeClass) -> None:
        self._compute = compute
        self._stage = os.environ.get("PATCHBAY_STAGE", "") or "dev"
        self._taken = {"WorkerBusy": 0.0, "WorkerIdle": 0.0}

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Around work."""
        with self._timed("WorkerBusy"):
            yield

    @contextmanager
    def idle(self) -> Iterator[None]:
        """Around waiting for it."""
        with self._timed("WorkerIdle"):
            yield

    def waited(self, delivery: Delivery) -> None:
        """A task is taken up for the first time: tell how long it was on its queue. Clocks may differ a little."""
        if delivery.received == 1 and delivery.sent_at is not None:
            self._line(metrics.TASKS, {"QueueWait": max(time.time() - delivery.sent_at, 0.0)}, **work.facts())

    def write(self) -> None:
        """Tell what came together since the last line."""
        if any(self._taken.values()):
            self._line(metrics.WORKERS, self._taken)
            self._taken = dict.fromkeys(self._taken, 0.0)

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self._taken[name] += time.monotonic() - started
            if sum(self._taken.values()) >= EVERY_S:
                self.write()

    def _line(self, group: metrics.Group, figures: dict[str, float], **facts: object) -> None:
        rounded = {name: round(value, 3) for name, value in figures.items()}
        sys.stderr.write(group.line(self._stage, rounded, {**facts, "compute": self._compute}) + "\n")
