"""Generations: ordered whole or not at all, found by who may see them."""

from collections.abc import Sequence
from typing import Any

import pytest

from patchbay.core import layout
from patchbay.core.generations import MAX_BODY_BYTES, MAX_PAGE
from patchbay.core.idempotency import Idempotency, Once
from patchbay.core.layout_generations import generation_key, owner_key
from patchbay.domain.errors import InsufficientCredits, InvalidInput, NotFound, Unavailable
from patchbay.domain.generations import Generation, GenerationOutput
from patchbay.ports import Write
from tests.fakes.world import Tenant, World
from tests.support.generations import generate, generated, order


def once(world: World, tenant: Tenant, fingerprint: str = "same") -> Once:
    found, _ = Idempotency(world.records, world.clock).begin(tenant.id, "key", fingerprint)
    return found


def spent(world: World, tenant: Tenant) -> int:
    return world.services.credits.standing(tenant.id, "standard").spent


class TestOrdering:
    def test_generation_job_owner_and_charge_are_one_transaction(self, world: World, ada: Tenant) -> None:
        asked = order(world, ada)
        seen: list[Sequence[Write]] = []
        world.records.before_write = seen.append
        found, job = world.services.generations.order(
            asked, kind="generation", model_number=101, inputs=[{"type": "text", "value": "x"}], credits=5
        )
        (writes,) = seen
        kinds = {getattr(write, "record", None) and write.record.kind for write in writes}  # type: ignore[union-attr]
        assert {"generation", "owner", "job", "charge"} <= kinds
        assert (found.id, found.tenant_id, found.kind) == (job.id, ada.id, "generation")
        assert (found.model_number, found.inputs, found.credits) == (101, ({"type": "text", "value": "x"},), 5)
        assert (found.settled, found.outputs) == (False, ())
        assert world.services.generations.get(found.id, ada.id) == (found, job)
        assert spent(world, ada) == 5
        assert world.executions.running(job.id, 1)

    def test_what_is_free_touches_no_credits(self, world: World, ada: Tenant) -> None:
        settled = generated(world, ada)
        assert settled.credits == 0
        assert not [key for key in world.records.items if key[0].startswith(("CHARGES", "WALLETS"))]

    def test_too_few_credits_leave_nothing_behind(self, world: World, ada: Tenant) -> None:
        asked = order(world, ada)
        before = dict(world.records.items)
        with pytest.raises(InsufficientCredits):
            world.services.generations.order(asked, kind="generation", credits=10**8)
        assert world.records.items == before

    def test_an_order_that_is_wrong_leaves_nothing_behind(self, world: World, ada: Tenant) -> None:
        asked = order(world, ada, params={"nonsense": 1})
        before = dict(world.records.items)
        with pytest.raises(InvalidInput) as caught:
            world.services.generations.order(asked, kind="generation", credits=1)
        assert caught.value.field == "params.nonsense"
        assert world.records.items == before

    def test_inputs_have_a_bound(self, world: World, ada: Tenant) -> None:
        with pytest.raises(InvalidInput) as caught:
            generate(world, ada, inputs=[{"value": "x" * MAX_BODY_BYTES}])
        assert caught.value.field == "inputs"

    def test_a_rival_for_the_credits_costs_another_try_and_neither_order(self, world: World, ada: Tenant) -> None:
        rivals = []

        def rival(_: object) -> None:
            rivals.append(generate(world, ada, credits=3)[0].id)

        asked = order(world, ada)
        world.records.before_write = rival
        found, _ = world.services.generations.order(asked, kind="generation", credits=5)
        assert spent(world, ada) == 8
        owned = [each.id for each, _ in world.services.generations.owned(ada.id, limit=9)]
        assert sorted(owned) == sorted([found.id, *rivals])

    def test_the_last_credits_go_to_one_of_two(self, world: World, ada: Tenant) -> None:
        allowance = world.services.settings.credits_standard
        asked = order(world, ada)

        def rival(_: object) -> None:
            generate(world, ada, credits=allowance)

        world.records.before_write = rival
        with pytest.raises(InsufficientCredits):
            world.services.generations.order(asked, kind="generation", credits=1)
        assert spent(world, ada) == allowance
        assert len(world.services.generations.owned(ada.id, limit=9)) == 1

    def test_a_repetition_is_the_same_order(self, world: World, ada: Tenant) -> None:
        asked = order(world, ada)
        first = world.services.generations.order(asked, kind="render", credits=5, once=once(world, ada))
        again = world.services.generations.order(asked, kind="render", credits=5, once=once(world, ada))
        assert again == first
        assert spent(world, ada) == 5

    def test_two_at_the_same_moment_are_one_order(self, world: World, ada: Tenant) -> None:
        asked, mine = order(world, ada), once(world, ada)
        made: list[Any] = []

        def rival(_: object) -> None:
            theirs = once(world, ada)
            made.append(world.services.generations.order(asked, kind="render", credits=5, once=theirs))

        world.records.before_write = rival
        assert world.services.generations.order(asked, kind="render", credits=5, once=mine) == made[0]
        assert spent(world, ada) == 5
        assert len(world.services.generations.owned(ada.id, limit=9)) == 1

    def test_a_store_that_is_away_takes_no_order(self, world: World, ada: Tenant) -> None:
        asked = order(world, ada)
        world.records.down = True
        with pytest.raises(Unavailable):
            world.services.generations.order(asked, kind="render")
        world.records.down = False
        assert world.services.generations.owned(ada.id, limit=1) == []


