from datetime import timedelta

import pytest

from patchbay.core import layout
from patchbay.core.retention import FIRST_LOOK_BACK
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.errors import InvalidInput, NotFound, Unavailable
from patchbay.domain.jobs import FailureKind, JobState
from patchbay.settings import Settings
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World

URL = "https://example.org/song.wav"
HOUR = timedelta(hours=1)


def kept(world: World, tenant: Tenant, how_long: timedelta | None) -> Asset:
    """An asset that was looked at, to be kept so long."""
    asset = world.upload(tenant)
    world.services.assets.inspect(tenant.id, asset.id)
    return world.services.assets.keep(tenant.id, asset.id, world.clock.now() + how_long if how_long else None)


def there(world: World, asset: Asset) -> tuple[bool, bool]:
    """Whether the record is there, and the bytes."""
    key = layout.asset_key(asset.tenant_id, asset.id)
    return key in world.records.items, world.objects.stat(asset.key) is not None


def test_a_file_whose_time_is_over_is_gone_at_once_and_removed_by_the_next_sweep(world: World, ada: Tenant) -> None:
    assets, asset = world.services.assets, kept(world, ada, HOUR)
    other = kept(world, ada, None)
    world.clock.advance(minutes=59)
    assert assets.get(ada.id, asset.id) == asset
    assert world.services.sweeper.sweep() == {"removed": 0, "trouble": 0}
    world.clock.advance(minutes=1)
    with pytest.raises(NotFound):
        assets.get(ada.id, asset.id)
    assert [one.id for one in assets.list(ada.id, limit=10)] == [other.id]
    assert there(world, asset) == (True, True)
    assert world.services.sweeper.sweep() == {"removed": 1, "trouble": 0}
    assert (there(world, asset), there(world, other)) == ((False, False), (True, True))
    assert world.services.sweeper.sweep() == {"removed": 0, "trouble": 0}


def test_more_time_can_be_given_until_it_is_over(world: World, ada: Tenant) -> None:
    assets, asset = world.services.assets, kept(world, ada, HOUR)
    world.clock.advance(minutes=30)
    longer = assets.keep(ada.id, asset.id, world.clock.now() + 2 * HOUR)
    world.clock.advance(hours=1)
    assert world.services.sweeper.sweep()["removed"] == 0
    assert assets.keep(ada.id, asset.id, None).keep_until is None
    world.clock.advance(days=400)
    assert world.services.sweeper.sweep()["removed"] == 0
    assert there(world, longer) == (True, True)
    assets.keep(ada.id, asset.id, world.clock.now() + HOUR)
    world.clock.advance(hours=1)
    for wish in (None, world.clock.now() + HOUR):
        with pytest.raises(NotFound):
            assets.keep(ada.id, asset.id, wish)


def test_a_time_that_is_over_is_refused(world: World, ada: Tenant) -> None:
    asset = kept(world, ada, None)
    for ago in (timedelta(0), timedelta(days=3)):
        with pytest.raises(InvalidInput, match="delete") as told:
            world.services.assets.keep(ada.id, asset.id, world.clock.now() - ago)
        assert told.value.field == "keep_until"
        with pytest.raises(InvalidInput):
            world.services.assets.create(ada.id, keep_until=world.clock.now() - ago)
    assert len(world.services.assets.list(ada.id, limit=10)) == 1


def test_nobody_elses_files_can_be_kept(world: World, ada: Tenant, bob: Tenant) -> None:
    asset = kept(world, ada, HOUR)
    with pytest.raises(NotFound):
        world.services.assets.keep(bob.id, asset.id, None)


def test_a_stages_own_rule_holds_where_nothing_is_asked(ada: Tenant) -> None:
    world = World(Settings(uploads_kept_days=3))
    assets = world.services.assets
    plain, told = assets.create(ada.id), assets.create(ada.id, keep_until=world.clock.now() + HOUR)
    assert plain.keep_until == world.clock.now() + timedelta(days=3)
    assert told.keep_until == world.clock.now() + HOUR
    assert assets.keep(ada.id, plain.id, None).keep_until is None, "the owner has the last word"


def test_without_such_a_rule_files_stay(world: World, ada: Tenant) -> None:
    assert world.services.assets.create(ada.id).keep_until is None


