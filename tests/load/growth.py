"""What a twin grows by while it is under load: memory and open files of its processes, its data on disk."""

import asyncio
import contextlib
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

EVERY_S = 5.0
_NAMES = {
    "infra.twin.emulator": "emulator",
    "infra.twin": "front door",
    "gpu_workers.runtime": "workers",
    "entrypoints.ingest": "ingest",
    "ministack-lamb": "Lambdas",
}
"""What is in a command line -> the part it is of; the first that fits."""


@dataclass
class Growth:
    """Figures over time, by name: MiB of memory, open files, MiB of data."""

    pid: int
    data: Path
    began: float
    at_s: list[float] = field(default_factory=list)
    figures: dict[str, list[float]] = field(default_factory=dict)

    async def watch(self) -> None:
        """Look every few seconds until cancelled."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(EVERY_S)

    def look(self) -> None:
        """Note how things are now."""
        found: dict[str, float] = {"data MiB": _size(self.data) / 2**20}
        with contextlib.suppress(psutil.NoSuchProcess):
            own = psutil.Process(self.pid)
            for process in [own, *own.children(recursive=True)]:
                with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                    part = part_of(process.cmdline())
                    for name, figure in (("MiB", process.memory_info().rss / 2**20), ("files", process.num_fds())):
                        found[f"{part} {name}"] = found.get(f"{part} {name}", 0.0) + figure
        for name in found.keys() | self.figures.keys():
            self.figures.setdefault(name, [np.nan] * len(self.at_s)).append(found.get(name, np.nan))
        self.at_s.append(time.monotonic() - self.began)

    def slopes(self) -> dict[str, float]:
        """Growth a minute, by a straight line through the second half: the first is warming up."""
        half = len(self.at_s) // 2
        told = {}
        for name, values in sorted(self.figures.items()):
            at, found = np.array(self.at_s[half:]), np.array(values[half:])
            good = np.isfinite(found)
            told[name] = float(np.polyfit(at[good], found[good], 1)[0] * 60) if good.sum() > 2 else float("nan")
        return told


def part_of(command: Iterable[str]) -> str:
    """The part of the twin that a process is."""
    words = " ".join(command)
    return next((part for word, part in _NAMES.items() if word in words), "others")


def _size(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):  # what goes while one looks is no fault
        for name in names:
            with contextlib.suppress(OSError):
                total += os.stat(os.path.join(place, name)).st_size  # noqa: PTH116, PTH118
    return total
