"""The film prober port: a look at a hostile file's head by a child process that the kernel holds to limits.

The child has no way to the file but to ask this side for bytes of it, so many and no more; so a video of any size is
looked at where it lies.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from patchbay.domain.errors import UnusableAudio
from patchbay.domain.videos import FilmInfo

Read = Callable[[int, int], bytes]
_BEYOND_LIMITS = "it cannot be read within the limits set for uploads"
_LONGEST_LINE = 65_536


@dataclass(frozen=True, slots=True)
class ChildFilmProber:
    """Probes in a child without credentials, network, files, or rights to memory and time beyond these."""

    memory_bytes: int = 1024 * 1024**2
    cpu_s: int = 20
    wall_s: float = 20.0
    reads: int = 256
    """How often the child may ask for bytes."""
    read_bytes: int = 64 * 1024**2
    """How many it may have."""

    def probe(self, read: Read, size_bytes: int) -> FilmInfo:
        """See `FilmProber`. Raises RuntimeError if the child itself is not in working order."""
        environment = {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "PATH": os.defpath}
        if libraries := os.environ.get("LD_LIBRARY_PATH"):  # without it Lambda's Python may not find its own
            environment["LD_LIBRARY_PATH"] = libraries
        command = [sys.executable, "-s", "-m", "patchbay.adapters.media.film_probe_child"]
        told = {"size_bytes": size_bytes, "memory_bytes": self.memory_bytes, "cpu_s": self.cpu_s}
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd="/"
        ) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            timer = threading.Timer(self.wall_s, child.kill)
            timer.start()
            try:
                report = self._serve(child.stdin, child.stdout, told, read)
            finally:
                timer.cancel()
                child.kill()
                child.wait()
        if report is None:
            if child.returncode > 0:  # an ordinary error exit, so not a limit's signal
                raise RuntimeError("the probe does not run")
            raise UnusableAudio(_BEYOND_LIMITS)
        if "unusable" in report:
            raise UnusableAudio(str(report["unusable"]))
        return FilmInfo.model_validate(report, extra="ignore")

    def _serve(self, asks: IO[bytes], answers: IO[bytes], told: dict[str, Any], read: Read) -> dict[str, Any] | None:
        """Give the child the bytes that it asks for, until it reports; None if it ends without."""
        left, given = self.reads, 0
        try:
            asks.write(json.dumps(told).encode() + b"\n")
            asks.flush()
            while line := answers.readline(_LONGEST_LINE):
                found = json.loads(line)
                if not isinstance(found, dict):
                    return None
                if "at" not in found:
                    return dict(found)
                start, count = int(found["at"]), int(found["count"])
                left, given = left - 1, given + count
                if left < 0 or given > self.read_bytes or start < 0 or count < 1:
                    raise UnusableAudio(_BEYOND_LIMITS)
                block = read(start, count)
                asks.write(len(block).to_bytes(8, "big") + block)
                asks.flush()
        except (BrokenPipeError, ValueError):
            return None
        return None
