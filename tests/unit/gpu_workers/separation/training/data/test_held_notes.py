import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_workers.separation.fitting.programs import Key
from gpu_workers.separation.training.data import held_notes, singing
from gpu_workers.separation.training.data.plans import RATE_HZ
from gpu_workers.separation.training.data.singing import Habits
from gpu_workers.separation.training.data.vocoder import BINS, Throat

KEYS = st.lists(
    st.builds(Key, st.floats(0, 8), st.floats(0.02, 4), st.integers(30, 90), st.integers(1, 127)), max_size=30
)


@given(KEYS)
def test_lines_have_one_note_at_a_time_and_nothing_that_was_not_played(keys: list[Key]) -> None:
    lines = held_notes.lines_of(keys)
    assert len(lines) <= 4
    assert bool(lines) == bool(keys)
    written = [(key.start_s, float(key.pitch)) for key in keys]
    for line in lines:
        for before, after in itertools.pairwise(line):
            assert after.start_s >= before.end_s - 0.03
        for note in line:
            written.remove((note.start_s, note.pitch))


def test_a_chord_takes_a_line_for_each_tone_and_a_melody_one() -> None:
    chord = [Key(1.0, 1.0, pitch, 90) for pitch in (60, 64, 67)]
    tune = [Key(0.5 * n, 0.5, 60 + n, 90) for n in range(5)]
    assert [[note.pitch for note in line] for line in held_notes.lines_of(chord)] == [[67.0], [64.0], [60.0]]
    assert [len(line) for line in held_notes.lines_of(tune)] == [5]


def test_phrases_begin_after_rests_alone() -> None:
    keys = [Key(0.0, 0.5, 60, 90), Key(0.5, 0.5, 62, 90), Key(2.0, 0.5, 64, 90)]
    assert [note.first for note in held_notes.lines_of(keys)[0]] == [True, False, True]


def test_an_instrument_plays_the_pitch_that_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(singing, "random_habits", lambda rng: Habits(0.004, 0.0, 0.0, 5.0, 0.3, 0.0, 0.0))
    monkeypatch.setattr(singing, "random_throat", lambda rng: Throat(0.0, 0.0, 0.0, 0.0, 80_000.0))
    for seed in range(4):
        sound = held_notes.play(np.random.default_rng(seed), [Key(0.1, 1.8, 69, 100)], 2.0)
        level = np.abs(np.fft.rfft(sound[RATE_HZ // 2 : RATE_HZ * 3 // 2] * np.hanning(RATE_HZ)))
        tones, gaps = level[440:8000:440], level[660:8000:440]
        assert 20 * np.log10(np.sum(tones**2) / np.sum(gaps**2)) > 20


def test_instruments_follow_from_the_seed_and_differ() -> None:
    keys = [Key(0.0, 0.6, 57, 100), Key(0.5, 0.4, 64, 80)]
    first, again, other = (held_notes.play(np.random.default_rng(seed), keys, 1.0) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first).max() == pytest.approx(1.0)
    assert not np.allclose(first, other, atol=0.05)


def test_no_keys_are_silence() -> None:
    sound = held_notes.play(np.random.default_rng(0), [], 0.5)
    assert sound.shape == (RATE_HZ // 2,)
    assert not sound.any()


@given(st.integers(0, 10_000))
def test_a_body_is_finite_and_its_top_is_at_zero(seed: int) -> None:
    body = held_notes._body(np.random.default_rng(seed))
    assert body.shape == (BINS,)
    assert np.isfinite(body).all()
    assert body.max() == 0.0


def test_beds_are_of_all_kinds_lasting_and_follow_from_the_seed() -> None:
    kinds = set()
    for seed in range(16):
        kind, sound = held_notes.bed(np.random.default_rng(seed), 1.0)
        kinds.add(kind)
        assert sound.shape == (2, RATE_HZ)
        assert sound.dtype == np.float32
        assert np.abs(sound).max() == pytest.approx(1.0)
        quarters = np.abs(sound).reshape(2, 4, -1).max(axis=(0, 2))
        assert quarters.min() > 0.01
    assert kinds == set(held_notes.BEDS)
    np.testing.assert_array_equal(held_notes.bed(np.random.default_rng(3), 0.5)[1],
                                  held_notes.bed(np.random.default_rng(3), 0.5)[1])  # fmt: skip


def test_hum_is_that_of_the_mains() -> None:
    found = set()
    for seed in range(30):
        kind, sound = held_notes.bed(np.random.default_rng(seed), 1.0)
        if kind == "hum":
            found.add(int(np.argmax(np.abs(np.fft.rfft(sound[0])))))
    assert found == {50, 60}
