"""Registering, signing in and out, and passwords, on TwoShot's wire."""

import hashlib
import re
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from functions.dialects.twoshot.schemas import auth as schemas
from patchbay.core.tries import TRIES
from tests.fakes.gateway import Api
from tests.fakes.world import Tenant, World
from tests.support.twoshot import PASSWORD, TIME, bearer, register, taken, told

NEW = "another horse, a better battery"
EMAIL = "musicmaker2024@example.org"
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


def login(api: Api, password: str = PASSWORD, email: str = EMAIL) -> Any:
    return api.with_key(None).post("/auth/login", {"email": email, "password": password})


def test_registering_signs_in(twoshot: Api) -> None:
    session = register(twoshot, firstName="John", lastName="Doe")
    assert schemas.Session.model_validate(session).model_dump() == session
    user = session["user"]
    assert {name: user[name] for name in ("userName", "firstName", "lastName", "email")} == {
        "userName": "musicmaker2024",
        "firstName": "John",
        "lastName": "Doe",
        "email": EMAIL,
    }
    assert re.fullmatch(TIME, user["created"])
    assert session["expiresIn"] == 3600
    assert taken(bearer(twoshot, session).get("/user")) == {**user, "credits": 10_000}


@pytest.mark.parametrize("path", ["/auth/login", "/auth/password/reset"])
def test_who_guesses_is_sent_away(twoshot: Api, world: World, path: str) -> None:
    register(twoshot)
    object.__setattr__(world.services.identity, "tries_scale", 1.0)
    guess = {"email": EMAIL, "password": NEW, "code": "000000", "newPassword": NEW}
    fields = ("email", "password") if path == "/auth/login" else ("email", "code", "newPassword")
    anybody = twoshot.with_key(None)
    answers = [anybody.post(path, {name: guess[name] for name in fields}) for _ in range(TRIES.requests + 1)]
    assert {answer.status for answer in answers[:-1]} <= {400, 401, 422}
    assert answers[-1].status == 429
    assert int(answers[-1].headers["retry-after"]) > 0
    assert login(twoshot).status == 429


def test_the_documents_fields_are_all_there(twoshot: Api) -> None:
    assert register(twoshot)["user"].keys() == {
        "id",
        "userName",
        "firstName",
        "lastName",
        "email",
        "created",
        "displayPicture",
        "verified",
        "featured",
        "instagram",
        "soundcloudUrl",
    }


def test_nulls_are_as_good_as_left_out(twoshot: Api) -> None:
    body: dict[str, Any] = {"userName": "ann", "email": "ann@example.org", "password": PASSWORD}
    body |= dict.fromkeys(("firstName", "lastName", "referralCode"))
    assert taken(twoshot.post("/auth/register", body), 201)["user"]["firstName"] is None


@pytest.mark.parametrize(
    ("changes", "status", "code", "field"),
    [
        ({"email": "no address"}, 400, "VALIDATION_ERROR", "email"),
        ({"email": None}, 400, "VALIDATION_ERROR", "email"),
        ({"password": "short"}, 400, "VALIDATION_ERROR", "password"),
        ({"password": "new@example.org"}, 400, "VALIDATION_ERROR", "password"),
        ({"userName": "a b"}, 400, "VALIDATION_ERROR", "userName"),
        ({"userName": "x" * 65}, 400, "VALIDATION_ERROR", "userName"),
        ({"userName": 5}, 400, "VALIDATION_ERROR", "userName"),
        ({"firstName": "two\nlines"}, 400, "VALIDATION_ERROR", "firstName"),
        ({"referralCode": "NOBODYHAS1"}, 400, "VALIDATION_ERROR", "referralCode"),
        ({"userName": "MusicMaker2024", "email": "other@example.org"}, 409, "CONFLICT", "userName"),
        ({"userName": "other"}, 409, "CONFLICT", "email"),
    ],
)
def test_what_cannot_be_registered(
    twoshot: Api, world: World, changes: dict[str, Any], status: int, code: str, field: str
) -> None:
    register(twoshot)
    before = dict(world.records.items)
    body = {"userName": "newcomer", "email": EMAIL, "password": PASSWORD, **changes}
    if field not in {"email", "userName"}:
        body["email"] = changes.get("email", "new@example.org")
    told(twoshot.post("/auth/register", body), status, code, field)
    assert world.records.items == before


