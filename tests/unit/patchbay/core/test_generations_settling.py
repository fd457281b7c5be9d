"""What a generation's end makes of it, whenever and however often it is told."""

from collections.abc import Callable
from typing import Any

import pytest

from patchbay.core import layout
from patchbay.core.generations import AT_ONCE, READ_BYTES
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.errors import NotFound, Unavailable
from patchbay.domain.generations import Generation, output_asset_id
from patchbay.domain.jobs import Failure, FailureKind, Job, JobState, Output
from patchbay.settings import Settings
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World
from tests.support.generations import generate, generated, order

STEMS = ["vocals", "drums", "bass", "other"]


def settle(world: World, job: Job) -> Generation:
    found = world.services.generations.settle(job)
    assert found is not None
    return found


def done(world: World, tenant: Tenant, **told: Any) -> Job:
    """The job of a generation, over; nobody has said so."""
    return world.carry_out(generate(world, tenant, **told)[1])


def stored(world: World, job: Job) -> Generation:
    """As it is stored: to get it would settle it."""
    return next(found for found, _ in world.services.generations.owned(job.tenant_id, limit=99) if found.id == job.id)


def spent(world: World, tenant: Tenant) -> int:
    return world.services.credits.standing(tenant.id, "standard").spent


def asset(world: World, job: Job, name: str) -> Asset:
    return world.services.assets.get(job.tenant_id, output_asset_id(job, name))


class TestAGoodEnd:
    def test_its_audio_is_its_owners(self, world: World, ada: Tenant) -> None:
        job = done(world, ada)
        found = settle(world, job)
        assert [output.name for output in found.outputs] == [out.name for out in job.outputs]
        assert sorted(output.name for output in found.outputs) == sorted(STEMS)
        assert {(output.duration_s, output.format) for output in found.outputs} == {(world.prober.seconds, "wav")}
        for output in found.outputs:
            made = world.services.assets.get(ada.id, output.asset_id)
            assert (made.state, made.name, made.size_bytes) == (AssetState.READY, f"{output.name}.wav", len(GOOD))
            assert made.audio is not None
            assert made.sha256
            assert world.objects.stored[made.key][0] == GOOD
        assert stored(world, job) == found
        assert found.settled

    def test_it_outlives_the_results(self, world: World, ada: Tenant) -> None:
        found = settle(world, done(world, ada))
        for key in [key for key in world.objects.stored if key.startswith("results/")]:
            world.objects.delete(key)
        made = world.services.assets.get(ada.id, found.outputs[0].asset_id)
        assert made.key.startswith(f"uploads/{ada.id}/")
        assert made.key in world.objects.stored

    def test_it_is_called_after_its_order(self, world: World, ada: Tenant) -> None:
        job = done(world, ada, order=order(world, ada, name="My Song"))
        settle(world, job)
        assert asset(world, job, "bass").name == "My Song - bass.wav"

    def test_it_is_kept_as_uploads_are(self, ada: Tenant) -> None:
        world = World(Settings(stage="test", uploads_kept_days=3))
        tenant = world.tenant()
        job = done(world, tenant)
        settle(world, job)
        until = asset(world, job, "bass").keep_until
        assert until is not None
        assert (until - world.clock.now()).days == 3

    def test_saying_it_again_changes_nothing(self, world: World, ada: Tenant) -> None:
        job = done(world, ada, credits=5)
        found = settle(world, job)
        written, objects = len(world.records.changes), dict(world.objects.stored)
        assert settle(world, job) == found
        assert (len(world.records.changes), world.objects.stored) == (written, objects)
        assert spent(world, ada) == 5

    def test_what_is_no_audio_stays_where_it_is(self, world: World, ada: Tenant) -> None:
        job = done(world, ada)
        score = Output(name="score.mid", key=f"results/{ada.id}/f/score.mid", media_type="audio/midi")
        value = Output(name="bpm", value=120)
        only_score = job.model_copy(update={"outputs": (score, value)})
        found = settle(world, only_score)
        assert (found.outputs, found.reason, found.settled) == ((), None, True)

    def test_more_files_than_a_transaction_takes(self, world: World, ada: Tenant) -> None:
        job = done(world, ada)
        names = [f"stem-{number}" for number in range(2 * AT_ONCE + 7)]
        same = job.outputs[0]
        many = job.model_copy(update={"outputs": tuple(same.model_copy(update={"name": name}) for name in names)})
        assert [output.name for output in settle(world, many).outputs] == names

    def test_a_job_that_is_not_over_says_nothing(self, world: World, ada: Tenant) -> None:
        found, job = generate(world, ada)
        assert settle(world, job) == found

    def test_a_job_of_no_generation(self, world: World, ada: Tenant) -> None:
        job = world.carry_out(world.order(ada))
        assert world.services.generations.settle(job) is None
        assert world.services.generations.give_up(ada.id, job.id) is None


