"""What accounts may have at once: exact whoever asks at the same moment, whoever dies, and given back at every end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st

from patchbay.core import layout
from patchbay.core.holdings import Caps, Holdings, held_key
from patchbay.core.intake import begin
from patchbay.core.jobs import Order
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.errors import PatchbayError, QuotaExceeded, Unavailable
from patchbay.domain.jobs import Failure, FailureKind, Job
from patchbay.ports import AddWithin
from patchbay.settings import Settings
from tests.fakes.films import FILM
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World
from tests.support.rivals import at_once
from tests.support.videos import make_video
from tests.unit.patchbay.core.receiving import Killed, dying

BAD = b"no audio at all"


def bounded(files: int = 0, size_bytes: int = 0, jobs: int = 0) -> World:
    """A world in which accounts of the standard plan have bounds."""
    world = World(Settings(stage="test", rate_limit_scale=0, quota_files=1))
    caps = Caps(files, size_bytes, jobs)
    limits = world.services.assets.limits
    limits.caps.update(standard=caps, premium=caps.scaled(10))  # type: ignore[attr-defined]
    return world


def figures(world: World, tenant: Tenant) -> dict[str, int]:
    return {name: n for name, n in world.records.figures(held_key(tenant.id)).items() if n}


def truth(world: World, tenant: Tenant) -> dict[str, int]:
    """The figures as the things themselves have them."""
    records = world.records.items.values()
    assets = [layout.entity(Asset, r) for r in records if r.pk == f"ASSETS#{tenant.id}"]
    jobs = [layout.entity(Job, r) for r in records if r.pk == f"JOBS#{tenant.id}"]
    kept = [a.size_bytes or 0 for a in assets if a.state is AssetState.READY]
    found = {"files": len(assets), "bytes": sum(kept), "jobs": sum(not job.state.terminal for job in jobs)}
    return {name: n for name, n in found.items() if n}


def order(tenant: Tenant, **more: Any) -> Order:
    given: dict[str, Any] = {"workflow": "compose", "dialect": "native", **more}
    return Order(tenant.id, tenant.caller.application_id, **given)


def test_one_file_too_many_is_refused_and_room_comes_back() -> None:
    world = bounded(files=2)
    ada, assets = world.tenant(), world.services.assets
    first, _ = assets.create(ada.id), assets.create(ada.id)
    with pytest.raises(QuotaExceeded, match="may have 2 files, and has 2: delete some, or ask the operator") as told:
        assets.create(ada.id)
    assert (told.value.what, told.value.used, told.value.most) == ("files", 2, 2)
    assets.delete(ada.id, first.id)
    assets.create(ada.id)
    assert figures(world, ada) == truth(world, ada) == {"files": 2}


def test_accounts_have_room_of_their_own() -> None:
    world = bounded(files=1)
    ada, bob = world.tenant(), world.tenant("bob@example.org")
    world.services.assets.create(ada.id)
    world.services.assets.create(bob.id)
    assert figures(world, ada) == figures(world, bob) == {"files": 1}


def test_a_file_without_room_is_rejected_when_its_size_is_seen() -> None:
    world = bounded(size_bytes=2 * len(GOOD) - 1)
    ada, assets = world.tenant(), world.services.assets
    first, second = world.upload(ada), world.upload(ada)
    assert assets.inspect(ada.id, first.id).state is AssetState.READY
    refused = assets.inspect(ada.id, second.id)
    assert refused.state is AssetState.REJECTED
    assert refused.reason is not None
    assert f"may have {2 * len(GOOD) - 1} bytes of files, and has {len(GOOD)}" in refused.reason
    assert world.objects.stat(second.key) is None
    assert figures(world, ada) == {"files": 2, "bytes": len(GOOD)}
    assets.delete(ada.id, second.id)
    assets.delete(ada.id, first.id)
    assert figures(world, ada) == truth(world, ada) == {}


def test_an_import_without_room_leaves_no_bytes() -> None:
    world = bounded(size_bytes=len(GOOD) - 1)
    ada = world.tenant()
    world.web.pages["https://example.org/song.wav"] = GOOD
    asset = world.services.assets.create(ada.id, source_url="https://example.org/song.wav")
    assert world.services.assets.fetch(ada.id, asset.id).state is AssetState.REJECTED
    assert world.objects.stat(asset.key) is None
    assert figures(world, ada) == {"files": 1}


def test_a_full_account_begins_no_more_files() -> None:
    world = bounded(size_bytes=len(GOOD))
    ada, assets = world.tenant(), world.services.assets
    assets.inspect(ada.id, world.upload(ada).id)
    with pytest.raises(QuotaExceeded, match="bytes of files"):
        assets.create(ada.id)


def test_a_posted_file_is_counted_with_its_record() -> None:
    world = bounded(size_bytes=len(GOOD) + 3)
    ada, assets = world.tenant(), world.services.assets
    with begin(assets, ada.id) as intake:
        intake.write(GOOD)
        asset = intake.finish()
    assert figures(world, ada) == {"files": 1, "bytes": len(GOOD)}
    assets.inspect(ada.id, asset.id)
    assert figures(world, ada) == {"files": 1, "bytes": len(GOOD)}
    with begin(assets, ada.id) as intake:
        intake.write(GOOD)
        with pytest.raises(QuotaExceeded):
            intake.finish()
    assert figures(world, ada) == truth(world, ada)
    assert len(world.objects.stored) == 1


def test_a_posted_file_that_is_no_audio_gives_its_bytes_back() -> None:
    world = bounded(files=5, size_bytes=1000)
    ada, assets = world.tenant(), world.services.assets
    with begin(assets, ada.id) as intake:
        intake.write(BAD)
        asset = intake.finish()
    assert assets.inspect(ada.id, asset.id).state is AssetState.REJECTED
    assert figures(world, ada) == {"files": 1}


def test_bytes_that_never_come_are_given_back_by_the_sweep() -> None:
    world = bounded(files=1)
    ada, assets = world.tenant(), world.services.assets
    asset = assets.create(ada.id)
    stored = world.records.get(layout.asset_key(ada.id, asset.id))
    assert stored is not None
    assert stored.expires_at is None, "the store would drop it without a word"
    world.clock.advance(days=1)
    assert world.services.sweeper.sweep()["removed"] == 0
    world.clock.advance(days=1, hours=2)
    assert world.services.sweeper.sweep()["removed"] == 1
    assert figures(world, ada) == truth(world, ada) == {}
    assets.create(ada.id)


def test_a_file_whose_time_ends_is_given_back() -> None:
    world = bounded(files=1, size_bytes=100)
    ada, assets = world.tenant(), world.services.assets
    asset = assets.create(ada.id, keep_until=world.clock.now() + timedelta(days=3))
    world.objects.put(asset.key, GOOD)
    assets.inspect(ada.id, asset.id)
    world.clock.advance(days=4)
    assert world.services.sweeper.sweep() == {"removed": 1, "trouble": 0}
    assert figures(world, ada) == {}


def ends(world: World, tenant: Tenant) -> dict[str, Callable[[Job], object]]:
    pipeline, jobs = world.services.pipeline, world.services.jobs
    reason = Failure(kind=FailureKind.INTERNAL, message="it broke")
    return {
        "done": world.carry_out,
        "failed": lambda job: pipeline.fail(tenant.id, job.id, reason),
        "cancelled": lambda job: jobs.cancel(tenant.id, job.id),
        "deleted": lambda job: jobs.delete(tenant.id, job.id),
    }


@pytest.mark.parametrize("how", ["done", "failed", "cancelled", "deleted"])
def test_every_end_of_a_job_makes_room_once(how: str) -> None:
    world = bounded(jobs=1)
    ada = world.tenant()
    job = world.order(ada)
    with pytest.raises(QuotaExceeded, match="1 jobs that are not over, and has 1: wait until some are done"):
        world.order(ada)
    end = ends(world, ada)[how]
    end(job)
    assert figures(world, ada) == truth(world, ada)
    if how != "deleted":
        for again in ("failed", "cancelled"):
            with pytest.raises(PatchbayError) if again != how and again == "cancelled" else _nothing():
                ends(world, ada)[again](job)
        world.services.jobs.delete(ada.id, job.id)
    assert figures(world, ada).get("jobs", 0) == 0
    world.order(ada)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def test_jobs_ordered_together_have_room_together_or_not_at_all() -> None:
    world = bounded(jobs=3)
    ada = world.tenant()
    asset = world.upload(ada)
    stems = [order(ada, workflow="stem-isolation-4", input_asset_id=asset.id) for _ in range(2)]
    world.services.groups.submit(stems, request={})
    with pytest.raises(QuotaExceeded):
        world.services.groups.submit(stems, request={})
    assert figures(world, ada)["jobs"] == 2
    assert len(world.services.groups.list(ada.id, limit=10)) == 1


def test_a_repeated_request_is_counted_once() -> None:
    world = bounded(jobs=1)
    ada = world.tenant()
    made = []
    for _ in range(3):
        once, _ = world.services.idempotency.begin(ada.id, "key", "f")
        made.append(world.services.jobs.submit(order(ada), once).id)
    assert len(set(made)) == 1
    assert figures(world, ada) == {"jobs": 1}


def test_plans_have_bounds_of_their_own() -> None:
    world = bounded(jobs=1)
    ada = world.tenant()
    accounts = world.services.accounts
    world.services.jobs.submit(order(ada))
    accounts.set_plan(ada.id, "premium")
    assert world.services.assets.holdings.standing(ada.id) == {"jobs": (1, 10)}
    for _ in range(9):
        world.services.jobs.submit(order(ada))
    with pytest.raises(QuotaExceeded):
        world.services.jobs.submit(order(ada))
    accounts.set_plan(ada.id, "operator")
    last = world.services.jobs.submit(order(ada))
    assert world.services.assets.holdings.standing(ada.id) == {}
    world.services.jobs.cancel(ada.id, last.id)  # was never counted, and gives nothing back
    assert figures(world, ada) == {"jobs": 10}


def test_where_nothing_is_bounded_nothing_is_counted() -> None:
    world = World()
    ada = world.tenant()
    world.carry_out(world.order(ada))
    assert figures(world, ada) == {}
    assert world.services.assets.holdings.standing(ada.id) == {}


def test_what_was_there_before_is_counted_by_a_command() -> None:
    world = World()
    ada, assets = world.tenant(), world.services.assets
    ready, pending, rejected = world.upload(ada), assets.create(ada.id), world.upload(ada, BAD)
    for asset in (ready, rejected):
        assets.inspect(ada.id, asset.id)
    jobs = [world.services.jobs.submit(order(ada)) for _ in range(2)]
    world.services.jobs.cancel(ada.id, jobs[0].id)
    assert [assets.holdings.count_old(ada.id) for _ in range(2)] == [4, 0]
    assert figures(world, ada) == truth(world, ada) == {"files": 3, "bytes": len(GOOD), "jobs": 1}
    for asset in (ready, pending, rejected):
        assets.delete(ada.id, asset.id)
    world.services.jobs.cancel(ada.id, jobs[1].id)
    assert figures(world, ada) == {}


def test_videos_that_were_there_before_are_counted_too() -> None:
    world = World()
    ada, videos = world.tenant(), world.services.videos
    taken, awaited = make_video(world, ada), make_video(world, ada, data=None)
    videos.checked(ada.id, taken.id)
    assert [world.services.assets.holdings.count_old(ada.id) for _ in range(2)] == [1, 0]
    assert figures(world, ada) == {"files": 1, "bytes": len(FILM)}
    for video in (taken, awaited):
        videos.delete(ada.id, video.id)
    assert figures(world, ada) == {}


def test_a_faster_rival_takes_the_last_room() -> None:
    world = bounded(jobs=1)
    ada, jobs = world.tenant(), world.services.jobs

    def rival(writes: object) -> None:
        jobs.submit(order(ada))

    world.records.before_write = rival
    with pytest.raises(QuotaExceeded):
        jobs.submit(order(ada))
    assert figures(world, ada) == truth(world, ada) == {"jobs": 1}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_whoever_dies_leaves_figures_that_are_right(after: bool) -> None:
    def life(world: World, ada: Tenant) -> None:
        asset = world.upload(ada)
        job = world.order(ada, input_asset_id=asset.id)
        world.carry_out(job)
        world.services.assets.delete(ada.id, asset.id)
        assert figures(world, ada) == {}

    for at in range(200):
        world = bounded(files=5, size_bytes=100, jobs=5)
        ada = world.tenant()
        try:
            with dying(world, at, after=after):
                life(world, ada)
        except Killed:
            assert figures(world, ada) == truth(world, ada), at
            continue
        assert at > 10
        return
    pytest.fail("it has no end")


@given(threads=st.integers(2, 8), room=st.integers(1, 5))
@tries(max_examples=8, deadline=None)
def test_of_many_at_once_exactly_as_many_get_in_as_there_is_room(threads: int, room: int) -> None:
    world = bounded(jobs=room)
    ada = world.tenant()
    taken = at_once(world.records, lambda: world.services.jobs.submit(order(ada)), count=threads, refused=QuotaExceeded)
    assert taken == min(threads, room)
    assert figures(world, ada) == truth(world, ada)


def test_an_amount_that_fits_nowhere_is_no_write() -> None:
    with pytest.raises(ValueError, match="never"):
        AddWithin(("a", "b"), {"jobs": 3}, {"jobs": 2})
    with pytest.raises(QuotaExceeded):
        Holdings(World().records, {"standard": Caps(jobs=2)}).take("x", jobs=3)


def test_a_store_that_stays_busy_is_told() -> None:
    world = bounded(jobs=5)
    ada = world.tenant()
    world.records.down = True
    with pytest.raises(Unavailable):
        world.services.jobs.submit(order(ada))
