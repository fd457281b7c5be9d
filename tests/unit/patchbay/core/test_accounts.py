from datetime import timedelta

import pytest

from patchbay.core.accounts import DEFAULT_APPLICATION
from patchbay.domain.errors import Conflict, InvalidInput, NotFound, Unauthenticated, Unconfirmed
from patchbay.domain.users import User
from tests.fakes.world import Tenant, World


def test_one_address_is_one_person(world: World) -> None:
    accounts = world.services.accounts
    first = accounts.ensure_user("Ada@Example.org", "Ada")
    assert accounts.ensure_user(" ada@example.ORG ").id == first.id
    assert accounts.find_user("ada@example.org") == first
    assert accounts.find_user("bob@example.org") is None
    assert [a.name for a in accounts.applications(first.id)] == [DEFAULT_APPLICATION]


def test_of_two_who_register_at_once_one_user_comes(world: World) -> None:
    accounts = world.services.accounts
    rivals = []
    world.records.before_write = lambda _: rivals.append(accounts.ensure_user("ada@example.org"))
    assert accounts.ensure_user("ada@example.org").id == rivals[0].id
    assert len(accounts.applications(rivals[0].id)) == 1


def test_an_address_must_be_one(world: World) -> None:
    with pytest.raises(InvalidInput):
        world.services.accounts.ensure_user("nobody")


def test_a_key_speaks_for_its_user(world: World, ada: Tenant) -> None:
    caller = world.services.accounts.authenticate(ada.secret)
    assert (caller.tenant_id, caller.application_id) == (ada.id, ada.application.id)
    assert world.services.accounts.application(caller) == ada.application


@pytest.mark.parametrize("secret", ["", "pb_", "nonsense", "x" * 10_000, "\ud800", "pb_ü"])
def test_what_is_no_key_is_refused_in_the_same_words(world: World, secret: str) -> None:
    with pytest.raises(Unauthenticated, match="missing, unknown, expired or revoked"):
        world.services.accounts.authenticate(secret)


def test_the_secret_is_nowhere_in_the_table(world: World, ada: Tenant) -> None:
    assert all(ada.secret not in record.body + record.pk + record.sk for record in world.records.items.values())


def test_revoking_works_at_once_and_twice(world: World, ada: Tenant) -> None:
    accounts = world.services.accounts
    key, secret = accounts.create_key(ada.application, name="second")
    accounts.revoke_key(ada.id, key.id)
    with pytest.raises(Unauthenticated):
        accounts.authenticate(secret)
    again = accounts.revoke_key(ada.id, key.id)
    assert again.revoked_at == world.clock.now()
    assert accounts.authenticate(ada.secret).tenant_id == ada.id
    assert {k.name: k.revoked_at is None for k in accounts.keys(ada.id)} == {"second": False, "": True}


def test_a_key_can_be_revoked_by_its_owner_only(world: World, ada: Tenant, bob: Tenant) -> None:
    with pytest.raises(NotFound):
        world.services.accounts.revoke_key(bob.id, ada.caller.key_id)
    assert world.services.accounts.authenticate(ada.secret) == ada.caller


def test_a_key_ends_when_it_is_said_to(world: World, ada: Tenant) -> None:
    accounts = world.services.accounts
    _, secret = accounts.create_key(ada.application, expires_at=world.clock.now() + timedelta(hours=1))
    assert accounts.authenticate(secret).tenant_id == ada.id
    world.clock.advance(hours=1)
    with pytest.raises(Unauthenticated):
        accounts.authenticate(secret)


def test_scopes_are_of_those_there_are(world: World, ada: Tenant) -> None:
    accounts = world.services.accounts
    _, secret = accounts.create_key(ada.application, scopes=["read"])
    assert accounts.authenticate(secret).scopes == ("read",)
    with pytest.raises(InvalidInput, match="read, write"):
        accounts.create_key(ada.application, scopes=["raed"])


def test_a_key_whose_application_is_gone(world: World, ada: Tenant) -> None:
    gone = ada.caller.model_copy(update={"application_id": "other"})
    with pytest.raises(NotFound):
        world.services.accounts.application(gone)


