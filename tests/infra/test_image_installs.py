"""What the workers' images install, by the build's own command, and that every engine imports with just that.

There is no Docker here: an environment without a package stands for the image.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from infra.constructs.worker_images import ENGINES
from tests.infra.test_images import EVERY_ENGINE, SHARED, brought, instructions, wanted
from tests.support.templates import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
IMPORT_ALL = """
import importlib, pkgutil, sys
import gpu_workers
names = [m.name for m in pkgutil.walk_packages(gpu_workers.__path__, "gpu_workers.")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
from patchbay.bootstrap import Services
from patchbay.settings import from_env
told = {"TABLE": "t", "MEDIA_BUCKET": "b", "QUEUE_URL_CPU": "q", "QUEUE_URL_GPU": "q", "STATE_MACHINE_ARN": "m"}
services = Services(from_env({f"PATCHBAY_{name}": value for name, value in told.items()}))
for name in ("tasks", "queues", "objects", "executions"):
    getattr(services, name)
import patchbay.adapters.aws.weights
print(len(names))
"""
"""All that a worker can come to need, and what it needs of the core."""


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Path]:
    """An environment without a package."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True, timeout=300)
    yield tmp_path / "venv"
    shutil.rmtree(tmp_path / "venv")


def site_of(environment: Path) -> Path:
    (site,) = environment.glob("lib/python3*/site-packages")
    return site


def link(name: str, site: Path) -> None:
    """Have a distribution of this environment in another, as far as import and metadata are concerned."""
    found = metadata.distribution(name)
    tops = {Path(str(file)).parts[0] for file in found.files or []} - {"..", "__pycache__"}
    for top in tops:
        target = site / top
        if not target.exists():
            target.symlink_to(Path(str(found.locate_file(top))))


def laid_out(engines: tuple[str, ...], folder: Path) -> Path:
    """The folder of the code as the build lays it out."""
    app = folder / "app"
    (app / "gpu_workers").mkdir(parents=True)
    (app / "patchbay").symlink_to(ROOT / "layers/patchbay/src/patchbay")
    for name in ("__init__.py", *SHARED, *engines):
        left_out = shutil.ignore_patterns("__pycache__", "training", "fitting")
        source = ROOT / "gpu_workers" / name
        target = app / "gpu_workers" / name
        shutil.copytree(source, target, ignore=left_out) if source.is_dir() else shutil.copy(source, target)
    return app


def imports_everything(python: Path, app: Path, folder: Path) -> None:
    surroundings = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(app),
        "HOME": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [python, "-c", IMPORT_ALL],
        env=surroundings,
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=800,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_an_engine_imports_with_nothing_but_what_it_says_it_needs(engine: str, bare: Path, tmp_path: Path) -> None:
    """One that imports what another brings would fail in an image without that one."""
    names = [name for folder in (*SHARED, engine) for name in wanted(folder)]
    for name in brought(names):
        link(name, site_of(bare))
    imports_everything(bare / "bin/python", laid_out((engine,), tmp_path), tmp_path)


def installing(engines: tuple[str, ...], environment: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """The build's own command, with pip of this environment in place of the image's."""
    (run,) = [line for line in instructions("RUN") if "pip install" in line]
    (given,) = re.findall(r"/opt/venv/bin/pip install ([^&]*)", run)
    options = [word for word in given.split() if word != '"$@"']
    assert options == ["--no-cache-dir", "--prefer-binary", "--constraint", "requirements.lock"]
    files = [f"gpu_workers/{folder}/requirements.txt" for folder in (*SHARED, *engines)]
    asked = [word for file in files for word in ("--requirement", file)]
    # With the cache, and compiling nothing: only what is installed matters here.
    pip = [sys.executable, "-m", "pip", "--python", str(environment), "--disable-pip-version-check"]
    command = [*pip, "install", "--quiet", "--no-compile", *options[1:], *more, *asked]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=600)


def installed(done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode and "CI" not in os.environ and "connection" in done.stderr.lower():
        pytest.skip("no package index can be reached from here")
    assert done.returncode == 0, done.stderr


def test_the_install_step_of_the_cpu_image_gives_what_its_engines_import(bare: Path, tmp_path: Path) -> None:
    installed(installing(ENGINES["cpu"], bare))
    imports_everything(bare / "bin/python", laid_out(ENGINES["cpu"], tmp_path), tmp_path)


def test_the_install_step_of_the_gpu_image_finds_every_package_that_it_names(bare: Path) -> None:
    """To install them takes gigabytes; what they bring is in the lock, and importing them is another test's."""
    installed(installing(ENGINES["gpu"], bare, "--dry-run", "--no-deps"))
