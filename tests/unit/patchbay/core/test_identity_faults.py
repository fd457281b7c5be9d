"""Passwords that change while something fails: at each step it holds that no session of before outlives the old one,
or that the caller is told and can go on.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from patchbay.core import layout
from patchbay.core.identity import CHANGING, CODES, CODES_OF_ASKER, Identity, Session
from patchbay.domain.errors import Conflict, Forbidden, InvalidInput, RateLimited, Unauthenticated, Unavailable
from patchbay.domain.users import READ, WRITE
from patchbay.settings import Settings
from tests.fakes.world import World

EMAIL, OLD, NEW = "ada@example.org", "correct horse battery", "another password"


class Faults:
    """Every call to the table and to the keeper of passwords is numbered; number `at` fails, before or after it."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at: int | None = None
        self.after = False
        self.seen = 0
        calls: list[tuple[Any, str]] = [(world.records, name) for name in ("get", "get_many", "write", "add")]
        calls += [(world.passwords, name) for name in ("sign_in", "change", "reset", "sign_out")]
        for owner, name in calls:
            monkeypatch.setattr(owner, name, self._failing(getattr(owner, name)))

    def _failing(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **more: Any) -> Any:
            number, self.seen = self.seen, self.seen + 1
            if number == self.at and not self.after:
                raise Unavailable("away")
            answer = call(*args, **more)
            if number == self.at:
                raise Unavailable("away")
            return answer

        return called

    def fail(self, at: int, *, after: bool) -> None:
        self.at, self.after, self.seen = at, after, 0

    def stop(self) -> int:
        seen, self.at = self.seen, None
        return seen


def begun(monkeypatch: pytest.MonkeyPatch) -> tuple[World, Session, Faults]:
    world = World()
    world.services.people.register(EMAIL, OLD, "Ada")
    session = world.services.identity.sign_in(EMAIL, OLD)
    world.clock.advance(seconds=5)
    return world, session, Faults(world, monkeypatch)


def works(identity: Identity, session: Session) -> bool:
    try:
        identity.caller_of(session.access_token)
    except Unauthenticated:
        return False
    return True


def signs_in(identity: Identity, password: str) -> Session | None:
    try:
        return identity.sign_in(EMAIL, password)
    except Unauthenticated:
        return None


def steps(most: int = 60) -> Iterator[tuple[int, bool]]:
    for at in range(most):
        for after in (False, True):
            yield at, after


def test_a_change_of_password_that_fails_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = 0
    for at, after in steps():
        with monkeypatch.context() as patch:
            world, before, faults = begun(patch)
            identity = world.services.identity
            faults.fail(at, after=after)
            try:
                identity.change_password(before.access_token, OLD, NEW)
            except Unavailable:
                failed += 1
            seen = faults.stop()
            if signs_in(identity, NEW):
                assert not works(identity, before), (at, after)
            else:
                assert signs_in(identity, OLD), "one of the two opens"
            world.clock.advance(seconds=CHANGING.total_seconds() + 1)
            password = NEW if signs_in(identity, NEW) else OLD
            fresh = signs_in(identity, password)
            assert fresh is not None
            assert works(identity, fresh), "nobody is shut out for good"
            if password == OLD:
                world.clock.advance(seconds=2)
                identity.change_password(fresh.access_token, OLD, NEW)
            assert not works(identity, before)
            assert signs_in(identity, NEW)
            if seen <= at:
                break
    assert failed > 10


def test_a_session_that_begins_with_the_old_password_meanwhile_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, before, _ = begun(monkeypatch)
    identity, change, thieves = world.services.identity, world.passwords.change, list[Session]()

    def slowly(*args: str) -> None:
        world.clock.advance(seconds=20)
        thieves.append(identity.sign_in(EMAIL, OLD))
        world.clock.advance(seconds=20)
        change(*args)

    monkeypatch.setattr(world.passwords, "change", slowly)
    fresh = identity.change_password(before.access_token, OLD, NEW)
    assert works(identity, fresh)
    assert not works(identity, before)
    assert not works(identity, thieves[0])


def test_a_wrong_old_password_ends_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    world, before, _ = begun(monkeypatch)
    with pytest.raises(InvalidInput, match="old password is wrong"):
        world.services.identity.change_password(before.access_token, "mistyped", NEW)
    assert works(world.services.identity, before)


