"""Workers on AWS Batch: one job is one worker, which drains its queue before it ends.

Batch tries the machines of a queue in order, Spot first. When it goes on to the next is for Batch to say, and nothing
is promised for Spot machines that may come or not; so a job that still waits after a while is taken back here, and its
worker asked for in a second queue, which has machines on demand alone.
"""

import uuid
from collections.abc import Collection, Iterator, Mapping
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
_NO_SPOT = "no Spot machine came in time; its worker is started on demand"
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

    def launch(self, compute: ComputeClass) -> None:
        """See `Launcher`. A worker is added while there are more tasks, those in hand included, than workers."""
        with clients.errors("Batch"):
            waiting, moved = self._move_late(compute, None)
            wanted = min(self.max_workers, max(self.queues.unfinished(compute), 1))
            active = islice(self._others(compute, moved), max(wanted - len(waiting), 0))
            if len(waiting) + sum(1 for _ in active) < wanted:
                self._submit(compute, None, spot=not moved)

    def keep_warm(self, compute: ComputeClass, workers: int, until: datetime) -> None:
        """See `Launcher`. They are counted by name: a worker that came for work leaves when there is none."""
        with clients.errors("Batch"):
            waiting, moved = self._move_late(compute, until)
            active = [*waiting, *self._others(compute, moved)]
            missing = min(workers, self.max_workers) - sum(map(_is_warm, active))
            for _ in range(missing):
                self._submit(compute, until, spot=not moved)

    def _move_late(self, compute: ComputeClass, until: datetime | None) -> tuple[list[Job], Collection[str]]:
        """Give up waiting for Spot where that took too long, for warm workers or for others. Returns the jobs that
        waited, and the ids of those that took the place of some.

        If one began just now, there is a worker more, which finds nothing to do and leaves. A job that lost its machine
        is as old as when it was first submitted, and moves at once.
        """
        waiting = self._jobs(self.spot[compute], _WAITS)
        before_ms = (self.clock.now().timestamp() - self.spot_patience_s) * 1000
        late = [job for job in waiting if job["createdAt"] <= before_ms and _is_warm(job) is (until is not None)]
        for job in late:
            clients.client("batch").cancel_job(jobId=job["jobId"], reason=_NO_SPOT)
        return waiting, {self._submit(compute, until, spot=False) for _ in late}

    def _others(self, compute: ComputeClass, moved: Collection[str]) -> Iterator[Job]:
        """The class's other jobs that are not over. Asks only as far as it is read."""
        for status in _OTHERS:
            yield from self._jobs(self.spot[compute], status)
        for status in (_WAITS, *_OTHERS):
            yield from (job for job in self._jobs(self.on_demand[compute], status) if job["jobId"] not in moved)

    def _jobs(self, queue: str, status: str) -> list[Job]:
        told = clients.client("batch").list_jobs(jobQueue=queue, jobStatus=status, maxResults=100)
        jobs: list[Job] = told["jobSummaryList"]
        return jobs

    def _submit(self, compute: ComputeClass, until: datetime | None, *, spot: bool) -> str:
        """Ask for a worker; returns the job's id."""
        name = f"{_WARM if until else ''}{uuid.uuid4().hex[:12]}"
        more: dict[str, Any] = {}
        if until is not None:
            stay = ["--stay-until", until.isoformat(timespec="seconds")]
            more["containerOverrides"] = {"command": ["--queue", compute, "--idle-s", str(self.idle_s), *stay]}
        told = clients.client("batch").submit_job(
            jobName=f"patchbay-{compute}-{name}",
            jobQueue=(self.spot if spot and self.spot_patience_s else self.on_demand)[compute],
            jobDefinition=self.definitions[compute],
            **more,
        )
        job_id: str = told["jobId"]
        return job_id


def _is_warm(job: Job) -> bool:
    return f"-{_WARM}" in job["jobName"]
