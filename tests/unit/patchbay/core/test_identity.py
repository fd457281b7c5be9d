from collections.abc import Callable
from datetime import timedelta

import pytest

from patchbay.core import hand_over, layout, layout_people
from patchbay.core.identity import SESSION_LIVES, SETTLING_S, TOKEN_LIVES, Identity, Session
from patchbay.domain.errors import InvalidInput, NotFound, RateLimited, Unauthenticated, Unavailable
from patchbay.domain.ids import new_id
from patchbay.domain.users import ALL_SCOPES
from tests.fakes.passwords import TOKEN_S, FakeSession, signed
from tests.fakes.world import World

EMAIL, PASSWORD, OTHER = "ada@example.org", "correct horse battery", "another password"
VERIFIER = "v" * 43


@pytest.fixture
def identity(world: World) -> Identity:
    world.services.people.register(EMAIL, PASSWORD, "Ada")
    return world.services.identity


@pytest.fixture
def session(identity: Identity) -> Session:
    return identity.sign_in(EMAIL, PASSWORD)


def assert_over(identity: Identity, *sessions: Session) -> None:
    for session in sessions:
        with pytest.raises(Unauthenticated):
            identity.caller_of(session.access_token)
        with pytest.raises(Unauthenticated):
            identity.refresh(session.refresh_token)


def test_a_token_speaks_for_its_user(world: World, identity: Identity, session: Session) -> None:
    caller = identity.caller_of(session.access_token)
    assert (caller.tenant_id, caller.application_id) == (session.user.id, session.user.application_id)
    assert (caller.scopes, caller.plan) == ((ALL_SCOPES,), "standard")
    assert session.expires_in_s == TOKEN_S
    assert world.services.accounts.application(caller).tenant_id == session.user.id
    assert identity.sign_in(" ADA@example.org", PASSWORD).user == session.user


def test_a_plan_holds_from_the_next_request_on(world: World, identity: Identity, session: Session) -> None:
    world.services.accounts.set_plan(session.user.id, "premium")
    assert identity.caller_of(session.access_token).plan == "premium"


def test_a_request_reads_the_user_and_the_marks_of_his_session_in_one_call(
    world: World, identity: Identity, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.records, "get", None)
    monkeypatch.setattr(world.records, "query", None)
    identity.caller_of(session.access_token)


def test_a_user_of_old_speaks_by_his_first_application(world: World) -> None:
    tenant = world.tenant(EMAIL)
    user = world.services.accounts.user(tenant.id).model_copy(update={"application_id": ""})
    world.records.write(layout.put_user(user))
    world.passwords.create(user.pool_name, EMAIL, PASSWORD)
    session = world.services.identity.sign_in(EMAIL, PASSWORD)
    assert world.services.identity.caller_of(session.access_token).application_id == tenant.application.id


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (EMAIL, "wrong password"),
        (EMAIL, ""),
        (EMAIL, "x" * 257),
        ("nobody@example.org", PASSWORD),
        ("nobody", PASSWORD),
    ],
)
def test_whatever_is_wrong_is_told_the_same(world: World, identity: Identity, email: str, password: str) -> None:
    with pytest.raises(Unauthenticated, match=r"^the e-mail address or the password is wrong$"):
        identity.sign_in(email, password)


