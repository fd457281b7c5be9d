"""Loudness and true peak of a stereo mix, one value in 64 frames, so that a new gain needs no new measurement.

Rec. ITU-R BS.1770-4: K-weighting, blocks of 400 ms that overlap by three quarters, gates at -70 LUFS and 10 LU under
the mean; annex 2: four times oversampling for the true peak.
"""

from collections.abc import Sequence
from functools import cache
from typing import cast

import numpy as np
import numpy.typing as npt
from scipy import signal

from gpu_workers.audio.loudness import integrated_lufs, k_weighting
from gpu_workers.composition.sound.curves import STEP, Curve, energy, points
from gpu_workers.composition.sound.instrument import Stereo

_OVERSAMPLING = 4
_REACH = 12
"""Samples to each side that have a share in what lies between two."""
_AT_ONCE = 4096


def weighted_energy(mix: Stereo, rate_hz: int, chunk: int = 1 << 20) -> Curve:
    """K-weighted sum of squares of both channels in each 64 frames."""
    sections = k_weighting(rate_hz)
    state = np.zeros((2, 2, 2))
    out = np.zeros(points(mix.shape[1]))
    for start in range(0, mix.shape[1], chunk):
        piece = mix[:, start : start + chunk].astype(np.float64)
        weighted, state = signal.sosfilt(sections, piece, axis=1, zi=state)
        found = energy(weighted)
        out[start // STEP : start // STEP + len(found) - 1] += found[:-1]
    return out


def integrated(power: Curve, frames: int, rate_hz: int) -> float:
    """LUFS from `weighted_energy` (times the squared gain of each point); -inf for silence."""
    summed = np.concatenate(([0.0], np.cumsum(power)))
    block = min(0.4 * rate_hz, frames)
    starts = np.arange(0.0, frames - block + 1, 0.1 * rate_hz)
    edges = np.stack((starts, starts + block)) / STEP
    inside = np.interp(edges, np.arange(len(summed)), summed)
    blocks = (inside[1] - inside[0]) / block
    found = integrated_lufs(blocks)
    return -np.inf if found is None else found


def peaks(mix: Stereo) -> Curve:
    """Greatest absolute value in each 64 frames, between the samples too where it matters.

    What lies 9 dB or more under the highest sample is taken as sampled: no limiter comes near it.
    """
    found = sample_peaks([mix])
    hot = np.flatnonzero(found > 0.35 * found.max()) if found.any() else np.zeros(0, np.int64)
    for start in range(0, len(hot), _AT_ONCE):
        chosen = hot[start : start + _AT_ONCE]
        found[chosen] = np.maximum(found[chosen], _between(mix, chosen))
    return found


def sample_peaks(sources: Sequence[Stereo], chunk: int = 1 << 18) -> Curve:
    """Greatest absolute value in each 64 frames of the sum of `sources`, as sampled."""
    frames = sources[0].shape[1]
    found = np.zeros(points(frames))
    for start in range(0, frames, chunk):
        total = sources[0][:, start : start + chunk].copy()
        for source in sources[1:]:
            total += source[:, start : start + chunk]
        loudest = np.abs(total).max(axis=0)
        edges = np.arange(0, len(loudest), STEP)
        found[start // STEP : start // STEP + len(edges)] = np.maximum.reduceat(loudest, edges)
    return found


def true_peak_dbtp(mix: Stereo) -> float:
    """dBTP; -inf for silence."""
    highest = float(peaks(mix).max())
    return float(20 * np.log10(highest)) if highest > 0 else -np.inf


def _between(mix: Stereo, chosen: npt.NDArray[np.int64]) -> Curve:
    """True peaks of these stretches of 64 frames."""
    places = chosen[:, None] * STEP + np.arange(-_REACH, STEP + _REACH)
    inside = (places >= 0) & (places < mix.shape[1])
    places = np.clip(places, 0, mix.shape[1] - 1)
    highest = np.zeros(len(chosen))
    for row in mix:
        fine = np.where(inside, row[places], np.float32(0)) @ _interpolation()
        highest = np.maximum(highest, np.abs(fine).max(axis=1))
    return highest


@cache
def _interpolation() -> npt.NDArray[np.float32]:
    """(64 and what reaches in from both sides, 3 x 64): the three values after each sample, by a windowed sinc."""
    wanted = (np.arange(STEP)[:, None] + np.arange(1, _OVERSAMPLING) / _OVERSAMPLING).reshape(-1)
    apart = wanted[None, :] - np.arange(-_REACH, STEP + _REACH)[:, None]
    window = np.i0(7.0 * np.sqrt(np.clip(1 - (apart / _REACH) ** 2, 0, None))) / np.i0(7.0)
    taps = np.sinc(apart) * np.where(np.abs(apart) < _REACH, window, 0.0)
    return cast(npt.NDArray[np.float32], taps.astype(np.float32))
