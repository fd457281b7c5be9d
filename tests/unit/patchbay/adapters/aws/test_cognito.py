"""A user pool of moto; what moto does not know is played to the client's stubs. The twin's tests have it whole."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from patchbay.adapters.aws import clients, cognito
from patchbay.adapters.aws.cognito import UserPool
from patchbay.domain.errors import InvalidInput, RateLimited, Unauthenticated, Unavailable
from patchbay.domain.ids import new_id
from tests.support.serving import serving

EMAIL, PASSWORD, OTHER = "ada@example.org", "correct horse battery", "another password"
Use = Callable[[UserPool], object]


@pytest.fixture
def pool(boto: Any) -> UserPool:
    policy = dict.fromkeys(("RequireUppercase", "RequireLowercase", "RequireNumbers", "RequireSymbols"), False)
    policies = {"PasswordPolicy": {"MinimumLength": 8, **policy}}
    made = boto("cognito-idp").create_user_pool(PoolName="people", Policies=policies)["UserPool"]["Id"]
    client = boto("cognito-idp").create_user_pool_client(UserPoolId=made, ClientName="api")["UserPoolClient"]
    return UserPool(made, client["ClientId"])


@pytest.fixture
def user_id(pool: UserPool) -> str:
    made = new_id()
    pool.create(made, EMAIL, PASSWORD)
    return made


@pytest.fixture
def played() -> UserPool:
    """One whose answers a test plays."""
    return UserPool("us-east-1_Ab3", "client")


@pytest.fixture
def stub() -> Iterator[Stubber]:
    with Stubber(clients.client("cognito-idp")) as stubbed:
        yield stubbed
        stubbed.assert_no_pending_responses()


def test_a_user_is_known_by_our_id_and_ready_to_sign_in(pool: UserPool, user_id: str, boto: Any) -> None:
    found = boto("cognito-idp").admin_get_user(UserPoolId=pool.pool_id, Username=user_id)
    assert (found["Username"], found["UserStatus"]) == (user_id, "CONFIRMED")
    told = {each["Name"]: each["Value"] for each in found["UserAttributes"]}
    assert (told["email"], told["email_verified"]) == (EMAIL, "true")
    grant = pool.sign_in(user_id, PASSWORD)
    assert grant.access_token.count(".") == 2
    assert grant.expires_in_s == 3600


def test_a_session_goes_on_under_the_same_refresh_token(pool: UserPool, user_id: str) -> None:
    first = pool.sign_in(user_id, PASSWORD)
    assert pool.refresh(first.refresh_token).refresh_token == first.refresh_token


def test_all_sessions_end_at_once(pool: UserPool, user_id: str) -> None:
    first = pool.sign_in(user_id, PASSWORD)
    pool.sign_out(user_id)
    with pytest.raises(Unauthenticated):
        pool.refresh(first.refresh_token)
    pool.sign_out(new_id())  # nobody: nothing to end


@pytest.mark.parametrize(
    "use",
    [
        lambda pool: pool.sign_in(new_id(), PASSWORD),
        lambda pool: pool.refresh("made-up"),
        lambda pool: pool.change("made-up", PASSWORD, OTHER),
    ],
    ids=["unknown user", "made-up refresh token", "made-up access token"],
)
def test_wrong_credentials_are_refused(pool: UserPool, user_id: str, use: Use) -> None:
    with pytest.raises(Unauthenticated):
        use(pool)


def test_a_wrong_password_is_refused(pool: UserPool, user_id: str) -> None:
    with pytest.raises(Unauthenticated):
        pool.sign_in(user_id, OTHER)
    with pytest.raises(Unauthenticated):
        pool.change(pool.sign_in(user_id, PASSWORD).access_token, OTHER, "a third password")


def test_a_password_is_changed(pool: UserPool, user_id: str) -> None:
    pool.change(pool.sign_in(user_id, PASSWORD).access_token, PASSWORD, OTHER)
    pool.sign_in(user_id, OTHER)
    with pytest.raises(Unauthenticated):
        pool.sign_in(user_id, PASSWORD)


def test_a_password_that_the_pool_does_not_take_leaves_no_user(pool: UserPool) -> None:
    user_id = new_id()
    with pytest.raises(InvalidInput) as refused:
        pool.create(user_id, EMAIL, "short")
    assert refused.value.field == "password"
    pool.create(user_id, EMAIL, PASSWORD)
    pool.sign_in(user_id, PASSWORD)


def test_what_was_begun_before_is_done_when_tried_again(pool: UserPool, boto: Any) -> None:
    user_id = new_id()
    boto("cognito-idp").admin_create_user(UserPoolId=pool.pool_id, Username=user_id)
    pool.create(user_id, EMAIL, PASSWORD)
    pool.sign_in(user_id, PASSWORD)


def test_removing_may_be_repeated(pool: UserPool, user_id: str) -> None:
    pool.remove(user_id)
    pool.remove(user_id)
    with pytest.raises(Unauthenticated):
        pool.sign_in(user_id, PASSWORD)


def test_a_code_goes_to_who_has_a_password_and_it_stays(pool: UserPool, user_id: str) -> None:
    pool.send_code(user_id, EMAIL)
    pool.sign_in(user_id, PASSWORD)


@pytest.mark.parametrize("begun", [False, True])
def test_a_code_goes_to_who_has_none_as_well(pool: UserPool, boto: Any, begun: bool) -> None:
    user_id = new_id()
    if begun:
        boto("cognito-idp").admin_create_user(UserPoolId=pool.pool_id, Username=user_id)
    pool.send_code(user_id, EMAIL)
    found = boto("cognito-idp").admin_get_user(UserPoolId=pool.pool_id, Username=user_id)
    assert found["UserStatus"] == "CONFIRMED"
    pool.reset(user_id, "123456", OTHER)
    pool.sign_in(user_id, OTHER)


@pytest.mark.parametrize("code", ["CodeMismatchException", "ExpiredCodeException", "UserNotFoundException"])
def test_a_wrong_code_names_its_field(played: UserPool, stub: Stubber, code: str) -> None:
    stub.add_client_error("confirm_forgot_password", code)
    with pytest.raises(InvalidInput) as refused:
        played.reset(new_id(), "123456", OTHER)
    assert refused.value.field == "code"


def test_a_session_is_revoked(played: UserPool, stub: Stubber) -> None:
    stub.add_response("revoke_token", {}, {"Token": "refresh", "ClientId": played.client_id})
    played.revoke("refresh")


def test_an_address_that_the_pool_does_not_take_names_its_field(played: UserPool, stub: Stubber) -> None:
    stub.add_client_error("admin_create_user", "InvalidParameterException")
    with pytest.raises(InvalidInput) as refused:
        played.create(new_id(), "a@b", PASSWORD)
    assert refused.value.field == "email"


def test_a_challenge_is_no_session(played: UserPool, stub: Stubber) -> None:
    stub.add_response("admin_initiate_auth", {"ChallengeName": "SMS_MFA", "Session": "s" * 20})
    with pytest.raises(Unauthenticated):
        played.sign_in(new_id(), PASSWORD)


@pytest.mark.parametrize(
    ("operation", "use"),
    [
        ("admin_initiate_auth", lambda pool: pool.sign_in("u", PASSWORD)),
        ("initiate_auth", lambda pool: pool.refresh("r")),
        ("revoke_token", lambda pool: pool.revoke("r")),
        ("change_password", lambda pool: pool.change("a", PASSWORD, OTHER)),
        ("confirm_forgot_password", lambda pool: pool.reset("u", "123456", OTHER)),
        ("admin_get_user", lambda pool: pool.send_code("u", EMAIL)),
        ("admin_create_user", lambda pool: pool.create("u", EMAIL, PASSWORD)),
        ("admin_delete_user", lambda pool: pool.remove("u")),
        ("admin_user_global_sign_out", lambda pool: pool.sign_out("u")),
        ("admin_get_user", lambda pool: pool.pretend_code()),
        ("get_user_attribute_verification_code", lambda pool: pool.send_proof("a")),
        ("verify_user_attribute", lambda pool: pool.prove("a", "123456")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("TooManyRequestsException", Unavailable),
        ("LimitExceededException", RateLimited),
        ("InternalError", Unavailable),
    ],
)
def test_busy_and_limited_are_told_apart(
    played: UserPool, stub: Stubber, operation: str, use: Use, code: str, error: type[Exception]
) -> None:
    stub.add_client_error(operation, code)
    with pytest.raises(error):
        use(played)


@pytest.fixture
def verifying() -> UserPool:
    """One of a stage where addresses are verified."""
    return UserPool("us-east-1_Ab3", "client", verify_email=True)


def test_an_address_counts_as_verified_only_where_nothing_verifies_it(verifying: UserPool, stub: Stubber) -> None:
    attributes = [{"Name": "email", "Value": EMAIL}, {"Name": "email_verified", "Value": "false"}]
    who = {"UserPoolId": verifying.pool_id, "Username": "u"}
    stub.add_response("admin_create_user", {}, {**who, "UserAttributes": attributes, "MessageAction": "SUPPRESS"})
    stub.add_response("admin_set_user_password", {}, {**who, "Password": PASSWORD, "Permanent": True})
    verifying.create("u", EMAIL, PASSWORD)


def test_an_address_is_shown_to_be_ones_own(verifying: UserPool, stub: Stubber) -> None:
    told = {"AccessToken": "token", "AttributeName": "email"}
    stub.add_response("get_user_attribute_verification_code", {}, told)
    verifying.send_proof("token")
    stub.add_response("verify_user_attribute", {}, {**told, "Code": "123456"})
    verifying.prove("token", "123456")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("CodeMismatchException", InvalidInput),
        ("ExpiredCodeException", InvalidInput),
        ("NotAuthorizedException", Unauthenticated),
        ("UserNotFoundException", Unauthenticated),
    ],
)
def test_a_wrong_proof_and_a_session_that_is_over_are_told_apart(
    verifying: UserPool, stub: Stubber, code: str, error: type[Exception]
) -> None:
    stub.add_client_error("verify_user_attribute", code)
    with pytest.raises(error):
        verifying.prove("token", "123456")


def test_a_code_for_a_new_password_also_goes_to_an_address_that_was_not_verified(
    verifying: UserPool, stub: Stubber
) -> None:
    who = {"UserPoolId": verifying.pool_id, "Username": "u"}
    stub.add_response("admin_get_user", {"Username": "u", "UserStatus": "CONFIRMED"}, who)
    verified = [{"Name": "email_verified", "Value": "true"}]
    stub.add_response("admin_update_user_attributes", {}, {**who, "UserAttributes": verified})
    stub.add_response("forgot_password", {}, {"ClientId": "client", "Username": "u"})
    verifying.send_code("u", EMAIL)


def test_for_nobody_the_pool_is_asked_the_same_and_makes_nobody(pool: UserPool, boto: Any) -> None:
    pool.pretend_code()
    assert boto("cognito-idp").list_users(UserPoolId=pool.pool_id)["Users"] == []


def test_who_signs_is_named_after_the_pool() -> None:
    assert cognito.issuer("eu-west-1_Ab3") == "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab3"


KEYS = {"keys": [{"kid": "1"}]}


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("status", "body", "found"),
    [(200, json.dumps(KEYS), KEYS), (500, "{}", None), (200, "<html>", None), (200, "[]", None), (404, "{}", None)],
)
def test_keys_come_from_where_the_client_calls(
    monkeypatch: pytest.MonkeyPatch, status: int, body: str, found: dict[str, Any] | None
) -> None:
    asked = []

    async def issuer(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body.encode()})

    with serving(issuer) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", str(server.base_url).rstrip("/"))
        clients.client.cache_clear()
        if found is None:
            with pytest.raises(Unavailable):
                cognito.published_keys("us-east-1_Ab3")
        else:
            assert cognito.published_keys("us-east-1_Ab3") == found
    assert asked == ["/us-east-1_Ab3/.well-known/jwks.json"]
    with pytest.raises(Unavailable):  # nobody there any more
        cognito.published_keys("us-east-1_Ab3")
