"""What holds for every list, and for every thing that has an id."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.dialects.native.paging import cut, walked
from functions.dialects.native.routes import DIALECT
from functions.http.handler import lambda_handler
from functions.http.openapi import document
from patchbay import bootstrap
from patchbay.domain.ids import new_id
from tests.contract.test_native import BASE, NO_ID, patch, told
from tests.contract.test_native_webhooks import route_all
from tests.fakes.gateway import Answer, Api
from tests.fakes.world import Tenant, World

LISTS = ["applications", "keys", "jobs", "assets", "webhooks", "notices", "events"]


def fill(world: World, tenant: Tenant, count: int) -> None:
    """`count` more things in every list."""
    services = world.services
    for number in range(count):
        services.accounts.create_application(tenant.id, str(number))
        services.accounts.create_key(tenant.application)
        services.endpoints.create(tenant.id, "https://hooks.example.org", ("*",))
        world.order(tenant, batch_name="ab"[number % 2], dialect=("native", "musicai")[number % 2])
        world.clock.advance(seconds=1)
    route_all(world)


def walk(api: Api, name: str, limit: int, *query: tuple[str, str]) -> list[dict[str, Any]]:
    """A whole list, page by page."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        more = [("cursor", cursor)] if cursor else []
        page = api.get(f"{BASE}/{name}", ("limit", str(limit)), *query, *more).json()
        assert len(page[name]) <= limit
        found += page[name]
        cursor = page["next_cursor"]
        if cursor is None or (("order", "asc") in query and not page[name]):
            return found


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(0, 7), limit=st.integers(1, 9))
def test_a_cursor_walks_the_whole_list_without_gaps_or_repeats(
    monkeypatch: pytest.MonkeyPatch, count: int, limit: int
) -> None:
    world = World()
    ada, bob = world.tenant(), world.tenant("bob@example.org")
    fill(world, ada, count)
    fill(world, bob, 2)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        with monkeypatch.context() as patched:
            patched.setattr(bootstrap, "services", lambda: world.services)
            api = Api(lambda_handler(DIALECT), f"Bearer {ada.secret}")
            for name in LISTS:
                found = walk(api, name, limit)
                assert found == api.get(f"{BASE}/{name}", ("limit", "200")).json()[name]
                ids = [thing["id"] for thing in found]
                assert len(set(ids)) == len(ids)
                order = [thing.get("cursor") or thing["id"] for thing in found]
                assert order == sorted(order, reverse=name not in {"applications", "webhooks"})
            counts = {name: len(walk(api, name, limit)) for name in LISTS}
            assert [counts[n] for n in ("applications", "keys", "jobs", "assets")] == [
                count + 1,
                count + 1,
                count,
                count,
            ]
            assert walk(api, "events", limit, ("order", "asc")) == walk(api, "events", limit)[::-1]
            for query in (("dialect", "native"), ("batch_name", "a"), ("state", "queued"), ("workflow", "x")):
                field = query[0]
                expected = [job for job in walk(api, "jobs", 200) if job[field] == query[1]]
                assert walk(api, "jobs", limit, query) == expected
    finally:
        asyncio.set_event_loop(None)
        loop.close()


@given(
    things=st.lists(st.booleans(), max_size=60),
    limit=st.integers(1, 20),
    block=st.integers(1, 8),
    most=st.integers(1, 30),
    choosing=st.booleans(),
)
def test_pages_of_a_chosen_few(things: list[bool], limit: int, block: int, most: int, choosing: bool) -> None:
    stored = [(new_id(), fits) for fits in things][::-1]
    reads: list[int] = []

    def read(count: int, before: str | None) -> list[tuple[str, bool]]:
        found = [thing for thing in stored if before is None or thing[0] < before][: min(count, block)]
        reads.append(len(found))
        return found

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("functions.dialects.native.paging.LOOKED_AT", most)
        pages, cursor = [], None
        for _ in range(len(things) + 2):
            reads.clear()
            chosen: Callable[[tuple[str, bool]], bool] | None = (lambda thing: thing[1]) if choosing else None
            page, cursor = walked(read, lambda thing: thing[0], limit, cursor, chosen)
            assert len(page) <= limit
            assert sum(reads) < most + block
            pages += page
            if cursor is None:
                break
    assert cursor is None
    assert pages == [thing for thing in stored if thing[1] or not choosing]


def test_a_page_of_a_short_list_goes_on_past_what_is_gone() -> None:
    assert cut(["a", "b", "c"], str, 2, None) == (["a", "b"], "b")
    assert cut(["a", "c"], str, 2, "b") == (["c"], None)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_refuses_what_is_no_cursor_and_no_limit(native: Api, name: str) -> None:
    path = f"{BASE}/{name}"
    problem = told(native.get(path, ("cursor", "x"), ("limit", "0")), 422, "invalid-fields", "limit", "cursor")
    assert problem["errors"][1]["message"] == "that is no cursor of a page before"
    told(native.get(path, ("limit", "201")), 422, "invalid-fields", "limit")


