"""The sum of all events, block by block: memory does not grow with the length, and blocks may be mixed at once.

Sums are kept in float32 while a few clips are added, which the processor's vector units do twice as fast, and then in
float64: the mix of 128 tracks is exact to -130 dBFS. A whole clip at unity by itself stays the same to the last bit.
"""

from collections import deque
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

import numpy as np
import numpy.typing as npt

from gpu_workers.audio.files import Samples
from gpu_workers.rendering.events import Event, Ramp
from gpu_workers.rendering.material import Cut, Material
from gpu_workers.rendering.workers import cores

BLOCK_FRAMES: Final = 65_536
"""512 KB of stereo: what is summed stays near, and threads seldom wait for each other."""
_FOLD_AFTER = 8
_ROW = 1024
_AHEAD = 2
"""Blocks for each core that wait to be taken."""

Row = npt.NDArray[np.float32]


class Mixer:
    """The sum of `events` over frames `start` to `end`, once or several times."""

    def __init__(self, events: Sequence[Event], materials: Mapping[Cut, Material], start: int, end: int) -> None:
        self._events = [event for event in events if event.start < end and event.end > start]
        self._materials = materials
        self._begins = np.array([event.start for event in self._events], np.int64)
        self._ends = np.array([event.end for event in self._events], np.int64)
        self._start, self._end = start, end

    @property
    def frames(self) -> int:
        """How many there are."""
        return self._end - self._start

    def blocks(self) -> Generator[Samples]:
        """The mix in turn, (2, n) float32. To be closed by who does not take all: threads work ahead."""
        starts = range(self._start, self._end, BLOCK_FRAMES)
        count = cores()
        if count == 1:
            yield from map(self.block, starts)
            return
        with ThreadPoolExecutor(count, thread_name_prefix="mixing") as pool:
            waiting: deque[Future[Samples]] = deque()
            try:
                for start in starts:
                    waiting.append(pool.submit(self.block, start))
                    if len(waiting) > _AHEAD * count:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)

    def block(self, start: int) -> Samples:
        """The block (2, n) that begins at frame `start`."""
        end = min(start + BLOCK_FRAMES, self._end)
        total = np.zeros(2 * (end - start))
        few = np.zeros(2 * (end - start), np.float32)
        room = np.empty_like(few)
        sounding = np.flatnonzero((self._begins < end) & (self._ends > start))
        for number, index in enumerate(sounding, 1):
            self._add(self._events[index], few, room, start, end)
            if number % _FOLD_AFTER == 0:
                total += few
                few[:] = 0
        total += few
        mixed: Samples = total.astype(np.float32).reshape(-1, 2).T
        return mixed

    def _add(self, event: Event, few: Row, room: Row, start: int, end: int) -> None:
        """Add what of `event` lies between `start` and `end` to `few`, interleaved; `room` is for work."""
        first, last = max(event.start, start), min(event.end, end)
        at, count = first - event.start, last - first
        part = room[: 2 * count]
        self._materials[event.cut].read_into(part.reshape(-1, 2), event.skip + at, backwards=event.backwards)
        _scale(part, event.left, event.right)
        for ramp in event.ramps:
            _fade(part.reshape(-1, 2), ramp, at)
        few[2 * (first - start) : 2 * (last - start)] += part


def _scale(part: Row, left: float, right: float) -> None:
    """Apply gains to interleaved stereo. By rows of both in turn: a product of pairs would be slow."""
    if left == right:
        if left != 1:
            part *= np.float32(left)
        return
    row = np.tile(np.array((left, right), np.float32), _ROW // 2)
    whole = len(part) // _ROW * _ROW
    part[:whole].reshape(-1, _ROW)[:] *= row
    part[whole:] *= row[: len(part) - whole]


def _fade(part: Samples, ramp: Ramp, at: int) -> None:
    """Apply a ramp to `part` (n, 2), which begins at frame `at` of its event."""
    first, last = max(ramp.at - at, 0), min(ramp.at + ramp.frames - at, len(part))
    if first < last:
        place = (np.arange(at + first, at + last) - ramp.at + 0.5) / ramp.frames
        gains = np.sin(0.5 * np.pi * (place if ramp.rising else 1 - place)) ** 2
        part[first:last] *= gains.astype(np.float32)[:, None]
