from pathlib import Path

import numpy as np
import pytest
import torch
from demucs.apply import apply_model
from demucs.pretrained import get_model

from gpu_workers.audio.files import AudioFile, Samples
from gpu_workers.separation.neural import NeuralSeparator, Precision, mean_and_std
from gpu_workers.separation.weights import load_bag
from patchbay.domain.errors import TaskCancelled
from patchbay.domain.tasks import ModelFiles
from tests.unit.gpu_workers.separation.tiny import SOURCES, save_repository

SEGMENT = 22050


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_repository(tmp_path_factory.mktemp("weights"))


def audio_of(path: Path, frames: int) -> AudioFile:
    samples = np.random.default_rng(frames).normal(0.02, 0.1, (frames, 2)).astype("<f4")
    path.write_bytes(samples.tobytes())
    return AudioFile(path, 44100, 2, frames)


def ours(
    repository: Path, name: str, audio: AudioFile, precision: Precision, wanted: list[str] | None = None
) -> Samples:
    separator = NeuralSeparator(load_bag(ModelFiles(name, "1", repository)), precision)
    names = wanted or SOURCES
    blocks = [np.stack([b[stem] for stem in names]) for b in separator.separate(audio, names, lambda done: None)]
    return np.concatenate(blocks, axis=-1)


def theirs(repository: Path, name: str, audio: AudioFile) -> Samples:
    """demucs.api.Separator.separate_tensor with shifts=0."""
    mixture = torch.from_numpy(audio.read())
    mono = mixture.mean(0)
    mean, std = mono.mean(), mono.std() + 1e-8
    out = apply_model(get_model(name, repo=repository), ((mixture - mean) / std)[None], shifts=0) * std + mean
    result: Samples = out[0].numpy()
    return result


def relative_error(a: Samples, b: Samples) -> float:
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


@pytest.mark.parametrize("frames", [100, SEGMENT - 1, SEGMENT + 1, 3 * SEGMENT + 777])
@pytest.mark.parametrize("name", ["htdemucs", "htdemucs_ft"])
def test_equals_demucs_for_any_length(repository: Path, tmp_path: Path, name: str, frames: int) -> None:
    audio = audio_of(tmp_path / "a.f32", frames)
    expected = theirs(repository, name, audio)
    assert relative_error(ours(repository, name, audio, "fp32"), expected) < 1e-5


@pytest.mark.parametrize("frames", [SEGMENT, 2 * SEGMENT + 5])
def test_equals_demucs_in_bf16(repository: Path, tmp_path: Path, frames: int) -> None:
    audio = audio_of(tmp_path / "a.f32", frames)
    assert relative_error(ours(repository, "htdemucs", audio, "bf16"), theirs(repository, "htdemucs", audio)) < 1e-2


def test_a_model_without_transformer_is_kept_in_fp32(repository: Path, tmp_path: Path) -> None:
    audio = audio_of(tmp_path / "a.f32", 60_000)
    assert relative_error(ours(repository, "mdx_extra", audio, "bf16"), theirs(repository, "mdx_extra", audio)) < 1e-5


def test_fewer_stems_are_the_same_stems_and_spare_models(repository: Path, tmp_path: Path) -> None:
    audio = audio_of(tmp_path / "a.f32", 2 * SEGMENT)
    every = ours(repository, "htdemucs_ft", audio, "fp32")
    np.testing.assert_allclose(ours(repository, "htdemucs_ft", audio, "fp32", ["bass"])[0], every[1], atol=1e-6)

    separator = NeuralSeparator(load_bag(ModelFiles("htdemucs_ft", "1", repository)), "fp32")
    runs = [0, 0]

    def count(k: int) -> None:
        runs[k] += 1

    for k, model in enumerate(separator._bag.models):
        model.register_forward_hook(lambda *_, k=k: count(k))
    list(separator.separate(audio, ["bass"], lambda done: None))
    assert runs == [0, 3]


def test_batches_give_the_same(repository: Path, tmp_path: Path) -> None:
    audio = audio_of(tmp_path / "a.f32", 5 * SEGMENT + 9)
    separator = NeuralSeparator(load_bag(ModelFiles("htdemucs", "1", repository)), "fp32")
    single = [block["vocals"] for block in separator.separate(audio, ["vocals"], lambda done: None)]
    separator._batch = 4
    batched = [block["vocals"] for block in separator.separate(audio, ["vocals"], lambda done: None)]
    np.testing.assert_allclose(np.concatenate(batched, axis=1), np.concatenate(single, axis=1), atol=1e-6)


@pytest.mark.parametrize("name", ["htdemucs", "mdx_extra"])
def test_silence_stays_finite(repository: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "a.f32").write_bytes(bytes(8 * SEGMENT))
    assert np.isfinite(ours(repository, name, AudioFile(tmp_path / "a.f32", 44100, 2, SEGMENT), "bf16")).all()


def test_progress_rises_and_what_it_raises_goes_through(repository: Path, tmp_path: Path) -> None:
    audio = audio_of(tmp_path / "a.f32", 4 * SEGMENT)
    separator = NeuralSeparator(load_bag(ModelFiles("htdemucs_ft", "1", repository)))
    seen: list[float] = []
    list(separator.separate(audio, ["vocals"], seen.append))
    assert seen == sorted(seen)
    assert 0 <= seen[0] < seen[-1] < 1
    assert len(seen) == 2 * 6  # two models, six chunks

    def cancel(done: float) -> None:
        raise TaskCancelled("gone")

    with pytest.raises(TaskCancelled):
        list(separator.separate(audio, ["vocals"], cancel))


def test_mean_and_std_are_those_of_the_whole(tmp_path: Path) -> None:
    audio = audio_of(tmp_path / "a.f32", 200_001)
    mono = audio.read().mean(axis=0)
    mean, std = mean_and_std(audio)
    assert mean == pytest.approx(mono.mean(), rel=1e-5)
    assert std == pytest.approx(mono.std(ddof=1), rel=1e-5)
