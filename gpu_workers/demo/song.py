"""The demo's song: thirty seconds of drums, bass, chords with a lead, and a sung voice, the same for the same seed.

What each instrument adds is known exactly, so a separation of the mixture can be measured.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gpu_workers.demo import synth
from gpu_workers.demo.synth import RATE_HZ, Mono, frames

Stereo = npt.NDArray[np.float64]
"""Shape (2, frames)."""

TEMPO_BPM = 112
BEAT_S = 60 / TEMPO_BPM
BAR_S = 4 * BEAT_S
BARS = 14  # at 112 beats a minute: thirty seconds
PEAK = 0.89
"""Of the mixture, about -1 dB."""

# Roots above the key note and qualities of the chords, a bar each.
_VERSE = ((0, "minor"), (8, "major"), (3, "major"), (10, "major"))
_CHORUS = ((8, "major"), (10, "major"), (0, "minor"), (3, "major"))
_TRIAD = {"minor": (0, 3, 7), "major": (0, 4, 7)}
_PENTATONIC = (0, 3, 5, 7, 10, 12, 15)
_RHYTHMS = (
    ((0, 1.5), (1.5, 0.5), (2, 1), (3, 1)),
    ((0.5, 0.5), (1, 1), (2, 0.5), (2.5, 1.5)),
    ((0, 1), (1, 0.5), (1.5, 0.5), (2, 2)),
    ((0, 0.75), (0.75, 0.75), (1.5, 1.5), (3, 1)),
)
"""(beat, length in beats) of the notes of a sung bar."""
_INTRO, _BREAK = range(2), range(10, 12)
"""Bars in which nobody sings."""


@dataclass(frozen=True)
class Song:
    """A song as its parts; they add up to the mixture exactly."""

    stems: dict[str, Stereo]
    sample_rate_hz: int = RATE_HZ

    @property
    def mixture(self) -> Stereo:
        """All stems together."""
        total: Stereo = np.sum(list(self.stems.values()), axis=0)
        return total


@dataclass(frozen=True)
class _Note:
    """One note: where it begins, how long it is, its MIDI number."""

    start_s: float
    length_s: float
    pitch: float


def make_song(seed: int = 0) -> Song:
    """Thirty seconds of music. The seed decides key, melody and touch."""
    rng = np.random.default_rng(seed)
    key = 57 + int(rng.integers(-3, 4))
    stems = {
        "vocals": _vocals(key, rng) * 0.62,
        "drums": _drums(rng) * 0.8,
        "bass": _bass(key, rng) * 0.62,
        "other": _other(key, rng) * 0.85,
    }
    gain = PEAK / np.abs(np.sum(list(stems.values()), axis=0)).max()
    return Song({name: stem * gain for name, stem in stems.items()})


def _chord(bar: int) -> tuple[int, str]:
    return (_CHORUS if bar % 14 in range(6, 10) or bar >= 12 else _VERSE)[bar % 4]


def _silence() -> Mono:
    return np.zeros(frames(BARS * BAR_S))


def _add(track: npt.NDArray[np.float64], sound: npt.NDArray[np.float64], at_s: float, gain: float = 1.0) -> None:
    start = max(frames(at_s), 0)
    length = min(sound.shape[-1], track.shape[-1] - start)
    if length > 0:
        track[..., start : start + length] += gain * sound[..., :length]


def _placed(sound: Mono, pan: float) -> Stereo:
    """Mono to a place between left (-1) and right (1), by equal power."""
    angle = (pan + 1) * np.pi / 4
    return np.stack([np.cos(angle) * sound, np.sin(angle) * sound])


def _beats(bar: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(kicks, snares) of a bar, in beats."""
    if bar == 0:
        return (0.0, 2.0), ()
    if bar in (9, 11):  # fills
        return (0.0, 1.5, 2.5), (1.0, 3.0, 3.25, 3.5, 3.75)
    return ((0.0, 1.5, 2.0) if bar % 2 else (0.0, 2.0, 2.75)), (1.0, 3.0)


def _drums(rng: np.random.Generator) -> Stereo:
    track = np.stack([_silence(), _silence()])
    kick = synth.kick()
    for bar in range(BARS):
        start = bar * BAR_S
        if bar in (2, 6, 12):
            _add(track, _placed(synth.crash(rng), 0.35), start, 0.3)
        kicks, snares = _beats(bar)
        for beat in kicks:
            _add(track, _placed(kick, 0.0), start + beat * BEAT_S, 0.95)
        for number, beat in enumerate(snares):
            _add(track, _placed(synth.snare(rng), -0.08), start + beat * BEAT_S, 0.62 + 0.08 * (number % 2))
        for eighth in range(8):
            opened = eighth == 7 and bar % 4 == 3
            late_s = rng.normal(0, 0.003) + (0.012 if eighth % 2 else 0)
            _add(
                track,
                _placed(synth.hat(rng, opened=opened), 0.4),
                start + eighth * BEAT_S / 2 + late_s,
                0.34 - 0.12 * (eighth % 2),
            )
    return track + 0.5 * synth.room(track.mean(axis=0), rng, 0.45, 0.35)


