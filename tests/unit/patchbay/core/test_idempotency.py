"""Keys of requests: one thing made for each, whatever is repeated, and nothing shared between tenants."""

from datetime import timedelta

import pytest

from patchbay.core.idempotency import FIELD, KEPT, MAX_ANSWER_BYTES, Answered, IdempotencyMismatch, Once
from patchbay.core.jobs import Order
from patchbay.domain.errors import Conflict, InvalidInput
from tests.fakes.world import Tenant, World

ANSWER = Answered(status=200, headers={"content-type": "application/json"}, body="e30=")


def begin(world: World, tenant: Tenant, key: str = "key", fingerprint: str = "f") -> Once:
    return world.services.idempotency.begin(tenant.id, key, fingerprint)[0]


def answer(world: World, tenant: Tenant, key: str = "key", fingerprint: str = "f") -> Answered | None:
    return world.services.idempotency.begin(tenant.id, key, fingerprint)[1]


def order(world: World, tenant: Tenant) -> Order:
    asset_id = world.upload(tenant).id
    return Order(
        tenant.id, tenant.caller.application_id, dialect="native", workflow="stem-isolation-4", input_asset_id=asset_id
    )


def jobs(world: World, tenant: Tenant) -> int:
    return len(world.services.jobs.list(tenant.id, limit=200))


def test_the_same_key_makes_one_job(world: World, ada: Tenant) -> None:
    submit, wanted = world.services.jobs.submit, order(world, ada)
    first = submit(wanted, begin(world, ada))
    assert submit(wanted, begin(world, ada)) == first
    assert (jobs(world, ada), len(world.executions.started)) == (1, 1)
    assert submit(wanted, begin(world, ada, "other")).id != first.id
    assert submit(wanted).id != first.id


def test_two_arrivals_at_the_same_moment_make_one_job(world: World, ada: Tenant) -> None:
    submit, wanted = world.services.jobs.submit, order(world, ada)
    one, two, made = begin(world, ada), begin(world, ada), []
    world.records.before_write = lambda _: made.append(submit(wanted, one).id)
    made.append(submit(wanted, two).id)
    assert made[0] == made[1]
    assert (jobs(world, ada), len(world.executions.started)) == (1, 1)


def test_two_other_requests_under_one_key_at_the_same_moment(world: World, ada: Tenant) -> None:
    submit, wanted = world.services.jobs.submit, order(world, ada)
    one, two = begin(world, ada), begin(world, ada, fingerprint="g")
    submit(wanted, one)
    with pytest.raises(IdempotencyMismatch):
        submit(wanted, two)
    assert jobs(world, ada) == 1


def test_a_lost_race_without_a_rival_of_the_key_is_told(world: World, ada: Tenant) -> None:
    with pytest.raises(Conflict):
        begin(world, ada).looked_up(world.records)


def test_tenants_keys_are_their_own(world: World, ada: Tenant, bob: Tenant) -> None:
    first = world.services.jobs.submit(order(world, ada), begin(world, ada))
    world.services.idempotency.keep(begin(world, ada), ANSWER)
    assert answer(world, bob, fingerprint="g") is None
    second = world.services.jobs.submit(order(world, bob), begin(world, bob, fingerprint="g"))
    assert first.id != second.id


def test_an_answer_is_given_again_and_the_first_one_stays(world: World, ada: Tenant) -> None:
    idempotency = world.services.idempotency
    assert answer(world, ada) is None
    once = begin(world, ada)
    idempotency.keep(once, ANSWER)
    idempotency.keep(once, ANSWER.model_copy(update={"status": 201}))
    assert answer(world, ada) == ANSWER
    with pytest.raises(IdempotencyMismatch):
        begin(world, ada, fingerprint="g")


def test_an_answer_is_kept_beside_what_was_made(world: World, ada: Tenant) -> None:
    once = begin(world, ada)
    job = world.services.jobs.submit(order(world, ada), once)
    world.services.idempotency.keep(once, ANSWER)
    assert begin(world, ada).made == job.id
    assert answer(world, ada) == ANSWER


def test_an_answer_that_is_too_large_is_not_kept(world: World, ada: Tenant) -> None:
    world.services.idempotency.keep(begin(world, ada), ANSWER.model_copy(update={"body": "x" * (MAX_ANSWER_BYTES + 1)}))
    assert answer(world, ada) is None


def test_answers_kept_at_the_same_moment_agree(world: World, ada: Tenant) -> None:
    once, other = begin(world, ada), ANSWER.model_copy(update={"status": 201})
    world.records.before_write = lambda _: world.services.idempotency.keep(once, other)
    world.services.idempotency.keep(once, ANSWER)
    assert answer(world, ada) == other


def test_after_a_day_a_key_is_free_even_if_the_store_has_not_dropped_it(world: World, ada: Tenant) -> None:
    submit, wanted = world.services.jobs.submit, order(world, ada)
    first = submit(wanted, begin(world, ada))
    world.services.idempotency.keep(begin(world, ada), ANSWER)
    assert timedelta(hours=24) == KEPT
    world.clock.advance(hours=24, seconds=-1)
    assert answer(world, ada) == ANSWER
    world.clock.advance(seconds=1)
    assert answer(world, ada, fingerprint="g") is None
    second = submit(wanted, begin(world, ada, fingerprint="g"))
    assert second.id != first.id
    assert submit(wanted, begin(world, ada, fingerprint="g")) == second
    assert answer(world, ada, fingerprint="g") is None, "not the first request's"


def test_a_key_that_is_used_again_after_a_day_keeps_its_new_answer(world: World, ada: Tenant) -> None:
    idempotency = world.services.idempotency
    idempotency.keep(begin(world, ada), ANSWER)
    world.clock.advance(hours=25)
    once = begin(world, ada, fingerprint="g")
    assert once.made is None
    newer = ANSWER.model_copy(update={"status": 201})
    idempotency.keep(once, newer)
    assert answer(world, ada, fingerprint="g") == newer
    world.clock.advance(hours=23)
    assert answer(world, ada, fingerprint="g") == newer


def test_the_store_drops_keys_after_a_day(world: World, ada: Tenant) -> None:
    world.services.jobs.submit(order(world, ada), begin(world, ada))
    (stored,) = [record for record in world.records.items.values() if record.kind == "once"]
    assert stored.expires_at == int((world.clock.now() + KEPT).timestamp())
    assert "key" not in stored.sk


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "ключ", "a\n", "\x7f", "a\tb"])
def test_a_key_of_a_wrong_form_is_named(world: World, ada: Tenant, key: str) -> None:
    with pytest.raises(InvalidInput) as told:
        begin(world, ada, key)
    assert told.value.field == FIELD == "Idempotency-Key"


@pytest.mark.parametrize("key", ["x", "x" * 255, '"8e03978e-40d5-43e8-bc93-6894a57f9324"', "!~#/.."])
def test_keys_of_every_allowed_form(world: World, ada: Tenant, key: str) -> None:
    world.services.idempotency.keep(begin(world, ada, key), ANSWER)
    assert answer(world, ada, key) == ANSWER
