"""Bowed strings: a saw-like table on a body, vibrato and drift for each player, bow noise, a bright layer."""

from dataclasses import dataclass

import numpy as np

from gpu_workers.composition.sound import dsp
from gpu_workers.composition.sound.instrument import Instrument, Mono, Stereo, Stroke

Peaks = tuple[tuple[float, float, float], ...]

_VIOLIN: Peaks = (
    (275, 50, 0.8), (460, 70, 1.3), (540, 90, 1.1), (900, 250, 0.5), (1300, 400, 0.5),
    (2500, 1100, 1.0), (3600, 1500, 0.4),
)  # fmt: skip
_CELLO: Peaks = (
    (102, 24, 0.8), (178, 40, 1.2), (220, 50, 1.0), (400, 120, 0.7), (620, 220, 0.5),
    (1500, 800, 0.7), (2600, 1300, 0.35),
)  # fmt: skip
_SARANGI: Peaks = ((310, 70, 1.0), (640, 130, 1.4), (1150, 260, 1.5), (1900, 450, 0.9), (3200, 900, 0.5))
"""Air, main wood and bridge-hill modes of measured violins and cellos, rounded; the sarangi's nasal ones by ear."""


@dataclass(frozen=True, slots=True)
class Bow:
    """How one player plays."""

    body: Peaks
    vibrato_hz: float = 5.4
    vibrato_cents: float = 13.0
    onset_s: float = 0.35
    attack_s: float = 0.07
    bright_hz: float = 3200.0
    noise: float = 0.012
    scoop_cents: float = 0.0
    """How far below the note it begins."""


def tables(stroke: Stroke, bow: Bow) -> tuple[Mono, Mono]:
    """A mellow and a bright period of one player's instrument."""
    rng = stroke.rng
    numbers = dsp.harmonics(stroke.hz * 1.02, stroke.rate_hz, 60)
    freqs = numbers * stroke.hz
    gains = dsp.resonances(freqs, bow.body, 0.35) / numbers**0.85 * rng.uniform(0.75, 1.25, len(numbers))
    cutoff = bow.bright_hz * (0.4 + 0.85 * stroke.velocity)
    seed = int(rng.integers(1 << 30))
    mellow = dsp.table(gains / (1 + (freqs / (0.45 * cutoff)) ** 2), seed)
    return mellow, dsp.table(gains / (1 + (freqs / cutoff) ** 3), seed)


def player(stroke: Stroke, bow: Bow, hz: float, sounds: tuple[Mono, Mono]) -> Mono:
    """One player's note."""
    rng, rate, count = stroke.rng, stroke.rate_hz, stroke.frames
    mellow, bright = sounds
    cents = dsp.vibrato(count, rate, rng, bow.vibrato_hz, bow.vibrato_cents, bow.onset_s)
    if bow.scoop_cents:
        cents -= bow.scoop_cents * np.exp(-dsp.time_s(count, rate) / 0.05)
    turn = dsp.phase(hz, cents, rate, rng.uniform(0, 1))
    attack = bow.attack_s * (1.35 - 0.7 * stroke.velocity)
    end = stroke.length_s
    bloom = dsp.curve(((0, 0.1), (1.5 * attack, 0.75), (1.5 * attack + 0.5, 1.0), (max(end, 4.0), 0.85)), count, rate)
    tone = dsp.lookup(mellow, turn)
    tone += bloom * (dsp.lookup(bright, turn) - tone)
    tone *= dsp.curve(((0, 0), (0.4 * attack, 0.5), (attack, 0.88), (attack + 0.4, 1.0)), count, rate)
    return tone


def bow_noise(stroke: Stroke, level: float) -> Mono:
    """The hair on the string, strongest where the bow sets in."""
    hiss = dsp.band_pass(dsp.noise(stroke.frames, stroke.rng), 1800, 7000, stroke.rate_hz, 1)
    hiss *= dsp.curve(((0, 0.3), (0.03, 1.0), (0.15, 0.45)), stroke.frames, stroke.rate_hz)
    return hiss * np.float32(level)


def section(stroke: Stroke) -> Stereo:
    """First and second violins, violas and cellos as far as the pitch asks for them: six players across the stage."""
    bow = Bow(
        _CELLO if stroke.pitch < 55 else _VIOLIN,
        vibrato_cents=11,
        attack_s=0.13,
        bright_hz=4200,
        noise=0.02,
        onset_s=0.2,
    )
    out = np.zeros((2, stroke.frames), np.float32)
    cents = np.array((-5.0, -3.0, -1.0, 1.0, 3.0, 5.0))
    sounds = [tables(stroke, bow) for _ in range(3)]
    for number, (place, off) in enumerate(zip((-0.8, 0.35, -0.35, 0.8, -0.6, 0.6), cents, strict=True)):
        one = player(stroke, bow, stroke.hz * 2 ** (off / 1200), sounds[number % 3])
        late = min(round(stroke.rng.uniform(0, 0.025) * stroke.rate_hz), stroke.frames - 1)
        out[0, late:] += one[: stroke.frames - late] * np.float32(0.22 * (1 - place))
        out[1, late:] += one[: stroke.frames - late] * np.float32(0.22 * (1 + place))
    return out + bow_noise(stroke, 0.01)


def solo(stroke: Stroke, bow: Bow) -> Stereo:
    """One player, near."""
    return dsp.panned(
        np.float32(0.5) * player(stroke, bow, stroke.hz, tables(stroke, bow)) + bow_noise(stroke, bow.noise), 0.0
    )


def violin(stroke: Stroke) -> Stereo:
    """Violin."""
    return solo(stroke, Bow(_VIOLIN, vibrato_hz=5.8, vibrato_cents=16, bright_hz=5600))


def cello(stroke: Stroke) -> Stereo:
    """Cello."""
    return solo(stroke, Bow(_CELLO, vibrato_hz=5.1, vibrato_cents=14, bright_hz=3400, attack_s=0.09))


def sarangi(stroke: Stroke) -> Stereo:
    """Sarangi: nasal, sliding into the note, with the sympathetic strings' shimmer behind."""
    bow = Bow(_SARANGI, vibrato_hz=5.0, vibrato_cents=9, onset_s=0.5, attack_s=0.06, bright_hz=3600, scoop_cents=90)
    out = solo(stroke, bow)
    ratios = np.array((0.5, 1.0, 1.5, 2.0, 2.25, 3.0, 4.0))
    levels = dsp.spread(0.02 / ratios**0.3, stroke.rng, 0.9)
    rate = stroke.rate_hz
    out += dsp.rise(dsp.partials(ratios * stroke.hz, levels, 6.0, stroke.frames, rate), 0.3, rate)
    return out


INSTRUMENTS = {
    "strings": Instrument(
        section,
        low=36,
        high=96,
        release_s=0.35,
        sustained=True,
        takes=1,
        layers=2,
        longest_s=9.0,
        high_pass_hz=80,
        range_db=20.0,
    ),
    "cello": Instrument(
        cello, low=36, high=76, release_s=0.16, sustained=True, layers=3, high_pass_hz=60, range_db=20.0
    ),
    "violin": Instrument(
        violin, low=55, high=100, release_s=0.14, sustained=True, layers=3, high_pass_hz=170, range_db=20.0
    ),
    "sarangi": Instrument(
        sarangi, low=45, high=84, release_s=0.18, sustained=True, layers=3, high_pass_hz=120, range_db=20.0
    ),
}
