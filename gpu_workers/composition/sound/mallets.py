"""Bars that are struck. Ratios of the modes are those of tuned bars (Fletcher and Rossing, chapter 19)."""

from collections.abc import Sequence

import numpy as np

from gpu_workers.composition.sound import dsp
from gpu_workers.composition.sound.instrument import Instrument, Stereo, Stroke

Mode = tuple[float, float, float]
"""Ratio to the fundamental, level at full velocity, decay as a share of the fundamental's."""


def bar(stroke: Stroke, modes: Sequence[Mode], t60_s: float, shorter: float, knock: float, knock_hz: float) -> Stereo:
    """A bar with these modes; its fundamental decays in `t60_s` at middle C and by `shorter` less an octave up."""
    rate, rng = stroke.rate_hz, stroke.rng
    ratios, gains, shares = np.array(modes).T
    ratios = ratios * np.where(ratios == 1.0, 1.0, rng.uniform(0.998, 1.002, len(ratios)))
    soft = stroke.velocity ** np.linspace(0.0, 1.6, len(ratios))
    base_s = t60_s * shorter ** ((stroke.pitch - 60) / 12)
    # Two near modes for each: a bar is never quite even, and so it beats and spreads.
    freqs = np.concatenate((ratios * stroke.hz * (1 - 2e-4), ratios * stroke.hz * (1 + 2e-4)))
    levels = dsp.spread(np.tile(0.3 * gains * soft, 2), rng, 0.4)
    tone = dsp.partials(
        freqs, levels, np.tile(base_s * shares, 2), stroke.frames, rate, rng.uniform(-0.3, 0.3, len(freqs))
    )
    dsp.rise(tone, 0.001 + 0.002 * (1 - stroke.velocity), rate)
    click = dsp.low_pass(dsp.noise(stroke.frames, rng), knock_hz, rate) * dsp.decay(0.03, stroke.frames, rate)
    return tone + np.float32(knock * (0.3 + 0.7 * stroke.velocity)) * click


def marimba(stroke: Stroke) -> Stereo:
    """Rosewood over a tube: 1 : 4 : 9.2."""
    return bar(stroke, ((1, 1, 1), (4, 0.22, 0.28), (9.2, 0.10, 0.12), (16.1, 0.04, 0.08)), 1.5, 0.62, 0.16, 1800)


def vibraphone(stroke: Stroke) -> Stereo:
    """Aluminium over tubes with turning discs: 1 : 4 : 10, and a slow tremolo."""
    tone = bar(stroke, ((1, 1, 1), (4, 0.22, 0.4), (10, 0.09, 0.18)), 6.5, 0.7, 0.05, 2400)
    t = dsp.time_s(stroke.frames, stroke.rate_hz)
    return tone * (1 + 0.18 * np.sin(2 * np.pi * 4.3 * t)).astype(np.float32)


def glockenspiel(stroke: Stroke) -> Stereo:
    """Steel, free at both ends: 1 : 2.756 : 5.404 : 8.933."""
    modes = ((1, 1, 1), (2.756, 0.5, 0.5), (5.404, 0.35, 0.3), (8.933, 0.2, 0.15))
    return bar(stroke, modes, 6.0, 0.62, 0.03, 9000)


def celesta(stroke: Stroke) -> Stereo:
    """Steel plates over boxes, felt hammers: little but the fundamental."""
    return bar(stroke, ((1, 1, 1), (3.93, 0.26, 0.35), (9.2, 0.12, 0.15)), 3.6, 0.66, 0.06, 1500)


INSTRUMENTS = {
    "marimba": Instrument(marimba, low=36, high=96, release_s=0.1, ring_s=1.2, longest_s=2.5, high_pass_hz=80, takes=2),
    "vibraphone": Instrument(
        vibraphone, low=48, high=96, release_s=0.4, ring_s=1.0, longest_s=7.0, takes=1, high_pass_hz=100
    ),
    "glockenspiel": Instrument(
        glockenspiel, low=72, high=110, release_s=0.3, ring_s=1.8, longest_s=5.0, takes=1, high_pass_hz=300
    ),
    "celesta": Instrument(
        celesta, low=60, high=108, release_s=0.3, ring_s=1.2, longest_s=4.0, takes=1, high_pass_hz=180
    ),
}
