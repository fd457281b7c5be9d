"""Pianos and organs."""

import numpy as np

from gpu_workers.composition.sound import dsp
from gpu_workers.composition.sound.instrument import Instrument, Stereo, Stroke
from gpu_workers.composition.sound.string import String, frequencies, pluck

_BOARD = tuple(
    (float(hz), 0.22 * float(hz), float(level))
    for hz, level in (
        (98, 0.5),
        (145, 0.4),
        (210, 0.55),
        (320, 0.3),
        (480, 0.35),
        (760, 0.25),
        (1150, 0.3),
        (1900, 0.2),
    )
)
"""Humps of a sounding board, chosen by ear from those that measured boards have between 80 Hz and 2 kHz."""


def piano(stroke: Stroke) -> Stereo:
    """Grand piano: three slightly mistuned strings, a prompt and a late decay, hammer and board."""
    rng, rate = stroke.rng, stroke.rate_hz
    numbers, freqs = frequencies(stroke.hz, _stiffness(stroke.pitch), rate, 60)
    gains = _hammer(stroke, numbers, freqs) * dsp.resonances(freqs, _BOARD, 0.8)
    gains *= rng.uniform(0.8, 1.2, len(numbers)) / np.sqrt((gains**2).sum()) * 0.5
    late = 16.0 * 0.62 ** ((stroke.pitch - 45) / 12) / (1 + 0.09 * (numbers - 1) ** 1.1)
    side = 0.35 * np.clip((stroke.pitch - 62) / 40, -1, 1)
    rows = [
        (freqs * 2 ** (cents / 1200), dsp.spread(gains * level, rng, 0.35), late * factor)
        for cents, level, factor in ((-0.35, 0.8, 0.35), (0.0, 0.5, 0.6), (0.45, 0.3, 1.1))
    ]
    levels = np.concatenate([row[1] for row in rows], axis=1)
    levels *= np.array([[1 - side], [1 + side]])
    tone = dsp.partials(
        np.concatenate([row[0] for row in rows]),
        levels,
        np.concatenate([row[2] for row in rows]),
        stroke.frames,
        rate,
        np.tile(rng.uniform(-0.5, 0.5, len(numbers)), 3),
    )
    dsp.rise(tone, 0.0012 + 0.004 * (1 - stroke.velocity), rate)
    return tone + _knock(stroke, 0.05 + 0.09 * stroke.velocity)


def _stiffness(pitch: int) -> float:
    """Measured pianos: 1e-4 in the bass, doubling about every eight semitones from C3 on."""
    return 1e-4 * 2 ** (max(pitch - 48, 0) / 8.5)


def _hammer(stroke: Stroke, numbers: dsp.Array, freqs: dsp.Array) -> dsp.Array:
    """Felt: a low-pass that opens with velocity, on a string struck at an eighth."""
    cutoff = 450 * 9 ** (stroke.velocity**1.1) + 0.8 * stroke.hz
    comb = np.abs(np.sin(np.pi * numbers / 8)) + 0.08
    gains: dsp.Array = comb * numbers**-0.75 * np.exp(-freqs / cutoff)
    return gains


def _knock(stroke: Stroke, level: float) -> Stereo:
    """Hammer and key bed: a short low thump and a little felt."""
    count = min(stroke.frames, round(0.25 * stroke.rate_hz))
    grit = dsp.band_pass(dsp.noise(count, stroke.rng), 500, 2600, stroke.rate_hz) * dsp.decay(
        0.07, count, stroke.rate_hz
    )
    modes = np.array((86.0, 131.0, 187.0, 263.0)) * stroke.rng.uniform(0.96, 1.04, 4)
    thump = dsp.partials(modes, (0.6, 0.5, 0.4, 0.3), (0.16, 0.14, 0.12, 0.1), count, stroke.rate_hz)
    out = np.zeros((2, stroke.frames), np.float32)
    out[:, :count] = np.float32(level) * (thump + np.float32(0.35) * grit)
    return out


