"""What the tests hear in a score."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache

from gpu_workers.composition.compose import compose
from gpu_workers.composition.score import Brief, Chord, Note, Part, Score, SectionWish, TempoWish

UNPITCHED = {
    "kit_acoustic", "kit_electronic", "kit_hiphop", "kit_brush", "percussion_world", "tabla", "taiko", "riser",
    "impact", "vinyl",
}  # fmt: skip


@lru_cache(maxsize=256)
def one(
    genre: str, emotion: str, *, length_s: float = 64.0, tempo: TempoWish | float = "medium", seed: int = 1,
    version: int = 0, loop: bool = False,
) -> Score:  # fmt: skip
    """A piece of one section; composed once for all tests that ask for the same."""
    wish = (SectionWish(emotion, 0.0, length_s),)
    return compose(Brief(genre, length_s, tempo, wish, seed=seed, version=version, loop=loop))


def chain(genre: str, *emotions: str, each_s: float = 32.0, **rest: object) -> Brief:
    """A brief of sections as long as one another."""
    wishes = tuple(SectionWish(emotion, place * each_s, each_s) for place, emotion in enumerate(emotions))
    return Brief(genre, each_s * len(emotions), sections=wishes, **rest)  # type: ignore[arg-type]


def pitched(score: Score) -> list[Note]:
    """Every note with a pitch."""
    return [note for part in score.parts if part.instrument not in UNPITCHED for note in part.notes]


def part_named(score: Score, name: str) -> Part:
    """The part of this name."""
    return next(part for part in score.parts if part.name == name)


def onsets_per_s(score: Score, start_beats: float = 0.0, end_beats: float | None = None) -> float:
    """How many strokes the players make a second, chords counted once."""
    end = score.duration_beats if end_beats is None else end_beats
    strokes = {
        (part.name, round(note.start_beats, 1))
        for part in score.parts
        for note in part.notes
        if start_beats <= note.start_beats < end
    }
    return len(strokes) / score.seconds(end - start_beats)


def load(score: Score, start_beats: float = 0.0, end_beats: float | None = None) -> float:
    """A measure of loudness: the squared touch of what sounds, by its fader, each second."""
    end = score.duration_beats if end_beats is None else end_beats
    total = sum(
        note.velocity**2 * min(1.0, note.duration_beats) * 10 ** (part.gain_db / 10)
        for part in score.parts
        for note in part.notes
        if start_beats <= note.start_beats < end
    )
    return total / score.seconds(end - start_beats)


def chord_at(score: Score, beat: float) -> Chord:
    """The chord in force at a beat."""
    starts = [chord.start_beats for chord in score.chords]
    return score.chords[max(0, bisect_right(starts, beat + 1e-6) - 1)]


def rubs(score: Score, beat: float) -> bool:
    """Whether two parts hold notes a semitone or a minor ninth apart on a beat."""
    held = {
        (part.name, note.pitch)
        for part in score.parts
        if part.instrument not in UNPITCHED
        for note in part.notes
        if note.start_beats <= beat + 0.05 and note.end_beats > beat + 0.3
    }
    return any(one != other and pitch - low in {1, 13} for one, pitch in held for other, low in held)


def note_set(score: Score) -> set[tuple[str, float, int]]:
    """What is played: instrument, place to a sixteenth, pitch."""
    return {
        (part.instrument, round(note.start_beats * 4) / 4, note.pitch)
        for part in score.parts
        if part.instrument not in UNPITCHED
        for note in part.notes
    }


def rank_correlation(values: list[float]) -> float:
    """Spearman's rho of the values with their order."""
    places = sorted(range(len(values)), key=lambda index: values[index])
    rank = {index: place for place, index in enumerate(places)}
    count = len(values)
    return 1 - 6 * sum((index - rank[index]) ** 2 for index in range(count)) / (count * (count**2 - 1))