def test_a_job_that_still_wants_the_bytes_says_so(world: World, ada: Tenant) -> None:
    asset = kept(world, ada, HOUR)
    job = world.order(ada, input_asset_id=asset.id)
    world.clock.advance(hours=1)
    world.services.pipeline.plan(ada.id, job.id)
    job = world.services.jobs.get(ada.id, job.id)
    assert job.failure is not None
    assert (job.state, job.failure.kind) == (JobState.FAILED, FailureKind.BAD_INPUT)
    with pytest.raises(InvalidInput):
        world.order(ada, input_asset_id=asset.id)


def test_a_url_of_a_file_that_is_gone_names_no_asset(world: World, ada: Tenant) -> None:
    assets, asset = world.services.assets, kept(world, ada, HOUR)
    url = assets.download_url(asset)
    assert assets.by_url(ada.id, url) == asset
    world.clock.advance(hours=1)
    assert assets.by_url(ada.id, url) is None


def test_pages_are_full_although_some_of_theirs_are_gone(world: World, ada: Tenant) -> None:
    made = []
    for n in range(12):
        made.append(kept(world, ada, HOUR if n % 3 else None))
        world.clock.advance(seconds=1)
    world.clock.advance(hours=1)
    left = [asset.id for n, asset in enumerate(made) if n % 3 == 0][::-1]
    assets = world.services.assets
    first = [asset.id for asset in assets.list(ada.id, limit=3)]
    assert first + [asset.id for asset in assets.list(ada.id, limit=3, before=first[-1])] == left


def test_trouble_with_one_file_keeps_no_other_and_is_made_good(world: World, ada: Tenant) -> None:
    bad, good = kept(world, ada, HOUR), kept(world, ada, HOUR)
    world.clock.advance(hours=1)
    delete = world.objects.delete

    def moody(key: str) -> None:
        if key == bad.key:
            raise Unavailable("busy")
        delete(key)

    world.objects.delete = moody  # type: ignore[method-assign]
    assert world.services.sweeper.sweep() == {"removed": 1, "trouble": 1}
    assert there(world, bad)[0], "the record is what the bytes are found by"
    world.objects.delete = delete  # type: ignore[method-assign]
    world.clock.advance(days=2)
    assert world.services.sweeper.sweep() == {"removed": 1, "trouble": 0}
    assert there(world, bad) == there(world, good) == (False, False)


def test_what_fell_due_while_nobody_swept_is_found(world: World, ada: Tenant) -> None:
    early, late = kept(world, ada, HOUR), kept(world, ada, timedelta(days=20))
    world.clock.advance(seconds=(FIRST_LOOK_BACK - HOUR).total_seconds())
    assert world.services.sweeper.sweep()["removed"] == 2
    assert there(world, early) == there(world, late) == (False, False)


class TestDelete:
    def test_one_that_died_in_the_middle_is_gone_on_with(self, world: World, ada: Tenant) -> None:
        asset, delete = kept(world, ada, None), world.objects.delete

        def broken(key: str) -> None:
            raise Unavailable("busy")

        world.objects.delete = broken  # type: ignore[method-assign]
        with pytest.raises(Unavailable):
            world.services.assets.delete(ada.id, asset.id)
        with pytest.raises(NotFound):
            world.services.assets.get(ada.id, asset.id)
        world.objects.delete = delete  # type: ignore[method-assign]
        world.clock.advance(minutes=30)
        assert world.services.sweeper.sweep()["removed"] == 1
        assert there(world, asset) == (False, False)

    def test_bytes_that_were_just_being_looked_at_go_too(self, world: World, ada: Tenant) -> None:
        asset, assets = world.upload(ada), world.services.assets

        def rival(_: object) -> None:
            world.records.before_write = None
            assets.delete(ada.id, asset.id)
            world.objects.put(asset.key, GOOD)  # as an import would that was about to end

        world.records.before_write = rival
        with pytest.raises(NotFound):
            assets.inspect(ada.id, asset.id)
        assert there(world, asset) == (False, False)

    def test_an_import_that_ends_after_it_leaves_nothing(self, world: World, ada: Tenant) -> None:
        assets = world.services.assets
        asset = assets.create(ada.id, source_url=URL)
        world.web.pages[URL] = GOOD
        upload = world.objects.upload

        def slow(*args: object, **more: object) -> None:
            assets.delete(ada.id, asset.id)
            upload(*args, **more)  # type: ignore[arg-type]

        world.objects.upload = slow  # type: ignore[method-assign]
        with pytest.raises(NotFound):
            assets.fetch(ada.id, asset.id)
        assert there(world, asset) == (False, False)


