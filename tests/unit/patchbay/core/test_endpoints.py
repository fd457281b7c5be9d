"""Registered receivers and their secrets."""

from dataclasses import replace
from datetime import timedelta

import pytest

from patchbay.core.endpoints import MAX_ENDPOINTS
from patchbay.core.idempotency import Once
from patchbay.domain.errors import Conflict, InvalidInput, NotFound, TooLarge
from patchbay.domain.ids import new_id
from patchbay.domain.webhooks import MAX_EARLIER, TERMINAL_EVENTS
from tests.fakes.world import Tenant, World

URL = "https://receiver.example/hook"


def test_an_endpoint_has_a_secret_of_its_own(world: World, ada: Tenant) -> None:
    endpoints = world.services.endpoints
    one, secret = endpoints.create(ada.id, URL, description="d")
    two, other = endpoints.create(ada.id, URL, ["*"])
    assert secret != other
    assert endpoints.endpoint_secret(ada.id, one.id).valid(world.clock.now()) == (secret,)
    assert endpoints.list(ada.id) == [one, two]
    assert endpoints.get(ada.id, one.id) == one
    assert (one.events, one.description) == (TERMINAL_EVENTS, "d")


def test_what_is_anothers_is_not_found(world: World, ada: Tenant, bob: Tenant) -> None:
    endpoints = world.services.endpoints
    theirs, _ = endpoints.create(bob.id, URL)
    assert endpoints.list(ada.id) == []
    for endpoint_id in (theirs.id, new_id(), "", "x#y"):
        for look in (endpoints.get, endpoints.delete, endpoints.endpoint_secret, endpoints.change):
            with pytest.raises(NotFound):
                look(ada.id, endpoint_id)
        endpoints.disable(ada.id, endpoint_id, "not yours")
    assert endpoints.get(bob.id, theirs.id).disabled_at is None


@pytest.mark.parametrize(
    ("url", "events", "field"),
    [
        ("http://127.0.0.1/", ["*"], "url"),
        ("ftp://receiver.example/", ["*"], "url"),
        (URL, [], "events"),
        (URL, ["job.succeeded", "job.progressed"], "events"),
        (URL, ["jobs.*"], "events"),
    ],
)
def test_what_makes_no_sense_is_named(world: World, ada: Tenant, url: str, events: list[str], field: str) -> None:
    endpoints = world.services.endpoints
    with pytest.raises(InvalidInput) as told:
        endpoints.create(ada.id, url, events)
    assert told.value.field == field
    made, _ = endpoints.create(ada.id, URL)
    with pytest.raises(InvalidInput) as told:
        endpoints.change(ada.id, made.id, url=url, events=events)
    assert told.value.field == field
    assert endpoints.get(ada.id, made.id) == made


def test_there_can_be_only_so_many(world: World, ada: Tenant, bob: Tenant) -> None:
    endpoints = world.services.endpoints
    made = [endpoints.create(ada.id, URL)[0] for _ in range(MAX_ENDPOINTS)]
    with pytest.raises(TooLarge):
        endpoints.create(ada.id, URL)
    endpoints.create(bob.id, URL)
    endpoints.delete(ada.id, made[0].id)
    endpoints.create(ada.id, URL)


def test_changes_and_the_switch(world: World, ada: Tenant) -> None:
    endpoints = world.services.endpoints
    made, _ = endpoints.create(ada.id, URL)
    assert endpoints.change(ada.id, made.id) == made
    changed = endpoints.change(ada.id, made.id, events=["asset.*"], description="new", enabled=False)
    assert (changed.url, changed.events, changed.description) == (URL, ("asset.*",), "new")
    assert (changed.disabled_at, changed.disabled_reason) == (world.clock.now(), "switched off by its owner")
    endpoints.disable(ada.id, made.id, "it answered 410 Gone")
    assert endpoints.get(ada.id, made.id).disabled_reason == "switched off by its owner"
    back = endpoints.change(ada.id, made.id, enabled=True)
    assert (back.disabled_at, back.disabled_reason, back.events) == (None, None, ("asset.*",))


