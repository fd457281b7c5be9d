"""Browsers that come with a cookie in the place of a key."""

import asyncio
from collections.abc import Iterator

import pytest
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from functions.http import app, cookies
from functions.http.dialect import Dialect, ErrorEntry, new_router
from functions.http.handler import lambda_handler
from patchbay.core.browsers import form_token, new_secret
from patchbay.domain.errors import Forbidden, PatchbayError, Unauthenticated
from tests.fakes.gateway import Answer, Api
from tests.fakes.world import World

EMAIL, PASSWORD = "ada@example.org", "correct horse battery"
UNSAFE = ["POST", "PUT", "PATCH", "DELETE"]


class Error(BaseModel):
    """What is wrong."""

    said: str


def dialect(*, takes_cookies: bool) -> Dialect:
    router = new_router()

    async def who(request: Request) -> str:
        return app.caller(request).tenant_id

    async def either(request: Request) -> str:
        found = app.anybody(request)
        return found.tenant_id if found else "nobody"

    async def two_cookies(request: Request) -> Response:
        answer = Response()
        for name in "ab":
            answer.headers.append("set-cookie", f"{name}=1")
        return answer

    router.add_api_route("/closed", who, methods=["GET", *UNSAFE])
    router.add_api_route("/writing", who, methods=["GET"])
    router.add_api_route("/two", two_cookies, methods=["GET"])
    router.add_api_route("/either", either, methods=["GET"])
    return Dialect(
        name="smallest",
        title="Smallest",
        router=router,
        find_key=lambda headers: headers.get("key"),
        errors={
            PatchbayError: ErrorEntry(500, "other", "Other"),
            Unauthenticated: ErrorEntry(401, "key", "Key"),
            Forbidden: ErrorEntry(403, "forbidden", "Forbidden"),
        },
        shape=lambda problem: {"said": f"{problem.code} {problem.message}"},
        error_model=Error,
        cookies=takes_cookies,
        optional=frozenset({"/either"}),
        writing=frozenset({"/writing"}),
    )


@pytest.fixture(autouse=True)
def loop() -> Iterator[None]:
    own = asyncio.new_event_loop()
    asyncio.set_event_loop(own)
    yield
    asyncio.set_event_loop(None)
    own.close()


@pytest.fixture
def api() -> Api:
    return Api(lambda_handler(dialect(takes_cookies=True)))


@pytest.fixture
def ada(world: World) -> str:
    """Ada's tenant id."""
    return world.services.people.register(EMAIL, PASSWORD, "Ada").id


@pytest.fixture
def secret(world: World, ada: str) -> str:
    return world.services.browsers.log_in(EMAIL, PASSWORD)


def call(api: Api, method: str, path: str, secret: str, **headers: str) -> Answer:
    return api.call(method, path, headers={"cookie": f"theme=dark; {cookies.NAME}={secret}; a=b", **headers})


def test_a_cookie_stands_for_its_owner(api: Api, ada: str, secret: str) -> None:
    assert call(api, "GET", "/closed", secret).json() == ada
    assert call(api, "GET", "/either", secret).json() == ada


@pytest.mark.parametrize("method", UNSAFE)
def test_what_changes_something_takes_the_token_of_the_sessions_pages(
    api: Api, ada: str, secret: str, method: str
) -> None:
    refused = call(api, method, "/closed", secret)
    assert refused.status == 403
    assert "reload the page" in refused.text
    assert call(api, method, "/closed", secret, **{cookies.FORM_HEADER: form_token(new_secret())}).status == 403
    assert call(api, method, "/closed", secret, **{cookies.FORM_HEADER: form_token(secret)}).json() == ada


def test_a_link_of_another_site_to_what_changes_something_does_nothing(api: Api, ada: str, secret: str) -> None:
    """SameSite=Lax lets cookies go with those."""
    assert call(api, "GET", "/writing", secret).status == 403
    assert call(api, "GET", "/writing", secret, **{cookies.FORM_HEADER: form_token(secret)}).json() == ada


@pytest.mark.usefixtures("ada")
def test_a_page_of_another_origin_cannot_come_with_a_cookie(api: Api, secret: str) -> None:
    """It may neither read an answer that a cookie got, nor send the token."""
    asked = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    for answer in (
        call(api, "GET", "/closed", secret, origin="https://evil.example"),
        call(api, "OPTIONS", "/closed", secret, **asked),
    ):
        assert "access-control-allow-credentials" not in answer.headers
        assert answer.headers["access-control-allow-origin"] == "*"
        assert cookies.FORM_HEADER not in answer.headers.get("access-control-allow-headers", "")


def test_an_answer_can_give_more_than_one_cookie(api: Api, ada: str, secret: str) -> None:
    answer = call(api, "GET", "/two", secret)
    assert list(answer.cookies) == ["a=1", "b=1"]
    assert answer.headers["cache-control"] == "no-store"


def test_who_comes_with_a_key_needs_no_token(world: World, api: Api, secret: str) -> None:
    bob = world.tenant("bob@example.org")
    assert call(api, "POST", "/closed", secret, key=bob.secret).json() == bob.id


def test_a_bad_key_is_not_made_good_by_a_cookie(api: Api, secret: str) -> None:
    assert call(api, "GET", "/closed", secret, key="pb_wrong").status == 401


def test_a_session_that_is_over_is_nobodys(world: World, api: Api, secret: str) -> None:
    world.services.browsers.log_out(secret)
    assert call(api, "GET", "/closed", secret).status == 401
    assert call(api, "GET", "/either", secret).json() == "nobody"
    assert call(api, "GET", "/closed", new_secret()).status == 401


@pytest.mark.usefixtures("ada")
def test_other_dialects_do_not_look_at_cookies(secret: str) -> None:
    api = Api(lambda_handler(dialect(takes_cookies=False)))
    assert call(api, "GET", "/closed", secret).status == 401


def test_the_cookie_is_out_of_the_reach_of_scripts_of_other_sites_and_of_plain_text() -> None:
    name, *attributes = cookies.kept("s" * 43).split("; ")
    assert name.startswith("__Host-")
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= set(attributes)
    assert not [attribute for attribute in attributes if attribute.startswith("Domain")]
