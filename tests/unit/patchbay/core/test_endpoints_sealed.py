"""Signing secrets lie sealed in the table, where the stage has a key."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.core import layout, store
from patchbay.core.endpoints import Endpoints
from patchbay.core.vault import Vault
from patchbay.domain.errors import Unavailable
from patchbay.domain.webhooks import SECRET_PREFIX, EarlierSecret, SigningSecret
from tests.fakes.world import Tenant, World

URL = "https://receiver.example/hook"
OLD, NEW = b"o" * 32, b"n" * 32


def with_keys(world: World, *keys: bytes) -> Endpoints:
    return replace(world.services.endpoints, vault=Vault(keys))


def kept(world: World, ada: Tenant, owner_id: str) -> SigningSecret:
    found = store.load(world.records, SigningSecret, layout.signing_key(ada.id, owner_id))
    assert found is not None
    return found


def sealed(found: SigningSecret) -> list[bool]:
    return [not each.startswith(SECRET_PREFIX) for each in found.all]


def test_the_table_holds_no_secret_in_plain(world: World, ada: Tenant) -> None:
    endpoints = with_keys(world, NEW)
    made, secret = endpoints.create(ada.id, URL)
    rotated = endpoints.rotate(ada.id, made.id)
    assert rotated.all == (rotated.current, secret)
    assert sealed(kept(world, ada, made.id)) == [True, True]
    assert endpoints.endpoint_secret(ada.id, made.id).all == rotated.all
    assert not set(rotated.all) & set(kept(world, ada, made.id).all)


def test_without_a_key_they_lie_there_as_they_are(world: World, ada: Tenant) -> None:
    secret = with_keys(world).application_secret(ada.id, ada.application.id)
    assert kept(world, ada, ada.application.id) == secret


def test_an_older_record_is_sealed_when_it_is_next_used(world: World, ada: Tenant) -> None:
    made, first = with_keys(world).create(ada.id, URL)
    with_keys(world).rotate(ada.id, made.id)
    before = kept(world, ada, made.id)
    assert sealed(before) == [False, False]
    used = with_keys(world, NEW).secret_of(ada.id, made.id)
    assert used.all == before.all
    assert used.all[1] == first
    after = kept(world, ada, made.id)
    assert (sealed(after), after.version, used.version) == ([True, True], before.version + 1, before.version + 1)
    with_keys(world, NEW).secret_of(ada.id, made.id)
    assert kept(world, ada, made.id) == after, "what is sealed under the newest key is left alone"


def test_a_new_key_takes_over_what_the_older_one_sealed(world: World, ada: Tenant) -> None:
    made, secret = with_keys(world, OLD).create(ada.id, URL)
    assert with_keys(world, NEW, OLD).secret_of(ada.id, made.id).current == secret
    assert with_keys(world, NEW).secret_of(ada.id, made.id).current == secret
    with pytest.raises(Unavailable):
        with_keys(world, OLD).secret_of(ada.id, made.id)


def test_a_rotation_in_between_is_not_undone(world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = with_keys(world).create(ada.id, URL)
    late, load = with_keys(world, NEW), store.load
    rotated: list[SigningSecret] = []

    def then_rotated(*told: object) -> object:
        found = load(*told)  # type: ignore[arg-type]
        if not rotated:
            rotated.append(found)  # type: ignore[arg-type]
            rotated[0] = with_keys(world, NEW).rotate(ada.id, made.id)
        return found

    monkeypatch.setattr(store, "load", then_rotated)
    late.secret_of(ada.id, made.id)
    assert late.secret_of(ada.id, made.id).current == rotated[0].current


def test_a_secret_moved_to_another_owner_does_not_open(world: World, ada: Tenant, bob: Tenant) -> None:
    endpoints = with_keys(world, NEW)
    made, _ = endpoints.create(ada.id, URL)
    stolen = kept(world, ada, made.id).model_copy(update={"version": 0})
    world.records.write(layout.put(layout.signing_key(bob.id, made.id), "signing", stolen))
    world.records.write(layout.put(layout.signing_key(ada.id, ada.application.id), "signing", stolen))
    for tenant, owner in ((bob, made.id), (ada, ada.application.id)):
        with pytest.raises(Unavailable):
            endpoints.secret_of(tenant.id, owner)


@given(st.lists(st.text(min_size=1, max_size=20), max_size=5))
def test_replacing_and_replacing_back_changes_nothing(texts: list[str]) -> None:
    until = World().clock.now() + timedelta(hours=1)
    earlier = tuple(EarlierSecret(secret=text, until=until) for text in texts)
    found = SigningSecret(current="c", earlier=earlier)
    there = found.replaced(lambda text: text[::-1] + "!")
    assert there.all == tuple(text[::-1] + "!" for text in found.all)
    assert there.replaced(lambda text: text[:-1][::-1]) == found
