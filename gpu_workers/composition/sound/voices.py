"""Sung vowels: a glottis of harmonics through formants, alone or as a choir.

Formants are rounded from G. Peterson and H. Barney, "Control methods used in a study of the vowels", 1952 (men and
women), with the third to fifth of sung tones.
"""

import numpy as np

from gpu_workers.composition.sound import dsp
from gpu_workers.composition.sound.instrument import Instrument, Mono, Stereo, Stroke

_LOW = {
    "a": ((700, 110, 1.0), (1150, 120, 0.55), (2600, 200, 0.25), (3200, 240, 0.2)),
    "o": ((480, 90, 1.0), (860, 110, 0.5), (2500, 200, 0.14), (3100, 240, 0.1)),
    "u": ((330, 80, 1.0), (720, 100, 0.3), (2400, 200, 0.06), (3000, 240, 0.05)),
}
_HIGH = {
    "a": ((850, 130, 1.0), (1300, 140, 0.6), (2850, 240, 0.3), (3800, 300, 0.18)),
    "o": ((560, 110, 1.0), (950, 130, 0.5), (2750, 240, 0.16), (3700, 300, 0.1)),
    "u": ((400, 100, 1.0), (850, 120, 0.3), (2700, 240, 0.08), (3600, 300, 0.05)),
}


def singer(stroke: Stroke, vowels: tuple[str, str], hz: float, vibrato_cents: float, attack_s: float) -> Mono:
    """One voice that goes from one vowel to the other within the first second."""
    rng, rate, count = stroke.rng, stroke.rate_hz, stroke.frames
    numbers = dsp.harmonics(hz * 1.03, rate, 50)
    freqs = numbers * hz
    formants = _LOW if stroke.pitch < 60 else _HIGH
    seed, tilt = int(rng.integers(1 << 30)), 1.25 - 0.45 * stroke.velocity
    size = rng.uniform(0.96, 1.05)
    tables = []
    for vowel in vowels:
        throat = tuple((f * size, max(width, 0.35 * hz), level) for f, width, level in formants[vowel])
        tables.append(dsp.table(dsp.resonances(freqs, throat, 0.02) * numbers**-tilt, seed))
    cents = dsp.vibrato(count, rate, rng, rng.uniform(4.9, 5.8), vibrato_cents, 0.4)
    cents -= 40 * np.exp(-dsp.time_s(count, rate) / 0.06)
    turn = dsp.phase(hz, cents, rate, rng.uniform(0, 1))
    tone = dsp.lookup(tables[0], turn)
    tone += dsp.curve(((0, 0), (0.15, 0.1), (1.1, 1.0)), count, rate) * (dsp.lookup(tables[1], turn) - tone)
    return tone * dsp.curve(((0, 0), (0.5 * attack_s, 0.4), (attack_s, 0.9), (attack_s + 0.5, 1)), count, rate)


def breath(stroke: Stroke, level: float) -> Mono:
    """Air."""
    return dsp.band_pass(dsp.noise(stroke.frames, stroke.rng), 2200, 7000, stroke.rate_hz, 1) * np.float32(level)


def choir(stroke: Stroke) -> Stereo:
    """Six singers on ah."""
    out = np.zeros((2, stroke.frames), np.float32)
    for place, off in ((-0.85, -6.0), (-0.5, 3.5), (-0.15, -1.5), (0.15, 1.5), (0.5, -3.5), (0.85, 6.0)):
        one = singer(stroke, ("u", "a"), stroke.hz * 2 ** (off / 1200), 14.0, 0.22)
        out += one * np.array([[1 - place], [1 + place]], np.float32) * np.float32(0.2)
    return out + breath(stroke, 0.006) * dsp.curve(((0, 0), (0.3, 1.0)), stroke.frames, stroke.rate_hz)


def vowel(stroke: Stroke) -> Stereo:
    """One voice, its double a little beside it."""
    first = ("o", "a") if stroke.rng.uniform() < 0.5 else ("u", "o")
    near = singer(stroke, first, stroke.hz, 18.0, 0.07)
    beside = singer(stroke, first, stroke.hz, 16.0, 0.09)
    out = dsp.panned(np.float32(0.42) * near, -0.1) + dsp.panned(np.float32(0.16) * beside, 0.5)
    return out + breath(stroke, 0.012) * dsp.curve(((0, 0), (0.05, 1.0), (0.2, 0.6)), stroke.frames, stroke.rate_hz)


INSTRUMENTS = {
    "choir": Instrument(
        choir,
        low=40,
        high=86,
        release_s=0.45,
        sustained=True,
        takes=1,
        layers=2,
        longest_s=9.0,
        high_pass_hz=100,
        range_db=18.0,
    ),
    "vowel": Instrument(
        vowel, low=43, high=84, release_s=0.16, sustained=True, layers=3, high_pass_hz=110, range_db=18.0
    ),
}
