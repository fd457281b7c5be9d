"""Access tokens beside keys, by a dialect with one route."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from pydantic import BaseModel
from starlette.requests import Request

from functions.http import app
from functions.http.dialect import Dialect, ErrorEntry, new_router
from functions.http.handler import lambda_handler
from patchbay.core.identity import Session
from patchbay.domain.errors import PatchbayError, Unauthenticated, Unavailable
from tests.fakes.gateway import Api
from tests.fakes.world import World

Make = Callable[[bool], Api]


class Error(BaseModel):
    """What is wrong."""

    said: str


@pytest.fixture
def api() -> Iterator[Make]:
    router = new_router()

    @router.get("/who")
    async def who(request: Request) -> dict[str, str]:
        asks = app.caller(request)
        return {"tenant": asks.tenant_id, "plan": asks.plan}

    def make(tokens: bool) -> Api:
        errors = {
            PatchbayError: ErrorEntry(500, "other", "Other"),
            Unavailable: ErrorEntry(503, "later", "Later"),
            Unauthenticated: ErrorEntry(401, "key", "Key"),
        }
        return Api(
            lambda_handler(
                Dialect(
                    name="smallest",
                    title="Smallest",
                    router=router,
                    find_key=lambda headers: headers.get("key"),
                    errors=errors,
                    shape=lambda problem: {"said": problem.message},
                    error_model=Error,
                    tokens=tokens,
                )
            )
        )

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield make
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture
def session(world: World) -> Session:
    world.services.people.register("ada@example.org", "correct horse battery", "Ada")
    return world.services.identity.sign_in("ada@example.org", "correct horse battery")


def test_a_token_does_where_the_dialect_takes_tokens(api: Make, session: Session) -> None:
    taken, refused = (api(tokens).get("/who", key=session.access_token) for tokens in (True, False))
    assert (taken.status, taken.json()["tenant"]) == (200, session.user.id)
    assert refused.status == 401


@pytest.mark.parametrize("tokens", [True, False])
def test_a_key_does_everywhere(world: World, api: Make, session: Session, tokens: bool) -> None:
    ada = world.tenant("ada@example.org")
    assert api(tokens).get("/who", key=ada.secret).json()["tenant"] == session.user.id


def test_refresh_tokens_and_tampered_ones_do_not(api: Make, session: Session) -> None:
    head, body, signature = session.access_token.split(".")
    for credential in (session.refresh_token, f"{head}.{body}.{signature[::-1]}", f"{head}.{body}.", "eyJ..", "a.b.c"):
        assert api(True).get("/who", key=credential).status == 401


def test_the_plan_is_its_users(world: World, api: Make, session: Session) -> None:
    before = api(True).get("/who", key=session.access_token)
    world.services.accounts.set_plan(session.user.id, "premium")
    after = api(True).get("/who", key=session.access_token)
    assert (before.json()["plan"], after.json()["plan"]) == ("standard", "premium")
    assert int(after.headers["x-ratelimit-limit"]) > int(before.headers["x-ratelimit-limit"])


def test_who_signed_out_is_refused_and_counted_as_nobody(world: World, api: Make, session: Session) -> None:
    good = api(True).get("/who", key=session.access_token)
    world.services.identity.sign_out(session.access_token)
    over = api(True).get("/who", key=session.access_token)
    assert (good.status, over.status) == (200, 401)
    assert int(over.headers["x-ratelimit-limit"]) < int(good.headers["x-ratelimit-limit"])


def test_tokens_that_cannot_be_checked_are_our_fault_and_keys_go_on(world: World, api: Make, session: Session) -> None:
    world.passwords.down = True
    assert api(True).get("/who", key=session.access_token).status == 503
    assert api(True).get("/who", key=world.tenant().secret).status == 200
