"""Guitars, harp, plucked violins and a plucked synthesiser. The figures of each string are chosen by ear."""

import numpy as np

from gpu_workers.composition.sound import dsp
from gpu_workers.composition.sound.instrument import Instrument, Stereo, Stroke
from gpu_workers.composition.sound.string import String, pluck

_GUITAR_BODY = ((102.0, 22.0, 1.4), (204.0, 36.0, 1.1), (390.0, 70.0, 0.7), (560.0, 120.0, 0.4), (2300.0, 1200.0, 0.35))
"""Air, top plate and higher modes of a classical guitar (Fletcher and Rossing, The Physics of Musical Instruments)."""

_NYLON = String(
    t60_s=4.2, damping=0.28, place=0.21, dull_hz=500, bright_hz=2300, stiffness=2e-5, noise=0.10,
    noise_hz=(300, 2500), noise_s=0.02, body=_GUITAR_BODY, floor=0.8,
)  # fmt: skip
_STEEL = String(
    t60_s=6.5, damping=0.10, place=0.14, tilt=0.85, dull_hz=1100, bright_hz=5600, stiffness=5e-5, noise=0.10,
    noise_hz=(1500, 8000), noise_s=0.02, body=_GUITAR_BODY, floor=0.9, sharp_cents=4.0,
)  # fmt: skip
_ELECTRIC = String(
    t60_s=8.0, damping=0.10, place=0.16, tilt=0.7, dull_hz=1000, bright_hz=3600, stiffness=4e-5, noise=0.05,
    noise_hz=(800, 4000), noise_s=0.015, body=((2700.0, 2200.0, 0.7),), floor=0.8, width=0.08, sharp_cents=4.0,
)  # fmt: skip
_MUTED = String(
    t60_s=0.42, shorter=0.8, damping=0.12, place=0.12, tilt=0.7, dull_hz=700, bright_hz=3000, noise=0.12,
    noise_hz=(500, 3500), noise_s=0.02, body=((2200.0, 2000.0, 0.5),), floor=0.8, second=0.1, width=0.08,
)  # fmt: skip
_HARP = String(
    t60_s=5.0, damping=0.22, place=0.36, dull_hz=700, bright_hz=2800, stiffness=2e-5, noise=0.05, noise_hz=(300, 3000),
    body=((180.0, 80.0, 0.6), (310.0, 120.0, 0.5)), floor=0.9, width=0.45,
)  # fmt: skip
_PIZZICATO = String(
    t60_s=0.85, damping=0.25, place=0.16, dull_hz=700, bright_hz=2600, noise=0.12, noise_hz=(250, 2500),
    body=((275.0, 60.0, 1.0), (460.0, 90.0, 1.2), (700.0, 160.0, 0.7), (2500.0, 1200.0, 0.3)), floor=0.6, width=0.3,
)  # fmt: skip


def nylon(stroke: Stroke) -> Stereo:
    """Classical guitar."""
    return pluck(stroke, _NYLON)


def steel(stroke: Stroke) -> Stereo:
    """Folk guitar with steel strings and a plectrum."""
    return pluck(stroke, _STEEL)


def electric(stroke: Stroke) -> Stereo:
    """Electric guitar through a valve amplifier that just begins to break up, and a 12-inch speaker."""
    tone = dsp.softened(pluck(stroke, _ELECTRIC), 1.2 + 1.6 * stroke.velocity)
    return dsp.low_pass(tone, 5200, stroke.rate_hz)


def muted(stroke: Stroke) -> Stereo:
    """Electric guitar damped by the palm."""
    return dsp.softened(pluck(stroke, _MUTED), 1.5)


def harp(stroke: Stroke) -> Stereo:
    """Concert harp."""
    return pluck(stroke, _HARP)


def pizzicato(stroke: Stroke) -> Stereo:
    """Four players who pluck almost together."""
    out = np.zeros((2, stroke.frames), np.float32)
    for place in (-0.6, -0.2, 0.25, 0.6):
        one = pluck(stroke, _PIZZICATO)
        late = min(round(stroke.rng.uniform(0, 0.012) * stroke.rate_hz), stroke.frames - 1)
        sides = np.array([[1 - place], [1 + place]], np.float32) * np.float32(0.4)
        out[:, late:] += one[:, : stroke.frames - late] * sides
    return out


def synth(stroke: Stroke) -> Stereo:
    """Three saws whose overtones die the sooner the higher they are, as under a closing filter."""
    numbers = dsp.harmonics(stroke.hz, stroke.rate_hz, 50)
    gains = 0.30 / numbers / (1 + (numbers * stroke.hz / (900 + 6000 * stroke.velocity)) ** 2)
    t60 = 0.25 + (0.5 + 1.1 * stroke.velocity) / (1 + (numbers * stroke.hz / 900) ** 1.1)
    cents = np.array((-7.0, 0.0, 7.0)) * stroke.rng.uniform(0.8, 1.2)
    freqs = np.concatenate([numbers * stroke.hz * 2 ** (c / 1200) for c in cents])
    sides = np.concatenate([np.outer((1 - p, 1 + p), gains) for p in (-0.6, 0.0, 0.6)], axis=1)
    sides *= np.repeat((0.55, 1.3, 0.55), len(numbers))
    phases = stroke.rng.uniform(-0.5, 0.5, len(freqs))
    return dsp.rise(
        dsp.partials(freqs, sides, np.tile(t60, 3), stroke.frames, stroke.rate_hz, phases), 0.002, stroke.rate_hz
    )


INSTRUMENTS = {
    "guitar_nylon": Instrument(nylon, low=40, high=88, release_s=0.12, longest_s=8.0, high_pass_hz=80),
    "guitar_steel": Instrument(steel, low=40, high=88, release_s=0.12, longest_s=9.0, high_pass_hz=90),
    "guitar_electric": Instrument(
        electric, low=40, high=88, release_s=0.09, longest_s=9.0, high_pass_hz=90, chorus=0.3
    ),
    "guitar_muted": Instrument(muted, low=40, high=84, release_s=0.04, longest_s=1.5, high_pass_hz=90, takes=2),
    "harp": Instrument(harp, low=30, high=103, release_s=0.3, ring_s=1.6, longest_s=8.0, takes=1, high_pass_hz=60),
    "strings_pizz": Instrument(pizzicato, low=36, high=96, release_s=0.1, ring_s=0.6, longest_s=2.0, high_pass_hz=70),
    "pluck_synth": Instrument(
        synth, low=36, high=100, release_s=0.12, ring_s=0.25, longest_s=2.5, takes=1, high_pass_hz=100
    ),
}
