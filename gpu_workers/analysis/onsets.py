"""When notes begin: onset envelopes of a few bands, and the onsets in them.

The envelopes come from an STFT of their own, 12 ms apart: the 23 ms of the shared one blur a snare into the kick next
to it.
"""

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


@dataclass(frozen=True)
class Onsets:
    """Onset strength over time, a value each `FRAME_S`; each series has mean 1 (or is zero throughout)."""

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


def onsets(samples: npt.NDArray[np.float32]) -> Onsets:
    """Onset envelopes of a mono signal (frames,) at 22,050 Hz.

    The rise of each band's compressed power over what it was 23 ms before, taken against the loudest of the neighbour
    bands then, so that vibrato is no onset (SuperFlux: Boeck and Widmer, DAFx 2013).
    """
    bands = _compressed(_band_powers(samples))
    before = ndimage.maximum_filter1d(bands, 3, axis=0)
    rise = np.zeros_like(bands)
    np.maximum(bands[:, _LAG:] - before[:, :-_LAG], 0, out=rise[:, _LAG:])
    centres_hz = _EDGES[:-1] * RATE_HZ / FFT_FRAMES
    low, high = centres_hz < _LOW_HZ, centres_hz > _HIGH_HZ
    return Onsets(
        full=_scaled(rise.mean(axis=0)),
        low=_scaled(rise[low].mean(axis=0)),
        high=_scaled(rise[high].mean(axis=0)),
        loudness=_scaled(bands.mean(axis=0)),
    )


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


def _band_powers(samples: npt.NDArray[np.float32]) -> Series:
    """Power (bands, frames) in blocks, so that an hour needs no gigabytes; frame t is centred on t * hop."""
    count = len(samples) // HOP_FRAMES + 1
    padded = np.zeros((count - 1) * HOP_FRAMES + FFT_FRAMES, np.float32)
    kept = min(len(samples), len(padded) - FFT_FRAMES // 2)
    padded[FFT_FRAMES // 2 : FFT_FRAMES // 2 + kept] = np.nan_to_num(samples[:kept], posinf=0.0, neginf=0.0)
    view = np.lib.stride_tricks.sliding_window_view(padded, FFT_FRAMES)[::HOP_FRAMES]
    window = get_window("hann", FFT_FRAMES).astype(np.float32)
    out = np.empty((len(_EDGES) - 1, count), np.float32)
    for begin in range(0, count, _BLOCK_FRAMES):
        spectrum = fft.rfft(view[begin : begin + _BLOCK_FRAMES] * window, axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        out[:, begin : begin + _BLOCK_FRAMES] = np.add.reduceat(power[:, : _EDGES[-1]], _EDGES[:-1], axis=1).T
    return out


def _compressed(power: Series) -> Series:
    """Root of power against its loudest moments, in logarithms: what a fader does leaves it as it was."""
    reference = float(np.quantile(power.sum(axis=0), 0.9))
    if reference <= 0 or not np.isfinite(reference):
        return np.zeros_like(power)
    compressed: Series = np.log1p(_COMPRESSION * np.sqrt(power / reference))
    return compressed


def _scaled(series: Series) -> Series:
    mean = float(series.mean()) if len(series) else 0.0
    return series / np.float32(mean) if mean > 0 else np.zeros_like(series)
