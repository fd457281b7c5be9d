from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpu_workers.audio.files import AudioFile
from gpu_workers.audio.metrics import si_sdr
from gpu_workers.separation.classic import ClassicSeparator
from tests.unit.gpu_workers.separation.songs import STEMS, Stereo, mix, song

pytestmark = pytest.mark.slow

HELD_OUT_SEEDS = range(3)
"""The table was fitted to seeds from 10,000 and to other material."""


def separate(path: Path, mixture: Stereo) -> dict[str, Stereo]:
    path.write_bytes(np.ascontiguousarray(mixture.T, "<f4").tobytes())
    separator = ClassicSeparator()
    audio = AudioFile(path, 44100, 2, mixture.shape[1])
    blocks = list(separator.separate(audio, separator.stems, lambda done: None))
    return {name: np.concatenate([block[name] for block in blocks], axis=1) for name in separator.stems}


@pytest.mark.slow
def test_stems_are_nearer_than_the_mixture(tmp_path: Path) -> None:
    gains_db = []
    for seed in HELD_OUT_SEEDS:
        stems = song(seed, 5.0)
        mixture = mix(stems)
        estimates = separate(tmp_path / "a.f32", mixture)
        gains_db += [si_sdr(stems[name], estimates[name]) - si_sdr(stems[name], mixture) for name in STEMS]
    assert np.mean(gains_db) > 8.0
    assert np.mean(np.array(gains_db) < 0) <= 0.1


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames=st.integers(1, 9000), gain=st.sampled_from([0.0, 1e-6, 1.0, 4.0]))
def test_stems_sum_to_the_mixture(tmp_path: Path, frames: int, gain: float) -> None:
    mixture = (gain * np.random.default_rng(frames).uniform(-1, 1, (2, frames))).astype(np.float32)
    stems = separate(tmp_path / "a.f32", mixture)
    assert all(stem.shape == mixture.shape for stem in stems.values())
    np.testing.assert_allclose(sum(stems.values()), mixture, atol=2e-6 * max(gain, 1))


@pytest.mark.slow
def test_blocks_join_without_a_seam(tmp_path: Path) -> None:
    mixture = np.tile(mix(song(6, 7.0)), 2)
    stems = separate(tmp_path / "a.f32", mixture)
    np.testing.assert_allclose(sum(stems.values()), mixture, atol=2e-6)


def test_loudness_does_not_matter(tmp_path: Path) -> None:
    mixture = mix(song(3, 2.0))
    loud, quiet = separate(tmp_path / "a.f32", mixture), separate(tmp_path / "a.f32", mixture * np.float32(1 / 64))
    for name in STEMS:
        assert si_sdr(loud[name], quiet[name]) > 40


def test_both_sides_are_treated_alike(tmp_path: Path) -> None:
    mixture = mix(song(4, 2.0))
    straight, swapped = separate(tmp_path / "a.f32", mixture), separate(tmp_path / "a.f32", mixture[::-1])
    for name in STEMS:
        np.testing.assert_allclose(swapped[name][::-1], straight[name], atol=1e-5)


def test_a_subset_is_the_same_stems(tmp_path: Path) -> None:
    mixture = mix(song(5, 1.0))
    stems = separate(tmp_path / "a.f32", mixture)
    audio = AudioFile(tmp_path / "a.f32", 44100, 2, mixture.shape[1])
    (block,) = ClassicSeparator().separate(audio, ["bass"], lambda done: None)
    assert list(block) == ["bass"]
    np.testing.assert_array_equal(block["bass"], stems["bass"])


def test_progress_starts_at_nothing(tmp_path: Path) -> None:
    seen: list[float] = []
    (tmp_path / "a.f32").write_bytes(bytes(8 * 44100 * 20))
    list(ClassicSeparator().separate(AudioFile(tmp_path / "a.f32", 44100, 2, 44100 * 20), ["bass"], seen.append))
    assert seen[0] == 0.0
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(0.9)
