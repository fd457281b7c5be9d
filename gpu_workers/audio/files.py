"""Decoded audio on disk: headerless, float32, little-endian, interleaved; read by windows in bounded memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
"""Shape (channels, frames), full scale at -1 and 1."""

BLOCK_FRAMES = 65536
"""The usual size of a block in streaming code; also below what makes libsndfile's Vorbis encoder overflow its stack."""

_SAMPLE = np.dtype("<f4")


@dataclass(frozen=True, slots=True)
class AudioFile:
    """One decoded file. Headerless, so that no length field limits it to 4 GB, and stateless, so that any number of
    readers may share it.
    """

    path: Path
    sample_rate_hz: int
    channels: int
    frames: int
    damaged_packets: int = 0
    """Packets of the upload that could not be decoded and are missing here."""
    cut: bool = False
    """Whether the upload goes on after this, its beginning."""

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate_hz

    def read(self, start: int = 0, frames: int | None = None) -> Samples:
        """The window (channels, frames) from frame `start`; what lies before or after the file is zero.

        Without `frames`: up to the end of the file.
        """
        if frames is None:
            frames = max(self.frames - start, 0)
        window = np.zeros((self.channels, frames), np.float32)
        first, last = max(start, 0), min(start + frames, self.frames)
        if first < last:
            with self.path.open("rb") as file:
                file.seek(first * self.channels * _SAMPLE.itemsize)
                data = np.fromfile(file, _SAMPLE, (last - first) * self.channels)
            window[:, first - start : last - start] = data.reshape(-1, self.channels).T
        return window

    def blocks(self, frames: int = BLOCK_FRAMES) -> Iterator[Samples]:
        """The whole file in turn, by blocks of `frames`; the last one may be shorter."""
        for start in range(0, self.frames, frames):
            yield self.read(start, min(frames, self.frames - start))
