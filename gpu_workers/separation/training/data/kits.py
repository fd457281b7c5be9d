"""Drum kits of our own: each piece from skins, metal and noise whose tuning and damping are drawn for the kit."""

from collections.abc import Callable, Collection, Sequence

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfilt

from gpu_workers.separation.fitting.programs import Key
from gpu_workers.separation.training.data.plans import RATE_HZ, Stereo, lay

Array = npt.NDArray[np.float64]
Piece = Callable[[np.random.Generator], Array]
"""A new take of one stroke: mono, peak near 1."""

_TAKES = 3


def play(rng: np.random.Generator, keys: Sequence[Key], seconds: float) -> Stereo:
    """The notes on a kit of chance: (2, frames), peak 1 or silent."""
    out = np.zeros((2, round(seconds * RATE_HZ)))
    width = rng.uniform(0, 0.9)
    pieces: dict[int, list[Array]] = {}
    places: dict[int, tuple[float, float]] = {}
    for number, key in enumerate(sorted(keys, key=lambda key: (key.start_s, key.pitch))):
        if key.pitch not in pieces:
            make = _piece(rng, key.pitch)
            pieces[key.pitch] = [make(rng) for _ in range(_TAKES)]
            where = 0.0 if key.pitch in {35, 36} else float(np.clip(rng.normal(0, width), -1, 1))
            places[key.pitch] = (where, rng.uniform(0.6, 1.2))
        where, level = places[key.pitch]
        hard = key.velocity / 127
        take = pieces[key.pitch][number % _TAKES] * level * hard**1.6
        angle = (where + 1) * np.pi / 4
        lay(out, np.stack([take * np.cos(angle), take * np.sin(angle)]), round(key.start_s * RATE_HZ))
    return (out / max(float(np.abs(out).max()), 1e-9)).astype(np.float32)


def _piece(rng: np.random.Generator, note: int) -> Piece:
    """How this kit sounds a note of General MIDI's drum map."""
    return next((make(rng, note) for notes, make in _PIECES if note in notes), None) or _block(rng)


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _time(seconds: float) -> Array:
    return np.arange(round(seconds * RATE_HZ)) / RATE_HZ


def _band(x: Array, low_hz: float, high_hz: float, order: int = 1) -> Array:
    edges = (min(low_hz, 16_000), min(max(high_hz, low_hz * 1.3), 21_000))
    return np.asarray(sosfilt(butter(order, edges, "bandpass", fs=RATE_HZ, output="sos"), x))


def _ended(x: Array) -> Array:
    """Peak 1, without clicks at the ends."""
    x[:32] *= np.linspace(0, 1, 32)
    x[-200:] *= np.linspace(1, 0, 200)
    return x / max(float(np.abs(x).max()), 1e-9)


def _kick(rng: np.random.Generator) -> Piece:
    hz, t60_s, sweep = _between(rng, 38, 75), _between(rng, 0.12, 0.9), _between(rng, 0.3, 8)
    fall_s, click, drive = _between(rng, 0.006, 0.06), rng.uniform(0, 0.6), float(rng.choice([0, 1, 3, 6]))
    low_hz, high_hz = _between(rng, 500, 2000), _between(rng, 3000, 12_000)
    knock = rng.uniform(0, 0.4)

    def take(rng: np.random.Generator) -> Array:
        t = _time(min(1.3 * t60_s + 0.08, 1.2))
        turn = np.cumsum(hz * rng.uniform(0.99, 1.01) * (1 + sweep * np.exp(-t / fall_s))) / RATE_HZ
        body = np.sin(2 * np.pi * turn) * np.exp(-6.9 * t / t60_s)
        if drive:
            body = np.tanh(body * (1 + drive))
        hit = _band(rng.standard_normal(len(t)), low_hz, high_hz) * np.exp(-t / 0.006)
        skin = _band(rng.standard_normal(len(t)), 120, 500) * np.exp(-t / 0.02)
        return _ended(body + click * hit + knock * skin)

    return take


