"""Outlines of sources for drawing: quick for hours, since of a long one only some is looked at."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gpu_workers.audio.files import AudioFile

_WINDOW_FRAMES = 256
_MOST_WINDOWS = 8192
_AT_ONCE = 1024

Heights = npt.NDArray[np.float64]


class Overviews:
    """Greatest absolute values along each source, of every 256 frames, or of 256 in each of 8,192 equal parts. The
    loudest place of each source has 1: a quiet one can be read too.
    """

    def __init__(self, files: Mapping[str, AudioFile], pulse: Callable[[], None]) -> None:
        self._files, self._pulse = files, pulse
        self._known: dict[Path, Heights] = {}

    def heights(self, source: str, starts_s: Heights, long_s: float) -> Heights:
        """The greatest in each stretch of `long_s` from `starts_s` on; 0 for a source that is not there."""
        file = self._files.get(source)
        if file is None or not file.frames:
            return np.zeros(len(starts_s))
        if file.path not in self._known:
            looked = self._looked(file)
            self._known[file.path] = looked / (looked.max() or 1.0)
        found = self._known[file.path]
        per_s = len(found) / file.duration_s
        first = np.clip((starts_s * per_s).astype(int), 0, len(found) - 1)
        wide = max(int(long_s * per_s), 1)
        reach = np.minimum(first[:, None] + np.arange(min(wide, len(found))), len(found) - 1)
        highest: Heights = found[reach].max(axis=1)
        return highest

    def _looked(self, file: AudioFile) -> Heights:
        windows = -(-file.frames // _WINDOW_FRAMES)
        if windows > _MOST_WINDOWS:
            starts = np.arange(_MOST_WINDOWS) * file.frames // _MOST_WINDOWS
            return np.array([self._peak(file, int(start), number) for number, start in enumerate(starts)])
        parts = []
        for start in range(0, windows, _AT_ONCE):
            count = min(_AT_ONCE, windows - start)
            block = np.abs(file.read(start * _WINDOW_FRAMES, count * _WINDOW_FRAMES)).max(axis=0)
            parts.append(block.reshape(count, _WINDOW_FRAMES).max(axis=1))
            self._pulse()
        return np.concatenate(parts).astype(np.float64)

    def _peak(self, file: AudioFile, start: int, number: int) -> float:
        if number % 500 == 0:
            self._pulse()
        return float(np.abs(file.read(start, _WINDOW_FRAMES)).max())
