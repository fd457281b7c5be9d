import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_workers.audio.rhythm.onsets import FRAME_S, RATE_HZ, onset_times, onsets
from tests.bench.truth import piece
from tests.bench.truth.scores import f_measure

Mono = npt.NDArray[np.float32]

PLAYED_S = np.array([0.4, 0.9, 1.15, 1.7, 2.2, 2.9])


def struck(times_s: npt.NDArray[np.float64], seconds: float = 3.5) -> Mono:
    """Notes of 500 Hz that die away."""
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    notes = [(t >= at) * np.exp(-np.maximum(t - at, 0) * 12) * np.sin(2 * np.pi * 500 * (t - at)) for at in times_s]
    return np.asarray(np.sum(notes, axis=0), np.float32)


def test_finds_each_note_and_nothing_else() -> None:
    found = onset_times(onsets(struck(PLAYED_S)))
    assert len(found) == len(PLAYED_S)
    assert np.abs(found - PLAYED_S).max() < 0.02


def test_finds_the_notes_of_a_piece() -> None:
    truth = piece(3, bpm=110, key="E minor", timbre="piano", drums=True, duration_s=12, rate_hz=RATE_HZ)
    together = np.concatenate(([True], np.diff(truth.onsets_s) > 0.03))
    found = onset_times(onsets(truth.samples.mean(axis=0)))
    assert f_measure(found, truth.onsets_s[together], 0.05) > 0.85


@settings(max_examples=10, deadline=None)
@given(st.floats(0.01, 30))
def test_loudness_does_not_matter(gain: float) -> None:
    plain, scaled = onsets(struck(PLAYED_S)), onsets(struck(PLAYED_S) * np.float32(gain))
    np.testing.assert_allclose(scaled.full, plain.full, atol=2e-3)
    np.testing.assert_allclose(scaled.low, plain.low, atol=2e-3)


def test_later_music_has_later_onsets() -> None:
    lead = 40 * round(FRAME_S * RATE_HZ)
    late = onset_times(onsets(np.concatenate((np.zeros(lead, np.float32), struck(PLAYED_S)))))
    np.testing.assert_allclose(late - lead / RATE_HZ, onset_times(onsets(struck(PLAYED_S))), atol=1e-6)


def test_a_kick_is_low_and_a_hat_is_high() -> None:
    t = np.arange(RATE_HZ) / RATE_HZ
    noise = np.random.default_rng(0).standard_normal(RATE_HZ)
    kick = (t > 0.3) * np.sin(2 * np.pi * 60 * t) * np.exp(-np.maximum(t - 0.3, 0) * 20)
    hat = (t > 0.7) * np.diff(noise, prepend=0) * np.exp(-np.maximum(t - 0.7, 0) * 60)
    found = onsets((kick + 0.3 * hat).astype(np.float32))
    early = slice(0, round(0.5 / FRAME_S))
    assert found.low[early].sum() > 3 * found.low[early.stop :].sum()
    assert found.high[early.stop :].sum() > 3 * found.high[early].sum()


@pytest.mark.parametrize("frames", [0, 1, 255, 256, 2000, 22050])
def test_silence_of_any_length_has_none(frames: int) -> None:
    found = onsets(np.zeros(frames, np.float32))
    assert not found.full.any()
    assert len(found) == frames // 256 + 1
    assert len(onset_times(found)) == 0


def test_broken_samples_do_no_harm() -> None:
    samples = struck(PLAYED_S)
    samples[5000:5003] = (np.nan, np.inf, -np.inf)
    assert np.isfinite(onsets(samples).full).all()


def test_a_part_is_cut_from_all_series() -> None:
    whole = onsets(struck(PLAYED_S))
    part = whole.part(slice(10, 30))
    assert len(part) == 20
    np.testing.assert_array_equal(part.high, whole.high[10:30])