def test_the_unknown_are_asked_for_like_the_known(
    world: World, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def sign_in(user_id: str, password: str) -> None:
        asked.append(user_id)
        raise Unauthenticated("wrong")

    monkeypatch.setattr(world.passwords, "sign_in", sign_in)
    for email in (EMAIL, "nobody@example.org"):
        with pytest.raises(Unauthenticated):
            identity.sign_in(email, PASSWORD)
    assert len(asked) == 2


@pytest.mark.parametrize("token", ["", "x", "eyJ.a.b", "\x00", "x" * 9000, "pb_" + "a" * 43], ids=range(6))
def test_what_is_no_token_is_refused(identity: Identity, token: str) -> None:
    for use in (identity.caller_of, identity.refresh, identity.sign_out):
        with pytest.raises(Unauthenticated):
            use(token)


def test_a_good_token_of_nobody_is_refused(world: World, identity: Identity) -> None:
    stranger = FakeSession(new_id(), world.clock.now())
    with pytest.raises(Unauthenticated):
        identity.caller_of(signed(world.passwords.claims(stranger)))


def test_a_token_ends_and_its_session_goes_on(world: World, identity: Identity, session: Session) -> None:
    world.clock.advance(seconds=TOKEN_S)
    with pytest.raises(Unauthenticated):
        identity.caller_of(session.access_token)
    fresh = identity.refresh(session.refresh_token)
    assert fresh.refresh_token == session.refresh_token
    assert identity.caller_of(fresh.access_token).tenant_id == session.user.id


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_a_sign_out_ends_one_session_at_once(world: World, identity: Identity, session: Session, which: str) -> None:
    other, refreshed = identity.sign_in(EMAIL, PASSWORD), identity.refresh(session.refresh_token)
    identity.sign_out(getattr(session, which))
    assert_over(identity, session, refreshed)
    assert (session.refresh_token in world.passwords.sessions) == (which == "access_token")  # marked, or revoked too
    assert identity.caller_of(other.access_token).tenant_id == session.user.id
    identity.refresh(other.refresh_token)


def test_a_sign_out_may_be_repeated(identity: Identity, session: Session) -> None:
    identity.sign_out(session.access_token)
    identity.sign_out(session.access_token)
    assert_over(identity, session)


def test_the_mark_of_an_ended_session_outlives_all_its_tokens(
    world: World, identity: Identity, session: Session
) -> None:
    ended = identity.caller_of(session.access_token).key_id
    identity.sign_out(session.access_token)
    mark = world.records.items[layout_people.ended_key(session.user.id, ended)]
    last = world.clock.now() + SESSION_LIVES + TOKEN_LIVES
    assert mark.expires_at == int(last.timestamp())


def test_a_new_password_ends_all_sessions_but_the_one_it_begins(identity: Identity, session: Session) -> None:
    other = identity.sign_in(EMAIL, PASSWORD)
    fresh = identity.change_password(session.access_token, PASSWORD, OTHER)
    assert_over(identity, session, other)
    assert identity.caller_of(fresh.access_token).tenant_id == session.user.id
    identity.refresh(fresh.refresh_token)
    with pytest.raises(Unauthenticated):
        identity.sign_in(EMAIL, PASSWORD)
    identity.sign_in(EMAIL, OTHER)


def test_a_new_password_waits_for_the_second_from_which_sessions_count(
    world: World, identity: Identity, session: Session
) -> None:
    changed_at = world.clock.now()
    identity.change_password(session.access_token, PASSWORD, OTHER)
    start = world.services.accounts.user(session.user.id).sessions_from
    assert start == changed_at.replace(microsecond=0) + timedelta(seconds=1)
    assert world.clock.now() - start == timedelta(seconds=SETTLING_S)


def test_a_new_password_ends_sessions_where_they_are_kept_too(
    world: World, identity: Identity, session: Session
) -> None:
    fresh = identity.change_password(session.access_token, PASSWORD, OTHER)
    assert list(world.passwords.sessions) == [fresh.refresh_token]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("wrong password", OTHER, "old_password"),
        ("", OTHER, "old_password"),
        (PASSWORD, "short", "password"),
        (PASSWORD, EMAIL, "password"),
        (PASSWORD, "x" * 257, "password"),
    ],
)
def test_a_change_that_is_refused_changes_nothing(
    identity: Identity, session: Session, old: str, new: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        identity.change_password(session.access_token, old, new)
    assert refused.value.field == field
    identity.caller_of(session.access_token)
    identity.sign_in(EMAIL, PASSWORD)


def test_a_forgotten_password_is_set_by_a_mailed_code(world: World, identity: Identity, session: Session) -> None:
    identity.forgot(EMAIL)
    ((address, code),) = world.passwords.mailed
    assert address == EMAIL
    identity.reset(EMAIL, code, OTHER)
    assert_over(identity, session)
    fresh = identity.sign_in(EMAIL, OTHER)
    assert identity.caller_of(fresh.access_token).tenant_id == fresh.user.id
    with pytest.raises(InvalidInput):
        identity.reset(EMAIL, code, OTHER)


def test_who_never_had_a_password_gets_one_the_same_way(world: World, identity: Identity) -> None:
    bob = world.tenant("bob@example.org")
    identity.forgot("bob@example.org")
    identity.reset("bob@example.org", world.passwords.mailed[0][1], OTHER)
    assert identity.sign_in("bob@example.org", OTHER).user.id == bob.id


@pytest.mark.parametrize("email", ["nobody@example.org", "no address", ""])
def test_nobody_learns_who_is_registered(world: World, identity: Identity, email: str) -> None:
    identity.forgot(email)
    assert world.passwords.mailed == []
    with pytest.raises(InvalidInput) as unknown:
        identity.reset(email, "123456", OTHER)
    with pytest.raises(InvalidInput) as wrong:
        identity.reset(EMAIL, "", OTHER)
    assert (str(unknown.value), unknown.value.field) == (str(wrong.value), wrong.value.field)


def test_one_code_too_many_is_not_told_either(
    world: World, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def limited(user_id: str, email: str) -> None:
        raise RateLimited("too many attempts", retry_after_s=900)

    monkeypatch.setattr(world.passwords, "send_code", limited)
    identity.forgot(EMAIL)
    assert world.passwords.mailed == []


@pytest.mark.parametrize(("code", "password", "field"), [("1" * 101, OTHER, "code"), ("123456", "short", "password")])
def test_a_reset_that_is_refused_names_its_field(identity: Identity, code: str, password: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        identity.reset(EMAIL, code, password)
    assert refused.value.field == field


def test_a_session_is_handed_over_once(identity: Identity, session: Session) -> None:
    code = identity.hand_over(session.refresh_token, hand_over.challenge_of(VERIFIER))
    taken = identity.exchange(code, VERIFIER)
    assert identity.caller_of(taken.access_token).tenant_id == session.user.id
    with pytest.raises(Unauthenticated):
        identity.exchange(code, VERIFIER)


def test_only_a_session_that_goes_on_is_handed_over(identity: Identity, session: Session) -> None:
    code = identity.hand_over(session.refresh_token, hand_over.challenge_of(VERIFIER))
    identity.sign_out(session.access_token)
    with pytest.raises(Unauthenticated):
        identity.exchange(code, VERIFIER)
    with pytest.raises(Unauthenticated):
        identity.hand_over(session.refresh_token, hand_over.challenge_of(VERIFIER))


@pytest.mark.parametrize(
    "use",
    [
        lambda i: i.sign_in(EMAIL, PASSWORD),
        lambda i: i.refresh("refresh-token"),
        lambda i: i.forgot(EMAIL),
        lambda i: i.reset(EMAIL, "123456", OTHER),
    ],
    ids=["sign in", "refresh", "forgot", "reset"],
)
def test_a_keeper_that_is_away_says_so(world: World, identity: Identity, use: Callable[[Identity], object]) -> None:
    world.passwords.down = True
    with pytest.raises(Unavailable):
        use(identity)


def test_a_user_who_is_gone_has_no_session(world: World, identity: Identity, session: Session) -> None:
    world.records.items = {
        key: item for key, item in world.records.items.items() if key[0] != f"USERS#{session.user.id}"
    }
    with pytest.raises((Unauthenticated, NotFound)):
        identity.sign_in(EMAIL, PASSWORD)
    with pytest.raises(Unauthenticated):
        identity.caller_of(session.access_token)
