import shutil

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_workers.analysis import detection
from gpu_workers.analysis.detection import Detector, decided, model, probabilities, ranges
from gpu_workers.analysis.detection_cues import STEP_S, cues, held_partials, sounding
from gpu_workers.analysis.pitches import pitches
from gpu_workers.audio.spectra import RATE_HZ, Spectra
from tests.bench.truth import noise, piece, speech
from tests.unit.gpu_workers.analysis.notes import chord

pytestmark = pytest.mark.slow

Mono = npt.NDArray[np.float32]

needs_a_voice = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


def tune(seed: int, seconds: float = 14.0) -> Mono:
    made = piece(seed, bpm=110, key="D minor", timbre="piano", drums=True, duration_s=seconds, rate_hz=RATE_HZ)
    return np.asarray(made.samples.mean(axis=0), np.float32)


def voice(seed: int, seconds: float) -> Mono:
    return np.asarray(speech(seed, seconds, RATE_HZ)[0], np.float32)


def heard(samples: Mono) -> npt.NDArray[np.float64]:
    spectra = Spectra(samples)
    return probabilities(spectra, pitches(spectra.samples))


def share(samples: Mono) -> float:
    """Of half seconds that are music."""
    return float(decided(heard(samples)).mean())


class TestDecisions:
    def test_music_is_music_at_any_level(self) -> None:
        samples = tune(9501)
        for gain in (0.03, 1.0):
            assert share(samples * np.float32(gain)) > 0.85

    @pytest.mark.parametrize("kind", ["white", "pink", "brown", "crowd"])
    def test_noise_is_not(self, kind: str) -> None:
        assert share(noise(9502, 8, kind, RATE_HZ)[0]) < 0.1

    @needs_a_voice
    @pytest.mark.parametrize("seed", [9503, 9504])
    def test_speech_is_not(self, seed: int) -> None:
        assert share(voice(seed, 10)) < 0.1

    @needs_a_voice
    @pytest.mark.parametrize("under_db", [-3, -9])
    def test_music_under_speech_is(self, under_db: float) -> None:
        said, played = voice(9505, 14), tune(9506)
        gain = 10 ** (under_db / 20) * said.std() / played.std()
        assert share(said + played * np.float32(gain)) > 0.75

    def test_silence_a_constant_and_a_blink_are_not(self) -> None:
        for samples in (np.zeros(0), np.zeros(RATE_HZ * 3), np.ones(RATE_HZ * 3), np.ones(1), chord([60], 0.3)):
            assert ranges(heard(np.asarray(samples, np.float32)), len(samples) / RATE_HZ) == []

    @needs_a_voice
    def test_a_programme_is_cut_where_the_music_begins_and_ends(self) -> None:
        samples = np.concatenate((voice(9507, 10), tune(9508)[RATE_HZ : 11 * RATE_HZ], voice(9509, 10)))
        (span,) = ranges(heard(samples), 30.0)
        assert span.start_s == pytest.approx(10, abs=1.01)
        assert span.end_s == pytest.approx(20, abs=1.01)
        assert span.confidence > 0.7


class TestRanges:
    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.floats(0, 1), max_size=60), st.floats(0, 0.5))
    def test_they_are_in_order_apart_and_inside(self, values: list[float], short_s: float) -> None:
        duration_s = max(len(values) * STEP_S - short_s, 0)
        found = ranges(np.array(values, np.float64), duration_s)
        edges = [edge for span in found for edge in (span.start_s, span.end_s)]
        assert edges == sorted(edges)
        assert len(set(edges)) == len(edges)
        assert all(0 <= edge <= duration_s for edge in edges)
        assert all(0 <= span.confidence <= 1 for span in found)

    @given(st.lists(st.booleans(), min_size=1, max_size=60))
    def test_the_path_is_the_likeliest_of_all(self, flags: list[bool]) -> None:
        probability = np.where(flags, 0.7, 0.3)

        def worth(path: npt.NDArray[np.bool_]) -> float:
            odds = np.log(probability / (1 - probability))
            return float(np.sum(np.where(path, odds, -odds)) / 2 + model().change * np.sum(path[1:] != path[:-1]))

        best = worth(decided(probability))
        others = (np.array(flags), np.ones(len(flags), np.bool_), np.zeros(len(flags), np.bool_))
        assert all(best >= worth(other) - 1e-9 for other in others)

    def test_what_is_certain_stays(self) -> None:
        probability = np.repeat([0.0, 1.0, 0.0], 20)
        assert decided(probability).tolist() == [False] * 20 + [True] * 20 + [False] * 20


class TestDetector:
    def test_in_parts_it_says_what_it_says_of_the_whole(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(detection, "_CHUNK_STEPS", 12)
        hiss = noise(9510, 12, "pink", RATE_HZ)[0]
        samples = np.concatenate((hiss, tune(9511, 12), hiss * 0.5)).astype(np.float32)
        detector = Detector()
        for begin in range(0, len(samples), 40_000):
            detector.add(samples[begin : begin + 40_000])
        found, whole = detector.finish(), heard(samples)
        assert len(found) == len(whole)
        assert np.mean(decided(found) == decided(whole)) > 0.95

    def test_of_nothing_it_says_nothing(self) -> None:
        assert len(Detector().finish()) == 0


class TestCues:
    def test_they_do_not_depend_on_the_gain(self) -> None:
        samples = tune(9512, 6)
        one, other = (cues(Spectra(s), pitches(s)) for s in (samples, samples * np.float32(0.25)))
        spread = model().spread
        assert float(np.median(np.abs(one - other) / spread)) < 0.01

    def test_a_note_is_held_and_a_glide_is_not(self) -> None:
        t = np.arange(2 * RATE_HZ) / RATE_HZ
        glide = sum(np.sin(2 * np.pi * k * (200 * t + 200 * t**2)) / k for k in range(1, 6))
        _, held = held_partials(Spectra(chord([60, 67], 2.0)))
        _, slid = held_partials(Spectra(0.1 * np.asarray(glide)))
        assert held[20:60].mean() > 0.8
        assert slid[20:60].mean() < 0.5 * held[20:60].mean()

    def test_sound_is_told_from_silence(self) -> None:
        samples = np.concatenate((np.zeros(RATE_HZ * 2, np.float32), chord([60], 2.0)))
        found = sounding(Spectra(samples)).tolist()
        assert found[:3] + found[4:] == [False] * 3 + [True] * 4
