from __future__ import annotations

import itertools
from collections import defaultdict

import pytest

from gpu_workers.composition.compose import compose
from gpu_workers.composition.score import Note, Part, Score
from gpu_workers.composition.theory import chord_classes
from tests.unit.gpu_workers.composition import listening
from tests.unit.gpu_workers.composition.listening import chain, one, part_named


def together(part: Part) -> list[list[Note]]:
    rows: dict[float, list[Note]] = defaultdict(list)
    for note in part.notes:
        rows[round(note.start_beats, 2)].append(note)
    return [rows[beat] for beat in sorted(rows)]


def in_chord(score: Score, notes: list[Note]) -> float:
    classes = [
        chord_classes(
            listening.chord_at(score, note.start_beats).root, listening.chord_at(score, note.start_beats).quality
        )
        for note in notes
    ]
    return sum(note.pitch % 12 in tones for note, tones in zip(notes, classes, strict=True)) / len(notes)


@pytest.mark.parametrize(
    ("genre", "part"),
    [
        ("pop", "chords"),
        ("pop", "pad"),
        ("pop", "arp"),
        ("indie", "picking"),
        ("cinematic", "ostinato"),
        ("rnb", "chords"),
    ],
)
def test_accompaniment_plays_the_chord(genre: str, part: str) -> None:
    score = one(genre, "joyful" if part != "arp" else "energetic")
    assert in_chord(score, list(part_named(score, part).notes)) > 0.97


def test_pads_hold_until_the_next_chord() -> None:
    score = one("ambient", "calm")
    rows = together(part_named(score, "pad"))
    for row, later in itertools.pairwise(rows):
        assert len(row) >= 3
        assert row[0].end_beats == pytest.approx(later[0].start_beats, abs=0.1)


@pytest.mark.parametrize(("genre", "most"), [("pop", 0.12), ("ambient", 0.2), ("indie", 0.1), ("cinematic", 0.1),
                                             ("rnb", 0.4), ("hiphop", 0.15), ("electronic", 0.1)])  # fmt: skip
def test_parts_seldom_rub_against_one_another(genre: str, most: float) -> None:
    rubs = beats = 0
    for emotion in ("relaxing", "inspirational", "joyful"):
        score = one(genre, emotion)
        beats += len(score.beats)
        rubs += sum(listening.rubs(score, beat) for beat in score.beats)
    assert rubs <= most * beats


@pytest.mark.parametrize("genre", ["rnb", "pop"])
def test_dark_moods_do_not_move_chords_into_the_mud(genre: str) -> None:
    score = one(genre, "depressing")
    for part in score.parts:
        if part.name in {"chords", "pad", "guitar", "organ"}:
            assert min(note.pitch for note in part.notes) >= 48


def test_a_strum_goes_over_the_strings() -> None:
    score = one("indie", "happy")
    notes = part_named(score, "chords").notes
    starts = sorted(note.start_beats for note in notes if 8 <= note.start_beats < 8.3)
    assert len(starts) >= 4
    assert starts[-1] - starts[0] == pytest.approx(0.09, abs=0.08)
    assert len(set(starts)) == len(starts)


def test_a_broken_chord_sounds_one_note_at_a_time_until_the_end() -> None:
    score = one("ambient", "dreamy")
    rows = together(part_named(score, "arp"))
    assert all(len(row) == 1 for row in rows[:-1])
    assert len(rows[-1]) >= 3


def test_the_drone_is_sa_and_one_other_note() -> None:
    score = one("indian", "calm")
    classes = {note.pitch % 12 for note in part_named(score, "drone").notes}
    assert score.scale[0] in classes
    assert len(classes) == 2


def test_a_texture_is_one_long_note_a_phrase() -> None:
    score = one("hiphop", "sad")
    notes = part_named(score, "vinyl").notes
    assert sum(note.duration_beats for note in notes) == pytest.approx(score.duration_beats, rel=0.05)
    assert len(notes) <= len(score.bars) / 3


def test_risers_rise_into_what_is_livelier_and_nowhere_else() -> None:
    score = compose(chain("electronic", "calm", "energetic", "calm", seed=3))
    up, down = (section.start_beats for section in score.sections[1:])
    ends = [note.end_beats for note in part_named(score, "riser").notes]
    assert any(end == pytest.approx(up, abs=0.05) for end in ends)
    assert not any(end == pytest.approx(down, abs=0.05) for end in ends)


def test_the_last_chord_is_held_to_the_end() -> None:
    score = one("pop", "happy")
    last = together(part_named(score, "chords"))[-1]
    assert last[0].start_beats == pytest.approx(score.bars[-1], abs=0.01)
    assert score.duration_beats - 0.6 <= max(note.end_beats for note in last) < score.duration_beats
