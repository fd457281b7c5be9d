"""New sound under a video's own: where it is heard, how loud, and what gives way to what."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gpu_workers.audio.files import AudioFile, Samples
from gpu_workers.video.ducking import Ducker
from patchbay.domain.videos import Underlay

CEILING = 10 ** (-1 / 20)
"""Where the loudest sample of a mix goes that would be over full scale: -1 dBFS."""
EDGE_S = 0.01
"""Length of the rise of music that begins in its middle."""


@dataclass(frozen=True, slots=True)
class Mix:
    """A mix on disk, and the factor that keeps it within full scale."""

    audio: AudioFile
    gain: float


def mix(
    original: AudioFile | None,
    music: AudioFile,
    wanted: Underlay,
    frames: int,
    target: Path,
    progress: Callable[[float], None],
) -> Mix:
    """Mix `frames` frames of both, which have the same rate and channels, into the new file `target`.

    Nothing is clipped: a mix over full scale is turned down as a whole, by `Mix.gain`.
    """
    rate_hz = music.sample_rate_hz
    shape = Envelope(round(wanted.offset_s * rate_hz), music.frames, frames, wanted, rate_hz)
    ducker = Ducker(wanted.duck_db, wanted.attack_s, wanted.release_s, rate_hz)
    peak = 0.0
    with target.open("wb") as file:
        for start in range(0, frames, rate_hz):
            count = min(rate_hz, frames - start)
            under = original.read(start, count) if original else np.zeros((music.channels, count), np.float32)
            over = (music.read(start - shape.start, count) * shape.gains(start, count)).astype(np.float32)
            if original is not None and wanted.duck == "music":
                over = (over * ducker.gains(under)).astype(np.float32)
            elif original is not None and wanted.duck == "original":
                under = (under * ducker.gains(over)).astype(np.float32)
            block: Samples = under + over
            peak = max(peak, float(np.max(np.abs(block), initial=0.0)))
            file.write(np.ascontiguousarray(block.T, dtype="<f4").tobytes())
            progress((start + count) / frames)
    mixed = AudioFile(target, rate_hz, music.channels, frames)
    return Mix(mixed, 1.0 if peak <= 1.0 else CEILING / peak)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The new sound's own gain over the video's frames: raised cosines where it is cut, `gain` between them."""

    start: int
    length: int
    total: int
    wanted: Underlay
    rate_hz: int

    @property
    def heard(self) -> tuple[int, int]:
        """The first frame that it is heard at, and the one after the last."""
        return max(self.start, 0), min(self.start + self.length, self.total)

    def gains(self, first: int, count: int) -> npt.NDArray[np.float64]:
        """For `count` frames from frame `first` on."""
        begin, end = self.heard
        at = np.arange(first, first + count)
        found = np.full(count, self.wanted.gain, np.float64)
        if self.start < 0:
            found *= _rise(at - begin + 0.5, min(round(EDGE_S * self.rate_hz), end - begin))
        if self.start + self.length > self.total:
            found *= _rise(end - at - 0.5, min(round(self.wanted.fade_out_s * self.rate_hz), end - begin))
        return found


def _rise(at: npt.NDArray[np.floating[Any]], length: int) -> npt.NDArray[np.float64]:
    """0 to 1 over `length` frames along half a period of a cosine."""
    if length < 1:
        return np.ones(at.shape)
    inside = np.clip(at / length, 0.0, 1.0)
    risen: npt.NDArray[np.float64] = 0.5 - 0.5 * np.cos(math.pi * inside)
    return risen
