from __future__ import annotations

import pytest

from gpu_workers.composition.emotions import EMOTIONS
from gpu_workers.composition.score import TABLA_NOTES
from gpu_workers.composition.theory_ragas import FOR_EMOTION, RAGAS, STROKES, TALAS, Raga


@pytest.mark.parametrize("raga", RAGAS.values(), ids=RAGAS)
def test_a_raga_goes_up_an_octave_and_down_again(raga: Raga) -> None:
    assert raga.aroha == tuple(sorted(set(raga.aroha)))
    assert raga.avaroha == tuple(sorted(set(raga.avaroha), reverse=True))
    assert (raga.aroha[0], raga.aroha[-1], raga.avaroha[0], raga.avaroha[-1]) == (0, 12, 12, 0)
    assert {raga.vadi, raga.samvadi, raga.drone} <= set(raga.steps)
    assert 5 <= len(raga.steps) <= 9


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("Yaman", {0, 2, 4, 6, 7, 9, 11}),
        ("Bhairav", {0, 1, 4, 5, 7, 8, 11}),
        ("Bhairavi", {0, 1, 3, 5, 7, 8, 10}),
        ("Kafi", {0, 2, 3, 5, 7, 9, 10}),
        ("Bhupali", {0, 2, 4, 7, 9}),
        ("Malkauns", {0, 3, 5, 8, 10}),
    ],
)
def test_notes_of_well_known_ragas(name: str, steps: set[int]) -> None:
    assert set(RAGAS[name].steps) == steps


def test_every_emotion_has_ragas() -> None:
    assert set(FOR_EMOTION) == set(EMOTIONS)
    assert all(set(names) <= set(RAGAS) for names in FOR_EMOTION.values())


@pytest.mark.parametrize(("name", "matras"), [("teental", 16), ("keherwa", 8), ("dadra", 6)])
def test_talas(name: str, matras: int) -> None:
    tala = TALAS[name]
    assert len(tala.theka) == matras
    assert tala.bars * tala.beats_per_bar * tala.bols_per_beat == matras
    assert tala.theka[0] == "dha"
    assert set(tala.theka) <= set(STROKES)


def test_every_stroke_has_a_note() -> None:
    assert {stroke for strokes in STROKES.values() for stroke in strokes} <= set(TABLA_NOTES)
