"""Pads: many detuned tones across the stage that open and close slowly."""

import numpy as np

from gpu_workers.composition.sound import dsp
from gpu_workers.composition.sound.instrument import Instrument, Mono, Stereo, Stroke


def swarm(stroke: Stroke, numbers: dsp.Array, gains: dsp.Array, cents: float) -> Stereo:
    """Five copies of a steady spectrum, up to `cents` apart, from left to right; the one in tune leads."""
    offs = np.linspace(-1, 1, 5) * cents * stroke.rng.uniform(0.85, 1.15)
    places = (0.7, -0.85, 0.0, 0.85, -0.7)
    freqs = np.concatenate([numbers * stroke.hz * 2 ** (off / 1200) for off in offs])
    shares = (0.5, 0.7, 1.6, 0.7, 0.5)
    sides = zip(places, shares, strict=True)
    levels = np.concatenate([np.outer((1 - p, 1 + p), share * gains) for p, share in sides], axis=1)
    phases = stroke.rng.uniform(-np.pi, np.pi, len(freqs))
    return dsp.partials(freqs, levels, dsp.FOREVER_S, stroke.frames, stroke.rate_hz, phases)


def _slow(stroke: Stroke, speed_hz: float, low: float, high: float) -> Mono:
    t = dsp.time_s(stroke.frames, stroke.rate_hz)
    sway = np.sin(2 * np.pi * speed_hz * t + stroke.rng.uniform(0, 6.3))
    return (low + (high - low) * (0.5 + 0.5 * sway)).astype(np.float32)


def warm(stroke: Stroke) -> Stereo:
    """Saws under a soft filter that breathes."""
    numbers = dsp.harmonics(stroke.hz, stroke.rate_hz, 24)
    freqs = numbers * stroke.hz
    dark = 1 / numbers / (1 + (freqs / (400 + 900 * stroke.velocity)) ** 2)
    bright = 1 / numbers / (1 + (freqs / (1000 + 3200 * stroke.velocity)) ** 2.5)
    level = 0.2 / np.sqrt((bright**2).sum())
    dark, bright = dark * level, bright * level
    out = swarm(stroke, numbers, dark, 6.0)
    out += _slow(stroke, 0.13, 0.55, 1.0) * swarm(stroke, numbers, bright - dark, 7.0)
    return dsp.rise(out, 0.30 - 0.15 * stroke.velocity, stroke.rate_hz)


def air(stroke: Stroke) -> Stereo:
    """Glassy: fundamental, octaves and a twelfth, and breath in tune with them."""
    numbers = np.array((1.0, 2.0, 3.0, 4.0, 6.0, 8.0))
    out = swarm(stroke, numbers, 0.14 * np.array((1.0, 0.55, 0.22, 0.3, 0.08, 0.1)), 6.0)
    out *= _slow(stroke, 0.21, 0.75, 1.0)
    rate = stroke.rate_hz
    for side in range(2):
        hiss = dsp.noise(stroke.frames, stroke.rng)
        hiss = dsp.band_pass(hiss, 1.85 * stroke.hz, 2.15 * stroke.hz, rate, 1) + np.float32(0.25) * dsp.band_pass(
            hiss, 5000, 12000, rate, 1
        )
        out[side] += hiss * np.float32(0.10)
    return dsp.rise(out, 0.45 - 0.2 * stroke.velocity, rate)


def dark(stroke: Stroke) -> Stereo:
    """Low and hollow: odd harmonics, an octave below, a slow beat."""
    numbers = np.concatenate(([0.5], np.arange(1.0, 14.0, 2.0), [2.0]))
    freqs = numbers * stroke.hz
    cutoff = 380 + 420 * stroke.velocity
    gains = 0.2 * np.concatenate(([0.5], 1 / np.arange(1.0, 14.0, 2.0) ** 0.9, [0.25])) / (1 + (freqs / cutoff) ** 2.5)
    out = swarm(stroke, numbers, gains, 6.0) * _slow(stroke, 0.09, 0.7, 1.0)
    return dsp.rise(out, 0.4 - 0.15 * stroke.velocity, stroke.rate_hz)


INSTRUMENTS = {
    "pad_warm": Instrument(
        warm, low=36, high=96, release_s=0.7, sustained=True, takes=1, layers=2, high_pass_hz=110, range_db=18.0
    ),
    "pad_air": Instrument(
        air, low=48, high=96, release_s=0.9, sustained=True, takes=1, layers=2, high_pass_hz=160, range_db=18.0
    ),
    "pad_dark": Instrument(
        dark, low=30, high=84, release_s=0.9, sustained=True, takes=1, layers=2, high_pass_hz=60, range_db=18.0
    ),
}
