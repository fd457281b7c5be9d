"""Local workers: one process for each compute class, started when its queue has work.

In the cloud Step Functions launches a worker and the worker ends itself after an idle time; here the same worker runs
as a process, and this is its launcher.
"""

import asyncio
import logging
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from infra.twin import processes
from infra.twin.emulator_client import EmulatorClient, EmulatorError

POLL_S = 0.5
IDLE_S = 300
STOP_GRACE_S = 8.0
FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 60.0
# A worker that lived this long had started well: its end is not the same fault again.
SETTLED_S = 60.0

logger = logging.getLogger("patchbay.supervisor")


def worker_command(compute: str) -> list[str]:
    """The worker's own local shell."""
    return [sys.executable, "-m", "gpu_workers.runtime", "--queue", compute, "--idle-s", str(IDLE_S)]


@dataclass
class WorkerClass:
    """One compute class: its queue, and its process while it has one."""

    name: str
    queue_url: str
    command: Sequence[str]
    environment: Mapping[str, str]
    root: Path
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    not_before: float = 0.0
    backoff_s: float = field(default=FIRST_BACKOFF_S)

    def reap(self, now: float) -> None:
        """Notice an end. A clean one is an idle worker that left; any other waits longer each time."""
        if self.process is None or self.process.poll() is None:
            return
        status = self.process.returncode
        processes.kill_group(self.process.pid)
        self.process = None
        if status == 0 or now - self.started_at > SETTLED_S:
            self.backoff_s = FIRST_BACKOFF_S
        if status != 0:
            self.not_before = now + self.backoff_s
            logger.warning(
                "%s worker ended with %s; next start in %.0f s at the least", self.name, status, self.backoff_s
            )
            self.backoff_s = min(self.backoff_s * 2, LONGEST_BACKOFF_S)

    def may_start(self, now: float) -> bool:
        """Whether a worker is wanted as soon as there is work."""
        return self.process is None and now >= self.not_before

    def start(self, now: float) -> None:
        """Start the worker."""
        self.process = processes.spawn(self.command, environment=self.environment, log=self.log, cwd=self.root)
        self.started_at = now
        logger.info("%s worker started, pid %d", self.name, self.process.pid)


class Supervisor:
    """Watches the queues, and the workers that it started for them."""

    def __init__(self, client: EmulatorClient, classes: Sequence[WorkerClass]) -> None:
        self._client = client
        self._classes = classes
        self._stopping = False

    async def run(self) -> None:
        """Look after every class until stopped or cancelled."""
        while not self._stopping:
            for workers in self._classes:
                await self.look_after(workers, time.monotonic())
            await asyncio.sleep(POLL_S)

    async def look_after(self, workers: WorkerClass, now: float) -> None:
        """One look at one class."""
        workers.reap(now)
        if self._stopping or not workers.may_start(now):
            return
        try:
            waiting = await self._client.waiting_tasks(workers.queue_url)
        except EmulatorError as error:
            logger.debug("queue depth: %s", error)
            return
        if waiting and not self._stopping:
            workers.start(now)

    async def stop(self) -> None:
        """Workers hand their task back when asked to end: ask all, then wait. No other is started for it."""
        self._stopping = True
        running = [workers.process for workers in self._classes if workers.process]
        await asyncio.gather(*(processes.stop(process, STOP_GRACE_S) for process in running))

    def pids(self) -> list[int]:
        """The workers that run now."""
        return [workers.process.pid for workers in self._classes if workers.process]
