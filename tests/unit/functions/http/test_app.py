"""The app of a dialect, by the smallest dialect there is."""

import asyncio
import logging
from collections.abc import Iterator

import pytest
from fastapi import APIRouter
from pydantic import BaseModel
from starlette.routing import Route
from starlette.types import Message, Scope

from functions.http import app
from functions.http.dialect import Dialect, ErrorEntry, new_router
from functions.http.handler import lambda_handler
from patchbay.domain.errors import FetchRefused, InvalidInput, PatchbayError, Unauthenticated
from tests.fakes.gateway import Api
from tests.fakes.world import World


class Error(BaseModel):
    """An error of the smallest dialect."""

    said: str


def smallest(router: APIRouter) -> Dialect:
    errors = {
        PatchbayError: ErrorEntry(500, "other", "Other"),
        InvalidInput: ErrorEntry(400, "input", "Input"),
        Unauthenticated: ErrorEntry(401, "key", "Key"),
    }
    return Dialect(
        name="smallest",
        title="Smallest",
        router=router,
        find_key=lambda headers: headers.get("key"),
        errors=errors,
        shape=lambda problem: {"said": f"{problem.code} {problem.message}"},
        error_model=Error,
        public=frozenset({"/open", "/fails", "/refuses", "/posts"}),
    )


@pytest.fixture
def api(world: World) -> Iterator[Api]:
    router = new_router()

    @router.get("/open")
    async def opened() -> str:
        return "é"

    @router.get("/closed")
    async def closed() -> str:
        return "never"

    @router.get("/fails")
    async def fails() -> None:
        raise RuntimeError("secret")

    @router.get("/refuses")
    async def refuses() -> None:
        raise FetchRefused("no \ud800")

    @router.post("/posts")
    async def posts(body: dict[str, int]) -> dict[str, int]:
        return body

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield Api(lambda_handler(smallest(router)))
    asyncio.set_event_loop(None)
    loop.close()


def test_a_route_that_nobody_called_public_needs_a_key(api: Api) -> None:
    assert api.get("/open").json() == "é"
    assert api.get("/closed").status == 401


def test_an_error_without_an_entry_answers_as_its_nearest_base(api: Api) -> None:
    answer = api.get("/refuses")
    assert (answer.status, answer.json()) == (500, {"said": "other no ?"})


def test_an_unhandled_error_is_logged_once_and_told_to_nobody(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        answer = api.get("/fails")
    assert answer.status == 500
    assert "secret" not in answer.text
    ours = [record for record in caplog.records if record.name == "functions.http.app"]
    assert len(ours) == 1
    assert ours[0].exc_info is not None
    assert "RuntimeError" in caplog.text


def test_a_body_is_checked_then_read(api: Api) -> None:
    assert api.post("/posts", {"a": 1}).json() == {"a": 1}
    assert api.post("/posts", {"a": "x"}).json()["said"].startswith("input a: input should be a valid integer")


def test_only_api_routes_are_taken() -> None:
    router = new_router()
    router.routes.append(Route("/plain", lambda request: None))
    with pytest.raises(TypeError):
        app.build(smallest(router))


def test_building_twice_guards_once() -> None:
    router = new_router()

    @router.get("/open")
    async def opened() -> None: ...

    before = router.routes[0].app  # type: ignore[attr-defined]
    app.build(smallest(router))
    app.build(smallest(router))
    assert router.routes[0].app is before  # type: ignore[attr-defined]


async def test_what_is_not_http_goes_through() -> None:
    seen: list[Message] = []
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        seen.append(message)

    scope: Scope = {"type": "lifespan", "state": {}}
    await app.build(smallest(new_router()))(scope, receive, send)
    assert [message["type"] for message in seen] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@pytest.mark.parametrize("part", ["accounts", "rate_limits"])
def test_a_fault_before_the_route_is_told_like_any_other(
    api: Api, world: World, part: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.services.__dict__[part] = None
    answer = api.get("/open")
    assert (answer.status, answer.json()["said"][:6]) == (500, "other ")
    assert "NoneType" not in answer.text
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == ["unhandled error"]
