"""Quotas of requests, in every dialect alike: who is counted, what is told, what happens to one too many."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from functions.entrypoints.openapi import dialect as dialect_of
from functions.http.dialect import Dialect
from functions.http.handler import lambda_handler
from functions.http.limits import Quotas
from functions.http.limits import address as address_of
from patchbay import bootstrap
from patchbay.adapters.aws import clients
from patchbay.catalog.dialects import DIALECTS
from patchbay.core import tracing
from patchbay.core.limits import Quota, RateLimits
from patchbay.domain.errors import Unavailable
from patchbay.domain.traces import Span
from patchbay.settings import Settings
from tests.fakes.gateway import Answer, Api, event
from tests.fakes.world import Tenant, World

LIMIT, LEFT, RESET = "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"
SCHEMES = {
    "musicai": "",
    "beatoven": "api_key ",
    **dict.fromkeys(("audioshake", "twoshot", "soundforge", "native"), "Bearer "),
}
A_LIST = {
    "musicai": "/v1/job",
    "audioshake": "/tasks",
    "beatoven": "/api/v1/tracks",
    "twoshot": "/audio",
    "soundforge": "/api/tracks",
    "native": "/patchbay/v1/jobs",
}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """One in which requests are counted as in a stage."""
    made = World(Settings(stage="test"))
    monkeypatch.setattr(bootstrap, "services", lambda: made.services)
    return made


@dataclass(frozen=True)
class Spoken:
    """A dialect with a client of it."""

    dialect: Dialect
    api: Api
    path: str

    def ask(self, times: int = 1, api: Api | None = None) -> Answer:
        return [(api or self.api).get(self.path) for _ in range(times)][-1]

    def of(self, tenant: Tenant) -> Api:
        return self.api.with_key(SCHEMES[self.dialect.name] + tenant.secret)


@pytest.fixture(params=[entry.name for entry in DIALECTS])
def spoken(request: pytest.FixtureRequest, ada: Tenant, loop: None) -> Spoken:
    name = request.param
    dialect = dialect_of(name)
    return Spoken(dialect, Api(lambda_handler(dialect), SCHEMES[name] + ada.secret), A_LIST[name])


def quotas(spoken: Spoken) -> Quotas:
    return spoken.dialect.quotas


def test_every_answer_tells_where_one_stands(spoken: Spoken, world: World) -> None:
    quota = quotas(spoken).known
    first, second = spoken.ask(), spoken.ask()
    assert (first.status, first.headers[LIMIT], first.headers[LEFT]) == (
        200,
        str(quota.requests),
        str(quota.requests - 1),
    )
    assert int(second.headers[LEFT]) == quota.requests - 2
    now_s = world.clock.now().timestamp()
    assert now_s < int(second.headers[RESET]) <= now_s + quota.window_s
    missing = spoken.api.get(spoken.path.rpartition("/")[0] + "/nowhere")
    wrong_method = spoken.api.delete(spoken.path)
    assert (missing.status, wrong_method.status) == (404, 405)
    assert int(wrong_method.headers[LEFT]) == quota.requests - 4
    assert LIMIT in wrong_method.headers["access-control-expose-headers"]


def test_one_too_many_is_sent_away_until_the_next_window(spoken: Spoken, world: World) -> None:
    quota = quotas(spoken).known
    assert spoken.ask(quota.requests).status == 200
    refused = spoken.ask()
    assert refused.status == 429
    assert refused.headers["content-type"].startswith(spoken.dialect.error_media_type)
    spoken.dialect.error_model.model_validate(refused.json())
    wait_s = int(refused.headers["retry-after"])
    assert f"{quota.requests} requests" in json.dumps(refused.json())
    assert (refused.headers[LEFT], 1 <= wait_s <= quota.window_s) == ("0", True)
    world.clock.advance(seconds=wait_s)
    assert spoken.ask().status == 200


def test_nothing_is_done_for_a_request_too_many(spoken: Spoken, world: World) -> None:
    spoken.ask(quotas(spoken).known.requests)
    before = dict(world.records.items)
    for path in (spoken.path, spoken.path + "/x"):
        assert spoken.api.post(path, {}).status == 429
    assert world.records.items == before


def test_one_user_with_many_keys_is_one_user(spoken: Spoken, world: World, ada: Tenant, bob: Tenant) -> None:
    _, secret = world.services.accounts.create_key(ada.application)
    spoken.ask(quotas(spoken).known.requests)
    other = spoken.api.with_key(SCHEMES[spoken.dialect.name] + secret)
    assert spoken.ask(api=other).status == 429
    assert spoken.ask(api=spoken.of(bob)).status == 200


def test_premium_may_more(spoken: Spoken, world: World, ada: Tenant) -> None:
    world.services.accounts.set_plan(ada.id, "premium")
    answer = spoken.ask(quotas(spoken).known.requests + 1)
    assert (answer.status, answer.headers[LIMIT]) == (200, str(quotas(spoken).premium.requests))
    world.services.accounts.set_plan(ada.id, "standard")
    assert spoken.ask().status == 429


@pytest.mark.parametrize("key", [None, "wrong", "pb_wrong", "Bearer pb_wrong", "api_key "])
def test_who_is_not_known_is_counted_by_address(spoken: Spoken, key: str | None) -> None:
    stranger, quota = spoken.api.with_key(key), quotas(spoken).anonymous
    first = stranger.get(spoken.path)
    assert (first.status, first.headers[LIMIT]) == (401, str(quota.requests))
    assert spoken.ask(quota.requests, stranger).status == 429
    assert spoken.ask(api=spoken.api.with_key("pb_another")).status == 429, "guessing keys is no way around it"
    assert spoken.ask().status == 200, "whoever is known is not held to it"


def test_a_browsers_preflight_is_not_counted(spoken: Spoken) -> None:
    asked = {"origin": "https://studio.example", "access-control-request-method": "POST"}
    for _ in range(3):
        assert spoken.api.call("OPTIONS", spoken.path, headers=asked).status == 204
    assert int(spoken.ask().headers[LEFT]) == quotas(spoken).known.requests - 1


def test_a_table_that_is_down_is_told_as_ever(spoken: Spoken, world: World) -> None:
    world.records.down = True
    answer = spoken.ask()
    assert answer.status in {500, 503}
    assert LIMIT not in answer.headers


def test_a_count_that_fails_refuses_nobody(spoken: Spoken, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    add = world.records.add

    def broken(*args: object, **more: object) -> int:
        world.records.down = True
        try:
            return add(*args, **more)  # type: ignore[arg-type]
        finally:
            world.records.down = False

    monkeypatch.setattr(world.records, "add", broken)
    answer = spoken.ask()
    assert answer.status == 200
    assert LIMIT not in answer.headers


def test_dialects_are_counted_apart(world: World, ada: Tenant, loop: None) -> None:
    left = set()
    for entry in DIALECTS:
        dialect = dialect_of(entry.name)
        api = Api(lambda_handler(dialect), SCHEMES[entry.name] + ada.secret)
        left.add(dialect.quotas.known.requests - int(api.get(A_LIST[entry.name]).headers[LEFT]))
    assert left == {1}


def test_audioshakes_own_rule_is_per_second(world: World, ada: Tenant, loop: None) -> None:
    assert dialect_of("audioshake").quotas.known == Quota(60, 1)


@pytest.mark.parametrize(
    ("addresses", "same"),
    [
        (("192.0.2.1", "192.0.2.1"), True),
        (("192.0.2.1", "192.0.2.2"), False),
        (("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"), True),
        (("2001:db8:1:2::1", "2001:db8:1:3::1"), False),
        (("::ffff:192.0.2.1", "192.0.2.1"), True),
        (("not an address", "not an address"), True),
        (("", "unknown"), True),
    ],
)
def test_whose_addresses_are_one(world: World, ada: Tenant, loop: None, addresses: tuple[str, str], same: bool) -> None:
    handler = lambda_handler(dialect_of("native"))
    left = []
    for address in addresses:
        told = event("GET", "/openapi/native.json")
        told["requestContext"]["http"]["sourceIp"] = address
        left.append(int(handler(told, None)["headers"][LEFT]))
    assert (left[0] - left[1] == 1) is same


def test_what_a_client_says_of_its_address_counts_for_nothing(world: World, loop: None) -> None:
    api, left = Api(lambda_handler(dialect_of("native"))), []
    for n in range(3):
        answer = api.get("/openapi/native.json", x_forwarded_for=f"198.51.100.{n}", forwarded=f"for=1.2.3.{n}")
        left.append(int(answer.headers[LEFT]))
    assert left[0] - left[2] == 2


@pytest.mark.parametrize(
    ("door", "counted"),
    [("the secret", "203.0.113.9"), ("another", "192.0.2.7"), ("", "192.0.2.7"), ("\xfc", "192.0.2.7")],
)
def test_only_the_stages_own_door_is_believed_whose_request_it_is(
    world: World, loop: None, door: str, counted: str
) -> None:
    told = world.services.settings.model_copy(update={"door_secret": "the secret"})
    object.__setattr__(world.services, "settings", told)
    scope = {
        "type": "http",
        "client": ("192.0.2.7", 1),
        "headers": [(b"x-patchbay-door", door.encode("latin-1")), (b"x-patchbay-viewer", b"203.0.113.9")],
    }
    assert address_of(scope) == counted
    object.__setattr__(world.services, "settings", told.model_copy(update={"door_secret": ""}))
    assert address_of(scope) == "192.0.2.7"


@dataclass
class Secrets:
    """Secrets Manager: the door's secret is the last word of the name that it is asked for."""

    down: tuple[str, ...] = ()
    asked: int = 0

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803
        self.asked += 1
        if SecretId in self.down:
            raise EndpointConnectionError(endpoint_url="https://secretsmanager.example")
        return {"SecretString": json.dumps({"door_secret": SecretId.rpartition("/")[2]})}