def test_a_change_that_races_with_another_loses_neither(world: World, ada: Tenant) -> None:
    endpoints = world.services.endpoints
    made, _ = endpoints.create(ada.id, URL)
    world.records.before_write = lambda _: endpoints.disable(ada.id, made.id, "it answered 410 Gone")
    changed = endpoints.change(ada.id, made.id, description="new")
    assert (changed.description, changed.disabled_reason) == ("new", "it answered 410 Gone")


def test_deleting_takes_the_secret_along(world: World, ada: Tenant) -> None:
    endpoints = world.services.endpoints
    made, _ = endpoints.create(ada.id, URL)
    endpoints.delete(ada.id, made.id)
    assert not [key for key in world.records.items if made.id in key]


def test_a_secret_is_made_once_though_two_ask_at_once(world: World, ada: Tenant) -> None:
    endpoints = world.services.endpoints
    rivals = []
    world.records.before_write = lambda _: rivals.append(endpoints.application_secret(ada.id, ada.application.id))
    assert endpoints.application_secret(ada.id, ada.application.id) == rivals[0]


def test_rotation_keeps_the_old_secret_for_a_day(world: World, ada: Tenant) -> None:
    endpoints = world.services.endpoints
    made, old = endpoints.create(ada.id, URL)
    new = endpoints.rotate(ada.id, made.id).current
    assert new != old
    world.clock.advance(hours=24, seconds=-1)
    assert endpoints.endpoint_secret(ada.id, made.id).valid(world.clock.now()) == (new, old)
    world.clock.at += timedelta(seconds=1)
    assert endpoints.endpoint_secret(ada.id, made.id).valid(world.clock.now()) == (new,)


def test_two_rotations_at_once_leave_secrets_that_somebody_was_told(world: World, ada: Tenant) -> None:
    endpoints = world.services.endpoints
    made, first = endpoints.create(ada.id, URL)
    told = []
    world.records.before_write = lambda _: told.append(endpoints.rotate(ada.id, made.id).current)
    told.append(endpoints.rotate(ada.id, made.id).current)
    assert endpoints.endpoint_secret(ada.id, made.id).valid(world.clock.now()) == (told[1], told[0], first)


def test_the_same_key_makes_one_endpoint(world: World, ada: Tenant, bob: Tenant) -> None:
    services = world.services
    once, _ = services.idempotency.begin(ada.id, "key", "f")
    first = services.endpoints.create(ada.id, URL, once=once)
    again, _ = services.idempotency.begin(ada.id, "key", "f")
    assert services.endpoints.create(ada.id, URL, once=again) == first
    assert services.endpoints.create(ada.id, URL, once=once) == first, "both looked before either wrote"
    foreign, _ = services.idempotency.begin(bob.id, "key", "f")
    assert services.endpoints.create(bob.id, URL, once=foreign)[0].id != first[0].id
    assert len(services.endpoints.list(ada.id)) == 1


def test_no_rotation_ends_a_secret_early(world: World, ada: Tenant) -> None:
    endpoints = world.services.endpoints
    made, first = endpoints.create(ada.id, URL)
    for _ in range(MAX_EARLIER):
        endpoints.rotate(ada.id, made.id)
    with pytest.raises(Conflict, match="within a day"):
        endpoints.rotate(ada.id, made.id)
    assert first in endpoints.endpoint_secret(ada.id, made.id).valid(world.clock.now())
    world.clock.advance(hours=24)
    assert endpoints.rotate(ada.id, made.id).valid(world.clock.now())[2:] == ()


def test_a_keyed_rotation_happens_once(world: World, ada: Tenant) -> None:
    services = world.services
    made, first = services.endpoints.create(ada.id, URL)

    def once() -> Once:
        return services.idempotency.begin(ada.id, "k", "f")[0]

    second = services.endpoints.rotate(ada.id, made.id, once())
    assert services.endpoints.rotate(ada.id, made.id, once()) == second
    rival = once()
    assert services.endpoints.rotate(ada.id, made.id, replace(rival, made=None, expected=0)) == second
    assert second.valid(world.clock.now()) == (second.current, first)
