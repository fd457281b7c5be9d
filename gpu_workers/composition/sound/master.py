"""The last stage: one gain over time, found on the mix and given to every stem alike, so that stems still sum to it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gpu_workers.composition.sound import curves, loudness
from gpu_workers.composition.sound.curves import STEP, Curve
from gpu_workers.composition.sound.instrument import Stereo

TARGET_LUFS = -14.0
CEILING_DBTP = -1.0
_MARGIN_DB = 0.15
"""What the interpolation between points, and another meter's, may find above ours."""
_ENOUGH_LU = 0.02
_ROUNDS = 14
_LOOK_S, _RELEASE_S = 0.006, 0.09
_GLUE_RATIO, _GLUE_BELOW_DB, _GLUE_S = 1.35, 5.0, 0.12
_FADE_S = 0.8


@dataclass(frozen=True, slots=True)
class Measured:
    """The mix before the master, at one value in 64 frames."""

    frames: int
    rate_hz: int
    loop: bool
    weighted: Curve
    """K-weighted energy."""
    peaks: Curve


def measured(mix: Stereo, rate_hz: int, *, loop: bool, stems: Sequence[Sequence[Stereo]] = ()) -> Measured:
    """Of (2, frames). Each of `stems`, the sum of some arrays, counts for the peaks as the mix does."""
    highest = loudness.peaks(mix)
    for stem in stems:
        # Parts in opposite phase cancel in the mix: alone, each can be higher than it.
        highest = np.maximum(highest, loudness.sample_peaks(stem))
    return Measured(mix.shape[1], rate_hz, loop, loudness.weighted_energy(mix, rate_hz), highest)


def curve(mix: Stereo, rate_hz: int, *, loop: bool, stems: Sequence[Sequence[Stereo]] = ()) -> Curve:
    """Gain at each point: light compression, the last fade (not of a loop), the level, and a limiter where needed.

    The limiter keeps the mix under the ceiling, and every sample of each of `stems`, which are sums of some arrays.
    """
    power = curves.energy(mix) / (2 * STEP)
    radius = max(int(_GLUE_S * rate_hz / STEP), 1)
    shape = curves.compression(power, _GLUE_RATIO, _GLUE_BELOW_DB, radius, loop=loop)
    if not loop:
        shape *= last_fade(mix.shape[1], rate_hz)
    return levelled(measured(mix, rate_hz, loop=loop, stems=stems), shape)


def last_fade(frames: int, rate_hz: int) -> Curve:
    """1, then down to 0 at the last frame: tails end with the piece."""
    length = min(_FADE_S * rate_hz, 0.08 * frames)
    left = (frames - 1 - np.arange(curves.points(frames)) * STEP) / max(length, 1.0)
    fade: Curve = np.sin(0.5 * np.pi * np.clip(left, 0, 1)) ** 2
    return fade


def levelled(heard: Measured, shape: Curve) -> Curve:
    """`shape` times the gain that brings the whole to -14 LUFS, limited to the ceiling."""
    highest = float((heard.peaks * shape).max())
    if highest == 0.0:
        return shape
    gain, found = 0.5 / highest, shape
    for _ in range(_ROUNDS):
        found = gain * shape * _limiter(heard, gain * shape)
        level = loudness.integrated(heard.weighted * _middle(found) ** 2, heard.frames, heard.rate_hz)
        if not np.isfinite(level) or abs(TARGET_LUFS - level) < _ENOUGH_LU:
            break
        gain *= 10 ** ((TARGET_LUFS - level) / 20)
    return found


def _limiter(heard: Measured, gain: Curve) -> Curve:
    """Gain of 1 or less that keeps the peaks under the ceiling: down 6 ms ahead, back over a tenth of a second."""
    ceiling = 10 ** ((CEILING_DBTP - _MARGIN_DB) / 20)
    between = np.maximum(gain, np.append(gain[1:], gain[-1]))
    over_db = 20 * np.log10(np.maximum(heard.peaks * between / ceiling, 1.0))
    if not over_db.any():
        return np.ones(len(gain))
    radius = max(int(_LOOK_S * heard.rate_hz / STEP), 1)
    held = curves.highest(over_db, radius + 1, loop=heard.loop)
    # A tenth of the reduction is left after `_RELEASE_S`.
    share = 0.1 ** (STEP / (_RELEASE_S * heard.rate_hz))
    eased = curves.smooth(curves.released(held, share, loop=heard.loop), radius, loop=heard.loop)
    gain_down: Curve = 10 ** (-eased / 20)
    return gain_down


def _middle(gain: Curve) -> Curve:
    """Gain in the middle of each 64 frames."""
    middle: Curve = 0.5 * (gain + np.append(gain[1:], gain[-1]))
    return middle