class TestOrphans:
    def test_bytes_that_come_after_their_asset_are_removed(self, world: World, ada: Tenant) -> None:
        assets, asset = world.services.assets, kept(world, ada, HOUR)
        world.clock.advance(hours=1)
        assert assets.remove_orphan(ada.id, asset.id)
        assert there(world, asset) == (True, False)
        world.services.sweeper.sweep()
        world.objects.put(asset.key, GOOD)
        assert assets.remove_orphan(ada.id, asset.id)
        assert there(world, asset) == (False, False)

    def test_bytes_of_an_asset_stay(self, world: World, ada: Tenant) -> None:
        assets, asset = world.services.assets, kept(world, ada, HOUR)
        assert not assets.remove_orphan(ada.id, asset.id)
        assert there(world, asset) == (True, True)
        assert assets.get(ada.id, asset.id).state is AssetState.READY

    def test_one_who_keeps_it_at_the_last_moment_and_the_sweep_cannot_both_win(self, world: World, ada: Tenant) -> None:
        asset = kept(world, ada, HOUR)
        world.services.sweeper.sweep()
        world.clock.advance(hours=1)
        late = asset.model_copy(update={"keep_until": None})  # read before its time was over
        world.records.before_write = lambda _: world.records.write(layout.put_asset(late))
        assert world.services.sweeper.sweep() == {"removed": 0, "trouble": 1}
        assert there(world, asset) == (True, True)
        assert world.services.assets.get(ada.id, asset.id).keep_until is None


class TestLooks:
    """A look at the bytes while the owner says how long they are to be kept."""

    @pytest.mark.parametrize(("data", "state"), [(GOOD, AssetState.READY), (b"text", AssetState.REJECTED)])
    def test_what_was_found_is_stored_all_the_same(
        self, world: World, ada: Tenant, data: bytes, state: AssetState
    ) -> None:
        asset, assets = world.upload(ada, data), world.services.assets
        until = world.clock.now() + HOUR

        def keep(_: object) -> None:
            assets.keep(ada.id, asset.id, until)

        world.records.before_write = keep
        seen = assets.inspect(ada.id, asset.id)
        assert (seen.state, seen.keep_until) == (state, until)
        assert assets.get(ada.id, asset.id) == seen
        assert (world.objects.stat(asset.key) is None) is (state is AssetState.REJECTED)

    def test_an_import_too(self, world: World, ada: Tenant) -> None:
        assets = world.services.assets
        asset, until = assets.create(ada.id, source_url=URL), world.clock.now() + HOUR
        world.web.pages[URL] = GOOD
        upload = world.objects.upload

        def slow(*args: object, **more: object) -> None:
            assets.keep(ada.id, asset.id, until)
            upload(*args, **more)  # type: ignore[arg-type]

        world.objects.upload = slow  # type: ignore[method-assign]
        seen = assets.fetch(ada.id, asset.id)
        assert (seen.state, seen.keep_until, seen.fetching_until) == (AssetState.READY, until, None)

    def test_a_failed_import_lets_the_next_try_begin_at_once(self, world: World, ada: Tenant) -> None:
        assets = world.services.assets
        asset, until = assets.create(ada.id, source_url=URL), world.clock.now() + HOUR
        world.web.pages[URL] = GOOD
        upload = world.objects.upload

        def broken(*args: object, **more: object) -> None:
            assets.keep(ada.id, asset.id, until)
            raise Unavailable("busy")

        world.objects.upload = broken  # type: ignore[method-assign]
        with pytest.raises(Unavailable):
            assets.fetch(ada.id, asset.id)
        assert assets.get(ada.id, asset.id).fetching_until is None
        world.objects.upload = upload  # type: ignore[method-assign]
        assert assets.fetch(ada.id, asset.id, wait=False).state is AssetState.READY
