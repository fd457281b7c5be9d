"""The endpoint's shell over a worker with fakes, asked by HTTP on loopback."""

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gpu_workers.runtime import endpoint
from gpu_workers.runtime.endpoint import Server
from patchbay.catalog.backends import INVOCATION_S
from patchbay.domain.errors import Unavailable
from patchbay.domain.steps import StepState
from patchbay.domain.tasks import EngineTask
from tests.unit.gpu_workers.runtime.desk import Bench, one_file

pytestmark = pytest.mark.enable_socket
RING = json.dumps({"queue": "gpu"}).encode()


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "_EMPTY_S", 0.05)


def served(bench: Bench) -> Iterator[Server]:
    server = Server(bench.worker, "gpu", 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server
    server.stop()
    thread.join(10)
    assert not thread.is_alive()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def server(bench: Bench) -> Iterator[Server]:
    yield from served(bench)


def ask(server: Server, verb: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request(verb, path, body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())["message"]
    finally:
        connection.close()


def test_it_is_ready_and_knows_two_paths(server: Server) -> None:
    assert ask(server, "GET", "/ping") == (200, "ready")
    assert ask(server, "GET", "/")[0] == 404
    assert ask(server, "POST", "/ping", RING)[0] == 404


def test_an_invocation_does_what_is_on_the_queue(bench: Bench, server: Server) -> None:
    bench.order()
    assert ask(server, "POST", "/invocations", RING) == (200, "nothing left to do")
    assert bench.step.state is StepState.DONE
    assert bench.left == 0


def test_an_invocation_for_which_nothing_is_left_is_answered_alike(bench: Bench, server: Server) -> None:
    bench.order()
    answers = [ask(server, "POST", "/invocations", RING)[0] for _ in range(3)]
    assert answers == [200] * 3
    assert bench.step.attempts == 1
    assert len(bench.made) == 1, "the engine stays loaded between invocations"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"{}", b'{"queue": "cpu"}', b'{"queue": "gpu", "task": 1}', b"[" * 4000, b"\xff\xfe"],
)
def test_what_is_no_invocation_of_this_class_is_refused_and_sets_nothing_off(
    bench: Bench, server: Server, body: bytes
) -> None:
    bench.order()
    status, message = ask(server, "POST", "/invocations", body)
    assert (status, '{"queue": "gpu"}' in message) == (400, True)
    assert bench.step.state is StepState.READY


@pytest.mark.parametrize("length", ["-1", "1e3", "999999", "\u0663", "x"])
def test_a_length_that_is_none_or_too_large_is_refused_unread(server: Server, length: str) -> None:
    headers = {"Content-Length": length.encode().decode("latin-1")}
    assert ask(server, "POST", "/invocations", RING, **headers)[0] == 400


def test_trouble_with_the_queue_is_told_without_particulars(
    bench: Bench, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object, **more: object) -> None:
        raise Unavailable("queue https://secret.example.org is away")

    monkeypatch.setattr(bench.world.queues, "receive", away)
    monkeypatch.setattr(endpoint, "_EMPTY_S", -1.0)
    assert ask(server, "POST", "/invocations", RING) == (500, "the worker stopped with Unavailable")
    assert ask(server, "GET", "/ping") == (200, "ready")


def test_it_is_healthy_while_it_works_and_one_invocation_works_at_a_time(tmp_path: Path) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def slow(task: EngineTask) -> Any:
        begun.set()
        assert may_end.wait(20)
        return one_file(task)

    bench = Bench(tmp_path, slow)
    bench.order()
    for server in served(bench):
        answers: list[int] = []
        rings = [
            threading.Thread(target=lambda: answers.append(ask(server, "POST", "/invocations", RING)[0]))  # noqa: B023
            for _ in range(2)
        ]
        for ring in rings:
            ring.start()
        assert begun.wait(20)
        assert ask(server, "GET", "/ping") == (200, "ready")
        assert answers == []
        may_end.set()
        for ring in rings:
            ring.join(20)
        assert answers == [200, 200]
    assert bench.step.attempts == 1


class AcceleratorError(RuntimeError):
    """As torch's is called."""


def test_a_machine_whose_gpu_failed_ends_and_answers_no_more_rings(tmp_path: Path) -> None:
    def broken(task: EngineTask) -> Any:
        raise AcceleratorError("illegal access")

    bench = Bench(tmp_path, broken)
    bench.order()
    server = Server(bench.worker, "gpu", 0)
    serving = threading.Thread(target=server.run)
    serving.start()
    try:
        assert ask(server, "POST", "/invocations", RING) == (503, "this machine is going away")
        serving.join(20)
        assert not serving.is_alive(), "the process ends, and another is started in its place"
    finally:
        server.stop()
    assert not server.healthy
    assert (bench.step.state, bench.left) == (StepState.READY, 1)


def test_told_to_end_it_gives_the_task_back(tmp_path: Path) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def slow(task: EngineTask) -> Any:
        begun.set()
        may_end.wait(20)
        return one_file(task)

    bench = Bench(tmp_path, slow)
    bench.order()
    server = Server(bench.worker, "gpu", 0)
    serving = threading.Thread(target=server.run)
    serving.start()
    ringing = threading.Thread(target=lambda: ask(server, "POST", "/invocations", RING))
    ringing.start()
    assert begun.wait(20)
    server.stop()
    assert bench.step.state is StepState.READY
    assert bench.left == 1
    serving.join(10)
    assert not serving.is_alive()
    may_end.set()
    ringing.join(20)
    assert bench.step.state is StepState.READY, "what came of it afterwards counts for nothing"


def test_an_invocation_ends_before_sagemaker_gives_it_up() -> None:
    assert endpoint.DRAIN_S + endpoint.LONGEST_S < INVOCATION_S
