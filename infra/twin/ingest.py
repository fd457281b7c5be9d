"""The ingest service beside the twin: a process of its own for bodies that no Lambda takes, kept running.

The front door sends it their paths. In the cloud the stack `Ingest` has this place, where a stage asks for it.
"""

import asyncio
import contextlib
import logging
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.twin import processes
from infra.twin.upstream import Upstream
from patchbay.catalog.dialects import listed_as

READY_S = 10.0
STOP_GRACE_S = 3.0
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 30.0
SETTLED_S = 30.0
"""A process that lived this long had started well: its end is not the same fault again."""

logger = logging.getLogger("patchbay.twin")


def command(port: int) -> list[str]:
    """The service's own shell."""
    grace = str(int(STOP_GRACE_S) - 1)
    return [sys.executable, "-m", "functions.entrypoints.ingest", "--port", str(port), "--grace-s", grace]


@dataclass(frozen=True)
class Ingest:
    """What the front door knows of it."""

    upstream: Upstream
    paths: frozenset[str]
    """Without a slash at the end; of its POSTs, which carry files."""
    largest: int
    """Bytes of the largest file."""
    answers: frozenset[str] = frozenset()
    """The same of its GETs, whose answers are files."""
    ready_s: float = READY_S

    def takes(self, method: str, raw_path: bytes) -> bool:
        """Whether this request is for the service."""
        paths = {"POST": self.paths, "GET": self.answers, "HEAD": self.answers}.get(method, frozenset())
        return listed_as(raw_path.rstrip(b"/").decode("latin-1"), paths) is not None

    async def listens(self) -> bool:
        """Whether it takes requests; a start that is under way is waited for, `ready_s` seconds at most."""
        host, port = self.upstream.host.decode().split(":")
        deadline = time.monotonic() + self.ready_s
        while True:
            try:
                _, writer = await asyncio.open_connection(host, int(port))
            except OSError:
                if time.monotonic() >= deadline:
                    return False
                await asyncio.sleep(0.05)
                continue
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            return True


class IngestKeeper:
    """The process: started, started again when it ends, and stopped with the twin."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], root: Path, log: Path) -> None:
        self._argv, self._environment, self._root, self._log = argv, environment, root, log
        self._process: subprocess.Popen[bytes] | None = None
        self._closing = asyncio.Event()

    async def run(self) -> None:
        """Look after the process until cancelled."""
        pause = FIRST_PAUSE_S
        while not self._closing.is_set():
            started = time.monotonic()
            self._process = processes.spawn(self._argv, environment=self._environment, log=self._log, cwd=self._root)
            status = await processes.wait(self._process)
            if self._closing.is_set():
                return
            processes.kill_group(self._process.pid)
            if time.monotonic() - started > SETTLED_S:
                pause = FIRST_PAUSE_S
            logger.error("the ingest service ended with %s; it is started again in %.1f s", status, pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)

    async def stop(self) -> None:
        """End it; uploads under way are ended too."""
        self._closing.set()
        if self._process:
            await processes.stop(self._process, STOP_GRACE_S)

    def pids(self) -> list[int]:
        """The process, while there is one."""
        return [self._process.pid] if self._process else []
