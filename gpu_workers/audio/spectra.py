"""The one spectrogram that the features of a piece are read from."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import cast

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.signal import get_window

from gpu_workers.audio.filters import chroma_bank, mel_bank

Series = npt.NDArray[np.float32]

RATE_HZ = 22050
FFT_FRAMES = 2048
HOP_FRAMES = 512
BINS = FFT_FRAMES // 2 + 1
MEL_BANDS = 128
FRAME_S = HOP_FRAMES / RATE_HZ

_BLOCK = 128
"""Frames at a time: 2 MB of them, which a processor's cache may hold."""


class Spectra:
    """Spectrogram of a mono signal at 22,050 Hz: 2,048 frames under a Hann window, 512 apart, centred, zeros outside.

    Frame t is centred on sample t * 512. Everything is computed when it is first asked for. Of what is large only the
    power is kept: 640 MB for an hour.
    """

    frame_s = FRAME_S

    def __init__(self, samples: npt.ArrayLike, pulse: Callable[[], None] = lambda: None) -> None:
        """`samples` (n,), any length; what is not finite is taken as 0. `pulse` is called many times a second of work
        that goes through all frames, and may raise.
        """
        mono = np.ascontiguousarray(samples, np.float32)
        self.samples: Series = mono if np.isfinite(mono).all() else np.nan_to_num(mono, posinf=0, neginf=0)
        self.pulse = pulse

    @property
    def frames(self) -> int:
        """How many: at least one."""
        return len(self.samples) // HOP_FRAMES + 1

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / RATE_HZ

    @cached_property
    def rows(self) -> Series:
        """Power (frames, 1025): as it lies in memory."""
        out = np.empty((self.frames, BINS), np.float32)
        # In float64: a pure tone's spread and flatness would be read from the noise floor of a float32 transform.
        window = get_window("hann", FFT_FRAMES)
        for begin in range(0, self.frames, _BLOCK):
            end = min(begin + _BLOCK, self.frames)
            pieces = self._pieces(begin, end) * window
            spectrum = cast(npt.NDArray[np.complex128], fft.rfft(pieces, axis=1, overwrite_x=True))
            parts = spectrum.view(np.float64)
            np.square(parts, out=parts)
            np.add(parts[:, ::2], parts[:, 1::2], out=out[begin:end], casting="same_kind")
            self.pulse()
        return out

    @property
    def power(self) -> Series:
        """(1025, frames)."""
        return self.rows.T

    @property
    def magnitude(self) -> Series:
        """(1025, frames); computed each time, for it would be as large again as the power."""
        return np.sqrt(self.rows).T

    @cached_property
    def mel(self) -> Series:
        """Power in 128 mel bands (128, frames)."""
        bank = mel_bank(RATE_HZ, FFT_FRAMES, MEL_BANDS)
        return np.ascontiguousarray((self.rows @ bank.T).T)

    @cached_property
    def mel_db(self) -> Series:
        """`mel` in dB (128, frames), nothing below -100 dB nor further than 80 dB below the loudest."""
        db = 10 * np.log10(np.maximum(self.mel, 1e-10))
        return cast(Series, np.maximum(db, db.max() - 80))

    def chroma(self, tuning: float = 0.0) -> Series:
        """Pitch classes from C (12, frames), the largest of each frame 1; `tuning` in semitones."""
        raw = self.rows @ chroma_bank(RATE_HZ, FFT_FRAMES, tuning).T
        largest = raw.max(axis=1, keepdims=True)
        raw /= np.where(largest < np.finfo(np.float32).tiny, 1, largest)
        return raw.T

    def blocks(self) -> Iterator[tuple[slice, Series]]:
        """The power some frames at a time: which, and (frames, 1025)."""
        for begin in range(0, self.frames, _BLOCK):
            part = slice(begin, min(begin + _BLOCK, self.frames))
            yield part, self.rows[part]
            self.pulse()

    def _pieces(self, begin: int, end: int) -> Series:
        """The samples (end - begin, 2048) of some frames; a view where it can be."""
        first, last = begin * HOP_FRAMES - FFT_FRAMES // 2, (end - 1) * HOP_FRAMES + FFT_FRAMES // 2
        if first >= 0 and last <= len(self.samples):
            part = self.samples[first:last]
        else:
            part = np.zeros(last - first, np.float32)
            inside = self.samples[max(first, 0) : last]
            part[max(-first, 0) : max(-first, 0) + len(inside)] = inside
        return np.lib.stride_tricks.sliding_window_view(part, FFT_FRAMES)[::HOP_FRAMES]