class TestABadEnd:
    @pytest.mark.parametrize("how", ["failed", "cancelled"])
    def test_credits_come_back(self, world: World, ada: Tenant, how: str) -> None:
        _, job = generate(world, ada, credits=5)
        if how == "failed":
            world.services.pipeline.fail(ada.id, job.id, Failure(kind=FailureKind.INTERNAL, message="it broke"))
        else:
            world.services.jobs.cancel(ada.id, job.id)
        assert spent(world, ada) == 5
        over = world.services.jobs.get(ada.id, job.id)
        found = settle(world, over)
        assert (found.settled, found.outputs, over.state, found.credits) == (True, (), JobState(how), 0)
        assert spent(world, ada) == 0
        assert settle(world, over) == found
        assert spent(world, ada) == 0

    @pytest.mark.parametrize("settled", [False, True])
    def test_a_deleted_job_gives_back_what_is_not_charged(self, world: World, ada: Tenant, settled: bool) -> None:
        found, job = generate(world, ada, credits=5)
        if settled:
            found = settle(world, world.carry_out(job))
        world.services.jobs.delete(ada.id, job.id)
        assert world.services.generations.give_up(ada.id, job.id) == found
        assert world.services.generations.give_up(ada.id, job.id) is None
        assert spent(world, ada) == (5 if settled else 0)
        for output in found.outputs:
            assert world.services.assets.get(ada.id, output.asset_id).state is AssetState.READY

    def test_results_that_are_gone(self, world: World, ada: Tenant) -> None:
        job = done(world, ada, credits=5)
        for output in job.outputs:
            world.objects.delete(str(output.key))
        found = settle(world, job)
        assert (found.outputs, found.reason) == ((), "its results are gone")
        assert spent(world, ada) == 0
        for name in STEMS:
            with pytest.raises(NotFound):
                asset(world, job, name)

    def test_one_result_that_is_gone_costs_the_others_nothing(self, world: World, ada: Tenant) -> None:
        job = done(world, ada, credits=5)
        world.objects.delete(str(job.outputs[1].key))
        found = settle(world, job)
        assert [out.name for out in found.outputs] == [out.name for out in job.outputs if out != job.outputs[1]]
        assert (found.reason, spent(world, ada)) == (None, 5)

    def test_what_cannot_be_heard_is_nobodys(self, world: World, ada: Tenant) -> None:
        job = done(world, ada)
        for output in job.outputs:
            world.objects.put(str(output.key), b"no audio", "audio/wav")
        found = settle(world, job)
        assert found.outputs == ()
        assert "no audio file" in (found.reason or "")

    def test_an_account_without_room(self, ada: Tenant) -> None:
        world = World(Settings(stage="test", quota_files=3))
        tenant = world.tenant()
        job = done(world, tenant, credits=5)
        found = settle(world, job)
        assert found.outputs == ()
        assert "delete some" in (found.reason or "")
        assert (spent(world, tenant), found.credits) == (5, 5), "the work was done"


