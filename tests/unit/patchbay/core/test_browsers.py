"""Sessions of browsers, and the tokens of their forms."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.core import browsers
from patchbay.core.browsers import LIVES, Browsers, check_form_token, form_token, is_secret, new_secret
from patchbay.core.tries import REGISTRATIONS_OF_ASKER, TRIES, TRIES_OF_ACCOUNT, TRIES_OF_ASKER
from patchbay.domain.errors import Forbidden, InvalidInput, RateLimited, Taken, Unauthenticated
from patchbay.settings import Settings
from tests.fakes.world import World

EMAIL, PASSWORD, OTHER = "ada@example.org", "correct horse battery", "another password"


@pytest.fixture
def pages(world: World) -> Browsers:
    world.services.people.register(EMAIL, PASSWORD, "Ada")
    return world.services.browsers


def test_a_session_speaks_for_its_user(world: World, pages: Browsers) -> None:
    user = world.services.people.register("bob@example.org", PASSWORD, "Bob")
    caller = pages.caller_of(pages.log_in("bob@example.org", PASSWORD))
    assert (caller.tenant_id, caller.application_id, caller.plan) == (user.id, user.application_id, "standard")
    world.services.accounts.set_plan(user.id, "premium")
    assert pages.caller_of(pages.log_in("bob@example.org", PASSWORD)).plan == "premium"


def test_each_log_in_has_a_secret_of_its_own_that_is_stored_nowhere(world: World, pages: Browsers) -> None:
    found = {pages.log_in(EMAIL, PASSWORD) for _ in range(3)}
    assert len(found) == 3
    stored = "".join(str(new) for _, new in world.records.changes)
    assert not any(secret in stored for secret in found)


def test_a_wrong_password_begins_nothing(world: World, pages: Browsers) -> None:
    before = len(world.records.changes)
    with pytest.raises(Unauthenticated, match="e-mail address or the password"):
        pages.log_in(EMAIL, OTHER)
    assert len(world.records.changes) == before


def test_after_the_log_out_the_cookie_is_worth_nothing_but_the_other_browsers_is(pages: Browsers) -> None:
    first, second = pages.log_in(EMAIL, PASSWORD), pages.log_in(EMAIL, PASSWORD)
    pages.log_out(first)
    pages.log_out(first)
    with pytest.raises(Unauthenticated, match="log in again"):
        pages.caller_of(first)
    assert pages.caller_of(second).key_id == "browser"


def test_a_new_password_ends_the_sessions_of_all_browsers(world: World, pages: Browsers) -> None:
    cookie = pages.log_in(EMAIL, PASSWORD)
    world.clock.advance(seconds=5)
    access = world.services.identity.sign_in(EMAIL, PASSWORD).access_token
    world.services.identity.change_password(access, PASSWORD, OTHER)
    with pytest.raises(Unauthenticated):
        pages.caller_of(cookie)
    assert pages.caller_of(pages.log_in(EMAIL, OTHER)).tenant_id


def test_a_session_ends_by_itself_unless_its_owner_comes_back(world: World, pages: Browsers) -> None:
    left, kept = pages.log_in(EMAIL, PASSWORD), pages.log_in(EMAIL, PASSWORD)
    for _ in range(4):
        world.clock.advance(seconds=(LIVES / 3).total_seconds())
        pages.caller_of(kept)
    with pytest.raises(Unauthenticated):
        pages.caller_of(left)
    world.clock.advance(seconds=LIVES.total_seconds())
    with pytest.raises(Unauthenticated):
        pages.caller_of(kept)


def test_most_requests_of_a_session_write_nothing(world: World, pages: Browsers) -> None:
    cookie = pages.log_in(EMAIL, PASSWORD)
    before = len(world.records.changes)
    for _ in range(10):
        world.clock.advance(seconds=timedelta(hours=2).total_seconds())
        pages.caller_of(cookie)
    assert len(world.records.changes) == before
    world.clock.advance(seconds=timedelta(hours=6).total_seconds())
    pages.caller_of(cookie)
    assert len(world.records.changes) == before + 1


@pytest.mark.parametrize("secret", ["", "x", "a" * 44, "a" * 42 + " ", "ä" * 43, "\ud800" * 43])
def test_what_is_no_secret_is_refused_without_a_look(world: World, pages: Browsers, secret: str) -> None:
    with pytest.raises(Unauthenticated):
        pages.caller_of(secret)
    pages.log_out(secret)


def test_a_visitors_secret_stands_for_nobody(pages: Browsers) -> None:
    with pytest.raises(Unauthenticated):
        pages.caller_of(new_secret())


@given(st.text(max_size=60))
def test_no_text_but_its_own_is_a_sessions_token(text: str) -> None:
    secret = new_secret()
    check_form_token(secret, form_token(secret))
    with pytest.raises(Forbidden, match="reload the page"):
        check_form_token(secret, text)
    with pytest.raises(Forbidden):
        check_form_token(new_secret(), form_token(secret))


def test_a_token_is_no_secret_and_tells_none() -> None:
    secret = new_secret()
    assert is_secret(secret)
    assert form_token(secret) != secret
    with pytest.raises(Forbidden):
        check_form_token("", form_token(""))
    assert browsers.form_token(secret) == form_token(secret)


class TestTries:
    """How many passwords may be tried, by the clock of a world with the stage's own quotas."""

    @pytest.fixture
    def world(self) -> World:
        return World(Settings(stage="test", rate_limit_scale=1))

    def tries(self, pages: Browsers, email: str, asker: str) -> bool:
        """Whether a wrong password was looked at."""
        try:
            pages.log_in(email, OTHER, asker=asker)
        except Unauthenticated:
            return True
        except RateLimited:
            pass
        return False

    def test_one_address_tries_one_account(self, world: World, pages: Browsers) -> None:
        assert [self.tries(pages, EMAIL, "a") for _ in range(TRIES.requests + 2)] == [True] * TRIES.requests + [
            False
        ] * 2
        with pytest.raises(RateLimited):
            pages.log_in(EMAIL, PASSWORD, asker="a")
        assert pages.log_in(EMAIL, PASSWORD, asker="b")
        world.clock.advance(seconds=TRIES.window_s)
        assert pages.log_in(EMAIL, PASSWORD, asker="a")

    def test_one_address_tries_many_accounts(self, pages: Browsers) -> None:
        looked = [self.tries(pages, f"u{n}@example.org", "a") for n in range(TRIES_OF_ASKER.requests + 1)]
        assert looked == [True] * TRIES_OF_ASKER.requests + [False]
        assert pages.log_in(EMAIL, PASSWORD, asker="b")

    def test_many_addresses_try_one_account(self, pages: Browsers) -> None:
        looked = [self.tries(pages, EMAIL, f"a{n}") for n in range(TRIES_OF_ACCOUNT.requests + 1)]
        assert looked == [True] * TRIES_OF_ACCOUNT.requests + [False]

    def test_however_the_address_is_written_it_is_one_account(self, pages: Browsers) -> None:
        forms = [EMAIL, EMAIL.upper(), f" {EMAIL} ", f"{EMAIL}\t"]
        assert [self.tries(pages, forms[n % 4], "a") for n in range(TRIES.requests + 1)][-1] is False

    def test_a_new_password_is_not_the_way_around(self, world: World, pages: Browsers) -> None:
        tenant_id = pages.caller_of(pages.log_in(EMAIL, PASSWORD, asker="a")).tenant_id
        for _ in range(TRIES.requests - 1):
            with pytest.raises(InvalidInput, match="wrong"):
                pages.change_password(tenant_id, OTHER, "one more password", asker="a")
        with pytest.raises(RateLimited):
            pages.change_password(tenant_id, PASSWORD, "one more password", asker="a")

    def test_registrations_of_one_address(self, pages: Browsers) -> None:
        for n in range(REGISTRATIONS_OF_ASKER.requests):
            assert pages.register(f"u{n}@example.org", PASSWORD, f"user{n}", asker="a")
        with pytest.raises(RateLimited):
            pages.register("more@example.org", PASSWORD, "more", asker="a")
        assert pages.register("more@example.org", PASSWORD, "more", asker="b")


def test_who_registers_has_a_session(pages: Browsers) -> None:
    caller = pages.caller_of(pages.register("eve@example.org", PASSWORD, "Eve"))
    assert pages.identity.accounts.user(caller.tenant_id).user_name == "Eve"
    with pytest.raises(Taken):
        pages.register("eve@example.org", PASSWORD, "Eve2")


def test_a_password_is_changed_by_who_knows_the_old_one(world: World, pages: Browsers) -> None:
    first = pages.log_in(EMAIL, PASSWORD)
    tenant_id = pages.caller_of(first).tenant_id
    with pytest.raises(InvalidInput) as refused:
        pages.change_password(tenant_id, OTHER, "one more password")
    assert refused.value.field == "old_password"
    assert pages.caller_of(first).tenant_id == tenant_id
    second = pages.change_password(tenant_id, PASSWORD, OTHER)
    assert pages.caller_of(second).tenant_id == tenant_id
    with pytest.raises(Unauthenticated):
        pages.caller_of(first)