def _snare(rng: np.random.Generator) -> Piece:
    hz, t60_s, wires_s = _between(rng, 130, 330), _between(rng, 0.08, 0.35), _between(rng, 0.08, 0.6)
    ratios = np.array([1.0, 1.59, 2.14, 2.3]) if rng.random() < 0.6 else np.array([1.0, 1.8, 1.82, 2.7])
    wires, low_hz, high_hz = _between(rng, 0.2, 2.5), _between(rng, 400, 2500), _between(rng, 5000, 16_000)
    crack, gate = rng.uniform(0, 0.8), float(rng.choice([9.0, 9.0, 9.0, 0.15, 0.25]))

    def take(rng: np.random.Generator) -> Array:
        t = _time(max(t60_s, wires_s) + 0.1)
        bend = 1 + 0.2 * np.exp(-t / 0.015)
        tone = sum(
            rng.uniform(0.6, 1)
            / r
            * np.sin(2 * np.pi * np.cumsum(hz * r * bend) / RATE_HZ)
            * np.exp(-6.9 * t / t60_s * r)
            for r in ratios
        )
        hiss = _band(rng.standard_normal(len(t)), low_hz, high_hz) * np.exp(-6.9 * t / wires_s)
        hit = _band(rng.standard_normal(len(t)), 900, 6000) * np.exp(-t / 0.008)
        return _ended((0.5 * np.asarray(tone) + wires * hiss + crack * hit) * (t < gate))

    return take


def _clap(rng: np.random.Generator) -> Piece:
    hands, apart_s, tail_s = int(rng.integers(2, 6)), rng.uniform(0.006, 0.016), _between(rng, 0.08, 0.4)
    low_hz = _between(rng, 500, 1300)
    high_hz = low_hz * rng.uniform(2, 8)

    def take(rng: np.random.Generator) -> Array:
        t = _time(tail_s + 0.15)
        shape = np.zeros(len(t))
        for hand in range(hands):
            late = t - hand * apart_s * rng.uniform(0.85, 1.15)
            shape += (late >= 0) * np.exp(-np.maximum(late, 0) / (0.004 if hand < hands - 1 else tail_s / 6.9))
        return _ended(_band(rng.standard_normal(len(t)), low_hz, high_hz) * shape)

    return take


def _skin(rng: np.random.Generator, hz: float, t60_s: float, slap: float) -> Piece:
    """Toms, congas, bongos."""
    ratios, bend, slap = np.array([1.0, 1.59, 2.14, 2.65, 2.92]), rng.uniform(0.02, 0.5), slap * rng.uniform(0.3, 2)
    levels = rng.uniform(0.2, 1, 5) / ratios ** rng.uniform(0.5, 2)

    def take(rng: np.random.Generator) -> Array:
        t = _time(t60_s + 0.1)
        pitch = hz * rng.uniform(0.985, 1.015) * (1 + bend * np.exp(-t / 0.04))
        turn = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
        tone = sum(
            g * np.sin(r * turn) * np.exp(-6.9 * t * r**0.7 / t60_s) for r, g in zip(ratios, levels, strict=True)
        )
        hit = _band(rng.standard_normal(len(t)), 700, 6000) * np.exp(-t / 0.012)
        return _ended(np.asarray(tone) + slap * hit)

    return take


def _metal(rng: np.random.Generator, t60_s: float, floor_hz: float) -> Piece:
    """Hats and cymbals: many modes or squares that are out of tune, and noise."""
    synthetic = bool(rng.random() < 0.35)
    count = 6 if synthetic else 24
    base_hz = _between(rng, 250, 900)
    modes = base_hz * np.sort(rng.uniform(1, 24, count))
    tone, order, chokes = rng.uniform(0.05, 1.2), int(rng.choice([1, 2, 3])), rng.uniform(0.3, 1)

    def take(rng: np.random.Generator) -> Array:
        t = _time(t60_s * 1.1 + 0.05)
        ring = np.zeros(len(t))
        for mode in modes:
            wave = np.sin(2 * np.pi * mode * t + rng.uniform(0, 6.28))
            ring += np.sign(wave) if synthetic else wave * np.exp(-rng.uniform(0, 2) * t / t60_s)
        hiss = rng.standard_normal(len(t))
        out = (tone * ring / np.sqrt(count) + hiss) * np.exp(-6.9 * t / t60_s)
        out += 0.5 * hiss * np.exp(-6.9 * t / (t60_s * 0.2 * chokes))
        return _ended(_band(out, floor_hz, 20_000, order))

    return take