class TestAnEndThatNobodyTold:
    """Whoever looks settles it."""

    @pytest.mark.parametrize("who", ["its owner", "somebody"])
    def test_is_settled_by_who_looks(self, world: World, ada: Tenant, who: str) -> None:
        job = done(world, ada)
        assert not stored(world, job).settled
        found, _ = world.services.generations.get(job.id, ada.id if who == "its owner" else None)
        assert (found.settled, len(found.outputs)) == (True, 4)
        assert stored(world, job) == found

    def test_and_large_ones_by_who_has_the_time(self, world: World, ada: Tenant, monkeypatch: Any) -> None:
        job = done(world, ada)
        monkeypatch.setattr("patchbay.core.generations.READ_BYTES", 4 * len(GOOD) - 1)
        assert not world.services.generations.get(job.id, ada.id)[0].settled
        monkeypatch.setattr("patchbay.core.generations.READ_BYTES", 4 * len(GOOD))
        assert world.services.generations.get(job.id, ada.id)[0].settled
        assert READ_BYTES < 512 * 1024**2, "what a Lambda has room for"

    def test_waits_where_the_results_cannot_be_had_just_now(
        self, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = done(world, ada)

        def away(*_: object) -> None:
            raise Unavailable("the object store did not answer")

        monkeypatch.setattr(world.objects, "copy", away)
        assert not world.services.generations.get(job.id, ada.id)[0].settled
        with pytest.raises(Unavailable):
            world.services.generations.settle(job)
        monkeypatch.undo()


def crashing(world: World, number: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """From now on the store's call of that number, and every later one, fails; returns how to tell whether one did."""
    calls, failed = 0, False

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls, failed
            calls += 1
            if calls > number:
                failed = True
                raise Unavailable("the process died")
            return real(*args, **kwargs)

        return call

    monkeypatch.setattr(world.records, "write", counted(world.records.write))
    monkeypatch.setattr(world.objects, "copy", counted(world.objects.copy))
    monkeypatch.setattr(world.objects, "download", counted(world.objects.download))
    return lambda: failed


class TestInTheMiddle:
    @pytest.mark.parametrize("number", range(14))
    def test_a_process_that_dies_anywhere_is_taken_over_from(
        self, world: World, ada: Tenant, number: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = done(world, ada, credits=5)
        with monkeypatch.context() as patch:
            died = crashing(world, number, patch)
            try:
                world.services.generations.settle(job)
            except Unavailable:
                assert died()
        found = settle(world, job)
        assert [output.name for output in found.outputs] == [out.name for out in job.outputs]
        assert spent(world, ada) == 5
        uploads = [key for key in world.objects.stored if key.startswith(f"uploads/{ada.id}/")]
        assert len(uploads) == 1 + len(job.outputs), "the input, and each output once"
        ready = world.services.assets.list(ada.id, limit=99)
        assert len(ready) == len(uploads)
        assert {each.state for each in ready} == {AssetState.READY}

    def test_enough_places_to_die_were_tried(self, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
        job = done(world, ada, credits=5)
        died = crashing(world, 13, monkeypatch)
        with pytest.raises(Unavailable):
            world.services.generations.settle(job)
        assert died()

    def test_two_at_the_same_moment(self, world: World, ada: Tenant) -> None:
        job = done(world, ada, credits=5)
        first: list[Generation] = []

        def rival(_: object) -> None:
            first.append(settle(world, job))

        world.records.before_write = rival
        assert settle(world, job) == first[0] == stored(world, job)
        assert spent(world, ada) == 5

    def test_the_look_at_new_uploads_may_be_faster(
        self, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job, copy = done(world, ada), world.objects.copy

        def copied(source: str, key: str) -> None:
            copy(source, key)
            world.services.assets.inspect(ada.id, key.rpartition("/")[2])

        monkeypatch.setattr(world.objects, "copy", copied)
        assert len(settle(world, job).outputs) == 4

    def test_audio_that_was_deleted_stays_so(self, world: World, ada: Tenant) -> None:
        job = done(world, ada)
        settled: list[Generation] = []

        def rival(_: object) -> None:
            """Settles it before, and its owner deletes a file at once."""
            settled.append(settle(world, job))
            world.services.assets.delete(ada.id, output_asset_id(job, "bass"))

        world.records.before_write = rival
        assert settle(world, job) == settled[0]
        with pytest.raises(NotFound):
            asset(world, job, "bass")
        assert settle(world, job) == settled[0]
        with pytest.raises(NotFound):
            asset(world, job, "bass")

    def test_audio_that_was_had_is_paid_whatever_becomes_of_its_job(
        self, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = done(world, ada, credits=5)
        with monkeypatch.context() as patch:
            died = crashing(world, 9, patch)
            with pytest.raises(Unavailable):
                world.services.generations.settle(job)
            assert died()
        assert asset(world, job, "vocals").state is AssetState.READY
        world.services.jobs.delete(ada.id, job.id)
        world.services.generations.give_up(ada.id, job.id)
        assert spent(world, ada) == 5

    def test_audio_that_was_deleted_before_the_end_is_told_stays_so_and_is_paid(
        self, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = done(world, ada, credits=5)
        with monkeypatch.context() as patch:
            crashing(world, 3, patch)
            with pytest.raises(Unavailable):
                world.services.generations.settle(job)
        for name in STEMS:
            world.services.assets.delete(ada.id, output_asset_id(job, name))
        found = settle(world, job)
        assert (found.outputs, found.reason, found.credits) == ((), "its audio was deleted", 5)
        assert spent(world, ada) == 5
        with pytest.raises(NotFound):
            asset(world, job, "bass")

    def test_audio_that_the_store_dropped_in_a_long_outage_is_made_again(
        self, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = done(world, ada)
        with monkeypatch.context() as patch:
            crashing(world, 1, patch)
            with pytest.raises(Unavailable):
                world.services.generations.settle(job)
        for name in STEMS:
            world.services.assets.remove(asset(world, job, name))
        world.clock.advance(seconds=layout.PENDING_KEPT.total_seconds() + 1)
        assert len(settle(world, job).outputs) == 4

    def test_audio_that_is_deleted_while_it_comes_leaves_no_bytes(
        self, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job, copy = done(world, ada), world.objects.copy
        doomed = output_asset_id(job, "bass")

        def copied(source: str, key: str) -> None:
            if key.endswith(doomed):
                world.services.assets.delete(ada.id, doomed)
            copy(source, key)

        monkeypatch.setattr(world.objects, "copy", copied)
        assert sorted(output.name for output in settle(world, job).outputs) == sorted(set(STEMS) - {"bass"})
        assert not [key for key in world.objects.stored if key.endswith(doomed)]

    def test_a_generation_that_is_forgotten_meanwhile(self, world: World, ada: Tenant) -> None:
        job = done(world, ada, credits=5)

        def rival(_: object) -> None:
            world.services.jobs.delete(ada.id, job.id)
            world.services.generations.give_up(ada.id, job.id)

        world.records.before_write = rival
        assert world.services.generations.settle(job) is None
        assert spent(world, ada) == 0
        assert not [key for key in world.objects.stored if key.endswith(output_asset_id(job, "bass"))]


def test_ids_of_audio_follow_from_job_and_name(world: World, ada: Tenant) -> None:
    one, two = generated(world, ada), generated(world, ada)
    ids = [output.asset_id for found in (one, two) for output in found.outputs]
    assert len(set(ids)) == 8
    job = world.services.jobs.get(ada.id, one.id)
    assert [output.asset_id for output in one.outputs] == [output_asset_id(job, out.name) for out in one.outputs]
