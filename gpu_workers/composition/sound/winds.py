"""Flutes and brass."""

from dataclasses import dataclass

import numpy as np

from gpu_workers.composition.sound import dsp
from gpu_workers.composition.sound.instrument import Instrument, Stereo, Stroke


@dataclass(frozen=True, slots=True)
class Pipe:
    """A flute: a few harmonics, breath that the pipe colours, and a chiff."""

    harmonics: tuple[float, ...]
    breath: float
    vibrato_hz: float
    vibrato_cents: float
    onset_s: float
    scoop_cents: float = 0.0
    attack_s: float = 0.05


_FLUTE = Pipe((1.0, 0.42, 0.20, 0.10, 0.05, 0.02), 0.035, 5.2, 8.0, 0.35, attack_s=0.05)
_BANSURI = Pipe((1.0, 0.26, 0.16, 0.05, 0.03), 0.075, 4.7, 12.0, 0.5, scoop_cents=70.0, attack_s=0.07)


def blown(stroke: Stroke, pipe: Pipe) -> Stereo:
    """One note of a flute: loud ones have more overtones, and vibrato moves loudness more than pitch."""
    rng, rate, count, v = stroke.rng, stroke.rate_hz, stroke.frames, stroke.velocity
    gains = np.array(pipe.harmonics) * v ** (0.7 * np.arange(len(pipe.harmonics)))
    gains = gains[np.arange(1, len(gains) + 1) * stroke.hz < 0.42 * rate]
    cents = dsp.vibrato(count, rate, rng, pipe.vibrato_hz, pipe.vibrato_cents, pipe.onset_s)
    loud = (1 + 0.10 * cents / pipe.vibrato_cents).astype(np.float32)
    if pipe.scoop_cents:
        cents -= pipe.scoop_cents * np.exp(-dsp.time_s(count, rate) / 0.045)
    tone = dsp.lookup(dsp.table(gains, int(rng.integers(1 << 30))), dsp.phase(stroke.hz, cents, rate))
    attack = pipe.attack_s * (1.3 - 0.6 * v)
    tone *= loud * dsp.curve(((0, 0), (attack, 0.85), (attack + 0.25, 1.0)), count, rate)
    air = dsp.noise(count, rng)
    coloured = dsp.band_pass(air, 0.8 * stroke.hz, 2.6 * stroke.hz, rate, 1) + np.float32(0.4) * dsp.band_pass(
        air, 2500, 8000, rate, 1
    )
    coloured *= dsp.curve(((0, 0.2), (0.02, 2.6), (0.09, 1.0)), count, rate)
    out = dsp.panned(np.float32(0.42) * tone, 0.0)
    out += np.float32(pipe.breath * (0.5 + 0.5 * v)) * dsp.panned(coloured, 0.1 * float(rng.uniform(-1, 1)))
    return out


def flute(stroke: Stroke) -> Stereo:
    """Concert flute."""
    return blown(stroke, _FLUTE)


def bansuri(stroke: Stroke) -> Stereo:
    """Bamboo flute, breathy, sliding into its notes."""
    return blown(stroke, _BANSURI)


def brass(stroke: Stroke) -> Stereo:
    """Three horns and trombones whose overtones open with the breath.

    The brightness follows the loudness: J. Beauchamp, "Analysis and synthesis of cornet tones", 1975.
    """
    rate, rng, count = stroke.rate_hz, stroke.rng, stroke.frames
    numbers = dsp.harmonics(stroke.hz * 1.02, rate, 40)
    freqs = numbers * stroke.hz
    body = dsp.resonances(freqs, ((480, 350, 0.8), (1150, 700, 0.9)), 0.6) * numbers**-0.35
    dark = dsp.table(body / (1 + (freqs / 420) ** 2), 1)
    open_hz = 700 + 2900 * stroke.velocity
    bright = dsp.table(body / (1 + (freqs / open_hz) ** 2.2), 1)
    attack = 0.075 - 0.04 * stroke.velocity
    swell = dsp.curve(((0, 0), (attack, 1.0), (attack + 0.12, 0.78), (attack + 1.2, 0.9)), count, rate)
    out = np.zeros((2, count), np.float32)
    for place, off, share in ((-0.7, -4.0, 0.7), (0.0, 0.0, 1.4), (0.7, 4.0, 0.7)):
        cents = dsp.vibrato(count, rate, rng, 5.0, 5.0, 0.5) + off
        cents -= 35 * np.exp(-dsp.time_s(count, rate) / 0.025)
        turn = dsp.phase(stroke.hz, cents, rate, rng.uniform(0, 1))
        tone = dsp.lookup(dark, turn)
        tone += swell * (dsp.lookup(bright, turn) - tone)
        out += tone * np.array([[1 - place], [1 + place]], np.float32) * np.float32(0.2 * share)
    return out * dsp.curve(((0, 0), (attack, 1.0), (attack + 0.15, 0.88)), count, rate)


INSTRUMENTS = {
    "flute": Instrument(
        flute, low=60, high=98, release_s=0.1, sustained=True, layers=3, high_pass_hz=220, range_db=18.0
    ),
    "bansuri": Instrument(
        bansuri, low=52, high=91, release_s=0.14, sustained=True, layers=3, high_pass_hz=150, range_db=18.0
    ),
    "brass": Instrument(brass, low=36, high=84, release_s=0.1, sustained=True, layers=4, takes=1, high_pass_hz=90),
}
