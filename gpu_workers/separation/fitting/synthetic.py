"""Small synthetic songs with known stems: drums, bass, sung vowels and panned chords, all from numpy."""

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfilt

Stereo = npt.NDArray[np.float32]
RATE_HZ = 44100
STEMS = ("vocals", "drums", "bass", "other")

# First three formants in Hz of sung vowels (Peterson and Barney 1952, rounded): a, e, i, o, u.
_VOWELS = ((730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240))
_PROGRESSIONS = ((0, 5, 7, 0), (0, 9, 5, 7), (0, 3, 10, 5), (0, 7, 9, 5))


def song(seed: int, seconds: float = 8.0) -> dict[str, Stereo]:
    """Stems (2, frames) of one song; tempo, key, mode, timbres, pans and gains follow from the seed."""
    rng = np.random.default_rng(seed)
    frames = int(seconds * RATE_HZ)
    beat = 60.0 / rng.uniform(75, 150)
    key = int(rng.integers(36, 48))
    minor = bool(rng.integers(2))
    roots = [key + step for step in _PROGRESSIONS[rng.integers(len(_PROGRESSIONS))]]
    stems = {
        "vocals": _vocals(rng, frames, beat, key, minor),
        "drums": _drums(rng, frames, beat),
        "bass": _bass(rng, frames, beat, roots),
        "other": _other(rng, frames, beat, roots, minor),
    }
    levels = {"vocals": -18.0, "drums": -18.0, "bass": -19.0, "other": -20.0}
    scaled: dict[str, Stereo] = {}
    for name, stem in stems.items():
        rms = float(np.sqrt(np.mean(stem**2))) + 1e-9
        scaled[name] = (stem * (10 ** ((levels[name] + rng.uniform(-4, 4)) / 20) / rms)).astype(np.float32)
    return scaled


def mix(stems: dict[str, Stereo]) -> Stereo:
    """The sum of the stems."""
    total: Stereo = np.stack(list(stems.values())).sum(axis=0, dtype=np.float32)
    return total


def _hz(note: float) -> float:
    return 440.0 * float(2 ** ((note - 69) / 12))


def _place(track: npt.NDArray[np.float64], start_s: float, sound: npt.NDArray[np.float64]) -> None:
    start = int(start_s * RATE_HZ)
    end = min(start + len(sound), len(track))
    if start < end:
        track[start:end] += sound[: end - start]


def _pan(mono: npt.NDArray[np.float64], pan: float) -> npt.NDArray[np.float64]:
    angle = (pan + 1) * np.pi / 4
    return np.stack([mono * np.cos(angle), mono * np.sin(angle)])


def _room(rng: np.random.Generator, stereo: npt.NDArray[np.float64], wet: float) -> npt.NDArray[np.float64]:
    """A little diffuse reverberation: 60 decaying random echoes a side."""
    out = stereo.copy()
    for side in range(2):
        for delay_s in rng.uniform(0.008, 0.35, 60):
            n = int(delay_s * RATE_HZ)
            gain = wet * rng.standard_normal() * np.exp(-delay_s * 12) * 0.35
            out[side, n:] += gain * stereo[rng.integers(2), : stereo.shape[1] - n]
    return out


def _drums(rng: np.random.Generator, frames: int, beat: float) -> npt.NDArray[np.float64]:
    kick_hz, snare_hz = rng.uniform(42, 60), rng.uniform(160, 230)
    t = np.arange(int(0.35 * RATE_HZ)) / RATE_HZ
    kick = np.sin(2 * np.pi * (kick_hz * t + 3.0 * (1 - np.exp(-t * 35)))) * np.exp(-t * rng.uniform(9, 16))
    kick[:200] += rng.standard_normal(200) * 0.3 * np.linspace(1, 0, 200)
    noise = sosfilt(butter(2, rng.uniform(700, 1500), "high", fs=RATE_HZ, output="sos"), rng.standard_normal(len(t)))
    snare = 0.7 * noise * np.exp(-t * rng.uniform(14, 25)) + 0.6 * np.sin(2 * np.pi * snare_hz * t) * np.exp(-t * 30)
    bright = sosfilt(butter(4, rng.uniform(5000, 8000), "high", fs=RATE_HZ, output="sos"), rng.standard_normal(len(t)))
    hat = bright * np.exp(-t * rng.uniform(40, 90)) * 0.5
    centre, side = np.zeros(frames), np.zeros(frames)
    for step in range(int(frames / RATE_HZ / beat * 2) + 1):
        at = step * beat / 2
        _place(side, at, hat * rng.uniform(0.5, 1))
        if step % 4 == 0 or (step % 8 in (3, 7) and rng.random() < 0.3):
            _place(centre, at, kick)
        if step % 4 == 2:
            _place(centre, at, snare * rng.uniform(0.8, 1))
    return _room(rng, _pan(centre, 0) + _pan(side, rng.uniform(-0.5, 0.5)), 0.1)


