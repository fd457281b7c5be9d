"""Make the cuts that are not played as they are: each once, in as many processes as there are cores.

Processes, for the stretcher's binding keeps Python's lock while it works. On one core this process does it: to start
another takes as long as to stretch six seconds.
"""

import json
import os
import queue
import select
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from gpu_workers.audio.stretch import Quality
from gpu_workers.rendering.material import Cut, Material
from gpu_workers.rendering.stretch_child import Job, do
from gpu_workers.rendering.workers import Crew, cores
from patchbay.domain.errors import InvalidInput

MAX_STRETCHED_S = 12 * 3600.0
_POLL_S = 0.2
_PACKAGE_ROOT = Path(__file__).resolve().parents[2]


def prepare(
    cuts: Sequence[Cut], rate_hz: int, quality: Quality, folder: Path, progress: Callable[[float], None]
) -> dict[Cut, Material]:
    """All cuts made ready, the longest first; files of those that are stretched lie in `folder`.

    Raises `InvalidInput` where it is too much together, RuntimeError where a process fails.
    """
    ready = {cut: Material.plain(cut) for cut in cuts if cut.is_plain}
    work = sorted((cut for cut in cuts if not cut.is_plain), key=lambda cut: cut.frames + cut.count, reverse=True)
    total = sum(cut.frames for cut in work) or 1
    if total > MAX_STRETCHED_S * rate_hz:
        raise InvalidInput(
            f"Clips at another speed or pitch are {total / rate_hz / 3600:.1f} hours together, those that are the same "
            f"counted once; {MAX_STRETCHED_S / 3600:g} hours are the most.",
            field="arrangement.tracks",
        )
    targets = {cut: folder / f"stretched-{number}.f32" for number, cut in enumerate(work)}
    idle: queue.SimpleQueue[_Hand] = queue.SimpleQueue()

    def make(cut: Cut, heartbeat: Callable[[], None]) -> Material:
        hand = idle.get()
        try:
            hand(_job(cut, targets[cut], rate_hz, quality), heartbeat)
        finally:
            idle.put(hand)
        return Material(targets[cut], cut.channels, 0, cut.frames)

    progress(0.0)

    def told(_: int) -> None:
        progress(sum(cut.frames for cut in work if cut in ready) / total)

    with _hands(min(cores(), len(work))) as hands:
        for hand in hands:
            idle.put(hand)
        for cut, material in Crew(make, max(len(hands), 1)).run(work, told):
            ready[cut] = material  # noqa: PERF403 - `told` looks at it
    progress(1.0)
    return ready


def _job(cut: Cut, target: Path, rate_hz: int, quality: Quality) -> Job:
    return Job(str(cut.path), str(target), rate_hz, cut.channels, cut.begin, cut.count, cut.frames, cut.pitch, quality)


_Hand = Callable[[Job, Callable[[], None]], None]
"""What does a job, and calls a heartbeat now and then, which may raise."""


class _Child:
    """A process that does one job after the other."""

    def __init__(self) -> None:
        environment = {
            "PYTHONPATH": os.pathsep.join([str(_PACKAGE_ROOT), *(p for p in sys.path if p)]),
            "PATH": os.defpath,
            "OPENBLAS_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "2",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-s", "-m", "gpu_workers.rendering.stretch_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=environment,
        )

    def do(self, job: Job, heartbeat: Callable[[], None]) -> None:
        """Have `job` done. Raises RuntimeError where the process ends instead, and what `heartbeat` raises."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(json.dumps(asdict(job)).encode() + b"\n")
            stdin.flush()
        except BrokenPipeError:
            raise RuntimeError("The process that stretches audio does not start.") from None
        while not select.select([stdout], [], [], _POLL_S)[0]:
            heartbeat()
        if not stdout.readline():
            raise RuntimeError("The process that stretches audio has ended in the middle of its work.")

    def end(self) -> None:
        """Whatever it does."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:  # what it was not told any more
                continue


@contextmanager
def _hands(count: int) -> Iterator[list[_Hand]]:
    children: list[_Child] = []
    if cores() == 1:
        yield [do] * count
        return
    try:
        for _ in range(count):
            children.append(_Child())  # noqa: PERF401 - those before one that does not start are ended too
        yield [child.do for child in children]
    finally:
        for child in children:
            child.end()
