"""What a singer does with a plan: melodies in phrases, and pitch and level as a throat draws them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gpu_workers.separation.training.data.plans import RATE_HZ, Plan
from gpu_workers.separation.training.data.vocoder import HOP, Curve, Throat


@dataclass(frozen=True)
class Sung:
    """A note of a melody. `first` begins a phrase."""

    start_s: float
    length_s: float
    pitch: float
    first: bool

    @property
    def end_s(self) -> float:
        """When it ends."""
        return self.start_s + self.length_s


@dataclass(frozen=True)
class Habits:
    """How a singer moves from note to note."""

    glide_s: float
    scoop: float
    """Semitones from below at which a phrase begins."""
    vibrato: float
    """Semitones to each side."""
    vibrato_hz: float
    onset_s: float
    """When vibrato sets in."""
    drift: float
    """Semitones of slow wandering."""
    dynamics_db: float
    """How far notes differ in level."""


def random_habits(rng: np.random.Generator) -> Habits:
    """From a tuned, even voice to a free one."""
    tuned = rng.random() < 0.2
    return Habits(
        0.004 if tuned else float(rng.uniform(0.015, 0.09)), 0.0 if tuned else float(rng.choice([0, 0.5, 1.5, 3])),
        float(rng.choice([0.0, rng.uniform(0.1, 0.9)])), float(rng.uniform(4.3, 7.0)), float(rng.uniform(0.1, 0.6)),
        0.02 if tuned else float(rng.uniform(0.03, 0.2)), float(rng.uniform(0, 6)),
    )  # fmt: skip


def random_throat(rng: np.random.Generator) -> Throat:
    """From clean as a machine's to breathy, hoarse or creaking.

    Half of them have next to no roughness, half next to no breath, so that neither is what tells a voice.
    """
    rough, airy = rng.random() < 0.5, rng.random() < 0.5
    jitter = float(rng.choice([0.002, 0.005, 0.01, 0.025])) if rough else _between(rng, 1e-5, 2e-3)
    return Throat(
        jitter=jitter,
        shimmer=float(rng.uniform(0.01, 0.15)) if rough else _between(rng, 1e-4, 1e-2),
        creak=float(rng.choice([0.0, 0.0, 0.0, 0.0, rng.uniform(0.2, 0.7)])) if rough else 0.0,
        breath=_between(rng, 1e-3, 0.2) if airy else _between(rng, 1e-6, 1e-3),
        airy_hz=float(rng.uniform(3500, 11_000)) if airy else _between(rng, 8000, 80_000),
    )


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def melody(rng: np.random.Generator, plan: Plan, low: int, span: int = 9) -> list[Sung]:
    """Phrases of a voice whose lowest note is near `low`: motives that come again, long and short notes, rests."""
    motives = [_motive(rng) for _ in range(int(rng.integers(2, 5)))]
    notes: list[Sung] = []
    step, end = float(rng.choice([0, 0, 4, 8, 16, 24])), plan.steps * len(plan.chords)
    degree, rests = int(rng.integers(1, 6)), rng.uniform(0.3, 1.5)
    while step < end:
        for number, (length, move) in enumerate(motives[int(rng.integers(len(motives)))]):
            bar = min(int(step // plan.steps), len(plan.chords) - 1)
            if number == 0 and rng.random() < 0.5:
                degree = plan.chords[bar] % len(plan.scale) + int(rng.choice([0, 2, 4]))
            degree = int(np.clip(degree + move, 0, span))
            start_s = max(0.0, plan.at_s(0, step) + rng.normal(0, 1.5) * plan.loose_s)
            held_s = length * plan.beat_s / 4 * rng.uniform(0.8, 1.0)
            notes.append(Sung(start_s, max(held_s, 0.08), plan.pitch(degree, low), number == 0))
            step += length
        step += float(np.round(rng.choice([0, 2, 4, 4, 8, 12, 16]) * rests))
    return [note for note in notes if note.start_s < plan.seconds - 0.1]


def _motive(rng: np.random.Generator) -> list[tuple[float, int]]:
    """(sixteenths, steps of the scale) of each note."""
    fast = rng.uniform(0, 1)
    count = int(rng.integers(2, 9))
    lengths = rng.choice([1, 2, 2, 3, 4] if rng.random() < fast else [2, 4, 4, 6, 8, 12], count)
    moves = rng.choice([-3, -2, -1, -1, -1, 0, 0, 1, 1, 1, 2, 4], count)
    lengths[-1] = max(lengths[-1], int(rng.choice([2, 4, 6, 8, 16])))
    return [(float(length), int(move)) for length, move in zip(lengths, moves, strict=True)]


def pitch_curve(rng: np.random.Generator, notes: Sequence[Sung], habits: Habits, frames: int) -> Curve:
    """Frequency in Hz at each frame: glides, scoops, vibrato and drift."""
    t = np.arange(frames) * HOP / RATE_HZ
    pitch = np.full(frames, notes[0].pitch if notes else 57.0)
    swing = np.zeros(frames)
    for note in notes:
        after = t >= note.start_s - 0.5 * habits.glide_s
        since = np.maximum(t[after] - note.start_s + 0.5 * habits.glide_s, 0)
        first = int(np.argmax(after)) if after.any() else frames
        before = pitch[first - 1] if first and not note.first else note.pitch - habits.scoop * rng.uniform(0, 1)
        pitch[after] = note.pitch + (before - note.pitch) * np.exp(-since / (habits.glide_s / 2))
        grown = np.clip((since - habits.onset_s) * 4, 0, 1)
        swing[after] = grown * habits.vibrato * rng.uniform(0.5, 1.2)
    uneven = 1 + 0.08 * _slow(rng, frames, 1.0)
    wave = np.sin(2 * np.pi * np.cumsum(habits.vibrato_hz * uneven) * HOP / RATE_HZ)
    moved = pitch + swing * wave + habits.drift * _slow(rng, frames, 2.5)
    return np.asarray(440.0 * 2 ** ((np.clip(moved, 28, 98) - 69) / 12))


def level_curve(rng: np.random.Generator, notes: Sequence[Sung], habits: Habits, frames: int, lead_s: float) -> Curve:
    """Level at each frame; it opens `lead_s` before a note that follows a rest, for consonants."""
    t = np.arange(frames) * HOP / RATE_HZ
    level = np.zeros(frames)
    for number, note in enumerate(notes):
        loud = 10 ** (-abs(rng.normal(0, habits.dynamics_db)) / 20)
        bound = number + 1 < len(notes) and notes[number + 1].start_s - note.end_s < 0.15
        end_s = notes[number + 1].start_s if bound else note.end_s
        rise = np.clip((t - note.start_s + lead_s) / 0.02, 0, 1)
        fall = np.clip((end_s + 0.04 - t) / 0.06, 0, 1)
        fade = 1 - rng.uniform(0, 0.5) * np.clip((t - note.start_s) / note.length_s, 0, 1)
        level = np.maximum(level, loud * rise * fall * fade)
    return level


def _slow(rng: np.random.Generator, frames: int, hz: float) -> Curve:
    """Noise of deviation near 1 that moves at about `hz`."""
    count = max(2, int(frames * HOP / RATE_HZ * hz) + 3)
    return np.interp(np.linspace(0, count - 1, max(frames, 1)), np.arange(count), rng.standard_normal(count))[:frames]


def range_of(rng: np.random.Generator, scale: float) -> int:
    """The lowest note of a melody for a tract: deep for long ones, with chance."""
    centre = 45 + 30 * np.log2(scale)
    return int(np.clip(round(centre + rng.normal(0, 3.5)), 36, 64))


def transposed(notes: Sequence[Sung], plan: Plan, degrees: int) -> list[Sung]:
    """The same notes some degrees of the scale higher: a third for 2, an octave for the scale's length."""
    steps = [plan.pitch(degree, 0) for degree in range(-2 * len(plan.scale), 9 * len(plan.scale))]
    table = np.array(steps)
    out = []
    for note in notes:
        place = int(np.clip(np.searchsorted(table, note.pitch) + degrees, 0, len(table) - 1))
        out.append(Sung(note.start_s, note.length_s, float(table[place]), note.first))
    return out
