"""Identity on the emulator's user pool, set up as the template says: the whole way of people but the Lambda."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from infra.twin import emulator
from infra.twin.server import free_port
from patchbay.adapters.aws import clients, cognito
from patchbay.adapters.aws.table import Table
from patchbay.adapters.jose.verifier import JwtVerifier
from patchbay.bootstrap.outside import SystemClock
from patchbay.core.accounts import Accounts
from patchbay.core.hand_over import challenge_of
from patchbay.core.identity import Identity
from patchbay.core.people import People
from patchbay.domain.errors import InvalidInput, Unauthenticated
from tests.fakes.objects import FakeObjects
from tests.fakes.records import FakeRecords
from tests.support.templates import resources, table_definition

pytestmark = [pytest.mark.twin, pytest.mark.slow]
PASSWORD = "correct horse battery"
EMAIL = "ada@example.org"
START_S = 60


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The emulator as the twin runs it."""
    port, folder = free_port(None), tmp_path_factory.mktemp("emulator")
    (folder / "state").mkdir()
    (folder / "tmp").mkdir()
    told = {**os.environ, **emulator.environment(port, folder / "state", folder / "tmp")}
    process = subprocess.Popen([sys.executable, "-m", "infra.twin.emulator"], env=told, start_new_session=True)
    url, until = f"http://127.0.0.1:{port}", time.monotonic() + START_S
    try:
        while True:
            try:
                httpx.get(f"{url}/_ministack/health", trust_env=False)
                break
            except httpx.TransportError:
                assert process.poll() is None
                assert time.monotonic() < until
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def pool(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "000000000000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    clients.client.cache_clear()
    yield make_pool(boto3.client("cognito-idp"))
    clients.client.cache_clear()


@pytest.fixture
def identity(pool: tuple[str, str]) -> Identity:
    records, clock = FakeRecords(), SystemClock()
    passwords = cognito.UserPool(*pool)
    tokens = JwtVerifier(cognito.issuer(pool[0]), pool[1], lambda: cognito.published_keys(pool[0]), clock)
    accounts = Accounts(records, clock)
    people = People(records, clock, accounts, passwords, FakeObjects())
    return Identity(records, clock, accounts, people, passwords, tokens)


def make_pool(cognito: Any) -> tuple[str, str]:
    """(pool id, client id) of a new pool as the template has it, so that this cannot drift from what is deployed."""
    (pool,) = resources("twin", "AWS::Cognito::UserPool").values()
    (client,) = resources("twin", "AWS::Cognito::UserPoolClient").values()
    made = cognito.create_user_pool(PoolName="people", **{k: v for k, v in pool.items() if k != "UserPoolTags"})
    pool_id = made["UserPool"]["Id"]
    wanted = {**client, "UserPoolId": pool_id, "ClientName": "api"}
    return pool_id, cognito.create_user_pool_client(**wanted)["UserPoolClient"]["ClientId"]


def mailed_code(endpoint: str) -> str:
    """The code of the last mail, as the emulator keeps mails for developers to see."""
    kept = httpx.get(f"{endpoint}/_ministack/ses/messages", trust_env=False).json()["messages"]
    (text,) = [mail["BodyText"] for mails in kept.values() for mail in mails if mail["To"] == [EMAIL]][-1:]
    found = re.search(r"\b[0-9]{6}\b", text)
    assert found, text
    return found[0]


def test_people_register_sign_in_go_on_and_sign_out(identity: Identity) -> None:
    user = identity.people.register(EMAIL, PASSWORD, "Ada")
    first = identity.sign_in(EMAIL, PASSWORD)
    assert identity.caller_of(first.access_token).tenant_id == user.id == first.user.id
    second = identity.refresh(first.refresh_token)
    assert second.access_token != first.access_token
    other = identity.sign_in(EMAIL, PASSWORD)
    identity.sign_out(second.access_token)
    for over in (first.access_token, second.access_token):
        with pytest.raises(Unauthenticated):
            identity.caller_of(over)
    with pytest.raises(Unauthenticated):
        identity.refresh(first.refresh_token)
    assert identity.caller_of(other.access_token).tenant_id == user.id
    identity.sign_out(other.refresh_token)
    with pytest.raises(Unauthenticated):
        identity.caller_of(other.access_token)


def test_wrong_passwords_and_unknown_people_are_told_the_same(identity: Identity) -> None:
    identity.people.register(EMAIL, PASSWORD, "Ada")
    told = set()
    for email, password in ((EMAIL, "wrong password"), ("nobody@example.org", PASSWORD), ("no address", PASSWORD)):
        with pytest.raises(Unauthenticated) as refused:
            identity.sign_in(email, password)
        told.add(str(refused.value))
    assert len(told) == 1


def test_a_changed_password_ends_all_other_sessions(identity: Identity) -> None:
    identity.people.register(EMAIL, PASSWORD, "Ada")
    old = identity.sign_in(EMAIL, PASSWORD)
    with pytest.raises(InvalidInput):
        identity.change_password(old.access_token, "wrong password", "another password")
    fresh = identity.change_password(old.access_token, PASSWORD, "another password")
    assert identity.caller_of(fresh.access_token).tenant_id == fresh.user.id
    for over in (lambda: identity.caller_of(old.access_token), lambda: identity.refresh(old.refresh_token)):
        with pytest.raises(Unauthenticated):
            over()
    with pytest.raises(Unauthenticated):
        identity.sign_in(EMAIL, PASSWORD)


@pytest.mark.parametrize("registered", [True, False])
def test_a_password_is_set_anew_by_a_mailed_code(identity: Identity, endpoint: str, registered: bool) -> None:
    if registered:
        identity.people.register(EMAIL, PASSWORD, "Ada")
    else:
        identity.accounts.ensure_user(EMAIL)
    identity.forgot(EMAIL)
    identity.forgot("nobody@example.org")
    code = mailed_code(endpoint)
    with pytest.raises(InvalidInput) as refused:
        identity.reset(EMAIL, str((int(code) + 1) % 1_000_000), "another password")
    assert refused.value.field == "code"
    identity.reset(EMAIL, code, "another password")
    assert identity.sign_in(EMAIL, "another password").user.email == EMAIL
    with pytest.raises(InvalidInput):
        identity.reset(EMAIL, code, "a third password")


def test_a_session_is_handed_over(identity: Identity) -> None:
    identity.people.register(EMAIL, PASSWORD, "Ada")
    session, verifier = identity.sign_in(EMAIL, PASSWORD), "v" * 43
    code = identity.hand_over(session.refresh_token, challenge_of(verifier))
    assert identity.exchange(code, verifier).user == session.user


def test_forged_refresh_tokens_and_ways_around_the_api_are_closed(identity: Identity, pool: tuple[str, str]) -> None:
    identity.people.register(EMAIL, PASSWORD, "Ada")
    session = identity.sign_in(EMAIL, PASSWORD)
    head, body, _ = session.refresh_token.split(".")
    with pytest.raises(Unauthenticated):
        identity.refresh(f"{head}.{body}.{'A' * 342}")
    direct, secret = boto3.client("cognito-idp"), {"USERNAME": session.user.id, "PASSWORD": PASSWORD}
    with pytest.raises(ClientError, match="not enabled"):
        direct.initiate_auth(ClientId=pool[1], AuthFlow="USER_PASSWORD_AUTH", AuthParameters=secret)


def test_a_count_of_followers_is_exact_whoever_follows_at_once(pool: tuple[str, str]) -> None:
    boto3.client("dynamodb").create_table(TableName="people", **table_definition())
    records, clock = Table("people"), SystemClock()
    people = People(records, clock, Accounts(records, clock), cognito.UserPool(*pool), FakeObjects())
    ada, *others = (people.register(f"{n}@example.org", PASSWORD, f"user-{n}") for n in range(9))
    with ThreadPoolExecutor(8) as at_once:
        list(at_once.map(lambda user: [people.follow(user.id, ada.number) for _ in range(2)], others))
        assert people.followers([ada]) == [len(others)]
        list(at_once.map(lambda user: people.unfollow(user.id, ada.number), [*others[:3], *others[:3]]))
    assert people.followers([ada]) == [len(others) - 3]
    assert [people.followed(user.id, [ada]) for user in others] == [[False]] * 3 + [[True]] * (len(others) - 3)


def test_the_pool_cannot_be_entered_by_an_id_that_others_know(identity: Identity, pool: tuple[str, str]) -> None:
    user = identity.people.register(EMAIL, PASSWORD, "Ada")
    direct = boto3.client("cognito-idp")
    with pytest.raises(ClientError, match="UserNotFound"):
        direct.admin_get_user(UserPoolId=pool[0], Username=user.id)
    assert direct.admin_get_user(UserPoolId=pool[0], Username=user.pool_name)["UserStatus"] == "CONFIRMED"
    with pytest.raises(ClientError):
        direct.confirm_forgot_password(
            ClientId=pool[1], Username=user.id, ConfirmationCode="123456", Password="another password"
        )
    assert identity.caller_of(identity.sign_in(EMAIL, PASSWORD).access_token).tenant_id == user.id


def test_addresses_cannot_be_verified_on_the_emulator_which_is_why_the_twin_does_not(identity: Identity) -> None:
    identity.people.register(EMAIL, PASSWORD, "Ada")
    session = identity.sign_in(EMAIL, PASSWORD)
    with pytest.raises(Exception, match=r"(?i)unknown|not supported|invalid action|InvalidAction"):
        identity.passwords.send_proof(session.access_token)
