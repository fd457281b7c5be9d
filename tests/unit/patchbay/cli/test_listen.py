"""`patchbay listen`: each event once, whatever order they are stored in, and handed on as a webhook would be."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

from functions.dialects.native.routes import DIALECT
from functions.http import app
from patchbay.cli import listen, run
from patchbay.cli.client import ApiError, Client
from patchbay.cli.listen import EVENTS_PATH, Feed, Forwarder, earlier, steadily, wanted
from patchbay.domain.ids import derived_id
from tests.fakes.clock import START
from tests.fakes.world import Tenant, World
from tests.unit.patchbay.cli.conftest import KEY, URL

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]


def event(at_s: float, name: str, kind: str = "job.queued") -> dict[str, Any]:
    when = START + timedelta(seconds=at_s)
    data = {"id": name, "name": "[song]"}
    told = {"version": "1", "id": f"{name}:{kind}", "type": kind, "tenant_id": "t", "time": when.isoformat()}
    return {**told, "data": data, "cursor": derived_id(when, name)}


class FakeEvents:
    """An API with nothing but events. `stored` may be added to at any time; `failures` come first."""

    def __init__(self) -> None:
        self.stored: list[dict[str, Any]] = []
        self.failures: list[httpx.Response | Exception] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return failure
        assert request.url.path == EVENTS_PATH
        query = request.url.params
        cursor, ascending, limit = query.get("cursor"), query["order"] == "asc", int(query["limit"])
        found = sorted(self.stored, key=lambda e: e["cursor"], reverse=not ascending)
        if cursor:
            found = [e for e in found if (e["cursor"] > cursor if ascending else e["cursor"] < cursor)]
        page = found[:limit]
        following = page[-1]["cursor"] if page else cursor
        return httpx.Response(200, json={"events": page, "next_cursor": following})


@pytest.fixture
def events() -> FakeEvents:
    return FakeEvents()


@pytest.fixture
def feed(events: FakeEvents) -> Iterator[Feed]:
    with Client(URL, KEY, transport=httpx.MockTransport(events), sleep=lambda seconds: None) as client:
        yield Feed(client)


def names(feed: Feed) -> list[str]:
    return [e["data"]["id"] for e in feed.look()]


def test_only_what_comes_from_now_on(feed: Feed, events: FakeEvents) -> None:
    events.stored = [event(-3600, "old"), event(-1, "last")]
    feed.begin()
    assert names(feed) == []
    events.stored.append(event(1, "new"))
    assert names(feed) == ["new"]
    assert names(feed) == []


def test_the_first_event_of_all(feed: Feed, events: FakeEvents) -> None:
    feed.begin()
    assert names(feed) == []
    events.stored.append(event(0, "first"))
    assert names(feed) == ["first"]


def test_many_at_once(feed: Feed, events: FakeEvents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listen, "PAGE", 3)
    feed.begin()
    events.stored = [event(n, str(n)) for n in range(10)]
    assert names(feed) == [str(n) for n in range(10)]


@settings(max_examples=40)
@given(rounds=st.lists(st.lists(st.floats(-25, 0), max_size=4), max_size=8))
def test_each_event_once_though_stored_late(rounds: list[list[float]]) -> None:
    """Events of round n happened up to 25 s before it, and so may lie below those of the two rounds before."""
    events = FakeEvents()
    events.stored = [event(-5, "before")]
    with Client(URL, KEY, transport=httpx.MockTransport(events)) as client:
        feed = Feed(client)
        feed.begin()
        for number, lags in enumerate(rounds):
            new = {f"{number}.{n}": event(number * 10 + lag, f"{number}.{n}") for n, lag in enumerate(lags)}
            events.stored += new.values()
            assert sorted(names(feed)) == sorted(new)
        assert len(feed._seen) <= len(events.stored)


def test_what_was_seen_is_forgotten_after_a_while(feed: Feed, events: FakeEvents) -> None:
    feed.begin()
    for n in range(20):
        events.stored.append(event(n * 30, str(n)))
        assert names(feed) == [str(n)]
    assert len(feed._seen) <= 3


def test_an_api_that_is_away_for_a_while_costs_no_event(feed: Feed, events: FakeEvents) -> None:
    feed.begin()
    notes: list[str] = []
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        events.stored.append(event(len(slept), str(len(slept))))

    events.failures = [*[httpx.ConnectError("refused")] * 8, httpx.Response(500)]
    stream = steadily(feed.look, notes.append, sleep)
    assert [next(stream)["data"]["id"] for _ in range(3)] == ["1", "2", "3"]
    assert slept == [1.0, 2.0, 4.0]
    events.stored.append(event(9, "9"))
    assert next(stream)["data"]["id"] == "9"
    assert notes == [f"{URL} does not answer: refused; trying again", "the API answers again"]


def test_a_key_that_ends_is_told(feed: Feed, events: FakeEvents) -> None:
    events.failures = [httpx.Response(401, json={"detail": "the API key is revoked"})]
    with pytest.raises(ApiError, match="revoked"):
        next(steadily(feed.look, print))


@pytest.mark.parametrize(
    ("asked", "fits"),
    [(None, True), (["*"], True), (["job.*"], True), (["job.failed", "job.queued"], True), (["asset.*"], False)],
)
def test_events_that_were_asked_for(asked: list[str] | None, fits: bool) -> None:
    assert wanted("job.queued", asked) is fits


def test_the_place_a_while_before() -> None:
    now = derived_id(START, "x")
    assert derived_id(START - timedelta(seconds=61), "y") < earlier(now, 60) < derived_id(START, "x")
    assert earlier(earlier(now, 60), 60) < derived_id(START - timedelta(seconds=119), "z")
    assert earlier("00000000-0000-7000-8000-000000000000", 60) == "00000000-0000-0000-0000-000000000000"


class Receiver:
    """A program on this machine: `taken` has the headers and body of each POST; `status` is what it answers."""

    def __init__(self) -> None:
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.taken.append((dict(self.headers.items()), body))
                self.send_response(receiver.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks"

    @contextmanager
    def serving(self) -> Iterator["Receiver"]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().serving() as made:
        yield made


def test_receivers_can_verify_what_they_get(deployment: Tenant, native_world: World, receiver: Receiver) -> None:
    told = event(0, "job-1")
    with Client(URL, deployment.secret) as client:
        hand = Forwarder(client, receiver.url)
        hand.begin()
        made = hand.send(told)
        hand.close()
    assert (made.status, made.error, made.taken) == (204, None, True)
    [(headers, body)] = receiver.taken
    secret = native_world.services.endpoints.application_secret(deployment.id, deployment.application.id)
    verified = Webhook(secret.current).verify(body, headers)
    assert verified == {name: value for name, value in told.items() if name != "cursor"}
    assert headers["webhook-id"] == told["cursor"]


def test_while_a_secret_is_replaced_both_verify(deployment: Tenant, native_world: World, receiver: Receiver) -> None:
    endpoints = native_world.services.endpoints
    secret = endpoints.application_secret(deployment.id, deployment.application.id)
    clock = [time.time()]
    with Client(URL, deployment.secret) as client:
        hand = Forwarder(client, receiver.url, now=lambda: clock[0])
        hand.begin()
        fresh = endpoints.rotate(deployment.id, deployment.application.id)
        clock[0] += listen.SECRET_KEPT_S + 1 - 100
        hand.send(event(0, "a"))
        clock[0] += 100
        native_world.records.down = True
        hand.send(event(0, "b"))
        native_world.records.down = False
        hand.send(event(0, "c"))
        hand.close()
    signatures = [headers["webhook-signature"].split() for headers, _ in receiver.taken]
    assert [len(made) for made in signatures] == [1, 1, 2], "an API that is away is no reason to stop"
    for text in (secret.current, fresh.current):
        assert (
            Webhook(text).sign(event(0, "c")["cursor"], _when(receiver), receiver.taken[2][1].decode())
            in (signatures[2])
        )


def test_what_a_receiver_refuses_is_told(deployment: Tenant, receiver: Receiver) -> None:
    receiver.status = 500
    with Client(URL, deployment.secret) as client:
        hand, nobody = Forwarder(client, receiver.url), Forwarder(client, "http://127.0.0.1:9/x")
        hand.begin()
        nobody.begin()
        assert (hand.send(event(0, "a")).status, hand.send(event(0, "a")).taken) == (500, False)
        made = nobody.send(event(0, "a"))
        hand.close()
        nobody.close()
    assert (made.status, made.taken) == (None, False)
    assert "refused" in (made.error or "")


@pytest.mark.parametrize("as_json", [True, False])
def test_the_command_prints_and_hands_on(
    deployment: Tenant,
    receiver: Receiver,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    as_json: bool,
) -> None:
    def stream(*_: Any) -> Iterator[dict[str, Any]]:
        yield event(0, "job-1", "job.succeeded")
        yield event(0, "asset-1", "asset.ready")
        receiver.status = 500
        yield event(1, "job-2", "job.failed")
        raise KeyboardInterrupt

    monkeypatch.setattr(listen, "steadily", stream)
    words = ["listen", "--forward", receiver.url, "--events", "job.*", "--url", URL, "--key", deployment.secret]
    assert run([*words, *(["--json"] if as_json else [])]) == 0
    printed = capsys.readouterr()
    assert printed.err.splitlines()[-1] == f"patchbay: 2 events, 1 of them taken by {receiver.url}"
    lines = printed.out.splitlines()
    assert len(lines) == len(receiver.taken) == 2
    if as_json:
        assert [json.loads(line)["forwarded"]["status"] for line in lines] == [204, 500]
        assert json.loads(lines[0])["data"]["id"] == "job-1"
    else:
        assert "job.succeeded  job-1  [song]  -> 204" in lines[0]
        assert "-> 500" in lines[1]


def _when(receiver: Receiver) -> Any:
    return datetime.fromtimestamp(int(receiver.taken[2][0]["webhook-timestamp"]), UTC)


@contextmanager
def served(port: int = 0) -> Iterator[int]:
    """Patchbay's own API on this machine; gives its port."""
    settings = uvicorn.Config(app.build(DIALECT), port=port, lifespan="off", ws="none", log_level="error")
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