class TestPlans:
    def test_a_plan_holds_for_every_key_old_and_new(self, world: World, ada: Tenant, bob: Tenant) -> None:
        accounts = world.services.accounts
        old = [accounts.create_key(ada.application)[1] for _ in range(3)]
        assert accounts.authenticate(ada.secret).plan == "standard"
        assert accounts.set_plan(ada.id, "premium").plan == "premium"
        _, fresh = accounts.create_key(ada.application)
        key, rotated = accounts.rotate_key(ada.id, accounts.keys(ada.id)[0].id)
        assert {accounts.authenticate(secret).plan for secret in (ada.secret, *old, rotated)} == {"premium"}
        assert key.plan == "premium"
        assert accounts.authenticate(bob.secret).plan == "standard"
        accounts.set_plan(ada.id, "standard")
        assert accounts.authenticate(rotated).plan == accounts.user(ada.id).plan == "standard"
        with pytest.raises(Unauthenticated):
            accounts.authenticate(fresh)

    def test_however_many_keys_there_are(self, world: World, ada: Tenant) -> None:
        accounts = world.services.accounts
        for _ in range(230):
            accounts.create_key(ada.application)
        accounts.set_plan(ada.id, "premium")
        assert {key.plan for key in accounts.keys(ada.id)} == {"premium"}

    def test_a_rival_change_of_a_key_is_a_conflict_and_repeating_helps(self, world: World, ada: Tenant) -> None:
        accounts = world.services.accounts
        key, secret = accounts.create_key(ada.application)

        def revoke(_: object) -> None:
            accounts.revoke_key(ada.id, key.id)

        def rival(_: object) -> None:  # the user is written first, then the keys
            world.records.before_write = revoke

        world.records.before_write = rival
        with pytest.raises(Conflict):
            accounts.set_plan(ada.id, "premium")
        accounts.set_plan(ada.id, "premium")
        assert {each.plan for each in accounts.keys(ada.id)} == {"premium"}
        with pytest.raises(Unauthenticated):
            accounts.authenticate(secret)

    def test_of_nobody(self, world: World) -> None:
        with pytest.raises(NotFound):
            world.services.accounts.set_plan("018f0000-0000-7000-8000-000000000000", "premium")


def test_a_key_does_not_join_an_account_that_somebody_else_registered_first(world: World) -> None:
    """The attack: register with another's address, and wait until the operator gives its owner a key."""
    services = world.services
    attacker = services.people.register("ada@example.org", "attacker's password", "ada")
    session = services.identity.sign_in("ada@example.org", "attacker's password")
    with pytest.raises(Unconfirmed, match="has not shown that the address is theirs"):
        services.accounts.ensure_user("ada@example.org")
    assert services.accounts.ensure_user("ada@example.org", anyway=True).id == attacker.id
    world.clock.advance(seconds=2)
    owner = services.accounts.take_over(" Ada@Example.org")
    assert owner.id != attacker.id
    assert services.accounts.find_user("ada@example.org") == owner == services.accounts.ensure_user("ada@example.org")
    assert len(services.accounts.applications(owner.id)) == 1
    assert services.accounts.take_over("ada@example.org") == owner, "repeating it changes nothing"
    for attempt in (
        lambda: services.identity.caller_of(session.access_token),
        lambda: services.identity.refresh(session.refresh_token),
        lambda: services.identity.sign_in("ada@example.org", "attacker's password"),
    ):
        with pytest.raises(Unauthenticated):
            attempt()
    left = services.accounts.user(attacker.id)
    assert (left.email, left.user_name) == ("", "ada")


def test_who_showed_that_the_address_is_his_is_joined(world: World) -> None:
    services = world.services
    user = services.people.register("ada@example.org", "a good password", "ada")
    services.identity.forgot("ada@example.org")
    services.identity.reset("ada@example.org", world.passwords.mailed[-1][1], "another good password")
    assert services.accounts.ensure_user("ada@example.org").id == user.id
    assert services.accounts.take_over("ada@example.org").id == user.id


def test_of_two_who_take_an_address_over_one_does(world: World) -> None:
    accounts = world.services.accounts
    world.services.people.register("ada@example.org", "attacker's password", "ada")
    rivals: list[User] = []
    world.records.before_write = lambda _: rivals.append(accounts.take_over("ada@example.org"))
    assert accounts.take_over("ada@example.org").id == rivals[0].id


def test_names_where_passwords_are_kept_cannot_be_guessed(world: World) -> None:
    accounts = world.services.accounts
    names = [accounts.ensure_user(f"u{n}@example.org").pool_name for n in range(20)]
    suffixes = {name.partition(".")[2] for name in names}
    assert len(suffixes) == 20
    assert all(len(suffix) == 32 for suffix in suffixes), "128 bits"
