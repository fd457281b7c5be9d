"""Basses."""

import numpy as np

from gpu_workers.composition.sound import dsp
from gpu_workers.composition.sound.instrument import Instrument, Stereo, Stroke
from gpu_workers.composition.sound.string import String, pluck

_FINGER = String(
    t60_s=4.5, shorter=0.8, damping=0.16, place=0.2, tilt=0.9, dull_hz=380, bright_hz=1900, stiffness=8e-5, noise=0.05,
    noise_hz=(300, 2500), noise_s=0.015, body=((700.0, 700.0, 0.5), (1600.0, 1200.0, 0.5)), floor=0.9, width=0.0,
    most=40, attack_s=0.004, sharp_cents=6.0,
)  # fmt: skip
_UPRIGHT = String(
    t60_s=1.9, shorter=0.8, damping=0.3, place=0.24, dull_hz=300, bright_hz=1300, stiffness=4e-5, noise=0.16,
    noise_hz=(120, 1800), noise_s=0.03, floor=0.7,
    body=((62.0, 18.0, 1.0), (98.0, 24.0, 1.2), (175.0, 50.0, 0.8), (700.0, 400.0, 0.4)),
    width=0.1, most=36, attack_s=0.006, sharp_cents=8.0,
)  # fmt: skip


def finger(stroke: Stroke) -> Stereo:
    """Electric bass, fingers, a valve stage."""
    return dsp.softened(pluck(stroke, _FINGER), 1.6)


def upright(stroke: Stroke) -> Stereo:
    """Double bass, plucked."""
    return pluck(stroke, _UPRIGHT)


def synth(stroke: Stroke) -> Stereo:
    """Saw and square, an octave of sine beneath, under a filter that closes after the attack."""
    numbers = dsp.harmonics(stroke.hz, stroke.rate_hz, 48)
    saw = 1 / numbers + np.where(numbers % 2 == 1, 0.5 / numbers, 0.0)
    freqs = numbers * stroke.hz
    settled = 1 / (1 + (freqs / (260 + 420 * stroke.velocity + stroke.hz)) ** 3)
    opened = 1 / (1 + (freqs / (900 + 2600 * stroke.velocity)) ** 3)
    both = np.concatenate((freqs, freqs))
    gains = 0.42 * np.concatenate((saw * settled, saw * (opened - settled)))
    t60 = np.concatenate((np.full(len(numbers), 200.0), np.full(len(numbers), 0.55)))
    phases = np.tile(np.full(len(numbers), 0.0), 2)
    tone = dsp.partials(both, gains, t60, stroke.frames, stroke.rate_hz, phases)
    return dsp.rise(dsp.softened(tone, 1.4), 0.004, stroke.rate_hz)


def sub(stroke: Stroke) -> Stereo:
    """A deep sine with a soft edge: the falling bass drum that became a bass."""
    t = dsp.time_s(stroke.frames, stroke.rate_hz)
    turn = dsp.phase(stroke.hz, 700 * stroke.velocity * np.exp(-t / 0.012), stroke.rate_hz)
    tone = (np.sin(2 * np.pi * turn) * np.exp(-6.9 * t / 14.0)).astype(np.float32)
    edge = np.tanh(np.float32(1.2 + 1.2 * stroke.velocity) * tone) * np.float32(0.62)
    return dsp.rise(np.stack((edge, edge)), 0.004, stroke.rate_hz)


INSTRUMENTS = {
    "bass_finger": Instrument(finger, low=26, high=60, release_s=0.06, longest_s=7.0, high_pass_hz=32, compression=3.0),
    "bass_synth": Instrument(
        synth, low=24, high=60, release_s=0.05, sustained=True, high_pass_hz=28, compression=3.0, range_db=18.0
    ),
    "bass_sub": Instrument(
        sub, low=24, high=55, release_s=0.07, longest_s=10.0, high_pass_hz=24, takes=1, compression=3.0, range_db=18.0
    ),
    "bass_upright": Instrument(upright, low=28, high=62, release_s=0.1, longest_s=5.0, high_pass_hz=34, takes=3),
}