@pytest.mark.slow
def test_ctrl_c_ends_it_well_and_a_restart_of_the_api_does_not(native_world: World, receiver: Receiver) -> None:
    ada = native_world.tenant()

    def happen(name: str) -> None:
        told = event(len(name), name)
        kept = {key: value for key, value in told.items() if key != "cursor"}
        native_world.services.notices.route({**kept, "tenant_id": ada.id})

    def until(what: str, lines: Any) -> str:
        for line in lines:
            if what in line:
                return str(line)
        raise AssertionError(f"the command ended without {what!r}")

    with served() as port:
        words = ["listen", "--forward", receiver.url, "--url", f"http://127.0.0.1:{port}", "--key", ada.secret]
        # Whoever runs the tests in the background of a shell has SIGINT ignored, which a child inherits.
        command = ["env", "--default-signal=INT", sys.executable, "-m", "patchbay.cli", *words]
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert process.stdout is not None
        assert process.stderr is not None
        until("listening", process.stderr)
        happen("a")
        assert "job.queued" in until(" a ", process.stdout)
    until("trying again", process.stderr)
    with served(port):
        happen("ab")
        until(" ab ", process.stdout)
        for _ in range(4):  # Python forgets one that comes while it clears an object away; people press again
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(15)
                break
        told = process.stderr.read()
        assert process.returncode == 0, told
    assert told.splitlines()[-1] == f"patchbay: 2 events, 2 of them taken by {receiver.url}"
    process.stdout.close()
    process.stderr.close()
    assert len(receiver.taken) == 2
