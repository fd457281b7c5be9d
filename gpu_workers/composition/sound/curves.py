"""Gains that change with time, kept at one point in 64 frames and drawn out only where they are used.

A curve over n frames has n // 64 + 2 points (see `points`); point i holds at frame 64 i, straight lines between.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import cast

import numpy as np
import numpy.typing as npt

from gpu_workers.composition.sound.instrument import Mono, Stereo

STEP = 64
Curve = npt.NDArray[np.float64]
_RAMP = (np.arange(STEP) / STEP).astype(np.float32)


def points(frames: int) -> int:
    """Length of a curve over so many frames."""
    return frames // STEP + 2


def drawn(curve: Curve, start: int, frames: int) -> Mono:
    """The curve at each frame from `start` (a multiple of 64) on."""
    first = start // STEP
    count = -(-frames // STEP)
    held = curve[first : first + count + 1].astype(np.float32)
    lines = held[:-1, None] + np.diff(held)[:, None] * _RAMP
    return cast(Mono, lines.reshape(-1)[:frames])


def apply(x: Stereo, curve: Curve, chunk: int = 1 << 18) -> None:
    """Multiply (2, frames) by the curve, in place, bit by bit."""
    for start in range(0, x.shape[1], chunk):
        part = x[:, start : start + chunk]
        part *= drawn(curve, start, part.shape[1])


def energy(x: Stereo) -> Curve:
    """Sum of squares over both channels of each 64 frames; one value for each point."""
    out = np.zeros(points(x.shape[1]))
    whole = x.shape[1] // STEP
    for row in x:
        blocks = row[: whole * STEP].reshape(whole, STEP)
        out[:whole] += np.einsum("bn,bn->b", blocks, blocks)
        out[whole] += float((row[whole * STEP :] ** 2).sum())
    return out


def smooth(curve: Curve, radius: int, *, loop: bool = False) -> Curve:
    """Mean under a Hann window that reaches `radius` points to each side."""
    window = np.hanning(2 * radius + 3)[1:-1]
    padded = np.pad(curve, radius, mode="wrap" if loop and len(curve) > radius else "edge")
    return np.convolve(padded, window / window.sum(), "valid")


def highest(curve: Curve, radius: int, *, loop: bool = False) -> Curve:
    """Greatest value within `radius` points to each side."""
    padded = np.pad(curve, radius, mode="wrap" if loop and len(curve) > radius else "edge")
    return cast(Curve, np.lib.stride_tricks.sliding_window_view(padded, 2 * radius + 1).max(axis=1))


def released(curve: Curve, share: float, *, loop: bool = False) -> Curve:
    """A value falls no faster than by the factor `share` from point to point."""
    lead = min(2000, len(curve)) if loop else 0
    values = np.concatenate((curve[len(curve) - lead :], curve)).tolist()
    held = accumulate(values, lambda before, now: max(now, share * before))
    return np.fromiter(held, np.float64, len(values))[lead:]


def compression(power: Curve, ratio: float, below_db: float, radius: int, *, loop: bool = False) -> Curve:
    """Gain that lessens what is louder than `below_db` under the 95th percentile of what sounds.

    power: mean square at each point. The level is looked at ahead and behind (`radius` points), so that nothing pumps.
    """
    level_db = 10 * np.log10(np.maximum(smooth(power, radius, loop=loop), 1e-12))
    heard = level_db[level_db > -70]
    if ratio <= 1 or not len(heard):
        return np.ones(len(power))
    threshold_db = float(np.percentile(heard, 95)) - below_db
    over_db = np.maximum(level_db - threshold_db, 0)
    # A knee of 4 dB: squared near the threshold.
    over_db = np.where(over_db < 4, over_db**2 / 8, over_db - 2)
    gain: Curve = 10 ** (-over_db * (1 - 1 / ratio) / 20)
    return gain


def ducking(
    kicks: Sequence[tuple[int, float]], depth: float, frames: int, rate_hz: int, *, loop: bool = False
) -> Curve:
    """Gain that makes way for each kick (frame, velocity): down within 6 ms, back over a fifth of a second.

    A `depth` of 1 leaves a tenth.
    """
    count = points(frames)
    cut = np.zeros(count)
    fall, back = 0.006, 0.20
    t = np.arange(-int(fall * rate_hz / STEP) - 1, int(2 * back * rate_hz / STEP)) * STEP / rate_hz
    shape = np.where(t < 0, np.clip(1 + t / fall, 0, 1), 0.5 + 0.5 * np.cos(np.pi * np.clip((t - 0.03) / back, 0, 1)))
    first = round(float(t[0]) * rate_hz / STEP)
    for frame, velocity in kicks:
        places = frame // STEP + first + np.arange(len(t))
        if loop:
            np.maximum.at(cut, places % (count - 1), velocity**0.5 * shape)
        else:
            kept = (places >= 0) & (places < count)
            np.maximum.at(cut, places[kept], velocity**0.5 * shape[kept])
    if loop:
        cut[-1] = cut[0]
    return 1 - 0.9 * depth * cut


def automation(breakpoints: Sequence[tuple[float, float]], frames: int, frames_a_beat: float) -> Curve:
    """Gain by (beat, dB), straight in dB; 0 dB where there are none."""
    if not breakpoints:
        return np.ones(points(frames))
    beats, levels_db = zip(*sorted(breakpoints), strict=True)
    at = np.arange(points(frames)) * STEP / frames_a_beat
    gain: Curve = 10 ** (np.interp(at, beats, levels_db) / 20)
    return gain
