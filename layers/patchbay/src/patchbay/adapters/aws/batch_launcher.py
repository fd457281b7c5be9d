"""Workers on AWS Batch: one job is one worker, which drains its queue before it ends.

Batch tries the machines of a queue in order, Spot first. When it goes on to the next is for Batch to say, and nothing
is promised for Spot machines that may come or not; so a job that still waits after a while is taken back here, and its
worker asked for in a second queue, which has machines on demand alone. Whoever launches may do that, several at once:
each such job is moved by the one whose turn it is.
"""

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from patchbay.adapters.aws import clients
from patchbay.domain.tasks import ComputeClass
from patchbay.ports import Clock, TaskQueues

_WAITS = "RUNNABLE"
_OTHERS = ("RUNNING", "STARTING", "SUBMITTED", "PENDING")
_WARM = "warm-"
_NO_SPOT = "no Spot machine came in time; a worker that is still needed is started on demand"
Job = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BatchLauncher:
    """The launcher of the classes that Batch keeps machines for."""

    queues: TaskQueues
    clock: Clock
    spot: Mapping[ComputeClass, str]
    """Job queues that try Spot machines first."""
    on_demand: Mapping[ComputeClass, str]
    """Those of the same classes that have none."""
    definitions: Mapping[ComputeClass, str]
    max_workers: int
    spot_patience_s: int
    idle_s: int
    my_turn: Callable[[str], bool]
    """Whether the caller alone may do now what is called so."""

    def launch(self, compute: ComputeClass) -> None:
        """See `Launcher`. A worker is added while there are more tasks, those in hand included, than workers."""
        with clients.errors("Batch"):
            waiting, late = self._waiting(compute, warm=False)
            mine, moving = self._mine(late)
            wanted = min(self.max_workers, max(self.queues.unfinished(compute), 1)) - len(waiting) - len(moving)
            missing = wanted - sum(1 for _ in islice(self._others(compute), max(wanted, 0)))
            self._ask(compute, None, min(missing, len(mine) + 1), spot=not late)
            self._take_back(mine)

    def keep_warm(self, compute: ComputeClass, workers: int, until: datetime) -> None:
        """See `Launcher`. They are counted by name: a worker that came for work leaves when there is none."""
        with clients.errors("Batch"):
            waiting, late = self._waiting(compute, warm=True)
            mine, moving = self._mine(late)
            active = [*waiting, *moving, *self._others(compute)]
            missing = min(workers, self.max_workers) - sum(map(_is_warm, active))
            self._ask(compute, until, missing, spot=not late)
            self._take_back(mine)

    def _waiting(self, compute: ComputeClass, *, warm: bool) -> tuple[list[Job], list[Job]]:
        """The jobs that wait for Spot machines, and those, of warm workers or of others, that have waited too long."""
        before_ms = (self.clock.now().timestamp() - self.spot_patience_s) * 1000
        waiting: list[Job] = []
        late: list[Job] = []
        for job in self._jobs(self.spot[compute], _WAITS):
            (late if job["createdAt"] <= before_ms and _is_warm(job) is warm else waiting).append(job)
        return waiting, late

    def _mine(self, late: Collection[Job]) -> tuple[list[Job], list[Job]]:
        """Those that this launch is to move, and those that another is moving: their workers are on their way."""
        mine: list[Job] = []
        moving: list[Job] = []
        for job in late:
            (mine if self.my_turn(f"batch-job:{job['jobId']}") else moving).append(job)
        return mine, moving

    def _ask(self, compute: ComputeClass, until: datetime | None, missing: int, *, spot: bool) -> None:
        """Ask for as many workers as are missing without those that have waited for Spot too long."""
        for _ in range(missing):
            self._submit(compute, until, spot=spot)

    def _take_back(self, late: Collection[Job]) -> None:
        """Give up waiting for Spot, last of all: whoever looks meanwhile sees the job, or the worker in its place.

        If one began just now, there is a worker more, which finds nothing to do and leaves. A job that lost its machine
        is as old as when it was first submitted, and moves at once.
        """
        for job in late:
            clients.client("batch").cancel_job(jobId=job["jobId"], reason=_NO_SPOT)

    def _others(self, compute: ComputeClass) -> Iterator[Job]:
        """The class's jobs that are not over and wait for no Spot machine. Asks only as far as it is read."""
        for status in _OTHERS:
            yield from self._jobs(self.spot[compute], status)
        for status in (_WAITS, *_OTHERS):
            yield from self._jobs(self.on_demand[compute], status)

    def _jobs(self, queue: str, status: str) -> list[Job]:
        told = clients.client("batch").list_jobs(jobQueue=queue, jobStatus=status, maxResults=100)
        jobs: list[Job] = told["jobSummaryList"]
        return jobs

    def _submit(self, compute: ComputeClass, until: datetime | None, *, spot: bool) -> None:
        """Ask for a worker."""
        name = f"{_WARM if until else ''}{uuid.uuid4().hex[:12]}"
        more: dict[str, Any] = {}
        if until is not None:
            stay = ["--stay-until", until.isoformat(timespec="seconds")]
            more["containerOverrides"] = {"command": ["--queue", compute, "--idle-s", str(self.idle_s), *stay]}
        clients.client("batch").submit_job(
            jobName=f"patchbay-{compute}-{name}",
            jobQueue=(self.spot if spot and self.spot_patience_s else self.on_demand)[compute],
            jobDefinition=self.definitions[compute],
            **more,
        )


def _is_warm(job: Job) -> bool:
    return f"-{_WARM}" in job["jobName"]
