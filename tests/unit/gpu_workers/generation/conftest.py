"""Small models on disk, made once."""

from pathlib import Path

import pytest

from gpu_workers.generation.loading import Loaded, load
from patchbay.domain.tasks import ModelFiles
from tests.unit.gpu_workers.generation import tiny


@pytest.fixture(scope="session")
def text_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save(tmp_path_factory.mktemp("generation") / "text")


@pytest.fixture(scope="session")
def melody_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save(tmp_path_factory.mktemp("generation") / "melody", melody=True)


@pytest.fixture(scope="session")
def stereo_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save(tmp_path_factory.mktemp("generation") / "stereo", channels=2)


@pytest.fixture(scope="session")
def text_model(text_files: Path) -> Loaded:
    return load(ModelFiles("musicgen-small", "1.0", text_files))


@pytest.fixture(scope="session")
def stereo_model(stereo_files: Path) -> Loaded:
    return load(ModelFiles("musicgen-stereo-small", "1.0", stereo_files))


@pytest.fixture(scope="session")
def melody_model(melody_files: Path) -> Loaded:
    return load(ModelFiles("musicgen-melody", "1.0", melody_files))