@pytest.fixture
def secrets(world: World, monkeypatch: pytest.MonkeyPatch) -> Secrets:
    """Of a stage whose door goes over from one secret to another."""
    made = Secrets()
    monkeypatch.setattr(clients, "brief_client", lambda service: made)
    told = world.services.settings.model_copy(update={"secrets": "stage/now", "secrets_before": "stage/before"})
    object.__setattr__(world.services, "settings", told)
    return made


def through(door: str) -> dict[str, Any]:
    shown = [(b"x-patchbay-door", door.encode()), (b"x-patchbay-viewer", b"203.0.113.9")]
    return {"type": "http", "client": ("192.0.2.7", 1), "headers": shown}


def test_while_the_doors_secret_turns_both_are_believed(secrets: Secrets) -> None:
    assert [address_of(through(door)) for door in ("now", "before")] == ["203.0.113.9"] * 2
    assert [address_of(through(door)) for door in ("before that", "nowbefore", "now,before")] == ["192.0.2.7"] * 3


def test_who_shows_the_new_one_needs_the_old_one_no_more(secrets: Secrets) -> None:
    secrets.down = ("stage/before",)
    assert address_of(through("now")) == "203.0.113.9"
    assert secrets.asked == 1
    with pytest.raises(Unavailable):
        address_of(through("before"))


