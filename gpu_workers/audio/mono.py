"""The input as the analyses want it: its own samples to the meters, 22,050 Hz mono to the rest, in one pass."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import soxr

from gpu_workers.audio.files import AudioFile, Samples
from gpu_workers.audio.spectra import RATE_HZ

Mono = npt.NDArray[np.float32]

LONGEST_S = 3600
"""What is held in memory: of a longer input, tempo, key, form and the like are those of its first hour."""


def mono_blocks(audio: AudioFile, heard: Callable[[Samples], None]) -> Iterator[Mono]:
    """Blocks (n,) at 22,050 Hz, the mean of the channels; `heard` gets each block of the file as it is."""
    resampler = soxr.ResampleStream(audio.sample_rate_hz, RATE_HZ, 1, "float32", "HQ")
    for block in audio.blocks():
        heard(block)
        mono = block.mean(axis=0, dtype=np.float32)
        yield resampler.resample_chunk(mono) if audio.sample_rate_hz != RATE_HZ else mono
    if audio.sample_rate_hz != RATE_HZ:
        yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)


class Head:
    """Keeps the first hour of what is added, in one array from the start: joining blocks would take twice the room."""

    def __init__(self, duration_s: float) -> None:
        self._samples = np.zeros(round(min(duration_s, LONGEST_S) * RATE_HZ), np.float32)
        self._at = 0

    def add(self, block: Mono) -> None:
        """The next samples; what is beyond the hour is dropped."""
        end = min(self._at + len(block), len(self._samples))
        self._samples[self._at : end] = block[: end - self._at]
        self._at = end

    @property
    def samples(self) -> Mono:
        """Of all that was added (n,)."""
        return self._samples
