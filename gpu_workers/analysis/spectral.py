"""What each frame of the spectrogram is like: centre, spread, noisiness, level, timbre.

The definitions are those of `librosa.feature` 0.11, and so are the numbers; here all share one spectrogram.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from scipy import fft

from gpu_workers.audio.spectra import BINS, FFT_FRAMES, HOP_FRAMES, RATE_HZ, Series, Spectra

ROLLOFF = 0.85
COEFFICIENTS = 20
_LEAST_POWER = 1e-10
_ONSET_DELAY = 1 + FFT_FRAMES // (2 * HOP_FRAMES)
"""Frames by which a rise is told late, so that it stands where a centred window sees it."""


@dataclass(frozen=True)
class Spectral:
    """Series (frames,), a value each `Spectra.frame_s`. Silent frames have 0; their flatness is 1."""

    centroid_hz: Series
    bandwidth_hz: Series
    rolloff_hz: Series
    flatness: Series
    zero_crossings: Series
    """Share of samples whose sign differs from that before."""
    rms: Series


def spectral(spectra: Spectra) -> Spectral:
    """All of them in one pass over the power."""
    centroid, bandwidth, rolloff, flatness = (np.empty(spectra.frames, np.float32) for _ in range(4))
    for part, power in spectra.blocks():
        magnitude = np.sqrt(power)
        centroid[part], bandwidth[part] = _centre_and_spread(magnitude)
        rolloff[part] = _rolloff(magnitude)
        flatness[part] = _flatness(power)
    return Spectral(centroid, bandwidth, rolloff, flatness, zero_crossings(spectra.samples), rms(spectra.samples))


def mfcc(spectra: Spectra) -> Series:
    """Mel-frequency cepstral coefficients (20, frames): the orthonormal cosine transform of the mel bands' dB."""
    return _cosines() @ spectra.mel_db


def onset_strength(spectra: Spectra) -> Series:
    """Mean rise of the mel bands' dB from one frame to the next (frames,)."""
    out = np.zeros(spectra.frames, np.float32)
    rises = np.diff(spectra.mel_db, axis=1)
    kept = spectra.frames - _ONSET_DELAY
    if kept > 0:
        out[_ONSET_DELAY:] = np.maximum(rises, 0, out=rises)[:, :kept].mean(axis=0)
    return out


def zero_crossings(samples: Series) -> Series:
    """Share of sign changes in the 2,048 samples about each frame's centre; the ends are held beyond the ends."""
    changes = np.zeros(len(samples), np.bool_)
    negative = samples < -_LEAST_POWER
    np.not_equal(negative[1:], negative[:-1], out=changes[1:])
    frames = len(samples) // HOP_FRAMES + 1
    counts = _sums_about(_of_hops(changes), frames)
    first = np.arange(2, frames) * HOP_FRAMES - FFT_FRAMES // 2
    counts[2:] -= changes[first]  # the first sample of a frame has no predecessor in it
    return (counts / FFT_FRAMES).astype(np.float32)


def rms(samples: Series) -> Series:
    """Root mean square of the 2,048 samples about each frame's centre, zeros outside."""
    hops = [_of_hops(np.square(part, dtype=np.float64)) for part in _parts(samples)]
    sums = _sums_about(np.concatenate(hops), len(samples) // HOP_FRAMES + 1)
    return np.sqrt(np.maximum(sums, 0) / FFT_FRAMES).astype(np.float32)


def _parts(samples: Series) -> list[Series]:
    """Some seconds at a time, of whole hops but for the last, so that an hour in float64 is never there at once."""
    size = 1024 * HOP_FRAMES
    return [samples[begin : begin + size] for begin in range(0, max(len(samples), 1), size)]


def _of_hops(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Sums of each 512 values, and of what is left over, if anything is."""
    whole = values[: len(values) // HOP_FRAMES * HOP_FRAMES].reshape(-1, HOP_FRAMES)
    sums = whole.sum(axis=1, dtype=np.float64)
    rest = values[whole.size :]
    return np.append(sums, rest.sum(dtype=np.float64)) if len(rest) else sums


def _sums_about(hops: npt.NDArray[np.float64], frames: int) -> npt.NDArray[np.float64]:
    """Sums of the two hops before and the two after each frame's centre."""
    padded = np.zeros(frames + 3)
    padded[2 : 2 + len(hops)] = hops[: frames + 1]
    sums: npt.NDArray[np.float64] = np.lib.stride_tricks.sliding_window_view(padded, 4).sum(axis=1)
    return sums


@cache
def _moments() -> npt.NDArray[np.float64]:
    """1, f and f squared for each bin (1025, 3)."""
    hz = np.arange(BINS) * RATE_HZ / FFT_FRAMES
    return np.stack((np.ones(BINS), hz, hz**2), axis=1)


def _centre_and_spread(magnitude: Series) -> tuple[Series, Series]:
    # float64, for the spread of a tone is the small difference of two large numbers.
    sums = magnitude.astype(np.float64) @ _moments()
    total = np.where(sums[:, 0] > 0, sums[:, 0], 1)
    centre = sums[:, 1] / total
    spread = np.sqrt(np.maximum(sums[:, 2] / total - centre**2, 0))
    return centre.astype(np.float32), spread.astype(np.float32)


def _rolloff(magnitude: Series) -> Series:
    running = np.cumsum(magnitude, axis=1)
    below = (running < np.float32(ROLLOFF) * running[:, -1:]).sum(axis=1)
    return cast(Series, (np.minimum(below, BINS - 1) * (RATE_HZ / FFT_FRAMES)).astype(np.float32))


def _flatness(power: Series) -> Series:
    """Geometric over arithmetic mean."""
    floored = np.maximum(power, _LEAST_POWER)
    mean = floored.mean(axis=1)
    return cast(Series, np.exp(np.log(floored, out=floored).mean(axis=1)) / mean)


@cache
def _cosines() -> Series:
    return cast(Series, fft.dct(np.eye(128), axis=0, norm="ortho")[:COEFFICIENTS].astype(np.float32))
