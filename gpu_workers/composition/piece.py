"""What every writer of a line is handed: the brief, the plan, the keys and the chords; and the ways to ask of them."""

from __future__ import annotations

import random
from dataclasses import dataclass

from gpu_workers.composition.chance import chance
from gpu_workers.composition.emotions import Emotion, emotion_named
from gpu_workers.composition.form import Bar, Plan, Span
from gpu_workers.composition.genres.record import Genre
from gpu_workers.composition.harmony import Home
from gpu_workers.composition.score import Brief, Chord, Note
from gpu_workers.composition.theory_ragas import Raga

STEPS = 4
"""Steps of a rhythm string in a beat."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A hit read from a rhythm string: `step` and `length` in sixteenths from the bar's start, `mark` its character."""

    step: int
    length: int
    mark: str


@dataclass(frozen=True, slots=True)
class Piece:
    """The frame that all parts are written into: `chords` by bar; `ragas` by section, empty where there are none."""

    brief: Brief
    genre: Genre
    plan: Plan
    homes: tuple[Home, ...]
    chords: tuple[tuple[Chord, ...], ...]
    ragas: tuple[Raga, ...] = ()

    def span(self, bar: Bar) -> Span:
        """The section that a bar belongs to."""
        return self.plan.spans[bar.section]

    def emotion(self, bar: Bar) -> Emotion:
        """The emotion of a bar."""
        return emotion_named(self.span(bar).emotion)

    def home(self, bar: Bar) -> Home:
        """The key of a bar."""
        return self.homes[bar.section]

    def chord_at(self, index: int, beat: float) -> Chord:
        """The chord in bar number `index` at a grid beat."""
        row = self.chords[index]
        return next((chord for chord in reversed(row) if chord.start_beats <= beat + 1e-6), row[0])

    def rng(self, bar: Bar, *names: object) -> random.Random:
        """A source of chance of its own for each section's version, block label and purpose."""
        span = self.span(bar)
        return chance(self.brief.seed, span.index, span.version, *names)


def bar_pattern(pattern: str, bar: Bar, beats_per_bar: int, index: int) -> str:
    """A bar's own stretch of a rhythm string: the second of two bars on odd bars, cut or repeated to the length."""
    whole = 4 * STEPS
    own = pattern[whole:] if len(pattern) > whole and index % 2 else pattern[:whole]
    if beats_per_bar == 3:
        own = own[: 2 * STEPS] + own[3 * STEPS :]
    needed = bar.beats * STEPS
    return (own * (needed // len(own) + 1))[:needed]


def read_hits(pattern: str) -> list[Hit]:
    """The hits of a rhythm string; a hold at its very start belongs to nothing and is silent."""
    hits: list[Hit] = []
    step = 0
    while step < len(pattern):
        length = 1
        if pattern[step] not in ".-":
            while step + length < len(pattern) and pattern[step + length] == "-":
                length += 1
            hits.append(Hit(step, length, pattern[step]))
        step += length
    return hits


def for_intensity(patterns: tuple[tuple[float, str], ...], intensity: float) -> str:
    """The last pattern whose intensity is reached, the first where none is."""
    reached = [pattern for level, pattern in patterns if level <= intensity]
    return reached[-1] if reached else patterns[0][1]


def velocity(intensity: float, accent: float = 1.0, chance: float = 0.0) -> float:
    """A touch 0.12..1 from the intensity 0..1, an accent about 1 and a chance deviation."""
    return min(1.0, max(0.12, (0.45 + 0.47 * intensity) * accent + chance))


def humanise(notes: list[Note], rng: random.Random, loose: float) -> list[Note]:
    """Notes with small errors of touch and time; those on a whole beat stay put, so that the pulse stands."""
    out = []
    for note in notes:
        late = abs(rng.gauss(0.0, 0.012)) * loose if note.start_beats % 1.0 > 1e-6 else 0.0
        late = min(late, note.duration_beats / 4)
        touch = min(1.0, max(0.05, note.velocity * (1 + rng.gauss(0.0, 0.06) * (0.4 + loose))))
        out.append(Note(note.start_beats + late, note.duration_beats - late, note.pitch, round(touch, 3), note.passing))
    return out
