from __future__ import annotations

import pytest

from gpu_workers.composition import piece
from gpu_workers.composition.chance import chance
from gpu_workers.composition.form import Bar
from gpu_workers.composition.piece import Hit, bar_pattern, for_intensity, humanise, read_hits
from gpu_workers.composition.score import Note


def bar(beats: int) -> Bar:
    return Bar(0, beats, 0, 0, "verse", 0, 4, 0.5)


def test_rhythm_strings_are_read() -> None:
    assert read_hits("9--.4-..") == [Hit(0, 3, "9"), Hit(4, 2, "4")]
    assert read_hits("--7.") == [Hit(2, 1, "7")]
    assert read_hits("....") == []


@pytest.mark.parametrize(
    ("beats", "metre", "index", "due"),
    [
        (4, 4, 0, "aaaabbbbccccdddd"),
        (4, 4, 1, "eeeeffffgggghhhh"),
        (2, 4, 0, "aaaabbbb"),
        (5, 4, 0, "aaaabbbbccccddddaaaa"),
        (3, 3, 0, "aaaabbbbdddd"),
    ],
)
def test_patterns_fit_their_bar(beats: int, metre: int, index: int, due: str) -> None:
    assert bar_pattern("aaaabbbbccccddddeeeeffffgggghhhh", bar(beats), metre, index) == due


def test_patterns_follow_intensity() -> None:
    patterns = ((0.2, "quiet"), (0.6, "loud"))
    assert [for_intensity(patterns, level) for level in (0.0, 0.3, 0.6, 1.0)] == ["quiet", "quiet", "loud", "loud"]


@pytest.mark.parametrize("intensity", [0.0, 0.3, 0.7, 1.0])
def test_touch_stays_in_bounds_and_grows(intensity: float) -> None:
    assert 0.12 <= piece.velocity(intensity, 0.1) <= piece.velocity(intensity) <= piece.velocity(intensity, 2.0) <= 1


def test_players_stray_from_the_grid_but_not_on_the_beat() -> None:
    notes = [Note(step / 4, 0.25, 60, 0.6) for step in range(64)]
    played = humanise(notes, chance("test"), 1.0)
    for before, now in zip(notes, played, strict=True):
        late = now.start_beats - before.start_beats
        assert 0 <= late <= 0.0625
        assert late == 0 or before.start_beats % 1
        assert now.end_beats == pytest.approx(before.end_beats)
    assert len({note.velocity for note in played}) > 20
    assert sum(note.start_beats % 0.25 > 1e-6 for note in played) > 30
    assert [note.start_beats for note in humanise(notes, chance("test"), 0.0)] == [note.start_beats for note in notes]
