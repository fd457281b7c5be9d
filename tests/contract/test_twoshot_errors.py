"""What the TwoShot API says when something is wrong, on every route alike."""

import json
import re
from datetime import UTC, datetime

import pytest

from functions.dialects.twoshot.routes import DIALECT
from tests.fakes.gateway import Answer, Api
from tests.fakes.world import Tenant, World
from tests.support.twoshot import TIME, bearer, register, taken, told
from tests.support.twoshot_routes import ROUTES, Route

every_route = pytest.mark.parametrize("route", ROUTES, ids=str)
QUERY = [("ids", "x")]


def ask(api: Api, route: Route, body: bytes | None = None, **headers: str) -> Answer:
    sent = json.dumps(route.body()).encode() if body is None else body
    return api.call(route.method, route.filled(), query=QUERY, headers=headers, body=sent)


def test_the_documents_form(twoshot: Api) -> None:
    answer = twoshot.get("/sample", ("limit", "1000"))
    body = answer.json()
    DIALECT.error_model.model_validate(body)
    assert re.fullmatch(TIME, body["timestamp"])
    when = datetime.strptime(body["timestamp"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - when).total_seconds()) < 60
    assert (body["code"], body["path"], body["details"]["field"]) == ("VALIDATION_ERROR", "/sample", "limit")
    (fault,) = body["details"]["fields"]
    assert fault == {"field": "limit", "message": "input should be less than or equal to 100"}


@every_route
def test_a_key_is_needed_but_where_anybody_may_look(twoshot: Api, ada: Tenant, route: Route) -> None:
    answer = ask(twoshot.with_key(None), route)
    if route.open:
        assert answer.status in {200, 201, 400, 401, 404}
        assert route.path in DIALECT.public or answer.status != 401
    else:
        told(answer, 401, "UNAUTHORIZED")


@every_route
def test_a_key_that_is_not_good_is_told_so_even_where_none_is_needed(twoshot: Api, ada: Tenant, route: Route) -> None:
    if route.path in DIALECT.public:
        return
    words = set()
    for headers in (
        {"authorization": "Bearer x"},
        {"authorization": f"Bearer {ada.secret[:-1]}"},
        {"authorization": "Bearer eyJ.eyJ.x"},
        {"x_api_key": "pb_x"},
    ):
        words.add(told(ask(twoshot.with_key(None), route, b"{nonsense", **headers), 401, "UNAUTHORIZED"))
    assert len(words) <= 2, "one sentence for keys, one for tokens"


@every_route
def test_a_key_may_be_held_to_reading(twoshot: Api, ada: Tenant, world: World, route: Route) -> None:
    _, secret = world.services.accounts.create_key(ada.application, scopes=["read"])
    answer = ask(twoshot.with_key(f"Bearer {secret}"), route)
    refused = route.writes and route.path not in DIALECT.public
    assert (answer.status == 403) is refused, answer.text
    if refused:
        told(answer, 403, "FORBIDDEN")


@every_route
def test_the_store_is_down(twoshot: Api, world: World, route: Route) -> None:
    world.records.down = True
    needs_none = route.path.startswith("/licence") and route.method == "GET"
    answer = ask(twoshot.with_key(None) if needs_none else twoshot, route)
    if needs_none:
        assert answer.status in {200, 404}, "licences are in the code"
    elif route.path in DIALECT.public:
        assert answer.status in {200, 401, 503}, answer.text
    else:
        told(answer, 503, "UNAVAILABLE")


@pytest.mark.parametrize("route", [r for r in ROUTES if r.method in {"POST", "PATCH"}], ids=str)
def test_bodies_that_are_nothing(twoshot: Api, world: World, route: Route) -> None:
    taken(twoshot.get("/user"))
    before = dict(world.records.items)
    for body in (b"{", b"\xff", b'{"name": NaN}', b'{"name": "\\ud800"}', b"[]", b"null", b'"x"', b"{}"):
        answer = ask(twoshot, route, body)
        # What takes no body, or looks for its sample first, may find that there is none.
        bare = ("/follow", "/like", "/logout", "/art", "}/render", "/clone", "/restore", "/verify/resend", "/tag/{tag}")
        others = {401, 404} if route.path.endswith(bare) else set()
        assert answer.status in {400, *others}, answer.text
        assert answer.json()["code"] in {"VALIDATION_ERROR", "UNAUTHORIZED", "NOT_FOUND"}
    assert world.records.items == before