@pytest.mark.parametrize(
    "error", [InvalidInput("too plain", field="password"), RateLimited("later", retry_after_s=9), Unauthenticated("no")]
)
def test_a_change_that_is_refused_late_ends_no_session(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    world, before, _ = begun(monkeypatch)

    def refuse(*_: str) -> None:
        raise error

    monkeypatch.setattr(world.passwords, "change", refuse)
    with pytest.raises((InvalidInput, RateLimited)):
        world.services.identity.change_password(before.access_token, OLD, NEW)
    assert works(world.services.identity, before)


def test_a_reset_that_fails_anywhere_can_be_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = 0
    for at, after in steps():
        with monkeypatch.context() as patch:
            world, before, faults = begun(patch)
            identity = world.services.identity
            identity.forgot(EMAIL)
            ((_, code),) = world.passwords.mailed
            faults.fail(at, after=after)
            try:
                identity.reset(EMAIL, code, NEW)
            except Unavailable:
                failed += 1
                seen = faults.stop()
                identity.reset(EMAIL, code, NEW)
            else:
                seen = faults.stop()
            assert not works(identity, before), (at, after)
            assert signs_in(identity, NEW)
            if seen <= at:
                break
    assert failed > 5


def test_two_wrong_codes_at_once_show_no_address_to_be_anybodys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who registered with another's address knows its password, and may send a wrong code as often as he likes."""
    world, before, _ = begun(monkeypatch)
    identity, user_id = world.services.identity, before.user.id
    world.services.accounts.records.write(
        layout.put_user(world.services.accounts.user(user_id).model_copy(update={"email_confirmed": False}))
    )
    real = world.passwords.reset

    def rival(*told: str) -> None:
        monkeypatch.setattr(world.passwords, "reset", real)
        with suppress(InvalidInput):
            identity.reset(EMAIL, "000000", OLD)
        real(*told)

    monkeypatch.setattr(world.passwords, "reset", rival)
    with suppress(InvalidInput):
        identity.reset(EMAIL, "000000", OLD)
    assert not world.services.accounts.user(user_id).email_confirmed


def test_a_wrong_code_is_no_way_to_try_passwords_or_end_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    world, before, _ = begun(monkeypatch)
    identity = world.services.identity
    for password in (OLD, NEW):
        with pytest.raises(InvalidInput, match="wrong"):
            identity.reset(EMAIL, "000000", password)
    assert works(identity, before)


def test_only_so_many_codes_are_mailed_to_one_address() -> None:
    world = World()
    world.services.people.register(EMAIL, OLD, "Ada")
    identity = world.services.identity
    for _ in range(CODES.requests + 3):
        identity.forgot(f" {EMAIL.upper()}")
        identity.forgot("nobody@example.org")
    assert len(world.passwords.mailed) == CODES.requests
    assert world.passwords.pretended == CODES.requests, "for nobody the same is done"
    world.clock.advance(hours=1)
    identity.forgot(EMAIL)
    assert len(world.passwords.mailed) == CODES.requests + 1


def test_only_so_many_codes_are_mailed_for_one_asker() -> None:
    world = World()
    people, identity = world.services.people, world.services.identity
    for number in range(CODES_OF_ASKER.requests + 1):
        people.register(f"ada{number}@example.org", OLD, f"ada{number}")
        identity.forgot(f"ada{number}@example.org", "192.0.2.1")
    assert len(world.passwords.mailed) == CODES_OF_ASKER.requests
    identity.forgot(EMAIL.replace("ada", f"ada{CODES_OF_ASKER.requests}"), "192.0.2.2")
    assert len(world.passwords.mailed) == CODES_OF_ASKER.requests + 1


def test_the_known_and_the_unknown_cost_the_same_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    world, _, faults = begun(monkeypatch)
    seen = []
    for address in (EMAIL, "nobody@example.org"):
        faults.fail(-1, after=False)
        world.services.identity.forgot(address)
        seen.append(faults.stop())
    assert seen[0] - seen[1] == 1, "the one read more is the user's own record"


# Verification of addresses.


@pytest.fixture
def verifying(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(Settings(stage="test", rate_limit_scale=1000, verify_email=True))


def joined(world: World) -> Session:
    world.services.people.register(EMAIL, OLD, "Ada")
    return world.services.identity.sign_in(EMAIL, OLD)


def test_till_the_address_is_verified_one_may_only_look(verifying: World) -> None:
    session, identity = joined(verifying), verifying.services.identity
    caller = identity.caller_of(session.access_token)
    caller.require(READ)
    with pytest.raises(Forbidden, match="verify your e-mail address first"):
        caller.require(WRITE)
    identity.send_proof(session.access_token)
    ((address, code),) = verifying.passwords.mailed
    assert address == EMAIL
    with pytest.raises(InvalidInput) as refused:
        identity.verify(session.access_token, "bob@example.org", code)
    assert refused.value.field == "email"
    assert identity.verify(session.access_token, EMAIL, code).email_confirmed
    identity.caller_of(session.access_token).require(WRITE)
    assert identity.verify(session.access_token, EMAIL, "again").email_confirmed, "repeating it changes nothing"


@pytest.mark.parametrize("code", ["", "000000", "x" * 101])
def test_a_wrong_code_verifies_nothing(verifying: World, code: str) -> None:
    session, identity = joined(verifying), verifying.services.identity
    identity.send_proof(session.access_token)
    with pytest.raises(InvalidInput) as refused:
        identity.verify(session.access_token, EMAIL, code)
    assert refused.value.field == "code"
    assert not verifying.services.accounts.user(session.user.id).email_confirmed


def test_a_code_is_mailed_again_but_not_for_ever(verifying: World) -> None:
    session, identity = joined(verifying), verifying.services.identity
    for _ in range(CODES.requests):
        identity.send_proof(session.access_token)
    with pytest.raises(RateLimited):
        identity.send_proof(session.access_token)
    _, code = verifying.passwords.mailed[-1]
    identity.verify(session.access_token, EMAIL, code)
    with pytest.raises(Conflict, match="already"):
        identity.send_proof(session.access_token)


def test_a_new_password_by_mail_verifies_too(verifying: World) -> None:
    session, identity = joined(verifying), verifying.services.identity
    identity.forgot(EMAIL)
    identity.reset(EMAIL, verifying.passwords.mailed[-1][1], NEW)
    assert verifying.services.accounts.user(session.user.id).email_confirmed


def test_where_nothing_is_verified_all_may_write_and_it_is_told() -> None:
    world = World()
    session = joined(world)
    world.services.identity.caller_of(session.access_token).require(WRITE)
    assert not world.services.accounts.user(session.user.id).email_confirmed
    with pytest.raises(Conflict, match="not verified here"):
        world.services.identity.send_proof(session.access_token)
    with pytest.raises(InvalidInput):
        world.services.identity.verify(session.access_token, EMAIL, "123456")
