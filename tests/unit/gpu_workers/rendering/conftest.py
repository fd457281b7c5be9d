from pathlib import Path

import pytest

from tests.unit.gpu_workers.rendering.sessions import Desk, noise


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder: Path = tmp_path_factory.mktemp("desk")
    return Desk(folder, {"noise": noise(1.5), "mono": noise(0.8, 1, 1), "other": noise(2.0, 2)})
