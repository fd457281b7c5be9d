"""Audio files of a rendering: the mix or a stem, whole or a section of it, block by block from the mapped arrays."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from gpu_workers.audio.encode import EncodeSettings, open_writer
from gpu_workers.audio.files import BLOCK_FRAMES, Samples
from patchbay.domain.formats import ENCODER_RATES_HZ, Format

BIT_DEPTH = 24
"""Of wav and flac: the rounding of four stems stays 120 dB under what they sum to."""
_OPUS_RATE_HZ = 48_000


@dataclass(frozen=True, slots=True)
class Take:
    """Frames `start` to `end` of the sum of `sources` (2, frames), faded in and out over so many frames."""

    sources: Sequence[Samples]
    start: int
    end: int
    fade_in: int = 0
    fade_out: int = 0

    @property
    def frames(self) -> int:
        """How long it is."""
        return self.end - self.start

    def blocks(self) -> Iterator[Samples]:
        """The take in turn, (2, frames) float32; silence where nothing plays."""
        for at in range(self.start, self.end, BLOCK_FRAMES):
            block = np.zeros((2, min(BLOCK_FRAMES, self.end - at)), np.float32)
            for source in self.sources:
                block += source[:, at : at + block.shape[1]]
            yield block * self._fade(at - self.start, block.shape[1])

    def _fade(self, at: int, count: int) -> Samples:
        """Half waves of a cosine at both ends."""
        place = np.arange(at, at + count)
        rise = np.clip((place + 1) / (self.fade_in + 1), 0, 1) if self.fade_in else np.ones(count)
        fall = np.clip((self.frames - place) / (self.fade_out + 1), 0, 1) if self.fade_out else np.ones(count)
        shape: Samples = (np.sin(0.5 * np.pi * rise) ** 2 * np.sin(0.5 * np.pi * fall) ** 2).astype(np.float32)
        return shape


def write(take: Take, path: Path, name: Format, rate_hz: int, progress: Callable[[float], None]) -> None:
    """Write a take of `rate_hz` as a file of a format, at that rate or the one that the format has."""
    taken = ENCODER_RATES_HZ.get(name, (rate_hz,))
    out_hz = rate_hz if rate_hz in taken else _OPUS_RATE_HZ
    settings = EncodeSettings(name, out_hz, 2, take.frames, bit_depth=BIT_DEPTH)
    progress(0.0)
    blocks = take.blocks() if out_hz == rate_hz else _resampled(take, rate_hz, out_hz)
    done = 0
    with open_writer(path, settings) as writer:
        for block in blocks:
            writer.write(block)
            done += block.shape[1]
            progress(min(done / (take.frames * out_hz / rate_hz), 1.0))


def _resampled(take: Take, rate_hz: int, out_hz: int) -> Iterator[Samples]:
    stream = soxr.ResampleStream(rate_hz, out_hz, 2, dtype="float32")
    left = take.frames
    for block in take.blocks():
        left -= block.shape[1]
        made = stream.resample_chunk(np.ascontiguousarray(block.T), last=left == 0).T
        if made.shape[1]:
            yield made
