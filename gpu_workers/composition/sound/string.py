"""A struck or plucked string in two planes of vibration on a body: the common ground of pianos, guitars and basses.

Partials k lie at k f sqrt(1 + B k^2) (H. Fletcher, "Normal vibration frequencies of a stiff piano string", 1964); a
pluck at a share p of the length gives them sin(pi k p) / k.
"""

from dataclasses import dataclass

import numpy as np

from gpu_workers.composition.sound import dsp
from gpu_workers.composition.sound.instrument import Mono, Stereo, Stroke


@dataclass(frozen=True, slots=True)
class String:
    """How a string sounds. Decays are those of its fundamental at 220 Hz."""

    t60_s: float
    shorter: float = 0.7
    """Factor of the decay for each octave up."""
    damping: float = 0.12
    """How much sooner each higher partial dies."""
    place: float = 0.18
    """Where it is plucked, as a share of its length."""
    tilt: float = 1.0
    """Partials fall as k to the power of minus this."""
    dull_hz: float = 900.0
    bright_hz: float = 4500.0
    """Where the partials begin to fall faster, at velocity 0 and 1."""
    stiffness: float = 4e-5
    second: float = 0.35
    """Level of the second plane, which decays three times more slowly."""
    detune_cents: float = 0.7
    body: tuple[tuple[float, float, float], ...] = ()
    floor: float = 1.0
    noise: float = 0.05
    """Level of the finger, hammer or plectrum."""
    noise_hz: tuple[float, float] = (600.0, 5000.0)
    noise_s: float = 0.03
    width: float = 0.25
    attack_s: float = 0.0015
    most: int = 64
    sharp_cents: float = 0.0
    """How sharp a hard pluck begins: tension rises with the amplitude."""


def frequencies(hz: float, stiffness: float, rate_hz: int, most: int) -> tuple[dsp.Array, dsp.Array]:
    """Numbers of the partials, and their frequencies with the first at `hz` exactly."""
    numbers = dsp.harmonics(hz, rate_hz, most)
    return numbers, numbers * hz * np.sqrt((1 + stiffness * numbers**2) / (1 + stiffness))


def pluck(stroke: Stroke, kind: String) -> Stereo:
    """One note, near full scale."""
    numbers, freqs = frequencies(stroke.hz, kind.stiffness, stroke.rate_hz, kind.most)
    gains = _gains(stroke, kind, numbers, freqs)
    slow = kind.t60_s * kind.shorter ** np.log2(stroke.hz / 220.0) / (1 + kind.damping * (numbers - 1) ** 1.2)
    detune = 2 ** (kind.detune_cents * np.array((-0.5, 0.5)) / 1200)
    freqs = np.concatenate((freqs * detune[0], freqs * detune[1]))
    levels = dsp.spread(np.concatenate((gains, kind.second * gains)), stroke.rng, kind.width)
    t60 = np.concatenate((slow, 3 * slow))
    phases = np.tile(stroke.rng.uniform(-0.4, 0.4, len(numbers)), 2)
    tone = dsp.partials(freqs, levels, t60, stroke.frames, stroke.rate_hz, phases)
    if kind.sharp_cents:
        t = dsp.time_s(stroke.frames, stroke.rate_hz)
        tone = dsp.bend(tone, kind.sharp_cents * stroke.velocity * np.exp(-t / 0.06))
    out = dsp.rise(tone, kind.attack_s, stroke.rate_hz)
    out += dsp.panned(contact(stroke, kind), 0.0)
    return out


def contact(stroke: Stroke, kind: String) -> Mono:
    """The noise of what touches the string."""
    burst = dsp.band_pass(dsp.noise(stroke.frames, stroke.rng), *kind.noise_hz, stroke.rate_hz)
    burst *= dsp.decay(kind.noise_s * 3, stroke.frames, stroke.rate_hz)
    return burst * np.float32(kind.noise * (0.3 + 0.7 * stroke.velocity))


def _gains(stroke: Stroke, kind: String, numbers: dsp.Array, freqs: dsp.Array) -> dsp.Array:
    place = kind.place * stroke.rng.uniform(0.9, 1.1)
    comb = np.abs(np.sin(np.pi * numbers * place)) + 0.03
    cutoff = kind.dull_hz * (kind.bright_hz / kind.dull_hz) ** stroke.velocity
    cutoff = max(cutoff, 1.2 * stroke.hz)
    gains = comb * numbers**-kind.tilt / (1 + (freqs / cutoff) ** 3)
    if kind.body:
        gains = gains * dsp.resonances(freqs, kind.body, kind.floor)
    uneven = stroke.rng.uniform(0.85, 1.15, len(numbers))
    gains = gains * uneven
    gains *= 0.5 / max(float(np.sqrt((gains**2).sum())), 1e-9)
    return np.asarray(gains)
