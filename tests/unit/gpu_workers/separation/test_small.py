import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpu_workers.audio.files import AudioFile
from gpu_workers.audio.metrics import si_sdr
from gpu_workers.audio.stft import stft
from gpu_workers.separation.classic import ClassicSeparator
from gpu_workers.separation.small import NETWORK_SHARE, RULES_SHARE, SmallSeparator
from gpu_workers.separation.small_cells import features, spread
from patchbay.domain.errors import ModelUnavailable
from patchbay.domain.tasks import ModelFiles
from tests.unit.gpu_workers.separation.small_models import save_tiny
from tests.unit.gpu_workers.separation.songs import Stereo, mix, song

RATE_HZ = 44_100
Separate = Callable[[Stereo], dict[str, Stereo]]


@pytest.fixture(scope="module")
def separator(tmp_path_factory: pytest.TempPathFactory) -> SmallSeparator:
    return SmallSeparator(files(save_tiny(tmp_path_factory.mktemp("weights"))))


@pytest.fixture
def separate(separator: SmallSeparator, tmp_path: Path) -> Separate:
    def separated(mixture: Stereo) -> dict[str, Stereo]:
        blocks = list(separator.separate(audio_of(tmp_path, mixture), separator.stems, lambda done: None))
        return {name: np.concatenate([block[name] for block in blocks], axis=1) for name in separator.stems}

    return separated


def files(folder: Path | None) -> ModelFiles:
    return ModelFiles("patchbay-small", "1.0", folder)


def audio_of(folder: Path, mixture: Stereo) -> AudioFile:
    path = folder / "a.f32"
    path.write_bytes(np.ascontiguousarray(mixture.T, "<f4").tobytes())
    return AudioFile(path, RATE_HZ, 2, mixture.shape[1])


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames=st.integers(1, 9000), gain=st.sampled_from([0.0, 1e-6, 1.0, 4.0]))
def test_stems_sum_to_the_mixture(separate: Separate, frames: int, gain: float) -> None:
    mixture = (gain * np.random.default_rng(frames).uniform(-1, 1, (2, frames))).astype(np.float32)
    stems = separate(mixture)
    assert all(stem.shape == mixture.shape for stem in stems.values())
    np.testing.assert_allclose(sum(stems.values()), mixture, atol=2e-6 * max(gain, 1))


def test_blocks_join_without_a_seam(separate: Separate) -> None:
    mixture = np.random.default_rng(0).normal(0, 0.1, (2, 22 * RATE_HZ)).astype(np.float32)
    stems = separate(mixture)
    np.testing.assert_allclose(sum(stems.values()), mixture, atol=2e-6)
    assert all(si_sdr(mixture, stem) < 40 for stem in stems.values())


def test_loudness_does_not_matter(separate: Separate) -> None:
    mixture = mix(song(3, 2.0))
    loud, quiet = separate(mixture), separate(mixture * np.float32(1 / 64))
    for name, stem in loud.items():
        assert si_sdr(stem, quiet[name]) > 40


def test_a_subset_is_the_same_stems(separator: SmallSeparator, separate: Separate, tmp_path: Path) -> None:
    mixture = mix(song(5, 1.0))
    stems = separate(mixture)
    (block,) = separator.separate(audio_of(tmp_path, mixture), ["bass"], lambda done: None)
    assert list(block) == ["bass"]
    np.testing.assert_array_equal(block["bass"], stems["bass"])


def test_progress_starts_at_nothing_and_rises(separator: SmallSeparator, tmp_path: Path) -> None:
    seen: list[float] = []
    silence = np.zeros((2, 20 * RATE_HZ), np.float32)
    list(separator.separate(audio_of(tmp_path, silence), ["bass"], seen.append))
    assert seen == [0.0, pytest.approx(0.45), pytest.approx(0.9)]


def test_masks_are_the_weighted_geometric_mean_of_the_networks_and_the_rules(separator: SmallSeparator) -> None:
    spectrum = stft(mix(song(7, 1.5)), 4096, 1024)
    with torch.inference_mode():
        cells = torch.softmax(separator._net(torch.from_numpy(features(spectrum))[None]), dim=1)[0].numpy()
    ruled = np.stack(list(ClassicSeparator().masks(spectrum, range(4))))
    mean = spread(cells) ** NETWORK_SHARE * ruled**RULES_SHARE
    expected = mean / mean.sum(axis=0)
    found = np.stack(list(separator.masks(spectrum, range(4))))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    for masks in (spread(cells), ruled):
        assert np.abs(found - masks).max() > 0.1


def test_other_stems_than_those_of_the_rules_are_refused(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "weights")
    config = json.loads((folder / "small.json").read_text())
    config["stems"] = config["stems"][::-1]
    (folder / "small.json").write_text(json.dumps(config))
    with pytest.raises(ModelUnavailable, match="missing or damaged"):
        SmallSeparator(files(folder))


def test_missing_weights_are_told() -> None:
    with pytest.raises(ModelUnavailable, match="patchbay-small are not installed"):
        SmallSeparator(files(None))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("small.json", b""),
        ("small.json", b"[]"),
        ("small.json", b'{"stems": ["vocals"]}'),
        ("small.json", b'{"stems": ["a", "b", "c", "d"], "network": {"widths": [4, 6]}}'),
        ("small.json", b'{"stems": ["a", "b", "c", "d"], "network": {"depth": 4}}'),
        ("small.json", b'{"stems": ["a", "b", "c"], "network": {"widths": [4, 6, 8], "detail": 4}}'),
        ("small.safetensors", b""),
        ("small.safetensors", b"\xff" * 64),
    ],
)
def test_damaged_weights_are_told(tmp_path: Path, name: str, data: bytes) -> None:
    folder = save_tiny(tmp_path / "weights")
    (folder / name).write_bytes(data)
    with pytest.raises(ModelUnavailable, match="missing or damaged"):
        SmallSeparator(files(folder))
