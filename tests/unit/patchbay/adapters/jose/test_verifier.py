"""Tokens that are good in all but one thing."""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from patchbay.adapters.jose.verifier import KEYS_LIVE, LOOK_AGAIN, JwtVerifier
from patchbay.domain.errors import Unauthenticated, Unavailable
from tests.fakes.clock import START, FakeClock
from tests.fakes.passwords import CLIENT, ISSUER, FakePasswords, FakeSession, signed, signing_key

USER = "018f3b2c-0000-7000-8000-000000000001"
Claims = dict[str, Any]


class Issuer:
    """Publishes keys, and counts how often it is asked."""

    def __init__(self, clock: FakeClock) -> None:
        self.keys, self.asked, self.down = [signing_key()], 0, False
        self.verifier = JwtVerifier(ISSUER, CLIENT, self.publish, clock)

    def publish(self) -> Mapping[str, Any]:
        self.asked += 1
        if self.down:
            raise Unavailable("down")
        return dict(KeySet(list(self.keys)).as_dict(private=False))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def issuer(clock: FakeClock) -> Issuer:
    return Issuer(clock)


def good(**changes: Any) -> Claims:
    """Claims of a good token; None leaves one out."""
    clock = FakeClock()
    claims = FakePasswords(clock).claims(FakeSession(USER, clock.now() - timedelta(hours=3), "session-1")) | changes
    return {name: value for name, value in claims.items() if value is not None}


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_a_good_token_tells_who_and_which_session(issuer: Issuer) -> None:
    proof = issuer.verifier.read(signed(good()))
    assert (proof.user_id, proof.session_id) == (USER, "session-1")
    assert proof.began_at == (START - timedelta(hours=3)).replace(microsecond=0)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Other"},
        {"iss": None},
        {"iss": [ISSUER]},
        {"client_id": "another"},
        {"client_id": None},
        {"client_id": [CLIENT]},
        {"aud": "another"},
        {"aud": [CLIENT, "another"]},
        {"token_use": "id"},
        {"token_use": None},
        {"token_use": ["access"]},
        {"exp": None},
        {"exp": int(START.timestamp())},
        {"exp": int(START.timestamp()) - 1},
        {"exp": "9999999999"},
        {"exp": True},
        {"nbf": int(START.timestamp()) + 60},
        {"username": None},
        {"username": ""},
        {"username": "ada"},
        {"username": [USER]},
        {"origin_jti": None},
        {"origin_jti": ""},
        {"origin_jti": 7},
        {"auth_time": None},
        {"auth_time": "now"},
        {"auth_time": 1e400},
        {"auth_time": 10**30},
    ],
    ids=str,
)
def test_one_wrong_claim_is_enough(issuer: Issuer, changes: Claims) -> None:
    with pytest.raises(Unauthenticated):
        issuer.verifier.read(signed(good(**changes)))


def test_an_audience_that_is_ours_is_no_fault(issuer: Issuer) -> None:
    assert issuer.verifier.read(signed(good(aud=CLIENT))).user_id == USER


def test_it_is_good_to_its_last_second(issuer: Issuer) -> None:
    assert issuer.verifier.read(signed(good(exp=int(START.timestamp()) + 1))).user_id == USER


def unsigned(algorithm: str) -> str:
    return f"{part({'alg': algorithm, 'kid': 'key-1'})}.{part(good())}."


