import numpy as np
import numpy.typing as npt
import pyloudnorm
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_workers.audio.meter import Loudness, LoudnessMeter

Stereo = npt.NDArray[np.float32]


def measured(samples: Stereo, rate_hz: int, block: int = 10_007) -> Loudness:
    meter = LoudnessMeter(rate_hz, samples.shape[0])
    for begin in range(0, samples.shape[1], block):
        meter.add(samples[:, begin : begin + block])
    return meter.result()


def tone(hz: float, level_db: float, seconds: float, rate_hz: int, phase: float = 0.0) -> Stereo:
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    return np.tile(10 ** (level_db / 20) * np.sin(2 * np.pi * hz * t + phase), (2, 1)).astype(np.float32)


def programme(rate_hz: int, channels: int = 2) -> Stereo:
    rng = np.random.default_rng(5)
    n = 6 * rate_hz
    swell = np.interp(np.arange(n), [0, n / 3, n / 2, n], [0.001, 0.3, 0.02, 0.2])
    return (rng.normal(0, 0.5, (channels, n)) * swell).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [22050, 44100, 48000, 96000])
@pytest.mark.parametrize("channels", [1, 2])
def test_loudness_is_pyloudnorms(rate_hz: int, channels: int) -> None:
    samples = programme(rate_hz, channels)
    expected = pyloudnorm.Meter(rate_hz).integrated_loudness(samples.T.astype(np.float64))
    assert measured(samples, rate_hz).integrated_lufs == pytest.approx(expected, abs=0.1)


def test_a_stereo_tone_of_minus_23_dbfs_is_minus_23_lufs() -> None:
    # EBU Tech 3341, case 1.
    found = measured(tone(1000, -23, 5, 48000), 48000)
    assert found.integrated_lufs == pytest.approx(-23, abs=0.1)
    assert found.sample_peak_dbfs == pytest.approx(-23, abs=0.01)


def test_quiet_passages_do_not_count() -> None:
    # EBU Tech 3341, case 3: 10 s of -36, 60 s of -23, 10 s of -36, here a quarter as long.
    parts = [tone(1000, level, seconds, 48000) for level, seconds in ((-36, 2.5), (-23, 15), (-36, 2.5))]
    assert measured(np.concatenate(parts, axis=1), 48000).integrated_lufs == pytest.approx(-23, abs=0.1)


def test_the_range_is_the_distance_of_two_levels() -> None:
    # EBU Tech 3342, case 1: two tones 10 dB apart.
    parts = [tone(1000, level, 20, 8000) for level in (-20, -30)]
    assert measured(np.concatenate(parts, axis=1), 8000).range_lu == pytest.approx(10, abs=1)


@pytest.mark.parametrize("rate_hz", [1000, 2000, 3000, 3363, 3400, 8000, 11_025, 16_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_low_rate_is_as_loud_as_at_48_khz(rate_hz: int, channels: int) -> None:
    samples = programme(rate_hz, channels)
    raised = soxr.resample(samples.T, rate_hz, 48_000, "VHQ").T.astype(np.float32)
    found, expected = measured(samples, rate_hz), measured(raised, 48_000)
    assert found.integrated_lufs == pytest.approx(expected.integrated_lufs, abs=0.1)
    assert found.range_lu == pytest.approx(expected.range_lu, abs=0.2)


@pytest.mark.parametrize("rate_hz", [1000, 3000, 8000])
def test_a_peak_between_samples_of_a_low_rate_is_found(rate_hz: int) -> None:
    found = measured(tone(rate_hz / 4, -6, 2, rate_hz, np.pi / 4), rate_hz)
    assert found.sample_peak_dbfs == pytest.approx(-9.01, abs=0.02)
    assert found.true_peak_dbtp == pytest.approx(-6, abs=0.4)


@pytest.mark.parametrize("rate_hz", [7, 1000, 22_049])
def test_a_moment_at_a_low_rate_has_no_loudness(rate_hz: int) -> None:
    assert measured(np.ones((2, 1), np.float32), rate_hz).integrated_lufs is None
    assert measured(np.zeros((2, 0), np.float32), rate_hz) == Loudness(None, None, None, None)


def test_a_peak_between_samples_is_is_found() -> None:
    # EBU Tech 3341, cases 15 to 17: a quarter of the rate, 45 degrees off, is 3 dB more than its samples.
    found = measured(tone(12000, -6, 1, 48000, np.pi / 4), 48000)
    assert found.sample_peak_dbfs == pytest.approx(-9.01, abs=0.02)
    assert found.true_peak_dbtp == pytest.approx(-6, abs=0.4)


def test_a_peak_in_a_quiet_passage_is_found() -> None:
    samples = 0.01 * tone(12000, 0, 1, 48000, np.pi / 4)
    samples[1, 30_000:30_100] = tone(12000, -6, 100 / 48000, 48000, np.pi / 4)[0]
    assert measured(samples, 48000).true_peak_dbtp == pytest.approx(-6, abs=0.6)


def test_a_peak_at_the_very_end_is_found() -> None:
    samples = np.zeros((1, 480), np.float32)
    samples[0, -2:] = 0.5
    found = measured(samples, 48000)
    assert found.true_peak_dbtp is not None
    assert found.true_peak_dbtp > -5.9


@pytest.mark.parametrize("samples", [0, 1, 100, 4800 * 4 - 1])
def test_what_is_too_short_or_silent_has_no_loudness(samples: int) -> None:
    assert measured(np.ones((2, samples), np.float32), 48000).integrated_lufs is None
    assert measured(np.zeros((2, 48000), np.float32), 48000) == Loudness(None, None, None, None)


@settings(max_examples=10, deadline=None)
@given(st.floats(-30, 6), st.integers(700, 30_000))
def test_it_follows_the_gain_and_not_the_blocks(gain_db: float, block: int) -> None:
    samples = programme(8000)
    whole = measured(samples, 8000, samples.shape[1])
    other = measured(samples * np.float32(10 ** (gain_db / 20)), 8000, block)
    assert whole.integrated_lufs is not None
    assert whole.true_peak_dbtp is not None
    assert other.integrated_lufs == pytest.approx(whole.integrated_lufs + gain_db, abs=0.01)
    assert other.true_peak_dbtp == pytest.approx(whole.true_peak_dbtp + gain_db, abs=0.01)
