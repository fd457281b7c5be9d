import numpy as np
import pytest

from gpu_workers.audio.rhythm.cues import (
    CHROMA_FRAME_S,
    Evidence,
    bar_cues,
    changes,
    counted,
    cues,
    evidence,
    pitch_classes,
)
from gpu_workers.audio.rhythm.onsets import FRAME_S, Onsets
from gpu_workers.audio.spectra import Spectra

FRAMES, PERIOD, BEATS_A_BAR = 2400, 40, 4


@pytest.fixture(scope="module")
def heard() -> Evidence:
    """A kick each beat, louder on the first of four, a click at the half, and a new pitch class each bar."""
    full = np.full(FRAMES, 0.1, np.float32)
    full[::PERIOD] = 4
    full[PERIOD // 2 :: PERIOD] = 2
    low = np.zeros(FRAMES, np.float32)
    low[::PERIOD] = 1
    low[:: PERIOD * BEATS_A_BAR] = 5
    onsets = Onsets(full, low, full, np.ones(FRAMES, np.float32))
    count = int(FRAMES * FRAME_S / CHROMA_FRAME_S)
    bars = (np.arange(count) * CHROMA_FRAME_S / (PERIOD * FRAME_S * BEATS_A_BAR)).astype(int)
    chroma = (np.arange(12)[:, None] == bars * 5 % 12).astype(np.float32)
    return evidence(onsets, chroma, CHROMA_FRAME_S, np.zeros(500), 3.0)


def test_harmony_that_stays_does_not_change() -> None:
    same = np.tile(np.eye(12)[0], (10, 1))
    assert max(np.abs(row).max() for row in changes(same, (1, 2, 4)).values()) < 1e-12


def test_harmony_changes_where_it_does() -> None:
    chroma = np.repeat(np.eye(12)[[0, 5, 7]], 4, axis=0)
    found = changes(chroma, (1,))[1]
    assert list(np.flatnonzero(found > 0.5)) == [4, 8]


def test_cues_are_finite_and_as_many_for_every_count(heard: Evidence) -> None:
    rows = [cues(heard, counted(heard, np.arange(0.0, FRAMES, step))) for step in (20, 40, 60, 80, 350)]
    assert {len(row) for row in rows} == {len(rows[0])}
    assert all(np.isfinite(row).all() for row in rows)


def test_the_bar_begins_where_kick_and_chord_say(heard: Evidence) -> None:
    table = bar_cues(counted(heard, np.arange(0.0, FRAMES, PERIOD)), BEATS_A_BAR)
    low, change = 1, 3
    assert np.argmax(table[:, low]) == 0
    assert np.argmax(table[:, change]) == 0


def test_counting_from_a_later_beat_turns_the_bar(heard: Evidence) -> None:
    whole = bar_cues(counted(heard, np.arange(0.0, FRAMES, PERIOD)), BEATS_A_BAR)
    later = bar_cues(counted(heard, np.arange(float(PERIOD), FRAMES, PERIOD)), BEATS_A_BAR)
    assert np.argmax(later[:, 1]) == (np.argmax(whole[:, 1]) - 1) % BEATS_A_BAR


@pytest.mark.parametrize(("freq_hz", "wanted"), [(440.0, 9), (523.25, 0), (880.0, 9), (739.99, 6)])
def test_pitch_classes_of_a_tone(freq_hz: float, wanted: int) -> None:
    tone = np.sin(2 * np.pi * freq_hz * np.arange(22050) / 22050).astype(np.float32)
    found = pitch_classes(Spectra(tone).power)
    assert (np.argmax(found[:, 4:-4], axis=0) == wanted).all()


def test_pitch_classes_of_silence() -> None:
    assert not pitch_classes(np.zeros((1025, 5), np.float32)).any()
    assert pitch_classes(np.zeros((1025, 0), np.float32)).shape == (12, 0)