def test_the_catalogues_lists_are_walked_by_name(native: Api) -> None:
    for name, id_of in (("models", "name"), ("workflows", "slug")):
        whole = native.get(f"{BASE}/{name}", ("limit", "200")).json()
        assert whole["next_cursor"] is None
        names = [thing[id_of] for thing in whole[name]]
        assert len(names) > 5
        assert names == sorted(set(names))
        for limit in (1, 3, len(names) - 1, len(names), len(names) + 1):
            assert walk(native, name, limit) == whole[name]
        path = f"{BASE}/{name}"
        assert native.get(path, ("cursor", f"{names[0]}-gone")).json()[name] == whole[name][1:50], "one that is gone"
        for cursor in ("A", "../x", "a b", "x" * 65, ""):
            told(native.get(path, ("cursor", cursor), ("limit", "0")), 422, "invalid-fields", "limit", "cursor")


def test_every_list_has_pages() -> None:
    """Whatever answers with a list tells where it goes on, and takes a limit and a cursor; months and days do not."""
    told_of, lists, by_time = document(DIALECT), set(), {"Usage", "Costs"}
    schemas = told_of["components"]["schemas"]
    for path, methods in told_of["paths"].items():
        content = methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        name = content.get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
        fields = schemas.get(name, {}).get("properties", {})
        if "{" in path or not any(field.get("type") == "array" for field in fields.values()) or name in by_time:
            continue
        lists.add(path.rpartition("/")[2])
        assert {"limit", "cursor"} <= {given["name"] for given in methods["get"]["parameters"]}, path
        assert "next_cursor" in fields, path
    assert lists == {*LISTS, "models", "workflows"}


THINGS: list[tuple[str, str, object]] = [
    ("GET", "applications/{application}", b""),
    ("PATCH", "applications/{application}", {"name": "x"}),
    ("GET", "keys/{key}", b""),
    ("POST", "keys/{key}/rotate", {}),
    ("DELETE", "keys/{key}", b""),
    ("GET", "webhooks/{webhook}", b""),
    ("PATCH", "webhooks/{webhook}", {"description": "x"}),
    ("DELETE", "webhooks/{webhook}", b""),
    ("GET", "webhooks/{webhook}/secret", b""),
    ("POST", "webhooks/{webhook}/rotate", {}),
    ("POST", "webhooks/{webhook}/test", {}),
    ("GET", "notices/{notice}", b""),
    ("POST", "notices/{notice}/replay", {}),
    ("GET", "jobs/{job}", b""),
    ("POST", "jobs/{job}/cancel", {}),
    ("DELETE", "jobs/{job}", b""),
    ("GET", "assets/{asset}", b""),
    ("PATCH", "assets/{asset}", {"keep_until": None}),
    ("DELETE", "assets/{asset}", b""),
    ("POST", "uploads/{asset}/complete", {"upload_id": "x", "etags": ["x"]}),
]


def ask(api: Api, method: str, path: str, body: object) -> Answer:
    if method == "POST":
        return api.post(path, body)
    return patch(api, path, body) if method == "PATCH" else api.call(method, path)


@pytest.mark.parametrize(("method", "place", "body"), THINGS)
def test_what_is_not_there_or_anothers_is_not_found(
    native: Api, world: World, bob: Tenant, method: str, place: str, body: object
) -> None:
    fill(world, bob, 1)
    theirs = native.with_key(f"Bearer {bob.secret}")

    def last(name: str) -> str:
        return str(theirs.get(f"{BASE}/{name}").json()[name][-1]["id"])

    there = {name: last(f"{name}s") for name in ("application", "key", "webhook", "notice", "job", "asset")}
    before = dict(world.records.items)
    for path in (
        place.format(**there),
        place.format(**dict.fromkeys(there, NO_ID)),
        place.format(**dict.fromkeys(there, "x")),
    ):
        told(ask(native, method, f"{BASE}/{path}", body), 404, "not-found")
    assert world.records.items == before, "nothing of another tenant's was touched"


def test_every_route_with_an_id_is_among_these() -> None:
    """A new route cannot be forgotten here."""
    wanted = {
        (method, route.path.removeprefix(f"{BASE}/").replace("_id}", "}"))  # type: ignore[attr-defined]
        for route in DIALECT.router.routes
        for method in route.methods  # type: ignore[attr-defined]
        if "_id}" in route.path  # type: ignore[attr-defined]
    }
    assert wanted == {(method, place) for method, place, _ in THINGS}
