"""The workers' images: their engines have what they import and no more, and the steps of the build are sound.

There is no Docker here: the file that builds them is read, line by line. What it installs is another test's.
"""

import re
from importlib import metadata
from pathlib import Path

import aws_cdk as cdk
import pytest
from packaging.requirements import Requirement

from infra.constructs import worker_images
from infra.constructs.machine_guard import WORKER_UID
from infra.constructs.worker_images import DOCKERFILE, ENGINES
from infra.stage import stage
from patchbay.catalog import workflows
from patchbay.catalog.compute import QUEUED
from patchbay.catalog.models import MODELS, Shelf
from tests.support.templates import ROOT

TEXT = (ROOT / DOCKERFILE).read_text()
LOGICAL = re.sub(r"\\\n(\s*#.*\n)*", " ", TEXT)
"""The file with each instruction in one line."""
LINES = [line for line in LOGICAL.splitlines() if line and not line.startswith("#")]
LOCKED = {line.partition("==")[0].lower() for line in (ROOT / "requirements.lock").read_text().splitlines()}
EVERY_ENGINE = sorted(engine for engines in ENGINES.values() for engine in engines)
SHARED = ("audio", "runtime")
OF_THE_BUILD = "torch"
"""Not in the lock: which build of it fits is the machine's matter, and what that brings, CUDA for one."""


def instructions(name: str) -> list[str]:
    return [line.removeprefix(name).strip() for line in LINES if line.startswith(f"{name} ")]


