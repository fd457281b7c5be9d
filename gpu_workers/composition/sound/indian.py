"""Sitar and tanpura: strings over a curved bridge, which feeds the high partials again and again (jawari).

C. V. Raman, "On some Indian stringed instruments", 1921: all partials sound, also those with a node where it is
plucked, and the high ones come later than the low ones.
"""

from itertools import pairwise

import numpy as np

from gpu_workers.composition.sound import dsp
from gpu_workers.composition.sound.instrument import Instrument, Stereo, Stroke

_GOURD = ((110.0, 60.0, 0.5), (260.0, 110.0, 0.7), (540.0, 200.0, 0.4), (1400.0, 700.0, 0.5), (2900.0, 1400.0, 0.6))


def buzzing(stroke: Stroke, t60_s: float, spread_s: float, bands: int, tilt: float) -> Stereo:
    """A string whose partials set in one band after the other over `spread_s`, each with a bloom of its own."""
    rate, rng, count = stroke.rate_hz, stroke.rng, stroke.frames
    numbers = dsp.harmonics(stroke.hz, rate, 56)
    freqs = numbers * stroke.hz
    gains = numbers**-tilt * dsp.resonances(freqs, _GOURD, 0.5) / (1 + (freqs / (2600 + 4500 * stroke.velocity)) ** 4)
    gains *= rng.uniform(0.7, 1.3, len(numbers))
    gains *= 0.42 / np.sqrt((gains**2).sum())
    t60 = t60_s / (1 + 0.03 * (numbers - 1))
    phases = rng.uniform(-0.4, 0.4, len(numbers))
    out = np.zeros((2, count), np.float32)
    edges = np.unique(np.geomspace(1, len(numbers) + 1, bands + 1).astype(int))
    for band, (low, high) in enumerate(pairwise(edges)):
        chosen = slice(low - 1, high - 1)
        part = dsp.partials(
            freqs[chosen], dsp.spread(gains[chosen], rng, 0.3), t60[chosen], count, rate, phases[chosen]
        )
        peak = spread_s * band / max(bands - 1, 1)
        bloom = ((0, 0.45), (0.002 + peak, 1.0), (0.01 + 4 * peak + 0.3, 0.75), (2.5 + 4 * peak, 0.6))
        out += part * dsp.curve(bloom, count, rate)
    return dsp.rise(out, 0.0015, rate)


def sitar(stroke: Stroke) -> Stereo:
    """Sitar: the buzz, a mizrab's click, a slide into some notes, and the tarab strings answering."""
    rate, count, rng = stroke.rate_hz, stroke.frames, stroke.rng
    t = dsp.time_s(count, rate)
    out = buzzing(stroke, 5.0 * 0.75 ** ((stroke.pitch - 57) / 12), 0.09, 5, 0.55)
    slide = -100.0 * (rng.uniform() < 0.3) * np.exp(-((t / 0.055) ** 2))
    out = dsp.bend(out, slide + 9 * stroke.velocity * np.exp(-t / 0.08))
    ratios = np.array((1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0))
    answer = dsp.partials(ratios * stroke.hz, dsp.spread(0.03 / ratios**0.4, rng, 0.9), 5.0, count, rate)
    click = dsp.band_pass(dsp.noise(count, rng), 2500, 9000, rate) * dsp.decay(0.03, count, rate)
    return out + dsp.rise(answer, 0.15, rate) + np.float32(0.07 * stroke.velocity) * click


def tanpura(stroke: Stroke) -> Stereo:
    """Tanpura: softly plucked, its harmonics rising one after the other for seconds."""
    out = buzzing(stroke, 9.0, 0.5, 7, 0.35)
    return dsp.rise(out, 0.012, stroke.rate_hz)


INSTRUMENTS = {
    "sitar": Instrument(sitar, low=43, high=86, release_s=0.25, ring_s=0.7, longest_s=6.0, takes=3, high_pass_hz=110),
    "tanpura": Instrument(
        tanpura,
        low=36,
        high=72,
        release_s=0.8,
        ring_s=4.5,
        longest_s=10.0,
        takes=2,
        layers=2,
        high_pass_hz=70,
        range_db=18.0,
    ),
}
