import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_workers.analysis.pitches import FRAME_S, LOWEST_NOTE, Pitches, pitches
from tests.unit.gpu_workers.analysis.notes import chord

Mono = npt.NDArray[np.float32]


def loudest(found: Pitches, count: int) -> set[int]:
    """The pitch classes that sound most in the middle."""
    middle = len(found.notes) // 2
    both = found.rest[middle] + found.bass[middle]
    return {int(name) for name in np.argsort(both)[-count:]}


@settings(max_examples=12, deadline=None)
@given(st.integers(40, 80))
def test_of_a_note_with_overtones_the_lowest_is_the_loudest(note: int) -> None:
    found = pitches(chord([note], 1.5))
    middle = found.notes[len(found.notes) // 2]
    assert int(middle.argmax()) + LOWEST_NOTE == note
    assert loudest(found, 1) == {note % 12}


@pytest.mark.parametrize("notes", [(48, 64, 67, 72), (45, 60, 64, 69), (43, 62, 67, 71)])
def test_the_pitch_classes_of_a_chord_are_found(notes: tuple[int, ...]) -> None:
    assert loudest(pitches(chord(notes, 1.5)), 3) == {note % 12 for note in notes}


def test_the_bass_is_apart() -> None:
    found = pitches(chord([40, 72], 1.5))
    middle = len(found.bass) // 2
    assert int(found.bass[middle].argmax()) == 40 % 12
    assert int(found.rest[middle].argmax()) == 72 % 12


@pytest.mark.parametrize("cents", [-40, -13, 0, 27, 45])
def test_the_tuning_is_found_and_made_up_for(cents: int) -> None:
    found = pitches(chord([57, 61, 64], 1.5, cents=cents))
    assert found.tuning * 100 == pytest.approx(cents, abs=4)
    assert loudest(found, 3) == {9, 1, 4}


@settings(max_examples=8, deadline=None)
@given(st.floats(-40, 20))
def test_the_gain_does_not_matter(gain_db: float) -> None:
    samples = chord([50, 65, 69], 1.0)
    one, other = pitches(samples), pitches(samples * np.float32(10 ** (gain_db / 20)))
    np.testing.assert_allclose(other.notes[3:8], one.notes[3:8], atol=0.02)
    np.testing.assert_allclose(other.level_db, one.level_db, atol=0.5)


@pytest.mark.parametrize("samples", [0, 1, 3, 600, 2049])
def test_short_and_silent_sounds_have_finite_numbers(samples: int) -> None:
    for found in (pitches(np.zeros(samples, np.float32)), pitches(np.ones(samples, np.float32))):
        assert np.isfinite(found.notes).all()
        assert np.isfinite(found.level_db).all()
        assert abs(found.tuning) <= 0.5
    assert (pitches(np.zeros(samples, np.float32)).level_db == -120).all()


def test_frames_cover_the_whole() -> None:
    found = pitches(chord([60], 2.0))
    assert (len(found.notes) - 1) * FRAME_S == pytest.approx(2.0, abs=FRAME_S)


def test_a_click_is_no_note() -> None:
    samples = np.zeros(22050, np.float32)
    samples[11000:11020] = 0.9
    assert pitches(samples).notes.max() < pitches(chord([60], 1.0)).notes.max() / 2
