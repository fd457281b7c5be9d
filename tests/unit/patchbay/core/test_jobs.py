from collections.abc import Callable
from typing import Any

import pytest

from patchbay.core.jobs import JobFilter, Order
from patchbay.domain.errors import Conflict, InvalidInput, NotFound
from patchbay.domain.jobs import JobState
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World

URL = "https://example.org/song.wav"


def test_an_order_is_stored_and_started(world: World, ada: Tenant) -> None:
    job = world.order(ada, name="n", batch_name="b", metadata={"user": 123})
    assert job.state is JobState.QUEUED
    assert world.executions.started == [(ada.id, job.id, 1)]
    assert world.services.jobs.get(ada.id, job.id) == job


def test_an_order_that_cannot_be_started_now_is_kept(world: World, ada: Tenant) -> None:
    """However long that lasts: what never ran was not interrupted."""
    world.executions.down = True
    job = world.order(ada)
    for _ in range(5):
        world.clock.advance(minutes=5)
        assert world.services.reconciler.reconcile()["trouble"] == 1
    world.executions.down = False
    world.clock.advance(minutes=5)
    assert world.services.reconciler.reconcile()["resumed"] == 1
    assert world.executions.running(job.id, 1)


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"workflow": "nosuch"}, "workflow", "stem-isolation-4"),
        ({"params": {"modle": "x"}}, "params.modle", "it takes: model, sample_format"),
        ({"params": {"model": "nosuch"}}, "params.model", "patchbay-classic"),
        ({"params": {"sample_format": 3}}, "params.sample_format", "wav16"),
        ({"input_asset_id": "nosuch"}, "input", "nosuch"),
        ({"input_asset_id": None, "input_url": None}, "input", "no input file"),
        ({"input_url": "ftp://example.org/x"}, "input", "http"),
        ({"input_url": "http://169.254.169.254/x"}, "input", "not a public"),
        ({"deliver_to": {"guitar": URL}}, "deliver_to.guitar", "vocals, drums, bass, other"),
        ({"deliver_to": {"vocals": "http://10.0.0.1/"}}, "deliver_to.vocals", "not a public"),
        ({"metadata": {"x": "y" * 200_000}}, "metadata", "bytes"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_made(
    world: World, ada: Tenant, changes: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(InvalidInput, match=says) as caught:
        world.order(ada, **changes)
    assert caught.value.field == field
    assert world.services.jobs.list(ada.id, limit=10) == []
    assert world.executions.started == []


def test_a_rejected_upload_is_refused_at_once(world: World, ada: Tenant) -> None:
    asset = world.upload(ada, b"text")
    world.services.assets.inspect(ada.id, asset.id)
    with pytest.raises(InvalidInput, match="no audio file"):
        world.order(ada, input_asset_id=asset.id)


def test_ones_own_upload_is_known_by_its_url(world: World, ada: Tenant, bob: Tenant) -> None:
    asset = world.upload(ada)
    url = world.services.assets.download_url(asset)
    assert world.order(ada, input_url=url).input_asset_id == asset.id
    theirs = world.services.assets.get(bob.id, world.order(bob, input_url=url).input_asset_id or "")
    assert (theirs.source_url, theirs.key == asset.key) == (url, False)
    with pytest.raises(InvalidInput):
        world.order(bob, input_asset_id=asset.id)


def test_what_is_anothers_is_not_found(world: World, ada: Tenant, bob: Tenant) -> None:
    job, jobs = world.order(ada), world.services.jobs
    calls: list[Callable[[str, str], object]] = [jobs.get, jobs.cancel, jobs.delete]
    for call in calls:
        with pytest.raises(NotFound):
            call(bob.id, job.id)
        with pytest.raises(NotFound):
            call(ada.id, "nosuch")
    assert jobs.get(ada.id, job.id).state is JobState.QUEUED
    assert jobs.list(bob.id, limit=10) == []
    assert jobs.list(bob.id, JobFilter(states=[JobState.QUEUED]), limit=10) == []


def test_lists(world: World, ada: Tenant) -> None:
    jobs = world.services.jobs
    made = [
        world.order(ada, workflow=("stem-isolation-4", "audio-encoder")[n % 2], batch_name=("x", None)[n % 3 > 0]).id
        for n in range(12)
    ]
    for job_id in made[:4]:
        jobs.cancel(ada.id, job_id)

    def ids(which: JobFilter | None = None, **page: Any) -> list[int]:
        return [made.index(job.id) for job in jobs.list(ada.id, which, **{"limit": 100, **page})]

    assert ids() == list(range(11, -1, -1))
    assert ids(limit=3, skip=3) == [8, 7, 6]
    assert ids(skip=12) == []
    assert ids(limit=0) == []
    assert ids(before=made[2]) == [1, 0]
    assert ids(JobFilter(states=[JobState.CANCELLED])) == [3, 2, 1, 0]
    assert ids(JobFilter(states=[JobState.CANCELLED, JobState.QUEUED]), limit=2) == [11, 10]
    assert ids(JobFilter(workflows=["audio-encoder"], states=[JobState.CANCELLED])) == [3, 1]
    assert ids(JobFilter(batches=["x"], workflows=["audio-encoder"])) == [9, 3]
    assert ids(JobFilter(batches=["x"]), skip=1, limit=2) == [6, 3]
    assert ids(JobFilter(workflows=["nosuch"])) == []


@pytest.mark.parametrize("page", [{"limit": 201}, {"limit": -1}, {"limit": 1, "skip": -1}])
def test_pages_are_bounded(world: World, ada: Tenant, page: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        world.services.jobs.list(ada.id, **page)


def test_cancel(world: World, ada: Tenant) -> None:
    job = world.order(ada)
    cancelled = world.services.jobs.cancel(ada.id, job.id)
    assert cancelled.state is JobState.CANCELLED
    assert not world.executions.running(job.id, 1)
    assert world.services.jobs.cancel(ada.id, job.id).state is JobState.CANCELLED
    done = world.carry_out(world.order(ada))
    with pytest.raises(Conflict):
        world.services.jobs.cancel(ada.id, done.id)


def test_delete_cancels_and_forgets(world: World, ada: Tenant) -> None:
    jobs = world.services.jobs
    opened, done = world.order(ada), world.carry_out(world.order(ada))
    for job in (opened, done):
        jobs.delete(ada.id, job.id)
        with pytest.raises(NotFound):
            jobs.get(ada.id, job.id)
        with pytest.raises(NotFound):
            jobs.delete(ada.id, job.id)
    assert not world.executions.running(opened.id, 1)
    assert jobs.list(ada.id, JobFilter(states=list(JobState)), limit=10) == []


def test_delete_while_the_job_ends(world: World, ada: Tenant) -> None:
    """The job succeeds between the look at it and the cancelling; it is deleted all the same."""
    job = world.order(ada)

    def ends(_: object) -> None:
        world.carry_out(job)

    world.records.before_write = ends
    world.services.jobs.delete(ada.id, job.id)
    with pytest.raises(NotFound):
        world.services.jobs.get(ada.id, job.id)


def test_links_are_fresh(world: World, ada: Tenant) -> None:
    done = world.carry_out(world.order(ada))
    assert [o.name for o in done.outputs] == ["vocals", "drums", "bass", "other"]
    assert world.services.jobs.link(done.outputs[0]) != world.services.jobs.link(done.outputs[0])


def test_every_list_query_is_by_key(world: World, ada: Tenant) -> None:
    """The records port has no scan at all; what is listed is found by partition and index."""
    order = Order(ada.id, ada.caller.application_id, "d", "audio-encoder", input_url=URL)
    world.web.pages[URL] = GOOD
    job = world.services.jobs.submit(order)
    record = world.records.items[f"JOBS#{ada.id}", job.id]
    assert set(record.indexes) == {"by_state", "by_workflow", "by_open"}
    assert all(value.startswith(ada.id) for name, value in record.indexes.items() if name != "by_open")
