import warnings

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from librosa import feature, filters, stft

from gpu_workers.audio.filters import chroma_bank, hz_to_mel, mel_bank, mel_to_hz
from gpu_workers.audio.spectra import RATE_HZ, Spectra

Mono = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def signal() -> Mono:
    t = np.arange(2 * RATE_HZ) / RATE_HZ
    noise = np.random.default_rng(1).normal(0, 0.05, len(t))
    return (0.4 * np.sin(2 * np.pi * 440 * t * (1 + 0.2 * t)) + noise).astype(np.float32)


def plain_power(samples: Mono) -> Mono:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of signals shorter than a frame
        return np.asarray(np.abs(stft(samples)) ** 2, np.float32)


class TestPower:
    @pytest.mark.parametrize("samples", [1, 511, 512, 513, 1024, 2047, 2048, 30_000])
    def test_it_is_that_of_a_plain_transform(self, signal: Mono, samples: int) -> None:
        found = Spectra(signal[:samples]).power
        expected = plain_power(signal[:samples])
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)

    def test_blocks_join_without_a_seam(self) -> None:
        samples = np.random.default_rng(2).normal(size=512 * 1100).astype(np.float32)
        spectra = Spectra(samples)
        np.testing.assert_allclose(spectra.power, plain_power(samples), rtol=1e-2, atol=1e-3)
        assert np.array_equal(np.concatenate([block for _, block in spectra.blocks()]), spectra.rows)

    def test_nothing_has_one_silent_frame(self) -> None:
        spectra = Spectra(np.zeros(0))
        assert spectra.power.shape == (1025, 1)
        assert not spectra.power.any()
        assert spectra.duration_s == 0

    def test_what_is_not_finite_is_silence(self) -> None:
        spectra = Spectra(np.array([np.nan, np.inf, -np.inf, 1.0]))
        assert spectra.samples.tolist() == [0, 0, 0, 1]
        assert np.isfinite(spectra.power).all()

    def test_the_pulse_is_felt_at_every_block(self) -> None:
        told: list[int] = []
        spectra = Spectra(np.zeros(512 * 300), lambda: told.append(1))
        assert not spectra.rows.any()
        assert len(told) == 3
        assert len(list(spectra.blocks())) == 3
        assert len(told) == 6

    @settings(max_examples=20, deadline=None)
    @given(st.floats(0.01, 10))
    def test_power_grows_with_the_square_of_the_gain(self, gain: float) -> None:
        samples = np.random.default_rng(3).normal(size=3000).astype(np.float32)
        one, other = Spectra(samples), Spectra(samples * np.float32(gain))
        np.testing.assert_allclose(other.magnitude, one.magnitude * gain, rtol=1e-3, atol=1e-4 * gain)
        np.testing.assert_allclose(other.chroma(), one.chroma(), atol=1e-4)


class TestBanks:
    def test_mel_bands_are_librosas(self) -> None:
        np.testing.assert_allclose(mel_bank(22050, 2048, 128), filters.mel(sr=22050, n_fft=2048), rtol=1e-4, atol=1e-9)

    @pytest.mark.parametrize("tuning", [0.0, 0.31, -0.5])
    def test_pitch_classes_are_librosas(self, tuning: float) -> None:
        expected = filters.chroma(sr=22050, n_fft=2048, tuning=tuning)
        np.testing.assert_allclose(chroma_bank(22050, 2048, tuning), expected, atol=1e-6)

    @given(st.floats(0, 20_000))
    def test_mels_go_there_and_back(self, hz: float) -> None:
        assert float(mel_to_hz(hz_to_mel(hz))) == pytest.approx(hz, rel=1e-9, abs=1e-6)

    def test_a_bank_cannot_be_written_on(self) -> None:
        with pytest.raises(ValueError, match="read-only"):
            mel_bank(22050, 2048, 128)[0, 0] = 1


class TestBands:
    def test_mel_and_chroma_are_librosas(self, signal: Mono) -> None:
        spectra = Spectra(signal)
        np.testing.assert_allclose(spectra.mel, feature.melspectrogram(y=signal), rtol=1e-3, atol=1e-5)
        expected = feature.chroma_stft(y=signal, tuning=0.2)
        np.testing.assert_allclose(spectra.chroma(0.2), expected, atol=1e-3)

    def test_the_largest_pitch_class_is_one_or_there_is_none(self, signal: Mono) -> None:
        assert Spectra(signal).chroma().max(axis=0) == pytest.approx(1.0)
        assert not Spectra(np.zeros(5000)).chroma().any()
