from __future__ import annotations

import itertools

import pytest

from gpu_workers.composition.genres import GENRES
from gpu_workers.composition.score import Score
from tests.unit.gpu_workers.composition import listening
from tests.unit.gpu_workers.composition.listening import one

CHORDAL = [genre for genre in GENRES if genre != "indian"]


@pytest.mark.parametrize("version", range(4))
@pytest.mark.parametrize("genre", CHORDAL)
def test_the_root_on_the_downbeats(genre: str, version: int) -> None:
    score = one(genre, "joyful", version=version, seed=2)
    firsts = {round(bar, 2) for bar in score.bars}
    notes = [note for note in listening.part_named(score, "bass").notes if round(note.start_beats, 2) in firsts]
    assert len(notes) >= 0.8 * len(firsts)
    roots = [note for note in notes if note.pitch % 12 == listening.chord_at(score, note.start_beats).bass]
    assert len(roots) >= 0.95 * len(notes)


def kicks_met(score: Score) -> float:
    """The share of kicks with a bass note at the same time, fills and the last bar aside."""
    bass = {round(note.start_beats, 1) for note in listening.part_named(score, "bass").notes}
    kicks = [note for note in listening.part_named(score, "drums").notes if note.pitch == 36]
    return sum(round(note.start_beats, 1) in bass for note in kicks) / len(kicks)


@pytest.mark.parametrize("genre", ["pop", "indie", "rnb", "hiphop", "electronic"])
def test_the_bass_strikes_with_the_kick(genre: str) -> None:
    assert kicks_met(one(genre, "cheerful")) > 0.85


@pytest.mark.parametrize("genre", CHORDAL)
def test_the_bass_stays_low_and_alone(genre: str) -> None:
    notes = listening.part_named(one(genre, "energetic"), "bass").notes
    assert all(26 <= note.pitch <= 57 for note in notes)
    assert sum(note.pitch for note in notes) / len(notes) < 48
    overlaps = sum(a.end_beats > b.start_beats + 0.02 for a, b in itertools.pairwise(notes))
    assert overlaps == 0


def test_lively_music_moves_the_bass_more() -> None:
    calm, wild = (len(listening.part_named(one("rnb", emotion), "bass").notes) for emotion in ("calm", "energetic"))
    assert wild > 2 * calm
