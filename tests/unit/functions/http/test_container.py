"""What a container on ECS tells its surroundings."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from functions.http import container
from functions.http.container import COUNTED_S, PROTECTED_MIN, RENEWED_S, Keeper
from functions.http.pace import Pace

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
TAKEN = {"protection": {"ProtectionEnabled": True}}
REFUSED = {"failure": {"Reason": "DEPLOYMENT_BLOCKED"}}
OFF = {"ProtectionEnabled": False}
ON = {"ProtectionEnabled": True, "ExpiresInMinutes": PROTECTED_MIN}


class Agent(ThreadingHTTPServer):
    """The agent of ECS, as the Developer Guide has it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.asked: list[dict[str, object]] = []
        self.answer: object = TAKEN


class _Asked(BaseHTTPRequestHandler):
    server: Agent

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Nothing."""

    def do_PUT(self) -> None:
        assert self.path == "/task-protection/v1/state"
        self.server.asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        body = json.dumps(self.server.answer).encode()
        self.send_response(200 if "protection" in body.decode() else 400)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def agent() -> Iterator[Agent]:
    with _serving() as made:
        yield made


@contextmanager
def _serving() -> Iterator[Agent]:
    server = Agent()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


class Running:
    """A service, and its clock."""

    def __init__(self, agent: Agent) -> None:
        self.count, self.now_s = 0, 1000.0
        url = f"http://127.0.0.1:{agent.server_address[1]}"
        self.keeper = Keeper(lambda: self.count, url, now=lambda: self.now_s)

    def look(self, count: int, after_s: float = 5.0) -> None:
        self.count, self.now_s = count, self.now_s + after_s
        self.keeper.look()


def test_a_task_is_left_alone_while_something_is_under_way(agent: Agent) -> None:
    running = Running(agent)
    running.look(0)
    assert agent.asked == []
    for count in (1, 3, 2):
        running.look(count)
    assert agent.asked == [ON]
    running.look(0)
    running.look(0)
    assert agent.asked == [ON, OFF]
    running.look(1)
    assert agent.asked == [ON, OFF, ON]


def test_protection_lasts_longer_than_the_longest_upload_and_is_renewed_in_time(agent: Agent) -> None:
    running = Running(agent)
    running.look(1)
    running.look(1, RENEWED_S - 1)
    assert agent.asked == [ON]
    running.look(1, 1)
    assert agent.asked == [ON, ON]
    assert Pace().total_s < PROTECTED_MIN * 60 - container.LOOKS_S
    assert PROTECTED_MIN * 60 > 2 * RENEWED_S


def test_what_is_refused_is_asked_for_again(agent: Agent, caplog: pytest.LogCaptureFixture) -> None:
    running = Running(agent)
    agent.answer = REFUSED
    running.look(1)
    running.look(1)
    assert agent.asked == [ON, ON]
    agent.answer = {"other": 1}
    running.look(1)
    assert "not changed" in caplog.text or "refused" in caplog.text
    agent.answer = TAKEN
    running.look(1)
    running.look(1)
    assert agent.asked == [ON] * 4
    agent.answer = REFUSED
    running.look(0)
    agent.answer = TAKEN
    running.look(0)
    assert agent.asked[4:] == [OFF, OFF]


def test_an_agent_that_is_away_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    keeper = Keeper(lambda: 1, "http://127.0.0.1:9")
    keeper.look()
    assert "protection not changed" in caplog.text


def test_what_is_under_way_is_counted_once_a_minute(
    agent: Agent, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    running = Running(agent)
    running.look(1)
    assert capsys.readouterr().out == "", "nobody reads it here"
    monkeypatch.setenv("ECS_CONTAINER_METADATA_URI_V4", "http://169.254.170.2/v4/x")
    running.look(3, COUNTED_S)
    running.look(4, COUNTED_S - 1)
    running.look(5, 1)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["UploadsUnderWay"] for line in lines] == [3, 5]
    assert lines[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [[]]


def test_elsewhere_there_is_no_agent_and_no_thread() -> None:
    with Keeper.of_environment(lambda: 1, {}) as keeper:
        assert not keeper._thread.is_alive()


def test_it_looks_by_itself_until_the_service_ends(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "LOOKS_S", 0.001)
    looked, looks = threading.Event(), []

    def under_way() -> int:
        looks.append(1)
        if len(looks) == 1:
            raise RuntimeError("once")
        looked.set()
        return 0

    with Keeper.of_environment(under_way, {"ECS_AGENT_URI": f"http://127.0.0.1:{agent.server_address[1]}"}) as keeper:
        assert looked.wait(10), "a look that fails is not the last"
    keeper._thread.join(10)
    assert not keeper._thread.is_alive()
