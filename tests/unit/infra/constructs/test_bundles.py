import importlib.util
import marshal
import os
import struct
import subprocess
import sys
import types
import zipfile
from pathlib import Path
from typing import Any

import pytest

from infra.app import target_of
from infra.constructs.bundles import Bundler, Target
from infra.stage import stage

HERE = Target(python=(sys.version_info[0], sys.version_info[1]), compiler=sys.executable)
ELSEWHERE = Target()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make(tmp_path / "checkout")


def make(root: Path) -> Path:
    files = {
        "functions/__init__.py": "",
        "functions/entrypoints/hello.py": "def handler(event, context):\n    return 'hello'\n",
        "functions/dialects/native/openapi.json": "{}",
        "functions/__pycache__/hello.cpython-311.pyc": "left behind",
        "layers/patchbay/src/patchbay/__init__.py": "",
        "layers/patchbay/src/patchbay/py.typed": "",
        "layers/patchbay/src/patchbay/cli/main.py": "import typer",
        "layers/patchbay/src/patchbay/core/cli.py": "NOT = 'the command line'",
        "layers/runtime/requirements.txt": "x==1\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_the_same_files_make_the_same_bytes_wherever_and_whenever(tmp_path: Path, root: Path) -> None:
    other = make(tmp_path / "another" / "place")
    for path in other.rglob("*.py"):
        os.utime(path, (1, 1))
    made = [Bundler(out=tmp_path / f"out{n}", target=HERE, root=r).functions() for n, r in enumerate((root, other))]
    assert made[0].digest == made[1].digest
    assert made[0].path.name == made[1].path.name
    assert made[0].path.read_bytes() == made[1].path.read_bytes()


def test_a_changed_file_makes_another_bundle(tmp_path: Path, root: Path) -> None:
    bundler = Bundler(out=tmp_path / "out", target=HERE, root=root)
    before = bundler.functions()
    (root / "functions/entrypoints/hello.py").write_text("def handler(event, context): ...\n")
    after = bundler.functions()
    assert after.digest != before.digest
    assert after.path != before.path


def test_functions_are_sources_with_bytecode_and_no_leftovers(tmp_path: Path, root: Path) -> None:
    found = names(Bundler(out=tmp_path, target=HERE, root=root).functions().path)
    cached = importlib.util.cache_from_source("functions/entrypoints/hello.py")
    assert cached in found
    assert {name for name in found if not name.endswith(".pyc")} == {
        "functions/__init__.py",
        "functions/entrypoints/hello.py",
        "functions/dialects/native/openapi.json",
    }
    assert "functions/__pycache__/hello.cpython-311.pyc" not in found
    assert found == sorted(found)


def test_bytecode_is_not_checked_against_the_source_and_names_no_machine(tmp_path: Path, root: Path) -> None:
    path = Bundler(out=tmp_path, target=HERE, root=root).functions().path
    with zipfile.ZipFile(path) as archive:
        code = archive.read(importlib.util.cache_from_source("functions/entrypoints/hello.py"))
        times = {entry.date_time for entry in archive.infolist()}
    assert code[:4] == importlib.util.MAGIC_NUMBER
    assert struct.unpack("<I", code[4:8]) == (0b01,)
    loaded = marshal.loads(code[16:])
    assert isinstance(loaded, types.CodeType)
    assert loaded.co_filename == "functions/entrypoints/hello.py"
    assert times == {(1980, 1, 1, 0, 0, 0)}


def test_without_an_interpreter_there_is_no_bytecode_and_its_word_is_an_input(tmp_path: Path, root: Path) -> None:
    plain = Bundler(out=tmp_path, target=Target(python=HERE.python), root=root).functions()
    assert not [name for name in names(plain.path) if name.endswith(".pyc")]
    compiled = Bundler(out=tmp_path, target=HERE, root=root).functions()
    assert compiled.digest != plain.digest
    assert set(names(plain.path)) < set(names(compiled.path))


def test_what_cannot_be_compiled_goes_as_it_is(tmp_path: Path, root: Path) -> None:
    """Packages bring examples of errors, and files for other versions."""
    (root / "functions/broken.py").write_text("print 'old'\n")
    found = names(Bundler(out=tmp_path, target=HERE, root=root).functions().path)
    assert "functions/broken.py" in found
    assert importlib.util.cache_from_source("functions/broken.py") not in found
    assert importlib.util.cache_from_source("functions/entrypoints/hello.py") in found


def test_packages_of_the_layer_are_compiled_too(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = subprocess.run

    def run(argv: list[str], **how: Any) -> Any:
        if "--target" not in argv:
            return real(argv, **how)
        package = Path(argv[argv.index("--target") + 1], "x")
        package.mkdir()
        (package / "__init__.py").write_text("A = 1\n")
        return None

    monkeypatch.setattr("subprocess.run", run)
    made = {t: Bundler(out=tmp_path, target=t, root=root).runtime_layer() for t in (HERE, Target(python=HERE.python))}
    assert len({bundle.digest for bundle in made.values()}) == 2
    assert names(made[HERE].path) == [
        "python/x/__init__.py",
        importlib.util.cache_from_source("python/x/__init__.py"),
    ]


def test_only_the_twin_is_compiled_unasked() -> None:
    assert [target_of(stage(name, {})).compiler for name in ("twin", "dev", "prod")] == [sys.executable, "", ""]


@pytest.mark.parametrize("wrong", [sys.executable, "/nowhere/python3.12", "/bin/false", "/bin/true"])
def test_an_interpreter_that_makes_no_bytecode_for_lambdas_is_refused(wrong: str) -> None:
    if wrong == sys.executable and sys.version_info[:2] == Target().python:
        assert target_of(stage("prod", {"PATCHBAY_BYTECODE_PYTHON": wrong})).compiler == wrong
        return
    with pytest.raises(ValueError, match=r"PATCHBAY_BYTECODE_PYTHON.*(CPython 3\.12|no Python that runs here)"):
        target_of(stage("prod", {"PATCHBAY_BYTECODE_PYTHON": wrong}))


def test_the_layer_is_the_core_without_the_command_line(tmp_path: Path, root: Path) -> None:
    found = names(Bundler(out=tmp_path, target=ELSEWHERE, root=root).patchbay_layer().path)
    assert found == ["python/patchbay/__init__.py", "python/patchbay/core/cli.py", "python/patchbay/py.typed"]


def test_wheels_are_fetched_for_the_target_and_only_when_pins_change(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[list[str]] = []

    def pip(argv: list[str], *, check: bool) -> None:
        calls.append(argv)
        folder = Path(argv[argv.index("--target") + 1])
        for name in ("fastapi/__init__.py", "bin/fastapi", "x.dist-info/RECORD", "x.dist-info/METADATA"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(str(folder))

    monkeypatch.setattr("subprocess.run", pip)
    bundler = Bundler(out=tmp_path / "out", target=ELSEWHERE, root=root)
    first, second = bundler.runtime_layer(), bundler.runtime_layer()
    assert first == second
    assert len(calls) == 1
    assert {"--require-hashes", "--no-deps", "--only-binary", "3.12"} <= set(calls[0])
    assert "manylinux_2_28_aarch64" in calls[0]
    assert names(first.path) == ["python/fastapi/__init__.py", "python/x.dist-info/METADATA"]
    (root / "layers/runtime/requirements.txt").write_text("x==2\n")
    assert bundler.runtime_layer().digest != first.digest
    assert len(calls) == 2


def test_without_wheels_there_is_a_stand_in(tmp_path: Path, root: Path) -> None:
    made = Bundler(out=tmp_path, target=ELSEWHERE, root=root, install=False).runtime_layer()
    assert names(made.path) == ["python/requirements.txt"]
