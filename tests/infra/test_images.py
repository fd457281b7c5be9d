"""Each compute class's image holds the engines whose steps ask for that class, and lets nobody be root in it."""

import re

import pytest

from infra.constructs.worker_images import DOCKERFILES
from patchbay.catalog import workflows
from patchbay.catalog.compute import CLASSES, QUEUED
from patchbay.catalog.models import MODELS, Shelf
from tests.support.templates import ROOT

LOCKED = {line.partition("==")[0].lower() for line in (ROOT / "requirements.lock").read_text().splitlines()}


def engines_asked_of(compute: str) -> set[str]:
    shelf = Shelf(tuple(MODELS), allow_research=True)
    steps = [step for w in workflows.workflows().values() for step in w.plan(w.parse({}), shelf)]
    return {step.engine for step in steps if step.compute == compute}


def test_every_queued_class_has_an_image() -> None:
    assert set(DOCKERFILES) == {compute.name for compute in QUEUED}


@pytest.mark.parametrize("compute", sorted(DOCKERFILES))
def test_the_image_holds_the_engines(compute: str) -> None:
    text = (ROOT / DOCKERFILES[compute]).read_text()
    copied = set(re.findall(r"^COPY gpu_workers/(\w+) ", text, re.MULTILINE))
    asked = engines_asked_of(compute)
    assert asked
    assert copied == {"audio", "runtime"} | asked
    assert CLASSES[compute].queued


@pytest.mark.parametrize("compute", sorted(DOCKERFILES))
def test_the_image_does_not_run_as_root_and_copies_what_exists(compute: str) -> None:
    lines = (ROOT / DOCKERFILES[compute]).read_text().splitlines()
    assert [line for line in lines if line.startswith("USER")] == ["USER worker"]
    sources = [
        word for line in lines if line.startswith("COPY ") and "--from" not in line for word in line.split()[1:-1]
    ]
    assert all((ROOT / source).exists() for source in sources)


@pytest.mark.parametrize("compute", sorted(DOCKERFILES))
def test_every_package_of_the_image_is_pinned(compute: str) -> None:
    wanted = (ROOT / DOCKERFILES[compute]).with_name("requirements.txt").read_text().splitlines()
    names = [line for line in wanted if line and not line.startswith("#")]
    assert [name for name in names if "==" not in name and name.lower() not in LOCKED] == []
