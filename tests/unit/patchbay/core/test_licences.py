"""Licences: taken for what is offered, once for each user and sample."""

from datetime import timedelta

import pytest

from patchbay.catalog.licences import LICENCES
from patchbay.core.licences import Licences
from patchbay.domain.errors import InvalidInput, NotFound, Unavailable
from patchbay.domain.licences import LicenceApplication
from tests.fakes.world import Tenant, World
from tests.support.library import library_sample, make_sample

STANDARD, ROYALTY_FREE = 1, 3
NO_ID = "0198c0de-0000-7000-8000-000000000000"


@pytest.fixture
def licences(world: World) -> Licences:
    return world.services.licences


def test_all_can_be_looked_at(licences: Licences) -> None:
    assert licences.list() == LICENCES
    assert licences.get(STANDARD).name == "Standard License"
    with pytest.raises(NotFound):
        licences.get(99)


def test_a_licence_is_taken_with_its_terms_and_its_end(
    world: World, ada: Tenant, bob: Tenant, licences: Licences
) -> None:
    made = library_sample(world, ada, licence_id=STANDARD)
    taken = licences.apply(bob.id, STANDARD, made.asset_id, "sample")
    assert (taken.status, taken.licence_id, taken.asset_id) == ("approved", STANDARD, made.asset_id)
    assert taken.terms == licences.get(STANDARD).terms
    assert taken.valid_until == world.clock.now() + timedelta(days=365)
    assert licences.of(bob.id, made.asset_id) == taken
    assert licences.of(ada.id, made.asset_id) is None


def test_there_is_one_for_each_user_and_sample_however_it_is_named(
    world: World, ada: Tenant, bob: Tenant, licences: Licences
) -> None:
    made = library_sample(world, ada, licence_id=ROYALTY_FREE)
    names = [(made.asset_id, "sample"), (made.asset_id, "audio"), (str(made.number), "sample")]
    taken = [licences.apply(bob.id, ROYALTY_FREE, *name) for name in names]
    assert taken == taken[:1] * 3
    assert taken[0].valid_until is None
    assert licences.apply(ada.id, ROYALTY_FREE, made.asset_id, "sample").id != taken[0].id


def test_after_its_end_it_is_gone_and_can_be_taken_again(
    world: World, ada: Tenant, bob: Tenant, licences: Licences
) -> None:
    made = library_sample(world, ada, licence_id=STANDARD)
    first = licences.apply(bob.id, STANDARD, made.asset_id, "sample")
    world.clock.advance(days=364)
    assert licences.apply(bob.id, STANDARD, made.asset_id, "sample") == first
    world.clock.advance(days=1)
    assert licences.of(bob.id, made.asset_id) is None
    again = licences.apply(bob.id, STANDARD, made.asset_id, "sample")
    assert (again.id, again.valid_until) == (first.id, world.clock.now() + timedelta(days=365))


def test_what_the_owner_offers_next_does_not_change_what_was_taken(
    world: World, ada: Tenant, bob: Tenant, licences: Licences
) -> None:
    made = library_sample(world, ada, licence_id=STANDARD)
    taken = licences.apply(bob.id, STANDARD, made.asset_id, "sample")
    world.services.samples.set_licence(ada.id, made.number, ROYALTY_FREE)
    assert licences.of(bob.id, made.asset_id) == taken
    newer = licences.apply(bob.id, ROYALTY_FREE, made.asset_id, "sample")
    assert (newer.id, newer.licence_id, newer.valid_until) == (taken.id, ROYALTY_FREE, None)
    assert licences.of(bob.id, made.asset_id) == newer


def test_only_what_is_offered_can_be_taken(world: World, ada: Tenant, bob: Tenant, licences: Licences) -> None:
    offered, kept = library_sample(world, ada, licence_id=STANDARD), library_sample(world, ada)
    for sample, words in ((offered, "under licence 1"), (kept, "no licence")):
        with pytest.raises(InvalidInput, match=words) as told:
            licences.apply(bob.id, ROYALTY_FREE, sample.asset_id, "sample")
        assert told.value.field == "licence_id"
    with pytest.raises(NotFound):
        licences.apply(bob.id, 99, offered.asset_id, "sample")


def test_what_one_may_not_see_one_cannot_take(world: World, ada: Tenant, bob: Tenant, licences: Licences) -> None:
    hidden = library_sample(world, ada, public=False, licence_id=STANDARD)
    waiting = make_sample(world, ada, public=True, licence_id=STANDARD)
    for sample in (hidden, waiting):
        for content in (sample.asset_id, str(sample.number)):
            with pytest.raises(NotFound):
                licences.apply(bob.id, STANDARD, content, "sample")
    assert licences.apply(ada.id, STANDARD, hidden.asset_id, "sample").tenant_id == ada.id


@pytest.mark.parametrize("content", ["", "x", "-1", "0", "9" * 40, "٣", NO_ID, "../1"])
def test_content_of_nothing(bob: Tenant, licences: Licences, content: str) -> None:
    with pytest.raises(NotFound):
        licences.apply(bob.id, STANDARD, content, "sample")
    assert licences.of(bob.id, content) is None


def test_an_audios_number_is_none(world: World, ada: Tenant, bob: Tenant, licences: Licences) -> None:
    made = library_sample(world, ada, licence_id=STANDARD)
    with pytest.raises(NotFound):
        licences.apply(bob.id, STANDARD, str(made.number), "audio")


def test_content_of_another_type_is_told_what_there_is(bob: Tenant, licences: Licences) -> None:
    with pytest.raises(InvalidInput, match="sample, audio") as told:
        licences.apply(bob.id, STANDARD, NO_ID, "video")
    assert told.value.field == "content_type"


def test_a_repeated_request_takes_it_once(world: World, ada: Tenant, bob: Tenant, licences: Licences) -> None:
    made = library_sample(world, ada, licence_id=STANDARD)

    def apply() -> LicenceApplication:
        once, _ = world.services.idempotency.begin(bob.id, "key", "same")
        return licences.apply(bob.id, STANDARD, made.asset_id, "sample", once)

    first = apply()
    assert apply() == first
    world.services.samples.set_licence(ada.id, made.number, ROYALTY_FREE)
    licences.apply(bob.id, ROYALTY_FREE, made.asset_id, "sample")
    written = len(world.records.changes)
    world.services.samples.set_licence(ada.id, made.number, STANDARD)
    assert apply().licence_id == ROYALTY_FREE, "the request was done, whatever came after it"
    assert len(world.records.changes) == written + 1


def test_of_two_at_once_both_get_the_same(world: World, ada: Tenant, bob: Tenant, licences: Licences) -> None:
    made, rivals = library_sample(world, ada, licence_id=STANDARD), list[LicenceApplication]()

    def rival(_: object) -> None:
        rivals.append(licences.apply(bob.id, STANDARD, made.asset_id, "sample"))

    world.records.before_write = rival
    assert [licences.apply(bob.id, STANDARD, made.asset_id, "sample")] == rivals


def test_a_store_that_is_away_is_told(world: World, ada: Tenant, bob: Tenant, licences: Licences) -> None:
    made = library_sample(world, ada, licence_id=STANDARD)
    world.records.down = True
    with pytest.raises(Unavailable):
        licences.apply(bob.id, STANDARD, made.asset_id, "sample")