def epiano(stroke: Stroke) -> Stereo:
    """Electric piano with tines: two frequency modulations, one for the bar and one for the bell, and a slow tremolo.

    J. Chowning, "The synthesis of complex audio spectra by means of frequency modulation", 1973.
    """
    rate, v = stroke.rate_hz, stroke.velocity
    t = dsp.time_s(stroke.frames, rate)
    turn = 2 * np.pi * stroke.hz * t
    body_s = 9.0 * 0.6 ** ((stroke.pitch - 48) / 12) + 0.5
    index = (0.35 + 1.5 * v**1.4) * np.exp(-t * 1.6) + 0.18
    low = min(1.0, 900 / stroke.hz)
    bar = np.sin(turn + low * index * np.sin(turn)) * np.exp(-6.9 * t / body_s)
    bell = np.sin(14.0 * turn + 0.4 * np.sin(turn)) if 14 * stroke.hz < 0.4 * rate else 0.0
    bell = bell * (0.10 * v**1.3) * np.exp(-t * 11)
    second = 0.10 * v * np.sin(2 * turn + 0.6) * np.exp(-6.9 * t / (0.5 * body_s))
    tone = (0.55 * (bar + bell + second)).astype(np.float32)
    sway = (0.16 * np.sin(2 * np.pi * 4.7 * t + stroke.rng.uniform(0, 6.3))).astype(np.float32)
    return dsp.rise(np.stack((tone * (1 + sway), tone * (1 - sway))), 0.002, rate)


_DRAWBARS = ((0.5, 0.7), (1.0, 1.0), (1.5, 0.55), (2.0, 0.6), (3.0, 0.28), (4.0, 0.3), (6.0, 0.12), (8.0, 0.16))


def organ(stroke: Stroke) -> Stereo:
    """Tone wheels under nine drawbars, key click, and the slow turn of a horn and a drum."""
    rate = stroke.rate_hz
    ratios, levels = np.array(_DRAWBARS).T
    gains = levels * np.where(ratios >= 3, 0.5 + 0.7 * stroke.velocity, 1.0) * 0.26
    tone = dsp.partials(stroke.hz * ratios, dsp.spread(gains, stroke.rng, 0.3), dsp.FOREVER_S, stroke.frames, rate)
    t = dsp.time_s(stroke.frames, rate)
    start = stroke.rng.uniform(0, 6.3)
    turn = np.sin(2 * np.pi * 0.83 * t + start)
    tone = dsp.bend(tone, 3.0 * np.cos(2 * np.pi * 0.83 * t + start))
    tone *= np.stack((1 + 0.22 * turn, 1 - 0.22 * turn)).astype(np.float32)
    click = dsp.band_pass(dsp.noise(stroke.frames, stroke.rng), 1500, 6000, rate) * dsp.decay(0.03, stroke.frames, rate)
    return dsp.rise(tone, 0.004, rate) + np.float32(0.05) * click


_CLAVINET = String(
    t60_s=3.2, damping=0.05, place=0.09, tilt=0.55, dull_hz=1500, bright_hz=6000, stiffness=6e-5, second=0.2,
    noise=0.09, noise_hz=(900, 6000), noise_s=0.012, width=0.1,
    body=((900, 700, 0.8), (2400, 1500, 1.0)), floor=0.6,
)  # fmt: skip


def clavinet(stroke: Stroke) -> Stereo:
    """A string that a key presses on an anvil, with two pickups."""
    return pluck(stroke, _CLAVINET)


INSTRUMENTS = {
    "piano": Instrument(piano, low=24, high=106, release_s=0.22, longest_s=14.0, layers=5, takes=1, high_pass_hz=38),
    "epiano": Instrument(
        epiano, low=33, high=100, release_s=0.14, longest_s=10.0, takes=1, high_pass_hz=60, chorus=0.3
    ),
    "organ": Instrument(
        organ, low=36, high=96, release_s=0.05, sustained=True, layers=2, takes=1, high_pass_hz=60, range_db=14.0
    ),
    "clavinet": Instrument(clavinet, low=36, high=88, release_s=0.03, longest_s=4.0, high_pass_hz=90),
}
