"""Audio that clips play: a cut of a decoded source, as it is or stretched, read from disk into given memory."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gpu_workers.audio.files import Samples

_FRAME_BYTES = 4


@dataclass(frozen=True, slots=True)
class Cut:
    """Frames `begin` to `begin + count` of a decoded source, to be played `speed` times as fast, frequencies times
    `pitch`. Its value is its content: two clips that need the same cut are made once.
    """

    path: Path
    channels: int
    begin: int
    count: int
    speed: float
    pitch: float

    @property
    def frames(self) -> int:
        """How long it is when it is played."""
        return round(self.count / self.speed)

    @property
    def is_plain(self) -> bool:
        """Whether it is played as it is."""
        return self.frames == self.count and self.pitch == 1


@dataclass(frozen=True, slots=True)
class Material:
    """A cut that is ready: frames `begin` to `begin + frames` of a headerless float32 file (see `AudioFile`)."""

    path: Path
    channels: int
    begin: int
    frames: int

    @classmethod
    def plain(cls, cut: Cut) -> "Material":
        """Of a cut that is played as it is."""
        return cls(cut.path, cut.channels, cut.begin, cut.count)

    def read_into(self, out: Samples, start: int, *, backwards: bool) -> None:
        """Fill `out` (n, 2) with the frames from `start` on, counted from the end if `backwards`; mono is doubled.

        By reading, not mapping: what is mapped counts as this process's memory, hours of sources too. Without a file
        kept open: there may be thousands.
        """
        count = len(out)
        first = self.begin + (self.frames - start - count if backwards else start)
        target: Samples = out if self.channels == 2 and not backwards else np.empty((count, self.channels), np.float32)
        _fill(self.path, target.data.cast("B"), first * self.channels * _FRAME_BYTES)
        if target is not out:
            out[:] = target[::-1] if backwards else target


def _fill(path: Path, buffer: memoryview, offset: int) -> None:
    """Read the whole of `buffer`. Raises OSError where the file is too short for it."""
    file = os.open(path, os.O_RDONLY)
    try:
        done = 0
        while done < len(buffer):
            got = os.preadv(file, [buffer[done:]], offset + done)
            if not got:
                raise OSError(f"{path.name} is shorter than it was")
            done += got
    finally:
        os.close(file)
