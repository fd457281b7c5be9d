"""What the voices are made of: decaying partials, wavetables, filters, noise and envelopes.

Signals are float32, mono (frames,) or stereo (2, frames); frequencies in Hz, times in seconds.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import cast

import numpy as np
import numpy.typing as npt
from scipy import signal

from gpu_workers.composition.sound.instrument import Mono, Stereo

Array = npt.NDArray[np.float64]
TABLE = 1 << 15
"""Points of a wavetable: with the nearest one taken, the error of a 20th harmonic is 60 dB below it."""
FOREVER_S = 1e6
_T60 = float(np.log(1000.0))


def gain(db: float) -> float:
    """Factor of an amplitude."""
    return float(10 ** (db / 20))


def time_s(frames: int, rate_hz: int) -> Array:
    """Time of each frame."""
    return np.arange(frames) / rate_hz


def partials(
    freqs_hz: npt.ArrayLike,
    gains: npt.ArrayLike,
    t60_s: npt.ArrayLike,
    frames: int,
    rate_hz: int,
    phases: npt.ArrayLike = 0.0,
) -> Stereo:
    """(2, frames): a sum of decaying sines; `t60_s` is the time in which each falls by 60 dB.

    gains: (partials,) for both sides, or (2, partials). What lies over 0.45 of the rate is left out. A sine that decays
    is a product of powers, z**(a m + b) = (z**m)**a z**b, so that the sum over all partials is one product of matrices.
    """
    freqs = np.atleast_1d(np.asarray(freqs_hz, np.float64))
    levels = np.broadcast_to(np.asarray(gains, np.float64), (2, len(freqs)))
    decays = np.broadcast_to(np.asarray(t60_s, np.float64), freqs.shape)
    turns = np.broadcast_to(np.asarray(phases, np.float64), freqs.shape)
    kept = (freqs < 0.45 * rate_hz) & (np.abs(levels).max(axis=0) > 1e-6)
    freqs, levels, decays, turns = freqs[kept], levels[:, kept], decays[kept], turns[kept]
    inner = int(np.ceil(np.sqrt(frames)))
    outer = -(-frames // inner)
    steps = (2j * np.pi * freqs - _T60 / decays) / rate_hz
    coarse = -1j * np.exp(1j * turns) * np.exp(np.outer(np.arange(outer) * inner, steps))
    fine = np.exp(np.outer(steps, np.arange(inner)))
    right = np.concatenate((fine.real, fine.imag)).astype(np.float32)
    out = np.empty((2, outer * inner), np.float32)
    same = np.array_equal(levels[0], levels[1])
    for side in range(1 if same else 2):
        scaled = coarse * levels[side]
        left = np.concatenate((scaled.real, -scaled.imag), axis=1).astype(np.float32)
        out[side] = (left @ right).reshape(-1)
    if same:
        out[1] = out[0]
    return out[:, :frames]


def spread(gains: npt.ArrayLike, rng: np.random.Generator, width: float) -> Array:
    """(2, partials) of gains (partials,): each partial a little to one side, up to `width` (0 to 1)."""
    levels = np.asarray(gains, np.float64)
    angle = np.pi / 4 * (1 + width * rng.uniform(-1, 1, len(levels)))
    sides: Array = np.sqrt(2) * np.stack((levels * np.cos(angle), levels * np.sin(angle)))
    return sides


def table(gains: npt.ArrayLike, seed: int = 0) -> Mono:
    """One period of the harmonics 1, 2, 3 ... with these gains and phases of the seed's; peak 1."""
    levels = np.asarray(gains, np.float64)
    spectrum = np.zeros(TABLE // 2 + 1, np.complex128)
    phases = np.random.default_rng(seed).uniform(-0.5, 0.5, len(levels)) * np.pi
    spectrum[1 : len(levels) + 1] = levels * np.exp(1j * phases)
    wave = np.fft.irfft(spectrum)
    return (wave / max(float(np.abs(wave).max()), 1e-12)).astype(np.float32)


def harmonics(hz: float, rate_hz: int, most: int = 80) -> Array:
    """Numbers of the harmonics that fit, 1 at the least; room is left for vibrato."""
    return np.arange(1, max(2, min(most + 1, int(0.42 * rate_hz / hz) + 1)), dtype=np.float64)


def lookup(wave: Mono, phase: Array) -> Mono:
    """The table's value at a phase in periods."""
    return cast(Mono, wave[(phase * TABLE).astype(np.int64) & (TABLE - 1)])


def phase(hz: float, cents: Array, rate_hz: int, start: float = 0.0) -> Array:
    """Phase in periods of a tone that is `cents` off `hz` at each frame."""
    return start + np.cumsum(np.exp2(cents / 1200)) * (hz / rate_hz)


def vibrato(
    frames: int, rate_hz: int, rng: np.random.Generator, hz: float, cents: float, onset_s: float = 0.3
) -> Array:
    """Cents at each frame: a vibrato that sets in, uneven in speed, and a slow drift of a tenth of it; mean 0."""
    step = 64
    count = frames // step + 2
    t = np.arange(count) * step / rate_hz
    speed = hz * (1 + 0.06 * np.sin(2 * np.pi * 0.7 * t + rng.uniform(0, 6.3)) + rng.uniform(-0.06, 0.06))
    rise = np.clip((t - 0.5 * onset_s) / max(onset_s, 1e-3), 0, 1)
    sway = np.sin(2 * np.pi * np.cumsum(speed) * step / rate_hz + rng.uniform(0, 6.3))
    drift = np.sin(2 * np.pi * rng.uniform(0.3, 0.6) * t + rng.uniform(0, 6.3))
    return between(cents * (rise * sway + 0.1 * drift), step, frames)


def curve(points: Sequence[tuple[float, float]], frames: int, rate_hz: int) -> Mono:
    """Straight lines through (time s, level)."""
    out = np.full(frames, points[-1][1], np.float32)
    before_at, before = 0, points[0][1]
    for time, level in points:
        at = round(time * rate_hz)
        if at > before_at:
            line = np.linspace(before, level, at - before_at, endpoint=False, dtype=np.float32)
            out[before_at:at] = line[: max(frames - before_at, 0)]
        before_at, before = max(at, before_at), level
        if before_at >= frames:
            break
    return out


def between(values: Array, step: int, frames: int) -> Array:
    """Straight lines through `values`, which lie `step` frames apart; one value more than fits is needed."""
    count = -(-frames // step)
    ramp = np.arange(step) / step
    return (values[:count, None] + np.diff(values[: count + 1])[:, None] * ramp).reshape(-1)[:frames]


def decay(t60_s: float, frames: int, rate_hz: int) -> Mono:
    """From 1, 60 dB down after `t60_s`."""
    return np.asarray(np.exp(-_T60 / (t60_s * rate_hz) * np.arange(frames)), np.float32)


def rise(x: Stereo, attack_s: float, rate_hz: int) -> Stereo:
    """`x`, its beginning raised along a cosine, in place."""
    count = min(max(round(attack_s * rate_hz), 1), x.shape[-1])
    x[..., :count] *= (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, count))).astype(np.float32)
    return x


