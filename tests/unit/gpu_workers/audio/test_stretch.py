from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpu_workers.audio import stretch
from gpu_workers.audio.files import AudioFile, Samples
from gpu_workers.audio.stretch import SETTINGS, stretched, stretched_blocks
from tests.unit.gpu_workers.audio.tones import raw_file

RATE_HZ = 44100
STANDARD = SETTINGS["standard"]


def tone(hz: float, seconds: float) -> Samples:
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (0.5 * np.sin(2 * np.pi * hz * t))[None].astype(np.float32)


def heard_hz(samples: npt.NDArray[np.float32], near_hz: float) -> float:
    """Frequency of the strongest partial within a third of an octave: a parabola through a spectrum's logarithms."""
    size = 1 << int(np.ceil(np.log2(len(samples)))) + 2
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), size))
    low, high = (int(near_hz * ratio * size / RATE_HZ) for ratio in (0.9, 1.1))
    best = low + int(np.argmax(spectrum[low:high]))
    left, middle, right = np.log(spectrum[best - 1 : best + 2])
    return float((best + 0.5 * (left - right) / (left - 2 * middle + right)) * RATE_HZ / size)


def cents(samples: Samples, wanted_hz: float) -> float:
    middle = samples[0, samples.shape[1] // 4 : samples.shape[1] * 3 // 4]
    return 1200 * float(np.log2(heard_hz(middle, wanted_hz) / wanted_hz))


def cut(source: AudioFile, start: int, frames: int, out: int, pitch: float = 1.0) -> Samples:
    return np.concatenate(list(stretched_blocks(source, start, frames, out, pitch, STANDARD)), axis=1)


class TestTones:
    @pytest.mark.parametrize("quality", SETTINGS)
    @pytest.mark.parametrize("semitones", [-24, -12, -7, -1, 0.5, 3, 5, 12, 24])
    @pytest.mark.parametrize("hz", [110.0, 523.25, 1760.0])
    def test_pitch_is_within_a_cent_and_the_level_within_a_decibel(
        self, hz: float, semitones: float, quality: str
    ) -> None:
        pitch = 2 ** (semitones / 12)
        source = tone(hz, 1.5 if pitch * hz > 100 else 3)
        made = stretched(source, source.shape[1], pitch, RATE_HZ, SETTINGS[quality])
        assert abs(cents(made, hz * pitch)) < 1
        quarter = made.shape[1] // 4
        assert 20 * np.log10(made[0, quarter:-quarter].std() * np.sqrt(8)) == pytest.approx(0, abs=1)

    @pytest.mark.parametrize("speed", [0.1, 0.3, 0.5, 0.75, 1.25, 2.0, 4.0, 10.0])
    def test_speed_leaves_pitch_as_it_is(self, speed: float) -> None:
        source = tone(440, max(1.0, speed))
        out = round(source.shape[1] / speed)
        made = stretched(source, out, 1.0, RATE_HZ, STANDARD)
        assert made.shape == (1, out)
        assert abs(cents(made, 440)) < 1

    def test_better_quality_leaves_less_behind(self) -> None:
        left = []
        for quality in ("draft", "standard", "high"):
            source = tone(440, 2)
            made = stretched(source, round(source.shape[1] * 1.5), 1.0, RATE_HZ, SETTINGS[quality])[0, 30_000:-30_000]
            t = 2 * np.pi * 440 * np.arange(len(made)) / RATE_HZ
            waves = np.stack((np.sin(t), np.cos(t)), axis=1)
            rest = made - waves @ np.linalg.lstsq(waves, made, rcond=None)[0]
            left.append(10 * np.log10(np.mean(rest**2) / np.mean(made**2)))
        assert left[0] > left[1] > left[2]
        assert left[0] < -40
        assert left[2] < -90

    def test_both_at_once(self) -> None:
        source = tone(300, 2)
        made = stretched(source, source.shape[1] * 3 // 2, 2 ** (5 / 12), RATE_HZ, STANDARD)
        assert abs(cents(made, 300 * 2 ** (5 / 12))) < 1

    def test_tape_speed_is_resampling_alone(self) -> None:
        source = tone(440, 1)
        made = stretched(source, source.shape[1] // 2, 2.0, RATE_HZ, STANDARD)[0, 500:-500]
        t = (np.arange(len(made)) + 500) / RATE_HZ
        np.testing.assert_allclose(made, 0.5 * np.sin(2 * np.pi * 880 * t), atol=2e-3)


class TestTime:
    @pytest.mark.parametrize("speed", [0.25, 0.5, 0.8, 1.5, 2.0, 3.0, 8.0])
    def test_clicks_stay_where_they_belong(self, speed: float) -> None:
        source = np.zeros((1, RATE_HZ * 3), np.float32)
        at = np.array([0.4, 1.1, 1.9, 2.5]) * RATE_HZ
        for place in at:
            source[0, int(place) : int(place) + 60] = np.hanning(60)
        made = stretched(source, round(source.shape[1] / speed), 1.0, RATE_HZ, STANDARD)[0]
        for place in at / speed:
            near = np.abs(made[int(place) - 800 : int(place) + 800])
            assert abs(int(np.argmax(near)) - 800) < 0.003 * RATE_HZ + 60
            assert near.max() > 0.2

    @given(st.integers(1, 30_000), st.floats(0.1, 10), st.floats(-48, 48))
    @settings(max_examples=30, deadline=None)
    def test_the_length_is_exact_and_all_is_finite(self, frames: int, speed: float, semitones: float) -> None:
        samples = np.random.default_rng(frames).uniform(-1, 1, (2, frames)).astype(np.float32)
        out = max(round(frames / speed), 1)
        made = stretched(samples, out, 2 ** (semitones / 12), RATE_HZ, SETTINGS["draft"])
        assert made.shape == (2, out)
        assert np.isfinite(made).all()

    def test_nothing_gives_nothing(self) -> None:
        assert stretched(np.zeros((2, 0), np.float32), 5, 1.0, RATE_HZ, STANDARD).tolist() == [[0.0] * 5] * 2
        assert not stretched(np.zeros((1, 9000), np.float32), 20_000, 1.5, RATE_HZ, STANDARD).any()

    def test_the_same_again_is_the_same(self) -> None:
        source = np.random.default_rng(3).normal(0, 0.1, (2, 40_000)).astype(np.float32)
        first, second = (stretched(source, 90_000, 1.2, RATE_HZ, STANDARD) for _ in range(2))
        np.testing.assert_array_equal(first, second)

    def test_channels_keep_apart(self) -> None:
        source = np.concatenate((tone(330, 1), np.zeros((1, RATE_HZ), np.float32)))
        made = stretched(source, 60_000, 1.0, RATE_HZ, STANDARD)
        assert np.abs(made[1]).max() < 1e-4 * np.abs(made[0]).max()


class TestCuts:
    @pytest.fixture
    def source(self, tmp_path: Path) -> AudioFile:
        return raw_file(tmp_path / "source.f32", np.concatenate((tone(440, 4), tone(330, 4)), axis=0))

    @given(start=st.integers(0, 100_000), frames=st.integers(1, 60_000), speed=st.floats(0.2, 5))
    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_lengths_are_exact(self, source: AudioFile, start: int, frames: int, speed: float) -> None:
        out = max(round(frames / speed), 1)
        assert cut(source, start, frames, out).shape == (2, out)

    def test_what_lies_around_helps_at_the_edges(self, source: AudioFile) -> None:
        inside = cut(source, RATE_HZ, RATE_HZ, round(RATE_HZ * 1.3))
        assert inside[0, :2000].std() == pytest.approx(0.5 / np.sqrt(2), rel=0.05)
        assert inside[0, -2000:].std() == pytest.approx(0.5 / np.sqrt(2), rel=0.05)

    @pytest.mark.parametrize(
        ("speed", "pitch"), [(0.2, 1.0), (0.8, 1.0), (3.7, 1.0), (1.0, 0.25), (1.0, 1.5), (0.5, 2.0), (2.0, 0.5)]
    )
    def test_edges_are_as_clean_as_the_middle(self, source: AudioFile, speed: float, pitch: float) -> None:
        made = cut(source, RATE_HZ, 2 * RATE_HZ, round(2 * RATE_HZ / speed), pitch)
        long = RATE_HZ // 10
        t = 2 * np.pi * np.arange(long) / RATE_HZ
        for channel, hz in enumerate((440 * pitch, 330 * pitch)):
            waves = np.stack((np.sin(hz * t), np.cos(hz * t)), axis=1)
            for place in (0, (made.shape[1] - long) // 2, made.shape[1] - long):
                part = made[channel, place : place + long]
                rest = part - waves @ np.linalg.lstsq(waves, part, rcond=None)[0]
                assert 20 * np.log10(rest.std() / part.std()) < -45

    @pytest.mark.parametrize(("speed", "pitch"), [(0.7, 1.0), (1.6, 1.0), (1.0, 1.5), (2.0, 2.0)])
    def test_pieces_of_a_long_one_meet_without_a_seam(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, speed: float, pitch: float
    ) -> None:
        monkeypatch.setattr(stretch, "_PIECE_S", 1.5)
        source = raw_file(tmp_path / "long.f32", tone(440, 8))
        out = round(source.frames / speed)
        blocks = list(stretched_blocks(source, 0, source.frames, out, pitch, STANDARD))
        assert len(blocks) > 2
        made = np.concatenate(blocks, axis=1)
        assert made.shape == (1, out)
        assert abs(cents(made, 440 * pitch)) < 1
        inside = made[0, 10_000:-10_000]
        level = np.sqrt(np.convolve(inside**2, np.ones(882) / 882, "valid"))
        assert level.min() > 0.9 * level.max()
        assert np.abs(np.diff(inside)).max() < 1.2 * 0.5 * 2 * np.pi * 440 * pitch / RATE_HZ

    def test_pieces_meet_where_it_is_quiet(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stretch, "_PIECE_S", 3.0)
        noise = np.random.default_rng(1).normal(0, 0.2, (1, RATE_HZ * 6)).astype(np.float32)
        noise[0, round(2.4 * RATE_HZ) : round(2.7 * RATE_HZ)] = 0
        source = raw_file(tmp_path / "noise.f32", noise)
        first = next(iter(stretched_blocks(source, 0, source.frames, source.frames * 5 // 4, 1.0, STANDARD)))
        assert 2.4 < first.shape[1] / RATE_HZ / 1.25 + 0.04 < 2.75
