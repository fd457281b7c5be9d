"""Jobs that work on any number of files."""

import json
import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.catalog import workflows
from patchbay.catalog.models import Shelf
from patchbay.catalog.workflow import Params, StepSpec, Workflow
from patchbay.core import manifests
from patchbay.core.jobs import Order
from patchbay.domain.errors import InvalidInput
from patchbay.domain.jobs import JobFile
from tests.fakes.objects import FakeObjects
from tests.fakes.world import Tenant, World

ONE = JobFile(name="one", key="uploads/t/1", sha256="1" * 64)
TWO = JobFile(name="two", key="results/t/2", sha256="2" * 64)
names = st.lists(st.text("abcdefgh-", min_size=1, max_size=12), min_size=1, max_size=40, unique=True)


def _mixed(params: Params, shelf: Shelf) -> tuple[StepSpec, ...]:
    return (StepSpec(name="mix", engine="mixing", compute="cpu", outputs=("mix",)),)


MIXING = Workflow("mixing", "Mixing", "Mixes.", Params, _mixed, input="files")


@pytest.fixture
def mixing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A workflow that takes any number of files."""
    monkeypatch.setitem(workflows.workflows(), MIXING.slug, MIXING)


def order(tenant: Tenant, *files: JobFile, workflow: str = MIXING.slug, **more: str) -> Order:
    return Order(tenant.id, tenant.caller.application_id, "native", workflow, files=files, **more)  # type: ignore[arg-type]


@given(names, st.randoms())
def test_a_list_is_read_as_it_was_kept_and_its_order_makes_no_difference(called: list[str], random: Random) -> None:
    objects = FakeObjects()
    files = [JobFile(name=name, key=f"uploads/t/{name}", sha256=f"{place:064d}") for place, name in enumerate(called)]
    kept = manifests.keep(objects, "t", files)
    random.shuffle(files)
    assert manifests.keep(objects, "t", files) == kept
    with objects.read(kept.key) as blocks:
        found = manifests.listed(b"".join(blocks))
    assert sorted(found, key=str) == sorted(files, key=str)


def test_lists_of_other_files_lie_elsewhere_and_under_the_tenants_prefix() -> None:
    objects = FakeObjects()
    keys = {manifests.keep(objects, "t", files).key for files in ((ONE,), (TWO,), (ONE, TWO))}
    assert len(keys) == 3
    assert all(key.startswith("orders/t/") for key in keys)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ((), "1 to 300"),
        (tuple(ONE.model_copy(update={"name": str(n)}) for n in range(301)), "not 301"),
        ((ONE, ONE), "the same name"),
    ],
)
def test_a_list_of_none_too_many_or_twice_the_same_is_refused(files: tuple[JobFile, ...], words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        manifests.keep(FakeObjects(), "t", files)
    assert caught.value.field == "files"


def test_the_longest_list_has_room() -> None:
    objects = FakeObjects()
    files = [JobFile(name=f"{n:03d}" + "n" * 60, key="k" * 200, sha256="a" * 64) for n in range(manifests.MAX_FILES)]
    info = objects.stat(manifests.keep(objects, "t", files).key)
    assert info is not None
    assert info.size_bytes < manifests.MAX_BYTES


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'[{"name": "a"}]', b"\xff", b"[" * 100_000])
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        manifests.listed(data)


@pytest.mark.usefixtures("mixing")
def test_a_job_keeps_where_its_list_is_and_its_step_takes_that(world: World, ada: Tenant) -> None:
    job = world.services.jobs.submit(order(ada, ONE, TWO))
    assert job.manifest is not None
    assert job.input_asset_id is None
    world.services.pipeline.plan(ada.id, job.id)
    (step,) = world.services.pipeline.steps(job.id)
    (listed,) = step.inputs
    assert (listed.key, listed.sha256, listed.lists) == (job.manifest.key, job.manifest.sha256, True)


@pytest.mark.usefixtures("mixing")
def test_the_same_files_are_the_same_computation_and_others_another(world: World, ada: Tenant) -> None:
    prints = []
    for files in ((ONE, TWO), (TWO, ONE), (ONE,), (ONE.model_copy(update={"sha256": "3" * 64}), TWO)):
        job = world.services.jobs.submit(order(ada, *files))
        world.services.pipeline.plan(ada.id, job.id)
        prints.append(world.services.pipeline.steps(job.id)[0].fingerprint)
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3


@pytest.mark.usefixtures("mixing")
@pytest.mark.parametrize("more", [{"input_url": "https://example.org/a.wav"}, {"input_asset_id": "a"}])
def test_such_a_job_takes_no_other_input(world: World, ada: Tenant, more: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="takes no input file"):
        world.services.jobs.submit(order(ada, ONE, **more))


@pytest.mark.usefixtures("mixing")
def test_such_a_job_needs_a_file(world: World, ada: Tenant) -> None:
    with pytest.raises(InvalidInput, match="none is named") as caught:
        world.services.jobs.submit(order(ada))
    assert caught.value.field == "files"


@pytest.mark.parametrize("workflow", ["stem-isolation-4", "compose", "generate"])
def test_other_jobs_take_no_list(world: World, ada: Tenant, workflow: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape("takes no list of files")):
        world.services.jobs.submit(order(ada, ONE, workflow=workflow))


def test_a_document_is_a_file_like_others() -> None:
    objects = FakeObjects()
    kept = manifests.document(objects, "t", "session", json.dumps({"tempo": 120}).encode())
    assert kept.name == "session"
    with objects.read(kept.key) as blocks:
        assert json.loads(b"".join(blocks)) == {"tempo": 120}
