"""Instruments of the demo's song, each made of sines and filtered noise: no samples, no sound font.

Every function gives mono float64 of the length asked for, near full scale; times are in seconds, frequencies in Hz.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import signal

Mono = npt.NDArray[np.float64]
RATE_HZ = 44100

# Formants of sung vowels, rounded, for a light male voice: (frequency Hz, bandwidth Hz, level dB), five of each.
VOWELS: dict[str, tuple[tuple[float, float, float], ...]] = {
    "a": ((720, 80, 0), (1180, 90, -5), (2850, 120, -10), (3300, 130, -12), (4200, 140, -22)),
    "e": ((440, 70, 0), (1850, 80, -10), (2800, 100, -12), (3400, 120, -14), (4300, 120, -22)),
    "i": ((320, 50, 0), (2150, 90, -13), (2900, 100, -16), (3500, 120, -18), (4300, 120, -26)),
    "o": ((450, 70, 0), (880, 80, -9), (2700, 100, -14), (3200, 130, -14), (4100, 135, -26)),
    "u": ((370, 50, 0), (680, 60, -14), (2650, 100, -18), (3100, 120, -18), (4000, 120, -28)),
}


def hz(note: float) -> float:
    """Frequency of a MIDI note number."""
    return float(440.0 * 2 ** ((note - 69) / 12))


def frames(seconds: float) -> int:
    """Number of frames in a time."""
    return round(seconds * RATE_HZ)


def _time(length_s: float) -> Mono:
    return np.arange(frames(length_s)) / RATE_HZ


def fade(x: Mono, attack_s: float, release_s: float) -> Mono:
    """`x` with a raised-cosine beginning and end."""
    out = x.copy()
    a, r = min(frames(attack_s), len(x)), min(frames(release_s), len(x))
    out[:a] *= 0.5 - 0.5 * np.cos(np.linspace(0, np.pi, a))
    out[len(x) - r :] *= 0.5 + 0.5 * np.cos(np.linspace(0, np.pi, r))
    return out


def band(x: Mono, low_hz: float, high_hz: float, order: int = 2) -> Mono:
    """`x` between two frequencies; 0 leaves a side open."""
    if low_hz and high_hz:
        sections = signal.butter(order, (low_hz, high_hz), "bandpass", fs=RATE_HZ, output="sos")
    elif low_hz:
        sections = signal.butter(order, low_hz, "highpass", fs=RATE_HZ, output="sos")
    else:
        sections = signal.butter(order, high_hz, "lowpass", fs=RATE_HZ, output="sos")
    filtered: Mono = signal.sosfilt(sections, x)
    return filtered


def kick() -> Mono:
    """A bass drum: a sine that falls from 170 to 48 Hz, and a click."""
    t = _time(0.4)
    phase = 2 * np.pi * (48 * t + 122 / 28 * (1 - np.exp(-28 * t)))
    click = np.exp(-t * 900) * np.sin(2 * np.pi * 3200 * t)
    return fade(np.tanh(1.8 * np.sin(phase) * np.exp(-t * 8.5)) + 0.25 * click, 0.001, 0.05)


def snare(rng: np.random.Generator) -> Mono:
    """A snare drum: two modes of the skin, and the wires' noise."""
    t = _time(0.28)
    skin = np.sin(2 * np.pi * 186 * t) * np.exp(-t * 24) + 0.6 * np.sin(2 * np.pi * 331 * t) * np.exp(-t * 32)
    wires = band(rng.standard_normal(len(t)), 1800, 11000) * np.exp(-t * 17)
    return fade(0.55 * skin + 0.6 * wires, 0.0005, 0.04)


def hat(rng: np.random.Generator, *, opened: bool = False) -> Mono:
    """A hi-hat: six inharmonic squares and noise, above 7 kHz."""
    t = _time(0.42 if opened else 0.09)
    metal = sum(np.sign(np.sin(2 * np.pi * f * t)) for f in (2053, 3071, 4187, 5413, 6199, 8263))
    bright = band(0.12 * metal + 0.5 * rng.standard_normal(len(t)), 7000, 0, order=3)
    return fade(bright * np.exp(-t * (9 if opened else 55)), 0.0005, 0.02)


def crash(rng: np.random.Generator) -> Mono:
    """A cymbal that rings out over two seconds."""
    t = _time(2.2)
    return fade(band(rng.standard_normal(len(t)), 3500, 15000) * np.exp(-t * 2.1), 0.001, 0.3)


def bass(note: float, length_s: float) -> Mono:
    """A plucked electric bass: harmonics that die the sooner the higher they are."""
    t = _time(length_s)
    f = hz(note)
    tone = sum(np.sin(2 * np.pi * f * k * t) * np.exp(-t * (1.1 + 1.5 * k)) / k**1.1 for k in range(1, 13))
    return fade(np.tanh(1.3 * np.asarray(tone)), 0.004, 0.03)