def with_public_key_as_secret() -> str:
    """What takes in who lets the token say how it is to be checked."""
    text = f"{part({'alg': 'HS256', 'kid': 'key-1'})}.{part(good())}"
    mac = hmac.digest(signing_key().as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def of_another_kind(algorithm: str) -> str:
    head = {"alg": algorithm, "kid": "key-1"}
    key = RSAKey.import_key({**signing_key().as_dict(private=True), "alg": algorithm})
    return jwt.encode(head, good(), key, algorithms=[algorithm])


def elliptic() -> str:
    return jwt.encode({"alg": "ES256", "kid": "key-1"}, good(), ECKey.generate_key("P-256"))


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize(
    "made",
    [
        lambda: unsigned("none"),
        lambda: unsigned("NONE"),
        lambda: unsigned("RS256"),
        with_public_key_as_secret,
        lambda: of_another_kind("RS384"),
        lambda: of_another_kind("PS256"),
        elliptic,
    ],
    ids=["none", "NONE", "no signature", "HS256 with the public key", "RS384", "PS256", "ES256"],
)
def test_only_the_one_algorithm_is_taken(issuer: Issuer, made: Callable[[], str]) -> None:
    with pytest.raises(Unauthenticated):
        issuer.verifier.read(made())


def test_only_the_issuers_own_keys_are_taken(issuer: Issuer) -> None:
    other = RSAKey.generate_key(2048, {"kid": "key-1"}, private=True)
    with pytest.raises(Unauthenticated):
        issuer.verifier.read(signed(good(), other))


@pytest.mark.parametrize("kid", [None, "", "key-2", 7, ["key-1"], "x" * 300, "key-1\n"], ids=str)
def test_a_key_must_be_named_and_known(issuer: Issuer, kid: object) -> None:
    head = {"alg": "RS256"} | ({} if kid is None else {"kid": kid})
    signature = signed(good()).rpartition(".")[2]
    with pytest.raises(Unauthenticated):
        issuer.verifier.read(f"{part(head)}.{part(good())}.{signature}")
    if kid is None:
        with pytest.raises(Unauthenticated):
            issuer.verifier.read(jwt.encode({"alg": "RS256"}, good(), signing_key()))


@pytest.mark.parametrize("header", [{"jku": "https://evil.example/keys"}, {"crit": ["x"], "x": 1}], ids=str)
def test_a_header_of_the_clients_choice_steers_nothing(issuer: Issuer, header: Claims) -> None:
    other = RSAKey.generate_key(2048, {"kid": "key-1"}, private=True)
    token = f"{part({'alg': 'RS256', 'kid': 'key-1', 'jwk': other.as_dict(private=False), **header})}.{part(good())}"
    with pytest.raises(Unauthenticated):
        issuer.verifier.read(token + ".AAAA")


@pytest.mark.parametrize("piece", [0, 1, 2])
def test_one_changed_letter_is_enough(issuer: Issuer, piece: int) -> None:
    parts = signed(good()).split(".")
    parts[piece] = parts[piece][:9] + ("A" if parts[piece][9] != "A" else "B") + parts[piece][10:]
    with pytest.raises(Unauthenticated):
        issuer.verifier.read(".".join(parts))


@settings(deadline=None)
@given(st.text(max_size=60) | st.tuples(*[st.text("eyJhbGci0123._-{}", max_size=40)] * 3).map(".".join))
def test_whatever_comes_is_refused_in_words(text: str) -> None:
    with pytest.raises(Unauthenticated):
        Issuer(FakeClock()).verifier.read(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["alg", "kid", "b64", "crit", "x"]), inner)
    ),
)


@settings(deadline=None)
@given(JSON, JSON)
def test_whatever_a_header_and_claims_hold_is_refused_in_words(head: Any, claims: Any) -> None:
    with pytest.raises(Unauthenticated):
        Issuer(FakeClock()).verifier.read(f"{part(head)}.{part(claims)}.AAAA")


def test_keys_are_fetched_once_for_many_tokens(issuer: Issuer, clock: FakeClock) -> None:
    for _ in range(5):
        issuer.verifier.read(signed(good()))
    clock.advance(minutes=30)
    issuer.verifier.read(signed(good()))
    assert issuer.asked == 1


def test_a_new_key_is_found_and_made_up_ones_cost_one_look_in_a_while(issuer: Issuer, clock: FakeClock) -> None:
    issuer.verifier.read(signed(good()))
    issuer.keys.append(signing_key("key-2"))
    clock.advance(seconds=LOOK_AGAIN.total_seconds())
    assert issuer.verifier.read(signed(good(), signing_key("key-2"))).user_id == USER
    assert issuer.asked == 2
    for number in range(50):
        clock.advance(seconds=1)
        with pytest.raises(Unauthenticated):
            issuer.verifier.read(f"{part({'alg': 'RS256', 'kid': f'made-up-{number}'})}.{part(good())}.AAAA")
    assert issuer.asked == 2


def test_a_withdrawn_key_is_out_of_use_after_a_time(issuer: Issuer, clock: FakeClock) -> None:
    token = signed(good(exp=int(START.timestamp()) + 10**6))
    issuer.verifier.read(token)
    issuer.keys[:] = [signing_key("key-2")]
    clock.advance(seconds=KEYS_LIVE.total_seconds())
    with pytest.raises(Unauthenticated):
        issuer.verifier.read(token)


def test_known_keys_outlast_an_issuer_that_is_away_and_unknown_ones_say_so(issuer: Issuer, clock: FakeClock) -> None:
    token = signed(good(exp=int(START.timestamp()) + 10**6))
    issuer.down = True
    with pytest.raises(Unavailable):
        issuer.verifier.read(token)
    issuer.down = False
    assert issuer.verifier.read(token).user_id == USER  # asked again at once: nothing was known
    issuer.down = True
    clock.advance(seconds=KEYS_LIVE.total_seconds())
    assert issuer.verifier.read(token).user_id == USER


@pytest.mark.parametrize(
    "published", [{}, {"keys": []}, {"keys": 7}, {"keys": [{"kty": "RSA"}]}, {"keys": [7]}], ids=str
)
def test_a_key_set_that_is_none_is_the_issuers_fault(clock: FakeClock, published: Claims) -> None:
    with pytest.raises(Unavailable):
        JwtVerifier(ISSUER, CLIENT, lambda: published, clock).read(signed(good()))
