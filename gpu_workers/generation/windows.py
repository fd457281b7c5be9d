"""Music longer than a model was trained for: windows that overlap, each going on from the codes of the one before."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gpu_workers.audio.files import Samples

WINDOW_S = 30
"""How much MusicGen was trained to make at once (Copet et al. 2023, section 3.1)."""
OVERLAP_S = 12
"""How much of the end of a window begins the next: what the authors' own code does (`extend_stride` of 18 s)."""
_FADE_S = 1.0


@dataclass(frozen=True, slots=True)
class Window:
    """Decoder steps `start` to `end` of the piece; the first `known` of them are the end of the window before."""

    start: int
    end: int
    known: int

    @property
    def new(self) -> int:
        """How many steps it adds."""
        return self.end - self.start - self.known


def windows(steps: int, steps_per_s: int) -> Iterator[Window]:
    """The windows of a piece of so many steps, in order."""
    length, overlap = WINDOW_S * steps_per_s, OVERLAP_S * steps_per_s
    yield Window(0, min(steps, length), 0)
    end = min(steps, length)
    while end < steps:
        start = end - overlap
        end = min(steps, start + length)
        yield Window(start, end, overlap)


class Joined:
    """The whole of a piece, (channels, frames), into which windows are put one after the other.

    Two windows are the same music where they overlap, rendered with different surroundings: in the middle of that,
    where both have some, one fades into the other.
    """

    def __init__(self, channels: int, frames: int, rate_hz: int) -> None:
        self.samples: Samples = np.zeros((channels, frames), np.float32)
        self._fade = round(_FADE_S * rate_hz)

    def put(self, audio: Samples, start: int, known: int) -> None:
        """Put in `audio` (channels, n) from frame `start` on, whose first `known` frames are there already."""
        audio = audio[:, : self.samples.shape[1] - start]
        fade = min(self._fade, known)
        first = (known - fade) // 2
        rise = ((np.arange(fade) + 1) / (fade + 1)).astype(np.float32)
        place = self.samples[:, start + first : start + audio.shape[1]]
        # Both are one signal, so that shares that add up to one keep its level.
        place[:, :fade] = place[:, :fade] * (1 - rise) + audio[:, first : first + fade] * rise
        place[:, fade:] = audio[:, first + fade :]
