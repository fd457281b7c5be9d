"""Songs of our own composer, sounded by its own synthesiser: the one place where training leans on another engine."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gpu_workers.composition.compose import compose
from gpu_workers.composition.emotions import EMOTIONS
from gpu_workers.composition.genres import GENRES
from gpu_workers.composition.score import MIN_DURATION_S, Brief, Part, Score, SectionWish
from gpu_workers.composition.sound.catalogue import INSTRUMENTS
from gpu_workers.composition.sound.render import render
from gpu_workers.separation.fitting.programs import Key
from gpu_workers.separation.training.data.plans import RATE_HZ, Plan, Stereo

_VOICES = frozenset({"choir", "vowel"})
"""Voice to some and pad to others: they are left out."""


@dataclass(frozen=True)
class Line:
    """A part of a score: its stem, its instrument, its notes; `sound` (2, frames) where it was played."""

    stem: str
    instrument: str
    keys: list[Key]
    sound: Stereo | None


@dataclass(frozen=True)
class Composition:
    """A composed song and the frame that singers need to join it."""

    genre: str
    plan: Plan
    lines: list[Line]


def composition(rng: np.random.Generator, seconds: float, *, sounded: bool) -> Composition:
    """A piece of any genre, emotion, tempo and key; with `sounded`, played by the composer's synthesiser."""
    genre, emotion = str(rng.choice(list(GENRES))), str(rng.choice(list(EMOTIONS)))
    length_s = max(seconds, MIN_DURATION_S)
    brief = Brief(
        genre, length_s, tempo=str(rng.choice(["slow", "medium", "fast"])), seed=int(rng.integers(1 << 30)),  # type: ignore[arg-type]
        sections=(SectionWish(emotion, 0.0, length_s),), version=int(rng.integers(4)),
    )  # fmt: skip
    score = compose(brief)
    sounds = render(score).stems if sounded else {}
    lines = [
        Line(stem_of(part.instrument), part.instrument, _keys(score, part), _cut(sounds.get(part.name), seconds))
        for part in score.parts
        if part.instrument not in _VOICES and part.notes
    ]
    return Composition(genre, replace(plan_of(score), seconds=seconds), lines)


def _cut(sound: Stereo | None, seconds: float) -> Stereo | None:
    """The beginning of what was played: the composer writes no piece as short as some songs."""
    return None if sound is None else sound[:, : round(seconds * RATE_HZ)]


def stem_of(instrument: str) -> str:
    """Which stem an instrument of the composer belongs to."""
    if INSTRUMENTS[instrument].drum:
        return "drums"
    return "bass" if instrument.startswith("bass_") else "other"


def plan_of(score: Score) -> Plan:
    """Tempo, key and chords of a score; each bar's chord as the degree of the scale nearest to its root."""
    beat_s = 60.0 / score.tempo_bpm
    tonic = score.scale[0]
    scale = tuple(sorted((one - tonic) % 12 for one in score.scale))
    bars = max(1, int(np.ceil(score.duration_s / (beat_s * score.beats_per_bar))))
    chords = tuple(_degree(score, scale, tonic, bar * score.beats_per_bar) for bar in range(bars))
    return Plan(score.duration_s, beat_s, score.beats_per_bar, 0.0, tonic, scale, chords)


def _degree(score: Score, scale: Sequence[int], tonic: int, beat: float) -> int:
    root = next((c.root for c in reversed(score.chords) if c.start_beats <= beat + 0.1), tonic)
    apart = [min((root - tonic - step) % 12, (step - root + tonic) % 12) for step in scale]
    return int(np.argmin(apart))


def _keys(score: Score, part: Part) -> list[Key]:
    return [
        Key(max(score.seconds(note.start_beats), 0.0), score.seconds(note.duration_beats), note.pitch,
            int(np.clip(round(127 * note.velocity), 1, 127)))
        for note in part.notes
    ]  # fmt: skip
