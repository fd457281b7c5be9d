"""A finished piece is as loud as others, never over full scale, and silence stays silence."""

import numpy as np
import pyloudnorm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_workers.audio.files import Samples
from gpu_workers.generation import level

RATE_HZ = 32_000


def noise(channels: int, seconds: float, gain: float, seed: int = 0) -> Samples:
    made = np.random.default_rng(seed).standard_normal((channels, round(seconds * RATE_HZ)))
    return (gain * made).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 2])
def test_loudness_is_what_others_measure(channels: int) -> None:
    piece = noise(channels, 25, 0.1)
    piece[:, 5 * RATE_HZ : 12 * RATE_HZ] *= 0.001  # gated
    theirs = pyloudnorm.Meter(RATE_HZ, filter_class="DeMan").integrated_loudness(piece.T.astype(np.float64))
    assert level.integrated(piece, RATE_HZ) == pytest.approx(theirs, abs=0.1)


@pytest.mark.parametrize("gain", [0.01, 0.05, 1.0, 30.0])
def test_quiet_and_loud_pieces_end_at_one_level(gain: float) -> None:
    piece = np.tile(noise(1, 0.5, 1), (2, 8)) * np.float32(0.2)
    piece = np.tanh(piece * 10) * np.float32(0.1 * gain)  # little between loudness and peak
    level.finish(piece, RATE_HZ)
    assert level.integrated(piece, RATE_HZ) == pytest.approx(level.TARGET_LUFS, abs=0.1) or (
        20 * np.log10(level.true_peak(piece, RATE_HZ)) == pytest.approx(level.CEILING_DBTP, abs=0.01)
    )


@settings(deadline=None, max_examples=25)
@given(seconds=st.floats(0.01, 3), gain=st.floats(1e-6, 1e3), clicks=st.integers(0, 3), channels=st.integers(1, 2))
def test_nothing_is_over_the_ceiling_or_louder_than_the_target(
    seconds: float, gain: float, clicks: int, channels: int
) -> None:
    piece = noise(channels, seconds, gain)
    for click in range(clicks):
        piece[0, (click * 7919) % piece.shape[1]] = 50 * gain
    level.finish(piece, RATE_HZ)
    assert level.true_peak(piece, RATE_HZ) <= 10 ** (level.CEILING_DBTP / 20) * 1.0001
    loudness = level.integrated(piece, RATE_HZ)
    assert loudness is None or loudness <= level.TARGET_LUFS + 0.01
    assert not piece[:, 0].any()


def test_peaks_between_samples_count() -> None:
    n = np.arange(RATE_HZ)
    wave = np.sin(2 * np.pi * RATE_HZ / 4 * n / RATE_HZ + np.pi / 4)[None].astype(np.float32)
    assert np.abs(wave).max() == pytest.approx(0.7071, abs=0.001)
    assert level.true_peak(wave, RATE_HZ) == pytest.approx(1.0, abs=0.05)


def test_silence_stays_silent() -> None:
    piece = np.zeros((2, RATE_HZ), np.float32)
    level.finish(piece, RATE_HZ)
    assert not piece.any()
