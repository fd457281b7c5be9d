from pathlib import Path

import numpy as np
import pytest
import soundfile

from gpu_workers.runtime.weights import Weights
from gpu_workers.separation.engine import CLASSIC, SMALL, create
from patchbay.domain.errors import InvalidInput, ModelUnavailable, TaskCancelled, UnusableAudio
from patchbay.domain.tasks import EngineInput, EngineTask, ModelFiles
from tests.unit.gpu_workers.separation.songs import mix, song
from tests.unit.gpu_workers.separation.tiny import SOURCES, save_repository


@pytest.fixture(scope="module")
def mixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("in") / "song.wav"
    soundfile.write(path, 0.3 * mix(song(7, 2.0)).T, 44100, "PCM_16")
    return path


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def task(source: Path, work: Path, *stems: str, **params: str) -> EngineTask:
    return EngineTask([EngineInput("input", source)], {"stems": list(stems), **params}, work)


def test_classic_gives_the_stems_asked_for_as_long_as_the_input(mixture: Path, work: Path) -> None:
    engine = create()
    engine.load(ModelFiles(CLASSIC, "1"))
    outputs = engine.run(task(mixture, work, "vocals", "accompaniment"))
    assert [(o.name, o.path, o.media_type) for o in outputs] == [
        (name, work / f"{name}.wav", "audio/wav") for name in ("vocals", "accompaniment")
    ]
    total = sum(soundfile.read(work / f"{name}.wav")[0] for name in ("vocals", "accompaniment"))
    np.testing.assert_allclose(total, soundfile.read(mixture)[0], atol=2 / 32768)
    assert sorted(path.name for path in work.iterdir()) == ["accompaniment.wav", "vocals.wav"]


def test_a_demucs_model_goes_all_the_way(mixture: Path, work: Path, tmp_path: Path) -> None:
    engine = create()
    engine.load(ModelFiles("htdemucs", "1", save_repository(tmp_path / "weights")))
    outputs = engine.run(task(mixture, work, *SOURCES, sample_format="wav32f"))
    assert [o.name for o in outputs] == SOURCES
    assert all(soundfile.info(o.path).frames == soundfile.info(mixture).frames for o in outputs)
    with pytest.raises(InvalidInput):
        engine.run(task(mixture, work, "guitar"))


def test_our_own_network_needs_nothing_installed(mixture: Path, work: Path, tmp_path: Path) -> None:
    def fetch(name: str, target: Path) -> None:
        raise FileNotFoundError(name)

    engine = create()
    engine.load(Weights(fetch, tmp_path / "cache").files("separation", SMALL, ""))
    outputs = engine.run(task(mixture, work, "vocals", "accompaniment"))
    assert [o.name for o in outputs] == ["vocals", "accompaniment"]
    total = sum(soundfile.read(work / f"{name}.wav")[0] for name in ("vocals", "accompaniment"))
    np.testing.assert_allclose(total, soundfile.read(mixture)[0], atol=2 / 32768)


def test_wrong_tasks_are_refused(mixture: Path, work: Path, tmp_path: Path) -> None:
    engine = create()
    with pytest.raises(ModelUnavailable):
        engine.run(task(mixture, work, "vocals"))
    engine.load(ModelFiles(CLASSIC, "1"))
    with pytest.raises(InvalidInput):
        engine.run(EngineTask([], {"stems": ["vocals"]}, work))
    rubbish = tmp_path / "rubbish.wav"
    rubbish.write_bytes(b"nothing to hear")
    with pytest.raises(UnusableAudio):
        engine.run(task(rubbish, work, "vocals"))


def test_failing_to_load_leaves_no_model_behind(mixture: Path, work: Path) -> None:
    engine = create()
    engine.load(ModelFiles(CLASSIC, "1"))
    with pytest.raises(ModelUnavailable):
        engine.load(ModelFiles("htdemucs", "1"))
    with pytest.raises(ModelUnavailable):
        engine.run(task(mixture, work, "vocals"))


def test_cancelling_leaves_no_scratch_of_the_mixture(mixture: Path, work: Path) -> None:
    def cancel(done: float) -> None:
        if done > 0.5:
            raise TaskCancelled("gone")

    engine = create()
    engine.load(ModelFiles(CLASSIC, "1"))
    with pytest.raises(TaskCancelled):
        engine.run(EngineTask([EngineInput("input", mixture)], {"stems": ["vocals"]}, work, cancel))
    assert not (work / "mixture.f32").exists()
