"""Samples: made, found, changed by their owners alone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from patchbay.core import layout, layout_library, numbers
from patchbay.core.idempotency import Once
from patchbay.core.preparation import WORKFLOW
from patchbay.core.samples import KIND, MAX_PAGE, Samples
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from patchbay.domain.samples import Sample, SampleState
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World
from tests.support.library import library_sample, make_sample

NO_ID = "0198c0de-0000-7000-8000-000000000000"


def first(what: Callable[[], object]) -> Callable[[object], None]:
    """A rival that does `what` before a write."""

    def rival(_: object) -> None:
        what()

    return rival


class TestCreation:
    def test_a_sample_its_number_its_audio_and_its_job_are_there_at_once(self, world: World, ada: Tenant) -> None:
        samples = world.services.samples
        made = make_sample(world, ada, " Deep  Bass", tags=["#House"], scale="a min", public=True, licence_id=3)
        assert (made.name, made.tags, made.scale, made.public) == ("Deep Bass", ("house",), "A Minor", True)
        assert (made.licence_id, made.free, made.state, made.version) == (3, True, SampleState.PROCESSING, 1)
        assert samples.get(made.number, ada.id) == samples.of_audio(made.asset_id, ada.id) == made
        job = world.services.jobs.get(ada.id, made.id)
        assert (job.id, job.workflow, job.input_asset_id) == (made.job_id, WORKFLOW, made.asset_id)
        assert (job.name, job.application_id) == ("Deep Bass", ada.caller.application_id)
        assert [started[1] for started in world.executions.started] == [job.id]

    def test_a_priced_licence_is_not_free(self, world: World, ada: Tenant) -> None:
        assert not make_sample(world, ada, licence_id=1).free
        assert not make_sample(world, ada).free, "no licence is no leave"

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"name": " "}, "name"),
            ({"tags": ["x" * 50]}, "tags"),
            ({"scale": "loud"}, "scale"),
            ({"licence_id": 99}, "licence_id"),
        ],
    )
    def test_what_is_wrong_is_named_and_nothing_is_stored(
        self, world: World, ada: Tenant, given: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(InvalidInput) as told:
            make_sample(world, ada, **{"name": "x", **given})
        assert told.value.field == field
        assert world.services.samples.owned(ada.id, limit=5) == []
        assert world.services.jobs.list(ada.id, limit=5) == []

    def test_a_file_that_was_rejected_is_no_sample(self, world: World, ada: Tenant) -> None:
        asset = world.upload(ada, b"no audio")
        world.services.assets.inspect(ada.id, asset.id)
        with pytest.raises(InvalidInput, match="no audio file") as told:
            self.create(world, ada, asset.id)
        assert told.value.field == "asset"

    def test_a_file_that_is_gone_or_anothers_is_not_there(self, world: World, ada: Tenant, bob: Tenant) -> None:
        asset = world.upload(ada)
        with pytest.raises(NotFound):
            world.services.samples.create(bob.id, bob.caller.application_id, asset, name="x", public=False)
        world.services.assets.delete(ada.id, asset.id)
        with pytest.raises(NotFound):
            world.services.samples.create(ada.id, ada.caller.application_id, asset, name="x", public=False)

    def test_a_new_file_is_stored_with_its_sample(self, world: World, ada: Tenant) -> None:
        asset = world.services.assets.awaited(ada.id, source_url="https://example.org/kick.wav")
        made = world.services.samples.create(ada.id, ada.caller.application_id, asset, name="Kick", public=False)
        assert world.services.assets.get(ada.id, made.asset_id).state is AssetState.PENDING

    @pytest.mark.parametrize("stored", [True, False])
    def test_its_audio_is_kept(self, world: World, ada: Tenant, stored: bool) -> None:
        assets, soon = world.services.assets, world.clock.now() + timedelta(hours=1)
        asset = (assets.create if stored else assets.awaited)(ada.id, name="x", keep_until=soon)
        world.services.samples.create(ada.id, ada.caller.application_id, asset, name="x", public=False)
        world.clock.advance(hours=2)
        assert world.services.sweeper.sweep()["removed"] == 0
        assert assets.get(ada.id, asset.id).keep_until is None

    def test_made_a_sample_again_a_file_is_the_one_it_was(self, world: World, ada: Tenant) -> None:
        made = make_sample(world, ada, "One")
        assert self.create(world, ada, made.asset_id, name="Two") == made
        assert len(world.services.jobs.list(ada.id, limit=5)) == 1

    def test_of_two_at_once_one_makes_it(self, world: World, ada: Tenant) -> None:
        asset, rivals = world.upload(ada), list[Sample]()
        world.records.before_write = first(lambda: rivals.append(self.create(world, ada, asset.id)))
        assert [self.create(world, ada, asset.id)] == rivals
        assert len(world.services.samples.owned(ada.id, limit=5)) == 1

    def test_a_number_that_something_has_is_not_given_twice(
        self, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        taken = make_sample(world, ada).number
        drawn = iter([taken, taken, taken + 1])
        monkeypatch.setattr(numbers, "new_number", lambda: next(drawn))
        assert make_sample(world, ada).number == taken + 1

    def test_a_repeated_request_makes_one(self, world: World, ada: Tenant) -> None:
        made = self.request(world, ada, world.upload(ada).id)
        assert self.request(world, ada, world.upload(ada).id) == made
        assert world.services.samples.owned(ada.id, limit=5) == [made]

    def test_a_repetition_at_the_same_moment_finds_it(self, world: World, ada: Tenant) -> None:
        mine, theirs, rivals = world.upload(ada), world.upload(ada), list[Sample]()
        world.records.before_write = first(lambda: rivals.append(self.request(world, ada, theirs.id)))
        assert [self.request(world, ada, mine.id)] == rivals
        assert world.services.samples.owned(ada.id, limit=5) == rivals

    def test_a_store_that_never_lets_it_through_is_told(
        self, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        taken = make_sample(world, ada).number
        monkeypatch.setattr(numbers, "new_number", lambda: taken)
        with pytest.raises(Unavailable):
            make_sample(world, ada)

    @staticmethod
    def create(world: World, tenant: Tenant, asset_id: str, name: str = "x", once: Once | None = None) -> Sample:
        asset = world.services.assets.get(tenant.id, asset_id)
        application = tenant.caller.application_id
        return world.services.samples.create(tenant.id, application, asset, name=name, public=False, once=once)

    def request(self, world: World, tenant: Tenant, asset_id: str) -> Sample:
        once, _ = world.services.idempotency.begin(tenant.id, "key", "same")
        return self.create(world, tenant, asset_id, once=once)


class TestReading:
    def test_others_find_what_is_public_and_ready(self, world: World, ada: Tenant, bob: Tenant) -> None:
        samples = world.services.samples
        shown, hidden = library_sample(world, ada), library_sample(world, ada, public=False)
        waiting = make_sample(world, ada, public=True)
        for viewer in (bob.id, None):
            assert samples.get(shown.number, viewer) == samples.of_audio(shown.asset_id, viewer) == shown
            for secret in (hidden, waiting):
                with pytest.raises(NotFound):
                    samples.get(secret.number, viewer)
                with pytest.raises(NotFound):
                    samples.of_audio(secret.asset_id, viewer)
        assert samples.get(hidden.number, ada.id) == hidden
        assert samples.get(waiting.number, ada.id) == waiting

    def test_many_at_once_keep_their_order_and_what_is_secret(self, world: World, ada: Tenant, bob: Tenant) -> None:
        shown = [library_sample(world, ada, str(n)) for n in range(3)]
        hidden = library_sample(world, ada, public=False)
        keys = [(s.tenant_id, s.id) for s in (shown[2], hidden, shown[0], shown[2])] + [(ada.id, NO_ID)]
        assert world.services.samples.many(keys, bob.id) == [shown[2], shown[0]]
        assert world.services.samples.many(keys, ada.id) == [shown[2], hidden, shown[0]]
        assert world.services.samples.many([], None) == []

    @pytest.mark.parametrize("number", [-1, 0, 1, numbers.MOST, numbers.MOST + 1])
    def test_numbers_of_nothing(self, world: World, ada: Tenant, number: int) -> None:
        with pytest.raises(NotFound):
            world.services.samples.get(number, ada.id)

    @pytest.mark.parametrize("asset_id", ["", "x", "../..", NO_ID])
    def test_audio_of_nothing(self, world: World, ada: Tenant, asset_id: str) -> None:
        with pytest.raises(NotFound):
            world.services.samples.of_audio(asset_id, ada.id)

    def test_ones_own_newest_first_by_pages(self, world: World, ada: Tenant, bob: Tenant) -> None:
        made = [make_sample(world, ada, str(n)) for n in range(5)]
        make_sample(world, bob)
        owned = world.services.samples.owned
        assert owned(ada.id, limit=10) == made[::-1]
        assert owned(ada.id, limit=2) == made[:2:-1]
        assert owned(ada.id, limit=2, before=made[3].id) == [made[2], made[1]]
        for limit in (0, -1, MAX_PAGE + 1):
            with pytest.raises(InvalidInput):
                owned(ada.id, limit=limit)


Change = Callable[[Samples, str, int], Sample]
CHANGES: dict[str, tuple[Change, dict[str, Any]]] = {
    "name": (lambda s, t, n: s.rename(t, n, " New "), {"name": "New"}),
    "visibility": (lambda s, t, n: s.set_visibility(t, n, False), {"public": False}),
    "tags": (lambda s, t, n: s.set_tags(t, n, ["Dub", "#x"]), {"tags": ("dub", "x")}),
    "scale": (lambda s, t, n: s.set_scale(t, n, "bb"), {"scale": "Bb Major"}),
    "licence": (lambda s, t, n: s.set_licence(t, n, 3), {"licence_id": 3, "free": True}),
    "no licence": (lambda s, t, n: s.set_licence(t, n, None), {"licence_id": None, "free": False}),
    "no folder": (lambda s, t, n: s.set_folder(t, n, None), {}),
}


class TestChanges:
    @pytest.mark.parametrize("what", CHANGES)
    def test_the_owner_changes_it(self, world: World, ada: Tenant, what: str) -> None:
        made = library_sample(world, ada, licence_id=1)
        change, wanted = CHANGES[what]
        world.clock.advance(seconds=10)
        changed = change(world.services.samples, ada.id, made.number)
        assert {name: getattr(changed, name) for name in wanted} == wanted
        assert world.services.samples.get(made.number, ada.id) == changed
        if wanted:
            assert changed.updated_at == world.clock.now() > made.updated_at
            assert changed.version == made.version + 1

    @pytest.mark.parametrize("what", CHANGES)
    def test_repeating_it_writes_nothing(self, world: World, ada: Tenant, what: str) -> None:
        made = library_sample(world, ada)
        change, _ = CHANGES[what]
        once = change(world.services.samples, ada.id, made.number)
        written = len(world.records.changes)
        assert change(world.services.samples, ada.id, made.number) == once
        assert len(world.records.changes) == written

    @pytest.mark.parametrize("what", CHANGES)
    def test_nobody_else_does(self, world: World, ada: Tenant, bob: Tenant, what: str) -> None:
        made = library_sample(world, ada)
        change, _ = CHANGES[what]
        for number in (made.number, 1):
            with pytest.raises(NotFound):
                change(world.services.samples, bob.id, number)
        assert world.services.samples.get(made.number, ada.id) == made

    @pytest.mark.parametrize("what", CHANGES)
    def test_two_changes_at_once_are_both_made(self, world: World, ada: Tenant, what: str) -> None:
        made = library_sample(world, ada, licence_id=1, folder_number=world.services.folders.create(ada.id, "a").number)
        change, wanted = CHANGES[what]
        samples = world.services.samples
        world.records.before_write = first(lambda: samples.like(ada.id, made.number))
        changed = change(samples, ada.id, made.number)
        assert {name: getattr(changed, name) for name in wanted} == wanted
        assert samples.get(made.number, ada.id).popularity == 1

    def test_what_is_wrong_is_named(self, world: World, ada: Tenant) -> None:
        number, samples = make_sample(world, ada).number, world.services.samples
        wrong: dict[str, Callable[[], Sample]] = {
            "name": lambda: samples.rename(ada.id, number, ""),
            "tags": lambda: samples.set_tags(ada.id, number, [""]),
            "scale": lambda: samples.set_scale(ada.id, number, "x"),
            "licence_id": lambda: samples.set_licence(ada.id, number, 0),
        }
        for field, change in wrong.items():
            with pytest.raises(InvalidInput) as told:
                change()
            assert told.value.field == field


class TestDeletion:
    def test_nothing_of_it_is_left(self, world: World, ada: Tenant, bob: Tenant) -> None:
        samples = world.services.samples
        kept = library_sample(world, ada, "Kept")
        made = library_sample(world, ada, folder_number=world.services.folders.create(ada.id, "a").number)
        places = {made.preview_key, kept.preview_key, world.services.assets.get(ada.id, made.asset_id).key}
        assert places <= set(world.objects.stored)
        samples.delete(ada.id, made.number)
        with pytest.raises(NotFound):
            samples.get(made.number, ada.id)
        with pytest.raises(NotFound):
            samples.of_audio(made.asset_id, ada.id)
        with pytest.raises(NotFound):
            world.services.assets.get(ada.id, made.asset_id)
        assert places & set(world.objects.stored) == {kept.preview_key}
        assert numbers.find(world.records, KIND, made.number) is None
        assert world.records.get(layout_library.audio_key(made.asset_id)) is None
        assert [folder.samples for folder in world.services.folders.list(ada.id)] == [0]
        assert samples.owned(ada.id, limit=5) == [kept]
        with pytest.raises(NotFound):
            samples.delete(ada.id, made.number)

    def test_only_its_owner_deletes_it(self, world: World, ada: Tenant, bob: Tenant) -> None:
        made = library_sample(world, ada)
        with pytest.raises(NotFound):
            world.services.samples.delete(bob.id, made.number)
        assert world.services.samples.get(made.number, bob.id) == made

    def test_its_preparation_ends_too(self, world: World, ada: Tenant) -> None:
        made = make_sample(world, ada)
        world.services.samples.delete(ada.id, made.number)
        assert world.services.jobs.get(ada.id, made.id).state == "cancelled"

    def test_its_file_may_be_gone_already(self, world: World, ada: Tenant) -> None:
        made = library_sample(world, ada)
        world.services.assets.remove(world.services.assets.get(ada.id, made.asset_id))
        world.services.samples.delete(ada.id, made.number)
        assert world.services.samples.owned(ada.id, limit=5) == []

    def test_a_change_at_the_same_moment_does_not_stop_it(self, world: World, ada: Tenant) -> None:
        made = library_sample(world, ada)
        world.records.before_write = first(lambda: world.services.samples.rename(ada.id, made.number, "New"))
        world.services.samples.delete(ada.id, made.number)
        assert world.services.samples.owned(ada.id, limit=5) == []

    def test_a_process_that_dies_on_the_way_leaves_what_can_be_finished(self, world: World, ada: Tenant) -> None:
        made = library_sample(world, ada)
        asset = world.services.assets.get(ada.id, made.asset_id)

        def die(_: object) -> None:
            raise Unavailable("dead")

        world.records.before_write = die
        with pytest.raises(Unavailable):
            world.services.samples.delete(ada.id, made.number)
        world.services.samples.delete(ada.id, made.number)
        world.objects.put(asset.key, GOOD)  # as if the process had died right after the transaction
        world.records.write(layout.put_asset(asset.model_copy(update={"version": 0, "keep_until": world.clock.now()})))
        world.clock.advance(hours=1)
        assert world.services.sweeper.sweep()["removed"] == 1
        assert [key for key in world.objects.stored if made.id in key or asset.id in key] == []

    def test_its_file_is_neither_deleted_nor_given_an_end_without_it(self, world: World, ada: Tenant) -> None:
        made, assets = make_sample(world, ada), world.services.assets
        before = dict(world.records.items)
        told = f"sample {made.number}, .*delete the sample instead"
        with pytest.raises(Conflict, match=told):
            assets.delete(ada.id, made.asset_id)
        with pytest.raises(Conflict, match=told):
            assets.keep(ada.id, made.asset_id, world.clock.now() + timedelta(days=1))
        assert world.records.items == before
        world.services.samples.delete(ada.id, made.number)
        with pytest.raises(NotFound):
            assets.delete(ada.id, made.asset_id)

    @pytest.mark.parametrize("kept", [None, timedelta(days=9)])
    def test_a_file_that_is_deleted_and_made_a_sample_at_once(
        self, world: World, ada: Tenant, kept: timedelta | None
    ) -> None:
        """Whichever is written first, the other is refused: no sample is without its file."""
        assets = world.services.assets

        def new() -> Asset:
            asset = world.upload(ada)
            return assets.keep(ada.id, asset.id, world.clock.now() + kept) if kept else asset

        def sampled(asset: Asset) -> Sample:
            application_id = ada.caller.application_id
            return world.services.samples.create(ada.id, application_id, asset, name="x", public=False)

        asset = new()
        world.records.before_write = first(lambda: sampled(asset))
        with pytest.raises(Conflict, match="the audio of sample"):
            assets.delete(ada.id, asset.id)
        assert assets.get(ada.id, asset.id).keep_until is None
        asset = new()
        world.records.before_write = first(lambda: assets.delete(ada.id, asset.id))
        with pytest.raises(NotFound):
            sampled(asset)
        assert [s.asset_id for s in world.services.samples.owned(ada.id, limit=9)] != [asset.id]


def test_other_dialects_jobs_of_the_workflow_are_no_samples(world: World, ada: Tenant) -> None:
    job = world.order(ada, workflow=WORKFLOW, dialect="native")
    assert world.services.samples.settle(world.services.jobs.cancel(ada.id, job.id)) is None
