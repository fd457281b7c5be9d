"""Waveform peaks for drawing, gathered while the audio goes by."""

import numpy as np
import numpy.typing as npt

from gpu_workers.audio.files import Samples

BUCKETS = 1000
_DECIMALS = 4


class Peaks:
    """Lowest and highest sample of each of `buckets` equal parts of `frames` frames; fewer parts where there are fewer
    frames. Blocks are added in turn.
    """

    def __init__(self, frames: int, buckets: int = BUCKETS) -> None:
        """Raises ValueError where `buckets` is not positive."""
        if buckets < 1:
            raise ValueError("at least one bucket")
        count = max(min(buckets, frames), 0)
        self._edges = np.arange(count + 1) * frames // max(count, 1)
        self._lowest = np.full(count, np.inf)
        self._highest = np.full(count, -np.inf)
        self._at = 0

    def add(self, block: Samples) -> None:
        """The next frames (channels, n)."""
        frames = min(block.shape[1], int(self._edges[-1]) - self._at)
        if frames <= 0:
            return
        end = self._at + frames
        first = int(np.searchsorted(self._edges, self._at, side="right")) - 1
        last = int(np.searchsorted(self._edges, end, side="left"))
        starts = np.maximum(self._edges[first:last] - self._at, 0)
        low, high = block[:, :frames].min(axis=0), block[:, :frames].max(axis=0)
        touched = slice(first, last)
        self._lowest[touched] = np.minimum(self._lowest[touched], np.minimum.reduceat(low, starts))
        self._highest[touched] = np.maximum(self._highest[touched], np.maximum.reduceat(high, starts))
        self._at = end

    def result(self) -> tuple[list[float], list[float]]:
        """Lowest and highest of each part, full scale at 1, rounded; a part that nothing came for is 0."""
        return _rounded(self._lowest), _rounded(self._highest)


def _rounded(values: npt.NDArray[np.float64]) -> list[float]:
    finite = np.where(np.isfinite(values), values, 0.0)
    found: list[float] = (np.round(finite, _DECIMALS) + 0.0).tolist()  # + 0.0: no minus zero
    return found
