"""The prober port: a look at a hostile file by a child process that the kernel holds to limits."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from patchbay.domain.assets import AudioInfo
from patchbay.domain.errors import UnusableAudio

_BEYOND_LIMITS = "the file cannot be read within the limits set for uploads"


@dataclass(frozen=True, slots=True)
class ChildProber:
    """Probes in a child without credentials, network or rights to memory and time beyond these."""

    memory_bytes: int = 1024 * 1024**2
    cpu_s: int = 120
    wall_s: float = 240.0

    def probe(self, path: Path) -> AudioInfo:
        """See `Prober`. Raises RuntimeError if the child itself is not in working order."""
        told = json.dumps({"path": str(path), "memory_bytes": self.memory_bytes, "cpu_s": self.cpu_s})
        environment = {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "PATH": os.defpath}
        if libraries := os.environ.get("LD_LIBRARY_PATH"):  # without it Lambda's Python may not find its own
            environment["LD_LIBRARY_PATH"] = libraries
        command = [sys.executable, "-s", "-m", "patchbay.adapters.media.probe_child"]
        try:
            done = subprocess.run(
                command,
                input=told.encode(),
                capture_output=True,
                timeout=self.wall_s,
                env=environment,
                cwd="/",
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise UnusableAudio(_BEYOND_LIMITS) from None
        try:
            report = json.loads(done.stdout)
        except ValueError:
            if done.returncode > 0:  # an ordinary error exit, so not a limit's signal
                raise RuntimeError(f"the probe does not run: {done.stderr[-500:].decode(errors='replace')}") from None
            raise UnusableAudio(_BEYOND_LIMITS) from None
        if "unusable" in report:
            raise UnusableAudio(str(report["unusable"]))
        return AudioInfo.model_validate(report, extra="ignore")