def test_signing_in_again_and_refreshing(twoshot: Api) -> None:
    first = register(twoshot)
    second = taken(login(twoshot))
    assert second["refreshToken"] != first["refreshToken"]
    third = taken(twoshot.with_key(None).post("/auth/refresh", {"refreshToken": second["refreshToken"]}))
    for session in (first, second, third):
        assert taken(bearer(twoshot, session).get("/user")) == {**first["user"], "credits": 10_000}


def test_who_does_not_get_in_learns_nothing(twoshot: Api) -> None:
    register(twoshot)
    words = {
        told(login(twoshot, "wrong password"), 401, "UNAUTHORIZED"),
        told(login(twoshot, PASSWORD, "nobody@example.org"), 401, "UNAUTHORIZED"),
        told(login(twoshot, PASSWORD, "no address"), 401, "UNAUTHORIZED"),
    }
    assert len(words) == 1


def test_whoever_has_only_api_keys_cannot_sign_in(twoshot: Api, ada: Tenant) -> None:
    told(login(twoshot, ada.secret, "ada@example.org"), 401, "UNAUTHORIZED")


@pytest.mark.parametrize("by", ["refresh token", "access token"])
def test_signing_out_ends_a_session_at_once(twoshot: Api, by: str) -> None:
    kept, ended = register(twoshot), taken(login(twoshot))
    if by == "refresh token":
        answer = twoshot.with_key(None).post("/auth/logout", {"refreshToken": ended["refreshToken"]})
    else:
        answer = bearer(twoshot, ended).call("POST", "/auth/logout")
    assert taken(answer) == {"success": True}
    told(bearer(twoshot, ended).get("/user"), 401, "UNAUTHORIZED")
    assert bearer(twoshot, kept).get("/user").status == 200


def test_signing_out_of_nothing(twoshot: Api) -> None:
    told(twoshot.with_key(None).post("/auth/logout", {}), 401, "UNAUTHORIZED")
    told(twoshot.with_key(None).post("/auth/logout", {"refreshToken": "x"}), 401, "UNAUTHORIZED")
    told(twoshot.post("/auth/logout", {}), 401, "UNAUTHORIZED")


def test_a_session_is_handed_to_another_program(twoshot: Api, world: World) -> None:
    session, api = register(twoshot), twoshot.with_key(None)
    order = {"refreshToken": session["refreshToken"], "codeChallenge": CHALLENGE}
    offered = taken(api.post("/auth/handover", order))
    assert offered["expiresIn"] == 60
    wish = {"code": offered["code"], "codeVerifier": VERIFIER}
    assert taken(api.post("/auth/exchange", wish))["user"] == session["user"]
    told(api.post("/auth/exchange", wish), 401, "UNAUTHORIZED")
    late = {"code": taken(api.post("/auth/handover", order))["code"], "codeVerifier": VERIFIER}
    world.clock.advance(seconds=61)
    told(api.post("/auth/exchange", late), 401, "UNAUTHORIZED")
    told(api.post("/auth/handover", {**order, "codeChallenge": "x"}), 400, "VALIDATION_ERROR", "codeChallenge")


def test_changing_the_password_ends_all_other_sessions(twoshot: Api) -> None:
    first, second = register(twoshot), taken(login(twoshot))
    body = {"currentPassword": PASSWORD, "newPassword": NEW}
    fresh = taken(bearer(twoshot, second).post("/auth/password", body))
    for session, status in ((first, 401), (second, 401), (fresh, 200)):
        assert bearer(twoshot, session).get("/user").status == status
    told(login(twoshot), 401, "UNAUTHORIZED")
    assert login(twoshot, NEW).status == 200