def pluck(note: float, length_s: float, rng: np.random.Generator) -> Mono:
    """A plucked string after Karplus and Strong (1983): noise going round a delay line that averages neighbours."""
    period = max(2, round(RATE_HZ / hz(note) - 0.5))
    burst = np.zeros(frames(length_s))
    burst[:period] = band(rng.uniform(-1, 1, period), 0, 6000)
    feedback = np.zeros(period + 2)
    feedback[0], feedback[period], feedback[period + 1] = 1.0, -0.498, -0.498
    string: Mono = signal.lfilter([1.0], feedback, burst)
    return fade(string, 0.001, 0.05)


def pad(notes: Sequence[float], length_s: float, detune: float) -> Mono:
    """A warm chord: two saws for each note, `detune` apart as a share, harmonics falling off above 1.5 kHz."""
    t = _time(length_s)
    out = np.zeros(len(t))
    for number, note in enumerate(notes):
        for side in (-1, 1):
            f = hz(note) * (1 + side * detune)
            for k in range(1, int(min(24, 5000 / f))):
                level = 1 / k / np.sqrt(1 + (f * k / 1500) ** 4)
                out += level * np.sin(2 * np.pi * f * k * t + 1.7 * number + side + k * k)
    return fade(out / (2 * len(notes)), 0.18, 0.25)


def lead(note: float, length_s: float) -> Mono:
    """A hollow lead, odd harmonics with late vibrato."""
    t = _time(length_s)
    cents = 14 * np.sin(2 * np.pi * 5.6 * t) * np.clip((t - 0.25) / 0.4, 0, 1)
    phase = 2 * np.pi * np.cumsum(hz(note) * 2 ** (cents / 1200)) / RATE_HZ
    tone = sum(np.sin(k * phase) / k**1.4 for k in range(1, 12, 2))
    return fade(np.asarray(tone) * 0.8, 0.02, 0.08)


def voice(pitch_hz: Mono, loudness: Mono, vowel: Sequence[Mono], rng: np.random.Generator) -> Mono:
    """A sung line: harmonics of `pitch_hz` shaped by formants that move from vowel to vowel, and breath.

    `loudness`: the envelope, 0 to 1. `vowel`: for each of `VOWELS`, in order, its share at each frame, 1 in all.
    """
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    formants = _moving_formants(vowel)
    out, power = np.zeros(len(pitch_hz)), np.full(len(pitch_hz), 1e-6)
    for k in range(1, 49):
        f = pitch_hz * k
        # The glottis falls by some 9 dB an octave; what would fold over is left out.
        level = k**-1.5 * _resonance(f, formants) * (f < RATE_HZ * 0.45)
        out += level * np.sin(k * phase)
        power += level**2
    # A singer holds loudness even where a harmonic meets a formant and where none does; most of it, not all.
    out /= power**0.4
    breath = band(rng.standard_normal(len(out)), 2500, 9000) * 0.02
    return (out + breath) * loudness


def consonant(kind: str, rng: np.random.Generator) -> Mono:
    """The noise of an s or t, or of a soft h."""
    low, high, length_s, level = {
        "s": (5200, 11000, 0.11, 0.5),
        "t": (3000, 9000, 0.03, 0.8),
        "h": (900, 4000, 0.07, 0.2),
    }[kind]
    noise = band(rng.standard_normal(frames(length_s)), low, high)
    return fade(noise * level, 0.25 * length_s, 0.5 * length_s)


def _moving_formants(vowel: Sequence[Mono]) -> list[tuple[Mono, Mono, Mono]]:
    """(frequency, bandwidth, linear level) of each formant at each frame."""
    table = np.array(list(VOWELS.values()))  # (vowel, formant, 3)
    shares = np.stack(vowel)  # (vowel, frame)
    moved = np.einsum("vt,vfp->fpt", shares, table)
    return [(f[0], f[1], 10 ** (f[2] / 20)) for f in moved]


def _resonance(f: Mono, formants: Sequence[tuple[Mono, Mono, Mono]]) -> Mono:
    total = np.zeros(len(f))
    for centre, width, level in formants:
        total += level / np.sqrt(1 + ((f - centre) / (0.5 * width)) ** 2)
    return total


def room(x: Mono, rng: np.random.Generator, length_s: float, level: float) -> npt.NDArray[np.float64]:
    """`x` in a room: (2, frames) of its reverberation alone, other for each side."""
    t = _time(length_s)
    out = np.empty((2, len(x)))
    for side in out:
        tail = band(rng.standard_normal(len(t)) * np.exp(-6.9 * t / length_s), 250, 6500)
        side[:] = signal.fftconvolve(x, tail)[: len(x)]
    out *= level / np.sqrt(len(t) / 10)
    return out