def test_secrets_that_cannot_be_read_are_told_in_the_dialects_words_and_asked_for_anew(
    spoken: Spoken, secrets: Secrets
) -> None:
    secrets.down = ("stage/now", "stage/before")
    nobody = spoken.api.with_key(None)
    for tries in (1, 2):
        refused = nobody.get(spoken.path, x_patchbay_door="now")
        wanted = spoken.dialect.entry(Unavailable)
        assert refused.status == wanted.status
        assert refused.status == 503 or spoken.dialect.name == "beatoven", "whose clients know no such status"
        spoken.dialect.error_model.model_validate(refused.json())
        assert refused.headers["retry-after"] == "5"
        assert "operator" in refused.text
        assert secrets.asked == tries, "what failed is not remembered"
    assert spoken.ask().status == 200, "who has a key is not asked through which door he came"
    secrets.down = ()
    answer = nobody.get(spoken.path, x_patchbay_door="now")
    assert (answer.status, answer.headers[LIMIT]) == (401, str(spoken.dialect.quotas.anonymous.requests))


def test_a_route_that_needs_no_key_counts_addresses_whoever_asks(world: World, ada: Tenant, loop: None) -> None:
    """Or everybody who registers would have bought himself more registrations."""
    api = Api(lambda_handler(dialect_of("twoshot")), SCHEMES["twoshot"] + ada.secret)
    answer = api.post("/auth/login", {"email": "nobody@example.org", "password": "wrong password"})
    assert (answer.status, answer.headers[LIMIT]) == (401, str(dialect_of("twoshot").quotas.anonymous.requests))


TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_only_who_is_known_and_asks_no_more_than_he_may_says_that_his_trace_is_recorded(
    world: World, ada: Tenant, loop: None
) -> None:
    world.services.__dict__["rate_limits"] = RateLimits(world.records, world.clock, 0.001)  # one request in a minute
    api, spans = Api(lambda_handler(dialect_of("native")), SCHEMES["native"] + ada.secret), list[Span]()
    tracing.record_to(spans.append, ratio=0.0)
    try:
        assert api.with_key(None).get(A_LIST["native"], traceparent=TRACE).status == 401
        assert spans == []
        assert api.get(A_LIST["native"], traceparent=TRACE).status == 200
        assert [span.parent_id for span in spans] == [TRACE.split("-")[2]]
        assert api.get(A_LIST["native"], traceparent=TRACE).status == 429
        assert len(spans) == 1
    finally:
        tracing.record_to(None)