@every_route
def test_bodies_that_are_too_large(twoshot: Api, route: Route) -> None:
    if route.method in {"GET", "DELETE"} or route.path in DIALECT.streamed:
        return
    told(ask(twoshot, route, content_length=str(DIALECT.limits.max_body_bytes + 1)), 413, "TOO_LARGE")


@pytest.mark.parametrize(
    "path", ["/", "/auth", "/samples", "/sample/1/2/3", "/tag", "/audio/a/b", "/user/1/x", "/project/1/2"]
)
def test_an_unknown_path(twoshot: Api, path: str) -> None:
    for api in (twoshot, twoshot.with_key(None)):
        told(api.get(path), 404, "NOT_FOUND")


def test_a_method_that_a_path_does_not_take(twoshot: Api) -> None:
    answer = twoshot.call("PUT", "/user/instagram")
    told(answer, 405, "METHOD_NOT_ALLOWED")
    assert "PATCH" in answer.headers["allow"]


def test_a_slash_at_the_end_makes_no_difference(twoshot: Api) -> None:
    for path in ("/user", "/sample", "/audio", "/licence", "/tag/explore"):
        assert twoshot.get(path + "/").status == 200


def test_a_fault_of_ours_leaks_nothing(twoshot: Api, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.records, "query", lambda *args, **more: 1 / 0)
    assert "division" not in told(twoshot.get("/audio"), 500, "INTERNAL_ERROR")


def test_one_too_many(twoshot: Api, world: World) -> None:
    object.__setattr__(world.services.rate_limits, "scale", 0.001)
    api = bearer(twoshot, register(twoshot))
    taken(api.get("/user"))
    answer = api.get("/user")
    assert "1 requests in 3600 s" in told(answer, 429, "RATE_LIMITED")
    assert (answer.headers["x-ratelimit-limit"], answer.headers["x-ratelimit-remaining"]) == ("1", "0")
    reset, now_s = int(answer.headers["x-ratelimit-reset"]), world.clock.now().timestamp()
    assert 0 < reset - now_s <= 3600
    assert int(answer.headers["retry-after"]) == reset - int(now_s)


@pytest.mark.parametrize(("plan", "requests"), [(None, 100), ("standard", 1000), ("premium", 5000)])
def test_the_documents_limits(twoshot: Api, ada: Tenant, world: World, plan: str | None, requests: int) -> None:
    object.__setattr__(world.services.rate_limits, "scale", 1)
    if plan == "premium":
        world.services.accounts.set_plan(ada.id, "premium")
    headers = (twoshot if plan else twoshot.with_key(None)).get("/sample").headers
    assert (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == (str(requests), str(requests - 1))


def test_tokens_and_keys_of_a_user_are_counted_together(twoshot: Api, world: World) -> None:
    session = register(twoshot)
    user = world.services.accounts.find_user(session["user"]["email"])
    assert user is not None
    _, secret = world.services.accounts.create_key(world.services.accounts.applications(user.id)[0])
    by_token = bearer(twoshot, session).get("/user").headers["x-ratelimit-remaining"]
    by_key = twoshot.with_key(f"Bearer {secret}").get("/user").headers["x-ratelimit-remaining"]
    assert int(by_token) - int(by_key) == 1


@every_route
def test_a_browser_may_ask(twoshot: Api, route: Route) -> None:
    asked = {"origin": "https://studio.example", "access-control-request-method": route.method}
    answer = twoshot.with_key(None).call("OPTIONS", route.filled(), headers=asked)
    assert answer.status == 204
    assert route.method in answer.headers["access-control-allow-methods"]
    assert {"authorization", "x-api-key", "content-type"} <= set(
        re.split(r",\s*", answer.headers["access-control-allow-headers"])
    )
    assert ask(twoshot, route).headers["access-control-allow-origin"] == "*"
