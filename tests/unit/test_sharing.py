"""How tests are shared out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.sharing import TOGETHER, together

ROOT = Path(__file__).resolve().parents[2]


def test_every_test_of_the_twin_is_on_one_worker() -> None:
    """By its mark: one beside the others would start a second twin, and meet other people there."""
    marked = [path for path in (ROOT / "tests").rglob("test_*.py") if "pytest.mark.twin" in path.read_text()]
    here = Path(__file__)
    names = {together(f"{path.relative_to(ROOT)}::test_it") for path in marked if path != here}
    assert names == {"twin"}


@pytest.mark.parametrize("folder", TOGETHER)
def test_groups_are_of_folders_that_are_there(folder: str) -> None:
    assert list((ROOT / folder).glob("test_*.py"))


def test_any_other_test_goes_alone() -> None:
    assert together("tests/unit/test_x.py::test_a[e@f]") == "tests/unit/test_x.py::test_a[e@f]"


@pytest.mark.slow
def test_they_are_given_out_so(tmp_path: Path) -> None:
    """By pytest-xdist itself, whose ways of grouping have changed before."""
    for folder in ("tests/e2e", "tests/browser", "tests/unit"):
        (tmp_path / folder).mkdir(parents=True)
        text = "import pytest\n\n\n@pytest.mark.parametrize('n', range(8))\ndef test_it(n):\n    pass\n"
        (tmp_path / folder / f"test_{Path(folder).name}.py").write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "tests.support.sharing", "-p", "no:cacheprovider", "-n", "2", "-v"]
    ran = subprocess.run(
        [*command, "tests"],
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    workers: dict[str, set[str]] = {}
    for line in ran.stdout.splitlines():
        if line.startswith("[gw"):
            workers.setdefault(together(line.split()[-1]), set()).add(line[1:4])
    assert len(workers) == 9
    assert len(workers["twin"]) == 1
    assert len(set().union(*workers.values())) == 2
