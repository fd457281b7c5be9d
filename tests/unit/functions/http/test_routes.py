"""Routes that are made late: found as FastAPI's are, made once they are needed, and never without what is around."""

import re
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Annotated, Any

import pytest
from fastapi import Query
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from functions.http.dialect import new_router
from functions.http.routes import LateRoute
from functions.http.schemas import Body


class Order(Body):
    """What is asked for."""

    name: str


async def endpoint(order: Order, limit: Annotated[int, Query(ge=1)] = 20) -> Order:
    """Take an order."""
    return order


def late(path: str = "/orders", **more: Any) -> LateRoute:
    return LateRoute(path, endpoint, methods=["POST"], **more)


def made(route: LateRoute) -> bool:
    return "app" in vars(route)


def scope_of(path: str, method: str = "POST", root_path: str = "") -> Scope:
    return {"type": "http", "method": method, "path": root_path + path, "root_path": root_path, "headers": []}


class Around:
    """What is put around a route."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise PermissionError


def test_a_route_of_a_dialect_is_made_late() -> None:
    router = new_router()
    router.post("/orders", response_model=Order)(endpoint)
    (route,) = router.routes
    assert isinstance(route, LateRoute)
    assert not made(route)
    assert (route.path, route.methods) == ("/orders", {"POST"})
    assert route.unique_id == "endpoint"
    assert made(route)


def test_finding_one_makes_none() -> None:
    routes = [late("/orders"), late("/orders/{order_id}"), late("/{rest:path}")]
    for route in routes:
        route.matches(scope_of("/orders/1"))
        route.matches(scope_of("/orders/1", "GET"))
    assert not any(made(route) for route in routes)


async def _nothing(*_: Any) -> Any:
    return None


async def test_a_wrong_method_makes_none() -> None:
    route = late()
    with pytest.raises(Exception, match="405"):
        await route.handle({**scope_of("/orders", "GET"), "app": None}, _nothing, _nothing)
    assert not made(route)


_PATHS = ("/", "/orders", "/orders/{order_id}", "/orders/{order_id}/lines/{line:int}", "/files/{name:path}", "/a.b")
_PARTS = st.sampled_from(["orders", "order", "lines", "files", "1", "a.b", "axb", "", "é", "{order_id}"])


@given(
    st.sampled_from(_PATHS),
    st.lists(_PARTS, max_size=5),
    st.sampled_from(["GET", "POST"]),
    st.sampled_from(["", "/v1"]),
)
def test_it_is_found_as_fastapis_own_is(path: str, parts: list[str], method: str, root_path: str) -> None:
    scope = scope_of("/" + "/".join(parts), method, root_path)
    (ours, told), (theirs, known) = late(path).matches(scope), APIRoute(path, endpoint, methods=["POST"]).matches(scope)
    assert ours == theirs
    assert told.get("path_params") == known.get("path_params")
    assert (ours is Match.NONE) == (not told)


def test_it_is_what_fastapis_own_is() -> None:
    asked: dict[str, Any] = {"response_model": Order, "tags": ["Orders"], "status_code": 201}
    ours, theirs = late(**asked), APIRoute("/orders", endpoint, methods=["POST"], **asked)
    assert callable(ours.app)
    assert vars(theirs).keys() <= vars(ours).keys()
    plain = {name for name, value in vars(theirs).items() if isinstance(value, str | int | list | set | type(None))}
    assert {"name", "description", "unique_id", "status_code", "tags", "methods", "path_format"} <= plain
    assert {name: getattr(ours, name) for name in plain} == {name: getattr(theirs, name) for name in plain}
    assert isinstance(ours.path_regex, re.Pattern)


def test_what_no_route_has_it_has_not() -> None:
    blank = LateRoute.__new__(LateRoute)
    for route in (blank, late(), made_one := late()):
        with pytest.raises(AttributeError, match="has no 'colour'"):
            _ = route.colour
    assert made(made_one)


@pytest.mark.parametrize("first", ["app", "dependant", "body_field", "unique_id", "description"])
def test_nobody_gets_past_what_is_around(first: str) -> None:
    bare = late()
    assert callable(bare.app)
    for route in (bare.guarded(Around), late().guarded(Around)):
        getattr(route, first)
        assert isinstance(route.app, Around)
        assert not isinstance(bare.app, Around)


def test_nor_while_several_make_it() -> None:
    for _ in range(20):
        route, together = late().guarded(Around), Barrier(4)
        seen: list[Any] = []

        def look(ask: Callable[[], Any], seen: list[Any] = seen, together: Barrier = together) -> None:
            together.wait()
            seen.append(ask())

        asks = [lambda route=route: route.app, lambda route=route: (route.dependant, route.app)[1]] * 2
        threads = [Thread(target=look, args=(ask,)) for ask in asks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(seen) == 4
        assert all(isinstance(app, Around) for app in seen)


def test_a_body_is_checked_without_a_warning() -> None:
    # Warnings are errors here: pydantic has one for the alias that FastAPI gives, when the check is made.
    field = late().body_field
    assert field is not None
    value, faults = field.validate({"name": "a"})
    assert (value, faults) == (Order(name="a"), [])
    assert field.validate({})[1][0]["type"] == "missing"