def wanted(folder: str) -> list[str]:
    lines = (ROOT / "gpu_workers" / folder / "requirements.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def brought(names: list[str]) -> set[str]:
    """Distributions that some requirements bring, by what the installed ones say of themselves."""
    found: set[str] = set()
    todo = [Requirement(name) for name in names]
    while todo:
        requirement = todo.pop()
        name = normal(requirement.name)
        if name in found:
            continue
        found.add(name)
        for line in metadata.distribution(name).requires or []:
            further = Requirement(line)
            if further.marker is None or any(
                further.marker.evaluate({"extra": extra}) for extra in ("", *requirement.extras)
            ):
                todo.append(further)
    return found


def engines_asked_of(compute: str) -> set[str]:
    shelf = Shelf(tuple(MODELS), allow_research=True)
    steps = [step for w in workflows.workflows().values() for step in w.plan(w.parse({}), shelf)]
    return {step.engine for step in steps if step.compute == compute}


def test_every_queued_class_has_an_image_with_the_engines_of_its_steps() -> None:
    assert set(ENGINES) == {compute.name for compute in QUEUED}
    for compute, engines in ENGINES.items():
        assert engines_asked_of(compute) <= set(engines)


def test_every_engine_is_in_one_image() -> None:
    folders = {path.parent.name for path in (ROOT / "gpu_workers").glob("*/engine.py")} - {"runtime"}
    assert sorted(folders) == EVERY_ENGINE


def test_the_base_is_pinned_by_its_contents_and_every_stage_stands_on_it() -> None:
    (base,) = [arg for arg in instructions("ARG") if arg.startswith("PYTHON=")]
    assert re.fullmatch(r"PYTHON=python:3\.11\.\d+-slim-bookworm@sha256:[0-9a-f]{64}", base)
    stages = [line.split(" AS ") for line in instructions("FROM")]
    assert [name for _, name in stages] == ["packages", "code", "worker", "worker-with-weights"]
    assert [on for on, _ in stages] == ["${PYTHON}", "${PYTHON}", "${PYTHON}", "worker"]


def test_nobody_is_root_in_it_and_the_worker_hears_signals() -> None:
    assert instructions("USER") == ["worker"]
    (made,) = [line for line in instructions("RUN") if line.startswith("useradd")]
    assert f"--uid {WORKER_UID} " in made
    assert instructions("ENTRYPOINT") == ['["python", "-m", "gpu_workers.runtime"]']
    assert instructions("CMD") == []
    after = LINES[LINES.index("USER worker") :]
    assert [line for line in after if line.startswith("RUN")] == []


def test_what_it_copies_exists_and_what_engines_need_is_all_there() -> None:
    copied = [line.split() for line in instructions("COPY") if "--from" not in line]
    assert [source for *sources, _ in copied for source in sources if not (ROOT / source).exists()] == []
    named = {Path(source).parent.name: target for *_, source, target in copied if source.endswith("requirements.txt")}
    assert named == {folder: f"{folder}.txt" for folder in (*SHARED, *EVERY_ENGINE)}


def test_what_can_write_to_the_web_or_needs_a_compiler_is_not_added() -> None:
    """Nothing is fetched but by pip and apt, and nothing is piped into a shell."""
    assert instructions("ADD") == []
    assert re.findall(r"\b(curl|wget|git clone|sudo)\b", "\n".join(LINES)) == []
    for line in instructions("RUN"):
        if "apt-get install" in line:
            assert "--no-install-recommends" in line
            assert "rm -rf /var/lib/apt/lists/*" in line


@pytest.mark.parametrize("folder", [*SHARED, *EVERY_ENGINE])
def test_every_package_is_pinned(folder: str) -> None:
    loose = [name for name in wanted(folder) if "==" not in name and name.lower() not in LOCKED]
    assert loose == []
    unknown = [name for name in brought(wanted(folder)) if name not in {normal(each) for each in LOCKED}]
    assert set(unknown) <= brought([OF_THE_BUILD])


@pytest.mark.parametrize("compute", ENGINES)
def test_nothing_in_it_is_compiled_when_it_is_first_called(compute: str) -> None:
    """Numba would write to its cache, on a disk that is read-only: then its cache would have to be baked."""
    names = [name for folder in (*SHARED, *ENGINES[compute]) for name in wanted(folder)]
    assert brought(names).isdisjoint({"numba", "llvmlite", "jax", "triton-nightly"})


@pytest.mark.slow
def test_the_build_sees_its_own_engines_and_little_else(tmp_path: Path) -> None:
    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
    worker_images.image(cdk.Stack(app, "Stack"), stage("dev", {}), "gpu")
    (folder,) = tmp_path.glob("asset.*")
    files = [path for path in folder.rglob("*") if path.is_file()]
    seen = {str(path.relative_to(folder)) for path in files}
    assert {DOCKERFILE, "gpu_workers/separation/engine.py", "gpu_workers/runtime/worker.py"} <= seen
    assert {f"gpu_workers/{name}/requirements.txt" for name in (*SHARED, *EVERY_ENGINE)} <= seen
    assert {"requirements.lock", "layers/patchbay/src/patchbay/settings.py"} <= seen
    others = [path for path in seen if re.match(r"gpu_workers/(analysis|rendering|demo|separation/training)/", path)]
    assert [path for path in others if not path.endswith("requirements.txt")] == []
    allowed = (DOCKERFILE, "gpu_workers/", "layers/patchbay/src/patchbay/", "requirements.lock")
    assert [path for path in seen if "__pycache__" in path or not path.startswith(allowed)] == []
    assert sum(path.stat().st_size for path in files) < 16 * 1024**2


def test_an_image_has_its_engines_and_no_weights() -> None:
    for compute, engines in ENGINES.items():
        told = worker_images.options(stage("dev", {}), compute)
        assert told["build_args"] == {"ENGINES": " ".join(engines)}
        assert (told["target"], told["build_contexts"], told["extra_hash"]) == ("worker", None, None)
        assert worker_images.env(stage("dev", {}), compute) == {}


def test_weights_are_in_the_image_by_setting_and_other_weights_are_another_image(tmp_path: Path) -> None:
    (tmp_path / "htdemucs").mkdir()
    file = tmp_path / "htdemucs" / "955717e8-8726e21a.th"
    chosen = stage("dev", {"PATCHBAY_IMAGE_WEIGHTS": str(tmp_path)})
    hashes = set()
    for contents in (b"some", b"other"):
        file.write_bytes(contents)
        told = worker_images.options(chosen, "gpu")
        assert (told["target"], told["build_contexts"]) == ("worker-with-weights", {"weights": str(tmp_path)})
        hashes.add(told["extra_hash"])
    assert len(hashes) == 2
    assert worker_images.options(chosen, "cpu")["target"] == "worker"
    assert worker_images.env(chosen, "gpu") == {"PATCHBAY_WEIGHTS": "/opt/weights"}
    assert worker_images.env(chosen, "cpu") == {}
    assert LINES[-1].startswith("COPY --from=weights "), "last, so that a change of code leaves their layer alone"
    assert LINES[-1].split()[-1] == "/opt/weights"