def bend(x: Stereo, cents: npt.NDArray[np.floating]) -> Stereo:
    """`x` (..., frames) played `cents` (frames,) faster, so that its pitch follows them."""
    places = np.cumsum(2 ** (cents / 1200.0)) - 1.0
    rows = [np.interp(places, np.arange(x.shape[-1]), row, right=0.0) for row in np.atleast_2d(x)]
    return np.asarray(rows, np.float32).reshape(x.shape)


def resonances(freqs_hz: npt.ArrayLike, peaks: Sequence[tuple[float, float, float]], floor: float = 0.3) -> Array:
    """Gain of a body at each frequency: `floor` and a hump (frequency Hz, width Hz, gain) for each mode."""
    freqs = np.asarray(freqs_hz, np.float64)
    total = np.full(freqs.shape, floor)
    for centre, width, level in peaks:
        total += level / (1 + ((freqs - centre) / (0.5 * width)) ** 2)
    return total


def noise(frames: int, rng: np.random.Generator) -> Mono:
    """White noise of deviation 1."""
    return rng.standard_normal(frames, dtype=np.float32)


@lru_cache(maxsize=512)
def _butter(kind: str, order: int, edges: tuple[float, ...], rate_hz: int) -> Array:
    held = tuple(min(edge, 0.47 * rate_hz) for edge in edges)
    wanted = held if len(held) > 1 else held[0]
    return cast(Array, signal.butter(order, wanted, kind, fs=rate_hz, output="sos"))


def _run(sections: Array, x: Mono) -> Mono:
    return cast(Mono, signal.sosfilt(sections.astype(np.float32), x, axis=-1))


def low_pass(x: Mono, hz: float, rate_hz: int, order: int = 2) -> Mono:
    """Butterworth."""
    return _run(_butter("lowpass", order, (hz,), rate_hz), x)


def high_pass(x: Mono, hz: float, rate_hz: int, order: int = 2) -> Mono:
    """Butterworth; in double precision, for a low edge asks for it."""
    return cast(Mono, signal.sosfilt(_butter("highpass", order, (hz,), rate_hz), x, axis=-1).astype(np.float32))


def band_pass(x: Mono, low_hz: float, high_hz: float, rate_hz: int, order: int = 2) -> Mono:
    """Butterworth."""
    return _run(_butter("bandpass", order, (low_hz, min(high_hz, 0.46 * rate_hz)), rate_hz), x)


def bells(x: Mono, peaks: Sequence[tuple[float, float, float]], rate_hz: int) -> Mono:
    """Bells (frequency Hz, gain dB, Q), after R. Bristow-Johnson's "Audio EQ Cookbook"."""
    if not peaks:
        return x
    rows = []
    for hz, db, q in peaks:
        w, a = 2 * np.pi * min(hz, 0.45 * rate_hz) / rate_hz, 10 ** (db / 40)
        alpha = np.sin(w) / (2 * q)
        b = np.array([1 + alpha * a, -2 * np.cos(w), 1 - alpha * a])
        c = np.array([1 + alpha / a, -2 * np.cos(w), 1 - alpha / a])
        rows.append(np.concatenate((b, c)) / c[0])
    return _run(np.array(rows), x)


def panned(x: Mono, pan: float) -> Stereo:
    """(2, frames) of mono, at equal power; -1 is left."""
    angle = np.pi / 4 * (1 + pan)
    return np.stack((x * np.float32(np.sqrt(2) * np.cos(angle)), x * np.float32(np.sqrt(2) * np.sin(angle))))


def softened(x: Mono, drive: float) -> Mono:
    """Soft clipping that leaves quiet sound as it is."""
    return cast(Mono, np.tanh(x * np.float32(drive)) / np.float32(drive))