def _bass(key: int, rng: np.random.Generator) -> Stereo:
    line = _silence()
    for bar in range(1, BARS):
        root = key - 24 + _chord(bar)[0] - (12 if _chord(bar)[0] > 7 else 0)
        pattern = ((0, 1, 0), (1.5, 0.5, 0), (2, 1, 0), (3, 0.5, 7), (3.5, 0.5, 12 if bar % 2 else 7))
        for beat, length, step in pattern:
            pushed_s = rng.normal(0, 0.003)
            _add(line, synth.bass(root + step, length * BEAT_S * 0.95), bar * BAR_S + beat * BEAT_S + pushed_s)
    return _placed(line, 0.0)


def _other(key: int, rng: np.random.Generator) -> Stereo:
    track = np.stack([_silence(), _silence()])
    for bar in range(BARS):
        root, quality = _chord(bar)
        notes = [key + (root + step) % 12 for step in _TRIAD[quality]]
        for pan, detune in ((-0.7, 0.0017), (0.7, 0.0023)):
            _add(track, _placed(synth.pad(notes, BAR_S * 1.06, detune), pan), bar * BAR_S, 0.5)
        for eighth in range(8):
            note = notes[(0, 1, 2, 1)[eighth % 4]] + (12 if eighth in (2, 5, 7) else 0)
            plucked = _placed(synth.pluck(note + 12, BEAT_S, rng), 0.55 if eighth % 2 else -0.55)
            _add(track, plucked, bar * BAR_S + eighth * BEAT_S / 2, 0.42)
    for bar in _BREAK:
        for beat, length in _RHYTHMS[bar % 4]:
            note = key + 12 + int(rng.choice(_PENTATONIC))
            _add(track, _placed(synth.lead(note, length * BEAT_S), 0.2), bar * BAR_S + beat * BEAT_S, 0.3)
    return track + synth.room(track.mean(axis=0), rng, 1.2, 0.3)


def _melody(key: int, rng: np.random.Generator) -> list[_Note]:
    """A line that keeps to the chord on strong beats and walks a pentatonic scale between."""
    notes: list[_Note] = []
    place = 3
    for bar in range(BARS - 1):
        if bar in _INTRO or bar in _BREAK:
            continue
        root, quality = _chord(bar)
        tones = {(root + step) % 12 for step in _TRIAD[quality]}
        for beat, length in _RHYTHMS[int(rng.integers(len(_RHYTHMS)))]:
            place = int(np.clip(place + rng.choice((-2, -1, -1, 0, 1, 1, 2)), 0, len(_PENTATONIC) - 1))
            if beat % 2 == 0:
                fits = [i for i, step in enumerate(_PENTATONIC) if step % 12 in tones]
                place = min(fits, key=lambda i: abs(i - place), default=place)
            held = length * BEAT_S * (0.98 if beat + length < 4 else 0.85)
            notes.append(_Note(bar * BAR_S + beat * BEAT_S, held, key + _PENTATONIC[place]))
    return notes


def _vocals(key: int, rng: np.random.Generator) -> Stereo:
    """The melody, sung: gliding pitch, late vibrato, vowels that melt into one another, consonants between."""
    notes = _melody(key, rng)
    length = len(_silence())
    pitch, loudness = np.full(length, float(notes[0].pitch)), np.zeros(length)
    names = list(synth.VOWELS)
    shares = np.zeros((len(names), length))
    shares[0] = 1.0
    noise = _silence()
    for note in notes:
        start, end = frames(note.start_s), min(frames(note.start_s + note.length_s), length)
        t = np.arange(end - start) / RATE_HZ
        late = np.clip((t - 0.18) / 0.3, 0, 1)
        pitch[start:] = note.pitch
        pitch[start:end] += 0.32 * late * np.sin(2 * np.pi * (5.3 + 0.3 * rng.standard_normal()) * t)
        swell = 0.75 + 0.25 * np.sin(np.pi * t / max(note.length_s, 0.01))
        loudness[start:end] = synth.fade(swell, 0.035, 0.07)
        shares[:, start:] = 0.0
        shares[int(rng.integers(len(names))), start:] = 1.0
        if (sound := rng.choice(("s", "t", "h", ""))) != "":
            _add(noise, synth.consonant(str(sound), rng), note.start_s - (0.08 if sound == "s" else 0.03))
    glide = np.stack([_smooth(s, 0.05) for s in shares])
    drift = _smooth(rng.standard_normal(length), 0.12) * 6
    hertz = 440.0 * 2 ** ((_smooth(pitch, 0.035) + 0.05 * drift - 69) / 12)
    sung = synth.voice(hertz, _smooth(loudness, 0.008), list(glide), rng)
    dry = sung / np.abs(sung).max() + 0.22 * noise
    return _placed(dry * 1.1, 0.0) + synth.room(dry, rng, 0.9, 0.4)


def _smooth(x: Mono, over_s: float) -> Mono:
    """A mean over `over_s`, taken twice: steps become gentle curves. The ends are held."""
    width = frames(over_s) | 1
    kernel = np.ones(width) / width
    out = x
    for _ in range(2):
        padded = np.pad(out, width // 2, mode="edge")
        sums = np.cumsum(np.concatenate([[0.0], padded]))
        out = (sums[width:] - sums[:-width]) * kernel[0]
    return out
