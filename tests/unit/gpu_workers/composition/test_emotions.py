from __future__ import annotations

import pytest

from gpu_workers.composition.emotions import EMOTIONS, emotion_named
from gpu_workers.composition.theory import DARK, MODES


def test_the_sixteen_emotions() -> None:
    asked = (
        "sad calm motivational happy scary cheerful angry triumphant relaxing depressing dreamy inspirational "
        "energetic joyful tense fearful"
    )
    assert set(EMOTIONS) == set(asked.split())


def test_energies_are_distinct_and_in_bounds() -> None:
    energies = [emotion.energy for emotion in EMOTIONS.values()]
    assert len(set(energies)) == 16
    assert all(0 < energy <= 1 for energy in energies)
    assert all(set(emotion.modes) <= set(MODES) for emotion in EMOTIONS.values())


@pytest.mark.parametrize(("calmer", "livelier"), [("relaxing", "tense"), ("sad", "happy"), ("calm", "energetic")])
def test_order_of_energies(calmer: str, livelier: str) -> None:
    assert EMOTIONS[calmer].energy < EMOTIONS[livelier].energy


def test_dark_emotions_have_dark_modes() -> None:
    for emotion in EMOTIONS.values():
        assert (emotion.modes[0] in DARK) == (emotion.valence < 0)


def test_an_unknown_emotion_is_refused() -> None:
    with pytest.raises(ValueError, match="bored"):
        emotion_named("bored")
