from __future__ import annotations

import pytest

from gpu_workers.composition.drums import CRASH, KICK, SNARE
from gpu_workers.composition.score import TABLA_NOTES, Score
from tests.unit.gpu_workers.composition import listening
from tests.unit.gpu_workers.composition.listening import one

KIT = ["pop", "indie", "rnb", "hiphop", "electronic"]
STROKE = {note: stroke for stroke, note in TABLA_NOTES.items()}


def hits(score: Score, *drums: int, part: str = "drums") -> list[float]:
    return [note.start_beats for note in listening.part_named(score, part).notes if note.pitch in drums]


@pytest.mark.parametrize("version", range(4))
@pytest.mark.parametrize("genre", KIT)
def test_the_kick_is_on_the_first_beat(genre: str, version: int) -> None:
    score = one(genre, "happy", version=version)
    kicks = {round(beat, 3) for beat in hits(score, KICK)}
    first = min(beat for beat in hits(score, KICK))
    bars = [bar for bar in score.bars if bar >= first - 0.01]
    assert sum(round(bar, 3) in kicks for bar in bars) >= 0.95 * len(bars)


@pytest.mark.parametrize("genre", KIT)
def test_the_backbeat(genre: str) -> None:
    score = one(genre, "happy")
    backs = {round(beat, 2) for beat in hits(score, 37, SNARE, 39)}
    due = [bar + beat for bar in score.bars[4:-5] for beat in (1, 3)]
    assert sum(round(beat, 2) in backs for beat in due) >= 0.85 * len(due)


def test_electronic_music_has_four_on_the_floor() -> None:
    score = one("electronic", "energetic")
    kicks = {round(beat, 3) for beat in hits(score, KICK)}
    beats = [beat for beat in score.beats if beat < score.bars[-1]]
    assert sum(round(beat, 3) in kicks for beat in beats) >= 0.8 * len(beats)


def test_blocks_begin_with_a_crash_and_end_with_a_fill() -> None:
    score = one("indie", "energetic", length_s=90.0)
    crashes = hits(score, CRASH)
    assert len(crashes) >= 3
    bars = {round(bar, 2) for bar in score.bars}
    assert all(round(beat, 2) in bars for beat in crashes)
    for beat in crashes[1:-1]:
        before = [at for at in hits(score, SNARE, 41, 45, 48) if beat - 1 <= at < beat]
        assert len(before) >= 2


def test_hip_hop_swings_and_electronic_music_does_not() -> None:
    def late(genre: str) -> float:
        off = [beat % 0.5 for beat in hits(one(genre, "energetic"), 42) if 0.15 < beat % 0.5 < 0.45]
        return sum(off) / len(off)

    assert late("electronic") == pytest.approx(0.25, abs=0.005)
    assert late("hiphop") > 0.28


def test_touch_varies() -> None:
    velocities = {note.velocity for note in listening.part_named(one("pop", "happy"), "drums").notes}
    assert len(velocities) > 30


def test_the_theka_is_on_the_tabla() -> None:
    score = one("indian", "sad", seed=1)
    notes = listening.part_named(score, "tabla").notes
    assert {note.pitch for note in notes} <= set(TABLA_NOTES.values())
    strokes: dict[float, set[str]] = {}
    for note in notes:
        strokes.setdefault(round(note.start_beats, 1), set()).add(STROKE[note.pitch])
    sam = [strokes.get(round(bar, 1), set()) for bar in score.bars[:-1:4]]
    assert all({"ge", "na"} <= together for together in sam)


def test_a_tihai_says_its_figure_three_times_before_the_sam() -> None:
    score = one("indian", "happy", seed=4)
    starts = [note.start_beats for note in listening.part_named(score, "tabla").notes if STROKE[note.pitch] == "ge"]
    width = score.beats_per_bar
    found = [
        bar
        for bar in score.bars
        if all(any(abs(start - bar - turn * width / 3) < 0.03 for start in starts) for turn in range(4))
    ]
    assert found


def test_percussion_plays_its_lines() -> None:
    score = one("cinematic", "triumphant")
    taiko = listening.part_named(score, "taiko")
    assert taiko.instrument == "taiko"
    assert {36, 41} <= {note.pitch for note in taiko.notes}
