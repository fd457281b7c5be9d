"""Synthesiser leads: unison tables whose overtones open with the attack and close after it."""

import numpy as np

from gpu_workers.composition.sound import dsp
from gpu_workers.composition.sound.instrument import Instrument, Stereo, Stroke


def lead(stroke: Stroke, gains: dsp.Array, open_hz: float, cents: tuple[float, ...], vibrato_cents: float) -> Stereo:
    """A table of `gains` for each of the voices `cents` apart, the filter at `open_hz` when struck hard.

    The one in tune is louder than the others together, so that the pitch stands while they beat.
    """
    rng, rate, count = stroke.rng, stroke.rate_hz, stroke.frames
    freqs = np.arange(1, len(gains) + 1) * stroke.hz
    closed = dsp.table(gains / (1 + (freqs / max(0.35 * open_hz, 1.5 * stroke.hz)) ** 2.5), 3)
    opened = dsp.table(gains / (1 + (freqs / max(open_hz, 2 * stroke.hz)) ** 2.5), 3)
    sweep = dsp.curve(((0, 1.0), (0.25, 0.55), (1.2, 0.35)), count, rate) * np.float32(0.5 + 0.5 * stroke.velocity)
    out = np.zeros((2, count), np.float32)
    for number, off in enumerate(cents):
        place = 0.85 * (2 * number / (len(cents) - 1) - 1)
        shaken = dsp.vibrato(count, rate, rng, 5.3, vibrato_cents, 0.4) + off
        turn = dsp.phase(stroke.hz, shaken, rate, rng.uniform(0, 1))
        tone = dsp.lookup(closed, turn)
        tone += sweep * (dsp.lookup(opened, turn) - tone)
        share = 1.0 if off == 0 else 0.8 / (len(cents) - 1)
        out += tone * np.array([[share * (1 - place)], [share * (1 + place)]], np.float32)
    out *= np.float32(0.36)
    return dsp.rise(out, 0.006, rate)


def saw(stroke: Stroke) -> Stereo:
    """Five saws."""
    gains = 1 / dsp.harmonics(stroke.hz * 1.02, stroke.rate_hz, 60)
    return lead(stroke, gains, 2200 + 4200 * stroke.velocity, (-11.0, -5.0, 0.0, 5.0, 11.0), 6.0)


def square(stroke: Stroke) -> Stereo:
    """Three squares, the duty a little off a half."""
    numbers = dsp.harmonics(stroke.hz * 1.02, stroke.rate_hz, 60)
    gains = np.abs(np.sin(np.pi * numbers * 0.47)) / numbers
    return lead(stroke, gains, 1800 + 3200 * stroke.velocity, (-5.0, 0.0, 5.0), 8.0)


def soft(stroke: Stroke) -> Stereo:
    """Almost a sine, with a long vibrato."""
    numbers = dsp.harmonics(stroke.hz * 1.02, stroke.rate_hz, 12)
    gains = np.where(numbers % 2 == 1, 1.0, 0.35) / numbers**1.7
    return dsp.rise(lead(stroke, gains, 1500 + 2000 * stroke.velocity, (-4.0, 0.0, 4.0), 11.0), 0.03, stroke.rate_hz)


INSTRUMENTS = {
    "lead_saw": Instrument(
        saw, low=40, high=100, release_s=0.1, sustained=True, layers=3, takes=1, high_pass_hz=140, range_db=18.0
    ),
    "lead_square": Instrument(
        square, low=40, high=100, release_s=0.08, sustained=True, layers=3, takes=1, high_pass_hz=140, range_db=18.0
    ),
    "lead_soft": Instrument(
        soft, low=40, high=100, release_s=0.14, sustained=True, layers=2, takes=1, high_pass_hz=140, range_db=18.0
    ),
}
