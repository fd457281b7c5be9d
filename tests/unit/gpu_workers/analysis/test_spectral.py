from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from librosa import feature
from librosa.onset import onset_strength as librosas_onset_strength

from gpu_workers.analysis.spectral import mfcc, onset_strength, rms, spectral, zero_crossings
from gpu_workers.audio.spectra import RATE_HZ, Spectra

Mono = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def signal() -> Mono:
    t = np.arange(2 * RATE_HZ) / RATE_HZ
    noise = np.random.default_rng(1).normal(0, 0.2, len(t)) * (t % 0.5 < 0.1)
    return (0.3 * np.sin(2 * np.pi * 330 * t) + noise).astype(np.float32)


LIBROSAS: dict[str, Callable[[Mono], Any]] = {
    "centroid_hz": lambda y: feature.spectral_centroid(y=y),
    "bandwidth_hz": lambda y: feature.spectral_bandwidth(y=y),
    "rolloff_hz": lambda y: feature.spectral_rolloff(y=y),
    "flatness": lambda y: feature.spectral_flatness(y=y),
    "zero_crossings": feature.zero_crossing_rate,
    "rms": lambda y: feature.rms(y=y),
}


@pytest.mark.parametrize("name", LIBROSAS)
@pytest.mark.parametrize("samples", [2048, 5000, 44_100])
def test_series_are_librosas(signal: Mono, name: str, samples: int) -> None:
    part = signal[:samples]
    found = getattr(spectral(Spectra(part)), name)
    np.testing.assert_allclose(found, LIBROSAS[name](part)[0], rtol=1e-3, atol=1e-6)


def test_long_signals_have_no_seams() -> None:
    noise = np.random.default_rng(7).normal(0, 0.1, 1_200_000)
    samples: Mono = (noise * np.linspace(0, 1, len(noise))).astype(np.float32)
    np.testing.assert_allclose(rms(samples), feature.rms(y=samples)[0], rtol=1e-3)
    np.testing.assert_allclose(zero_crossings(samples), feature.zero_crossing_rate(samples)[0], rtol=1e-6)


def test_cepstra_and_onsets_are_librosas(signal: Mono) -> None:
    spectra = Spectra(signal)
    np.testing.assert_allclose(mfcc(spectra), feature.mfcc(y=signal), rtol=1e-3, atol=1e-2)
    np.testing.assert_allclose(onset_strength(spectra), librosas_onset_strength(y=signal), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("samples", [0, 1, 2, 511, 513])
def test_short_signals_have_finite_numbers(samples: int) -> None:
    spectra = Spectra(np.ones(samples) * 0.1)
    found = spectral(spectra)
    for name in LIBROSAS:
        series = getattr(found, name)
        assert len(series) == spectra.frames
        assert np.isfinite(series).all()
    assert np.isfinite(mfcc(spectra)).all()
    assert len(onset_strength(spectra)) == spectra.frames


def test_silence_has_no_centre_and_is_flat() -> None:
    found = spectral(Spectra(np.zeros(5000)))
    assert not found.centroid_hz.any()
    assert not found.rms.any()
    assert found.flatness == pytest.approx(1.0)


@settings(max_examples=15, deadline=None)
@given(st.integers(20, 600))
def test_the_centre_of_a_tone_is_its_frequency(bin_number: int) -> None:
    hz = bin_number * RATE_HZ / 2048
    tone = np.sin(2 * np.pi * hz * np.arange(8192) / RATE_HZ)
    found = spectral(Spectra(tone))
    assert found.centroid_hz[4:-4] == pytest.approx(hz, abs=15)
    assert found.zero_crossings[4:-4] == pytest.approx(2 * hz / RATE_HZ, abs=0.002)
    assert found.rms[4:-4] == pytest.approx(np.sqrt(0.5), abs=0.01)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.05, 20))
def test_only_the_level_follows_the_gain(gain: float) -> None:
    samples = np.random.default_rng(4).normal(0, 0.1, 6000).astype(np.float32)
    one, other = spectral(Spectra(samples)), spectral(Spectra(samples * np.float32(gain)))
    np.testing.assert_allclose(other.centroid_hz, one.centroid_hz, rtol=1e-3)
    np.testing.assert_allclose(other.bandwidth_hz, one.bandwidth_hz, rtol=1e-3)
    np.testing.assert_allclose(other.rms, one.rms * gain, rtol=1e-3)


@given(st.lists(st.floats(-1, 1, width=32), max_size=3000))
@settings(max_examples=20, deadline=None)
def test_energy_is_counted_four_times(values: list[float]) -> None:
    samples = np.array(values, np.float32)
    whole = float(np.sum(rms(samples).astype(np.float64) ** 2)) * 2048 / 4
    # Only what is in the first and the last 1,024 samples is in fewer than four frames.
    assert whole <= float(np.sum(samples.astype(np.float64) ** 2)) * 1.001 + 1e-9
    assert zero_crossings(samples).max() <= 1