def _shaker(rng: np.random.Generator) -> Piece:
    low_hz, t60_s, rise_s = _between(rng, 3000, 8000), _between(rng, 0.04, 0.25), rng.uniform(0.001, 0.03)
    grains, jingles = rng.uniform(0.05, 1), float(rng.choice([0, 0, 0.5, 1.0]))
    modes = rng.uniform(4000, 13_000, 5)

    def take(rng: np.random.Generator) -> Array:
        t = _time(t60_s + rise_s + 0.05)
        dust = rng.standard_normal(len(t)) * (rng.random(len(t)) < grains)
        ring = sum(np.sin(2 * np.pi * mode * t + rng.uniform(0, 6.28)) for mode in modes) * (jingles / 3)
        shape = np.minimum(t / rise_s, 1) * np.exp(-6.9 * np.maximum(t - rise_s, 0) / t60_s)
        return _ended(_band((dust + ring) * shape, low_hz, 18_000))

    return take


def _block(rng: np.random.Generator) -> Piece:
    """Rims, claves, cowbells, triangles: a few modes."""
    modes = _between(rng, 300, 4000) * np.concatenate([[1.0], rng.uniform(1.3, 5, int(rng.integers(1, 5)))])
    t60_s, tick = _between(rng, 0.02, 0.9) if rng.random() < 0.7 else _between(rng, 0.02, 0.08), rng.uniform(0, 0.5)

    def take(rng: np.random.Generator) -> Array:
        t = _time(t60_s + 0.05)
        tone = sum(
            np.sin(2 * np.pi * m * t) * np.exp(-6.9 * t / t60_s * (1 + 0.2 * n)) / (n + 1)
            for n, m in enumerate(modes) if m < 18_000
        )  # fmt: skip
        return _ended(np.asarray(tone) + tick * rng.standard_normal(len(t)) * np.exp(-t / 0.003))

    return take


_PIECES: tuple[tuple[Collection[int], Callable[[np.random.Generator, int], Piece]], ...] = (
    ({35, 36}, lambda rng, note: _kick(rng)),
    ({38, 40}, lambda rng, note: _snare(rng)),
    ({39}, lambda rng, note: _clap(rng)),
    (
        {41, 43, 45, 47, 48, 50},
        lambda rng, note: _skin(
            rng, 60 * 2 ** ((note - 41) / 8) * rng.uniform(0.9, 1.4), _between(rng, 0.12, 0.8), 0.15
        ),
    ),
    ({42, 44}, lambda rng, note: _metal(rng, _between(rng, 0.02, 0.12), _between(rng, 4500, 10_000))),
    ({46}, lambda rng, note: _metal(rng, _between(rng, 0.2, 0.9), _between(rng, 4500, 9000))),
    ({49, 52, 55, 57}, lambda rng, note: _metal(rng, _between(rng, 0.6, 2.5), _between(rng, 2000, 5000))),
    ({51, 53, 59}, lambda rng, note: _metal(rng, _between(rng, 0.4, 1.5), _between(rng, 3000, 6500))),
    ({54, 69, 70, 82}, lambda rng, note: _shaker(rng)),
    (range(60, 65), lambda rng, note: _skin(rng, _between(rng, 140, 450), _between(rng, 0.06, 0.4), 0.35)),
)
"""Notes and what makes their piece; others are blocks."""