def test_a_password_is_changed_by_its_owner_alone(twoshot: Api, ada: Tenant) -> None:
    session, body = register(twoshot), {"currentPassword": PASSWORD, "newPassword": NEW}
    wrong = bearer(twoshot, session).post("/auth/password", {**body, "currentPassword": "wrong"})
    told(wrong, 400, "VALIDATION_ERROR", "currentPassword")
    told(twoshot.with_key(None).post("/auth/password", body), 401, "UNAUTHORIZED")
    told(twoshot.post("/auth/password", body), 401, "UNAUTHORIZED")
    told(
        bearer(twoshot, session).post("/auth/password", {**body, "newPassword": "x"}),
        400,
        "VALIDATION_ERROR",
        "password",
    )
    assert login(twoshot).status == 200


def test_a_forgotten_password(twoshot: Api, world: World) -> None:
    session, api = register(twoshot), twoshot.with_key(None)
    answers = [taken(api.post("/auth/password/forgot", {"email": email})) for email in (EMAIL, "no@example.org", "x")]
    assert answers == [{"success": True}] * 3, "whether there is such a user, nobody learns"
    ((address, code),) = world.passwords.mailed
    assert address == EMAIL
    body = {"email": EMAIL, "code": "000000", "newPassword": NEW}
    told(api.post("/auth/password/reset", body), 400, "VALIDATION_ERROR", "code")
    told(api.post("/auth/password/reset", {**body, "email": "no@example.org"}), 400, "VALIDATION_ERROR", "code")
    assert taken(api.post("/auth/password/reset", {**body, "code": code})) == {"success": True}
    told(api.post("/auth/password/reset", {**body, "code": code}), 400, "VALIDATION_ERROR", "code")
    told(bearer(twoshot, session).get("/user"), 401, "UNAUTHORIZED")
    assert login(twoshot, NEW).status == 200


@pytest.mark.parametrize("spoilt", ["{}x", "x{}", "{}.x", "eyJ.eyJ.x"])
def test_a_token_that_is_not_whole(twoshot: Api, spoilt: str) -> None:
    token = register(twoshot)["accessToken"]
    told(twoshot.with_key(f"Bearer {spoilt.format(token)}").get("/user"), 401, "UNAUTHORIZED")


def test_a_token_ends(twoshot: Api, world: World) -> None:
    session = register(twoshot)
    world.clock.advance(seconds=session["expiresIn"] + 61)
    told(bearer(twoshot, session).get("/user"), 401, "UNAUTHORIZED")
    fresh = taken(twoshot.with_key(None).post("/auth/refresh", {"refreshToken": session["refreshToken"]}))
    assert bearer(twoshot, fresh).get("/user").status == 200


def test_api_keys_do_as_well(twoshot: Api, ada: Tenant) -> None:
    stranger = twoshot.with_key(None)
    by_key = taken(stranger.get("/user", x_api_key=ada.secret))
    assert by_key == taken(twoshot.get("/user"))
    assert taken(stranger.get("/user", x_api_key=register(twoshot)["accessToken"]))["userName"] == "musicmaker2024"


def test_other_dialects_take_no_tokens(twoshot: Api, native: Api) -> None:
    session = register(twoshot)
    assert native.with_key(f"Bearer {session['accessToken']}").get("/patchbay/v1/me").status == 401


def test_the_keeper_of_passwords_is_away(twoshot: Api, world: World) -> None:
    session = register(twoshot)
    world.passwords.down = True
    told(login(twoshot), 503, "UNAVAILABLE")
    told(twoshot.post("/auth/refresh", {"refreshToken": session["refreshToken"]}), 503, "UNAVAILABLE")


def test_no_answer_with_tokens_is_kept(twoshot: Api, world: World) -> None:
    session = register(twoshot)
    answer = twoshot.post("/auth/login", {"email": EMAIL, "password": PASSWORD}, idempotency_key="k")
    for token in (session["refreshToken"], taken(answer)["refreshToken"], PASSWORD):
        assert not [stored for stored in world.records.items.values() if token in stored.body]
    assert not [stored for stored in world.records.items.values() if stored.kind == "once"]


def test_where_nothing_is_verified_no_code_is_mailed(world: World, twoshot: Api) -> None:
    mine = bearer(twoshot, register(twoshot))
    assert world.passwords.mailed == []
    told(mine.post("/auth/verify/resend", {}), 409, "CONFLICT")
