"""A task's input files: one by one, or by a list."""

import hashlib
from pathlib import Path

import pytest

from gpu_workers.runtime import files
from patchbay.core import manifests
from patchbay.domain.errors import InvalidInput, TaskCancelled
from patchbay.domain.jobs import JobFile
from patchbay.domain.steps import Step, StepInput
from tests.fakes.objects import FakeObjects

DATA = {"one": b"RIFF one", "two": b"RIFF two", "three": b"RIFF three"}


@pytest.fixture
def objects() -> FakeObjects:
    there = FakeObjects()
    for name, data in DATA.items():
        there.put(f"uploads/t/{name}", data)
    return there


def file(name: str, sha256: str | None = None) -> JobFile:
    return JobFile(name=name, key=f"uploads/t/{name}", sha256=sha256 or hashlib.sha256(DATA[name]).hexdigest())


def step(*inputs: StepInput) -> Step:
    return Step(
        tenant_id="t",
        job_id="j",
        index=0,
        name="mix",
        engine="mixing",
        compute="cpu",
        inputs=inputs,
        fingerprint="f",
        timeout_s=60,
    )


def listed(objects: FakeObjects, *wanted: JobFile) -> StepInput:
    kept = manifests.keep(objects, "t", wanted)
    return StepInput(name=kept.name, key=kept.key, sha256=kept.sha256, lists=True)


def fetch(objects: FakeObjects, folder: Path, *inputs: StepInput) -> dict[str, bytes]:
    got = files.fetch(objects, step(*inputs), folder, lambda: None)
    assert len({each.path for each in got}) == len(got)
    return {each.name: each.path.read_bytes() for each in got}


def test_a_list_stands_for_its_files(objects: FakeObjects, tmp_path: Path) -> None:
    assert fetch(objects, tmp_path, listed(objects, *map(file, DATA))) == DATA
    assert len(list(tmp_path.iterdir())) == 3


def test_a_list_and_a_single_file_go_together(objects: FakeObjects, tmp_path: Path) -> None:
    single = StepInput(name="three", key="uploads/t/three")
    assert fetch(objects, tmp_path, single, listed(objects, file("one"), file("two"))) == DATA


def test_a_list_that_changed_is_refused(objects: FakeObjects, tmp_path: Path) -> None:
    given = listed(objects, file("one"))
    objects.put(given.key, b"[]")
    with pytest.raises(InvalidInput, match="changed after it was inspected"):
        fetch(objects, tmp_path, given)


def test_a_file_of_a_list_that_changed_or_went_is_refused_by_name(objects: FakeObjects, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="'two' changed"):
        fetch(objects, tmp_path, listed(objects, file("one"), file("two", "0" * 64)))
    objects.delete("uploads/t/one")
    with pytest.raises(InvalidInput, match="'one' is not there"):
        fetch(objects, tmp_path, listed(objects, file("one"), file("two")))


def test_names_of_listed_files_never_become_paths(objects: FakeObjects, tmp_path: Path) -> None:
    odd = file("one").model_copy(update={"name": "../../etc/passwd"})
    folder = tmp_path / "deep" / "task"
    folder.mkdir(parents=True)
    (got,) = files.fetch(objects, step(listed(objects, odd)), folder, lambda: None)
    assert got.path.parent == folder


def test_a_long_list_can_be_cancelled_between_two_files(objects: FakeObjects, tmp_path: Path) -> None:
    asked = 0

    def check() -> None:
        nonlocal asked
        asked += 1
        if asked == 2:
            raise TaskCancelled("enough")

    with pytest.raises(TaskCancelled):
        files.fetch(objects, step(listed(objects, *map(file, DATA))), tmp_path, check)
    assert len(list(tmp_path.iterdir())) == 1
