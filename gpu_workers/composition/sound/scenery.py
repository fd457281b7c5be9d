"""Sounds between the sections: risers, impacts and the noise of an old record."""

from itertools import pairwise

import numpy as np

from gpu_workers.composition.sound import dsp
from gpu_workers.composition.sound.instrument import Instrument, Stereo, Stroke


def riser(stroke: Stroke) -> Stereo:
    """Noise and a tone that climb for the whole of the note; the last tenth of a second lets go."""
    rate, count, rng = stroke.rate_hz, stroke.frames, stroke.rng
    share = np.linspace(0, 1, count)
    out = np.zeros((2, count), np.float32)
    edges = np.geomspace(300, 9000, 9)
    for side in range(2):
        hiss = dsp.noise(count, rng)
        for number, (low, high) in enumerate(pairwise(edges)):
            near = np.exp(-(((share * 8.5 - number) / 1.6) ** 2)).astype(np.float32)
            out[side] += near * dsp.band_pass(hiss, low, high, rate, 1)
    hz = 110 * 2 ** ((stroke.pitch % 12) / 12)
    turn = 2 * np.pi * np.cumsum(hz * 2 ** (3 * share**1.5)) / rate
    tone = (np.sin(turn) + 0.4 * np.sin(2.01 * turn)).astype(np.float32)
    out = np.float32(0.35) * out + np.float32(0.10) * tone
    return out * (share**2).astype(np.float32)


def impact(stroke: Stroke) -> Stereo:
    """A deep drop, a burst and its long dark tail."""
    rate, count, rng = stroke.rate_hz, stroke.frames, stroke.rng
    t = dsp.time_s(count, rate)
    drop = np.sin(2 * np.pi * np.cumsum(34 + 70 * np.exp(-t / 0.12)) / rate) * np.exp(-6.9 * t / 2.6)
    out = dsp.panned(dsp.softened(drop.astype(np.float32), 2.0), 0.0)
    for side in range(2):
        burst = dsp.low_pass(dsp.noise(count, rng), 900, rate) * dsp.decay(2.2, count, rate)
        crack = dsp.band_pass(dsp.noise(count, rng), 1200, 8000, rate, 1) * dsp.decay(0.35, count, rate)
        out[side] += np.float32(0.5) * burst + np.float32(0.3 * stroke.velocity) * crack
    return dsp.rise(out, 0.002, rate)


def vinyl(stroke: Stroke) -> Stereo:
    """Rumble, hiss and crackle."""
    rate, count, rng = stroke.rate_hz, stroke.frames, stroke.rng
    out = np.zeros((2, count), np.float32)
    clicks = (rng.uniform(size=count) < 3.0 / rate) * np.clip(rng.standard_normal(count) ** 3, -2.5, 2.5)
    shared = dsp.band_pass(clicks.astype(np.float32), 900, 7000, rate, 1)
    for side in range(2):
        own = (rng.uniform(size=count) < 18.0 / rate) * rng.standard_normal(count)
        hiss = dsp.band_pass(dsp.noise(count, rng), 600, 7500, rate, 1)
        rumble = dsp.band_pass(dsp.noise(count, rng), 35, 120, rate, 1)
        out[side] = np.float32(0.9) * shared + dsp.band_pass(own.astype(np.float32), 1500, 9000, rate, 1)
        out[side] += np.float32(0.018) * hiss + np.float32(0.03) * rumble
    return out


INSTRUMENTS = {
    "riser": Instrument(riser, release_s=0.1, longest_s=30.0, exact=True, takes=1, layers=1, high_pass_hz=90),
    "impact": Instrument(impact, release_s=0.1, ring_s=3.0, longest_s=3.2, takes=2, layers=2, high_pass_hz=24),
    "vinyl": Instrument(
        vinyl, release_s=0.5, longest_s=12.0, sustained=True, takes=1, layers=1, high_pass_hz=30, range_db=18.0,
        compression=1.0,
    ),
}  # fmt: skip