class TestLooking:
    def test_its_owner_and_who_has_its_id_alone(self, world: World, ada: Tenant) -> None:
        found, job = generate(world, ada)
        assert world.services.generations.get(found.id, ada.id) == (found, job)
        assert world.services.generations.get(found.id, None) == (found, job)

    def test_nobody_else(self, world: World, ada: Tenant, bob: Tenant) -> None:
        found, _ = generate(world, ada)
        told = []
        for generation_id in (found.id, generate(world, bob)[1].id[:-1] + "0", "x", ""):
            with pytest.raises(NotFound) as caught:
                world.services.generations.get(generation_id, bob.id)
            told.append(str(caught.value).replace(generation_id, ""))
        assert len(set(told)) == 1, "another's and nobody's are told apart by nothing"

    def test_a_job_that_was_ordered_otherwise_is_none(self, world: World, ada: Tenant) -> None:
        job = world.order(ada)
        with pytest.raises(NotFound):
            world.services.generations.get(job.id, ada.id)

    def test_one_whose_job_was_deleted_is_forgotten_with_its_charge(self, world: World, ada: Tenant) -> None:
        found, job = generate(world, ada, credits=5)
        world.services.jobs.delete(ada.id, job.id)
        assert world.services.generations.owned(ada.id, limit=1) == []
        for _ in range(2):
            with pytest.raises(NotFound):
                world.services.generations.get(found.id, ada.id)
        assert spent(world, ada) == 0
        assert world.records.get(owner_key(found.id)) is None
        assert world.records.get(generation_key(ada.id, found.id)) is None


class TestListing:
    def test_newest_first_by_pages(self, world: World, ada: Tenant, bob: Tenant) -> None:
        ids = [generate(world, ada)[0].id for _ in range(5)][::-1]
        generate(world, bob)
        owned = world.services.generations.owned
        assert [found.id for found, _ in owned(ada.id, limit=9)] == ids
        assert [found.id for found, _ in owned(ada.id, limit=2, offset=1)] == ids[1:3]
        assert [found.id for found, _ in owned(ada.id, limit=2, before=ids[2])] == ids[3:]
        assert all(found.id == job.id for found, job in owned(ada.id, limit=9))

    def test_by_kind(self, world: World, ada: Tenant) -> None:
        ids = [generate(world, ada, kind=kind)[0].id for kind in ("render", "generation", "video", "render")]
        found = world.services.generations.owned(ada.id, limit=1, offset=1, kinds=("render",))
        assert [each.id for each, _ in found] == [ids[0]]

    def test_a_rare_kind_is_looked_for_in_few_and_bounded_reads(
        self, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rare = generate(world, ada, kind="video")[0].id
        for _ in range(12):
            generate(world, ada, kind="render")
        query, reads = world.records.query, []

        def counted(partition: str, **asked: Any) -> Any:
            reads.append(asked["limit"])
            return query(partition, **asked)

        monkeypatch.setattr(world.records, "query", counted)
        owned = world.services.generations.owned
        assert [found.id for found, _ in owned(ada.id, limit=1, kinds=("video",))] == [rare]
        assert reads == [100]
        monkeypatch.setattr("patchbay.core.generations.MIN_READ", 5)
        monkeypatch.setattr("patchbay.core.generations.MAX_READ", 12)
        reads.clear()
        assert owned(ada.id, limit=1, kinds=("video",)) == []
        assert reads == [5, 5, 2]

    @pytest.mark.parametrize(("limit", "offset"), [(0, 0), (-1, 0), (MAX_PAGE + 1, 0), (1, -1), (1, MAX_PAGE + 1)])
    def test_pages_have_bounds(self, world: World, ada: Tenant, limit: int, offset: int) -> None:
        with pytest.raises(InvalidInput):
            world.services.generations.owned(ada.id, limit=limit, offset=offset)


def test_an_output_by_name_with_an_ending_or_without() -> None:
    def made(*names: str) -> Generation:
        outputs = tuple(GenerationOutput(asset_id=name, name=name, duration_s=1.0, format="wav") for name in names)
        told = {"id": "g", "tenant_id": "t", "kind": "render", "created_at": "2026-01-01T00:00:00Z"}
        return Generation.model_validate({**told, "outputs": outputs})

    def named(found: Generation, name: str) -> str | None:
        output = found.output(name)
        return output.name if output else None

    assert named(made("mix.wav", "vocals"), "mix") == "mix.wav"
    assert named(made("mix.wav", "mix"), "mix") == "mix"
    assert named(made("track.wav", "track.mp3"), "track") is None
    assert named(made("track.wav", "track.mp3"), "track.mp3") == "track.mp3"
    assert named(made("vocals"), "") is None
    assert named(made(), "mix") is None


def test_it_fits_into_a_record(world: World, ada: Tenant) -> None:
    found, _ = generate(world, ada, inputs=[{"value": "x" * (MAX_BODY_BYTES - 1000)}])
    assert layout.body_bytes(found) < MAX_BODY_BYTES