def _bass(rng: np.random.Generator, frames: int, beat: float, roots: list[int]) -> npt.NDArray[np.float64]:
    track = np.zeros(frames)
    decay, cut = rng.uniform(1, 4), rng.uniform(250, 900)
    harmonics = rng.uniform(0.3, 1.0, 8) / np.arange(1, 9)
    harmonics[0] = 1.0
    for step in range(int(frames / RATE_HZ / beat) + 1):
        note = roots[step // 4 % 4] - 12 * (roots[0] > 40) + int(rng.choice([0, 0, 0, 7, 12]))
        t = np.arange(int(beat * rng.uniform(0.6, 1.0) * RATE_HZ)) / RATE_HZ
        tone = sum(h * np.sin(2 * np.pi * _hz(note) * (k + 1) * t) for k, h in enumerate(harmonics))
        _place(track, step * beat, tone * np.exp(-t * decay) * np.minimum(1, np.minimum(t, t[::-1]) * 150))
    dark: npt.NDArray[np.float64] = sosfilt(butter(2, cut, fs=RATE_HZ, output="sos"), track)
    return _pan(dark, 0)


def _vocals(rng: np.random.Generator, frames: int, beat: float, key: int, minor: bool) -> npt.NDArray[np.float64]:
    """Glottal pulses through moving formants, with vibrato, glides, breath and rests, in the middle."""
    scale = (0, 2, 3, 5, 7, 8, 10) if minor else (0, 2, 4, 5, 7, 9, 11)
    track = np.zeros(frames)
    base = key + int(rng.choice([12, 24])) + 2
    at, degree, last = beat * rng.uniform(0, 2), int(rng.integers(7)), None
    while at < frames / RATE_HZ:
        length = beat * float(rng.choice([0.5, 1, 1, 2]))
        degree = int(np.clip(degree + rng.integers(-2, 3), 0, 9))
        note = base + scale[degree % 7] + 12 * (degree // 7)
        t = np.arange(int(length * 0.95 * RATE_HZ)) / RATE_HZ
        glide = ((last or note) - note) * np.exp(-t * 30)
        vibrato = 0.35 * np.sin(2 * np.pi * rng.uniform(4.5, 6.5) * t) * np.minimum(1, t * 4)
        phase = 2 * np.pi * np.cumsum(440.0 * 2 ** ((note + glide + vibrato - 69) / 12)) / RATE_HZ
        tone = np.zeros(len(t))
        formants = _VOWELS[rng.integers(5)]
        for k in range(1, min(int(7000 / _hz(note)), 60)):
            hz = k * _hz(note)
            gain = sum(
                g / (1 + ((hz - f) / (70 + 0.06 * f)) ** 2) for f, g in zip(formants, (1, 0.6, 0.35), strict=True)
            )
            tone += (gain + 0.02) / k**0.6 * np.sin(k * phase)
        breath = sosfilt(butter(2, 3500, "high", fs=RATE_HZ, output="sos"), rng.standard_normal(len(t)))
        tone += 0.4 * breath * np.exp(-t * 45) + 0.01 * breath
        _place(track, at, tone * np.minimum(1, np.minimum(t, t[::-1]) * 40))
        last = note
        at += length + (beat * float(rng.choice([0, 0, 0, 1, 2])))
    return _room(rng, _pan(track, rng.uniform(-0.05, 0.05)), rng.uniform(0.05, 0.25))


def _other(
    rng: np.random.Generator, frames: int, beat: float, roots: list[int], minor: bool
) -> npt.NDArray[np.float64]:
    """One to three parts: held detuned chords, or plucked broken ones, each with its place in the picture."""
    out = np.zeros((2, frames))
    third = 3 if minor else 4
    for _ in range(int(rng.integers(1, 4))):
        pluck = bool(rng.integers(2))
        part = np.zeros((2, frames))
        pan = float(rng.uniform(0.2, 0.9) * rng.choice([-1, 1]))
        octave = int(rng.choice([12, 24]))
        brightness = rng.uniform(0.8, 1.8)
        step_s = beat / 2 if pluck else beat * 4
        for step in range(int(frames / RATE_HZ / step_s) + 1):
            root = roots[(step // 8 if pluck else step) % 4] + octave
            chord = (root, root + third, root + 7, root + 12)
            notes = (chord[int(rng.integers(4))],) if pluck else chord
            t = np.arange(int(step_s * (2.0 if pluck else 1.05) * RATE_HZ)) / RATE_HZ
            envelope = np.exp(-t * 4) * np.minimum(1, t * 400) if pluck else np.minimum(1, np.minimum(t, t[::-1]) * 8)
            for note in notes:
                for side, detune in ((0, 0.998), (1, 1.002)):
                    tone = sum(np.sin(2 * np.pi * _hz(note) * detune * k * t + k) / k**brightness for k in range(1, 16))
                    spread = np.zeros((2, len(t)))
                    spread[side] = tone * envelope
                    gain = np.sqrt((1 + (pan if side else -pan)) / 2)
                    _place(part[side], step * step_s, spread[side] * gain)
        out += _room(rng, part, rng.uniform(0.1, 0.5))
    return out
