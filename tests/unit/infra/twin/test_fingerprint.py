from pathlib import Path

import pytest

from infra.twin.fingerprint import folder_fingerprint, repository_fingerprint


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("infra/app.py", "infra/twin/launcher.py", "functions/api.py", "layers/patchbay/core.py", "cdk.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize("name", ["infra/app.py", "functions/api.py", "layers/patchbay/core.py", "cdk.json", "x.lock"])
def test_changes_with_what_is_deployed(root: Path, name: str) -> None:
    before = repository_fingerprint(root)
    (root / name).write_text("changed")
    assert repository_fingerprint(root) != before


@pytest.mark.parametrize(
    "name",
    [
        "infra/twin/launcher.py",
        "infra/node_modules/x.js",
        "functions/__pycache__/api.pyc",
        "layers/.hidden",
        "tests/test_x.py",
        "README.md",
    ],
)
def test_stays_for_all_else(root: Path, name: str) -> None:
    before = repository_fingerprint(root)
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("changed")
    assert repository_fingerprint(root) == before


def test_changes_with_settings_names_and_places(root: Path) -> None:
    before = repository_fingerprint(root, "port 1")
    assert repository_fingerprint(root, "port 2") != before
    (root / "functions/api.py").rename(root / "functions/apj.py")
    assert repository_fingerprint(root, "port 1") != before


def test_is_the_same_in_another_place(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other") / "moved"
    before = repository_fingerprint(root), folder_fingerprint(root / "functions")
    root.rename(other)
    assert (repository_fingerprint(other), folder_fingerprint(other / "functions")) == before
