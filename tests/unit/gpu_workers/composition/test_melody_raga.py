from __future__ import annotations

import itertools

import pytest

from gpu_workers.composition.melody_raga import GRACE_BEATS, ladders
from gpu_workers.composition.score import Note, Score
from gpu_workers.composition.theory_ragas import RAGAS, Raga
from tests.unit.gpu_workers.composition.listening import one


def voices(score: Score) -> list[list[Note]]:
    """The raga's voices, their touched grace notes left out."""
    return [
        [note for note in part.notes if note.duration_beats > 1.3 * GRACE_BEATS]
        for part in score.parts
        if part.name.startswith(("lead", "answer"))
    ]


def raga_of(score: Score) -> Raga:
    return RAGAS[score.key.split()[1]]


def test_ladders_go_by_the_ascent_and_by_the_descent() -> None:
    desh = ladders(RAGAS["Desh"], 0, 60, 84)
    assert desh.step(60, 84) == 62
    assert desh.step(62, 84) == 65
    assert desh.step(72, 60) == 70
    assert desh.step(84, 90) == 84
    assert desh.step(65, 65) == 65
    assert {pitch % 12 for pitch in desh.rests} == {0, 2, 7}


@pytest.mark.parametrize("emotion", ["calm", "sad", "scary", "happy", "tense", "energetic"])
def test_melodies_climb_by_the_ascent_and_come_down_by_the_descent(emotion: str) -> None:
    good = moves = 0
    for seed in range(4):
        score = one("indian", emotion, seed=seed)
        raga, sa = raga_of(score), score.scale[0]
        for notes in voices(score):
            for before, note in itertools.pairwise(notes):
                way = raga.aroha if note.pitch > before.pitch else raga.avaroha
                moves += note.pitch != before.pitch
                good += note.pitch != before.pitch and (note.pitch - sa) % 12 in {step % 12 for step in way}
    assert moves > 50
    assert good >= 0.95 * moves


@pytest.mark.parametrize("emotion", ["calm", "dreamy", "sad"])
def test_phrases_rest_on_the_raga_s_notes_and_the_piece_on_sa(emotion: str) -> None:
    score = one("indian", emotion, seed=3)
    raga, sa = raga_of(score), score.scale[0]
    resting = {0, raga.vadi % 12, raga.samvadi % 12, 7}
    for notes in voices(score):
        pauses = [a for a, b in itertools.pairwise(notes) if b.start_beats - a.end_beats > 0.45]
        assert pauses
        assert all((note.pitch - sa) % 12 in resting for note in pauses)
    last = max((notes[-1] for notes in voices(score)), key=lambda note: note.start_beats)
    assert (last.pitch - sa) % 12 == 0


def test_two_voices_take_turns() -> None:
    score = one("indian", "joyful", seed=2)
    lead, answer = voices(score)
    assert lead
    assert answer
    end = score.bars[-1] - 0.1
    both = sum(
        any(a.start_beats < b.end_beats - 0.01 and b.start_beats < a.end_beats - 0.01 for b in answer)
        for a in lead
        if a.start_beats < end
    )
    assert both == 0


def test_chords_do_not_change() -> None:
    score = one("indian", "calm")
    assert len(score.chords) == 1
    assert score.chords[0].root == score.scale[0]
