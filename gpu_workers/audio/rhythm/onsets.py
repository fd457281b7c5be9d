"""When notes begin: onset envelopes of a few bands, and the onsets in them.

The envelopes come from an STFT of their own, 12 ms apart: the 23 ms of the shared one blur a snare into the kick next
to it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage
from scipy.signal import get_window

Series = npt.NDArray[np.float32]
Times = npt.NDArray[np.float64]

RATE_HZ = 22050
FFT_FRAMES = 1024
HOP_FRAMES = 256
FRAME_S = HOP_FRAMES / RATE_HZ

_EDGES = np.unique(np.round(np.geomspace(1, FFT_FRAMES // 2, 42)).astype(int))
"""First bins of the bands: one bin each at the bottom, six an octave above."""

_LOW_HZ, _HIGH_HZ = 170.0, 3000.0
_COMPRESSION = 300.0
_LAG = 2
"""Frames between those compared: half of the window, so that a rise is seen whole (Boeck and Widmer, 2013)."""

LATENCY_S = -0.003
"""What the envelope peaks too late by: the median over notes whose time is known."""

_BLOCK_FRAMES = 2048

_QUIET = 1e-7
"""Power against the loudest moment's below which a frame is silence: 70 dB less, where 16 bits have their dither."""


@dataclass(frozen=True)
class Onsets:
    """Onset strength over time, a value each `FRAME_S`; each series has mean 1 where there is sound (or is zero
    throughout).
    """

    full: Series
    low: Series
    """Kick and bass."""
    high: Series
    """Hats, and the wires of a snare."""
    loudness: Series
    """The sum of compressed band powers, not its rise."""

    def __len__(self) -> int:
        return len(self.full)

    def part(self, frames: slice) -> "Onsets":
        """What lies in `frames`, on the scale of the whole."""
        return Onsets(self.full[frames], self.low[frames], self.high[frames], self.loudness[frames])


def onsets(samples: npt.NDArray[np.float32], pulse: Callable[[], None] = lambda: None) -> Onsets:
    """Onset envelopes of a mono signal (frames,) at 22,050 Hz; `pulse` is called several times a second.

    The rise of each band's compressed power over what it was 23 ms before, taken against the loudest of the neighbour
    bands then, so that vibrato is no onset (SuperFlux: Boeck and Widmer, DAFx 2013).
    """
    bands, heard = _compressed(_band_powers(samples, pulse))
    centres_hz = _EDGES[:-1] * RATE_HZ / FFT_FRAMES
    low, high = centres_hz < _LOW_HZ, centres_hz > _HIGH_HZ
    full, of_low, of_high = (np.zeros(bands.shape[1], np.float32) for _ in range(3))
    for begin in range(_LAG, bands.shape[1], _BLOCK_FRAMES):
        end = min(begin + _BLOCK_FRAMES, bands.shape[1])
        before = ndimage.maximum_filter1d(bands[:, begin - _LAG : end - _LAG], 3, axis=0)
        rise = np.maximum(bands[:, begin:end] - before, 0)
        for series, which in ((full, slice(None)), (of_low, low), (of_high, high)):
            series[begin:end] = rise[which].mean(axis=0)
        pulse()
    return Onsets(*(_scaled(series, heard) for series in (full, of_low, of_high, bands.mean(axis=0))))


def onset_times(found: Onsets, threshold: float = 1.0) -> Times:
    """Seconds of the onsets: peaks of the envelope that stand `threshold` above what is around them.

    A peak is the highest within 35 ms and exceeds the mean of the 0.25 s around it (Boeck, Krebs and Schedl, 2012).
    """
    full = found.full
    if not full.any():
        return np.zeros(0)
    highest = ndimage.maximum_filter1d(full, 7) == full
    around = ndimage.uniform_filter1d(full, 21, mode="nearest")
    peaks = np.flatnonzero(highest & (full > around + threshold * 0.5) & (full > 0))
    return np.asarray(np.maximum(peaks * FRAME_S + LATENCY_S, 0), np.float64)


def _band_powers(samples: npt.NDArray[np.float32], pulse: Callable[[], None]) -> Series:
    """Power (bands, frames) in blocks, so that an hour needs no gigabytes; frame t is centred on t * hop."""
    count = len(samples) // HOP_FRAMES + 1
    window = get_window("hann", FFT_FRAMES).astype(np.float32)
    out = np.empty((len(_EDGES) - 1, count), np.float32)
    for begin in range(0, count, _BLOCK_FRAMES):
        spectrum = fft.rfft(_pieces(samples, begin, min(begin + _BLOCK_FRAMES, count)) * window, axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        out[:, begin : begin + _BLOCK_FRAMES] = np.add.reduceat(power[:, : _EDGES[-1]], _EDGES[:-1], axis=1).T
        pulse()
    return out


def _pieces(samples: npt.NDArray[np.float32], begin: int, end: int) -> Series:
    """The samples (end - begin, 1024) of some frames, zeros outside."""
    first = begin * HOP_FRAMES - FFT_FRAMES // 2
    part = np.zeros((end - begin - 1) * HOP_FRAMES + FFT_FRAMES, np.float32)
    inside = samples[max(first, 0) : first + len(part)]
    part[max(-first, 0) : max(-first, 0) + len(inside)] = np.nan_to_num(inside, posinf=0.0, neginf=0.0)
    return np.lib.stride_tricks.sliding_window_view(part, FFT_FRAMES)[::HOP_FRAMES]


def _compressed(power: Series) -> tuple[Series, npt.NDArray[np.bool_]]:
    """Root of power against its loudest moments, in logarithms: what a fader does leaves it as it was. And the frames
    with sound in them: however much silence is around it, music is the same.
    """
    total = power.sum(axis=0)
    heard: npt.NDArray[np.bool_] = total > _QUIET * total.max()
    reference = float(np.quantile(total[heard], 0.9)) if heard.any() else 0.0
    if reference <= 0 or not np.isfinite(reference):
        return np.zeros_like(power), heard
    compressed: Series = np.log1p(_COMPRESSION * np.sqrt(power / reference))
    return compressed, heard


def _scaled(series: Series, heard: npt.NDArray[np.bool_]) -> Series:
    mean = float(series[heard].mean()) if heard.any() else 0.0
    return series / np.float32(mean) if mean > 0 else np.zeros_like(series)
