import threading
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from infra.twin import emulator


@dataclass
class FakeWorker:
    in_use: bool = False


@dataclass
class FakeRuntime:
    """What of the emulator's runtime is replaced."""

    killed: list[Any] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    class Worker(FakeWorker):
        kill: Any = None

    def kill_workers(self, workers: list[Any]) -> None:
        self.killed += workers
        if workers:
            self.done.set()


def test_a_process_in_the_middle_of_a_call_goes_when_that_is_over() -> None:
    runtime = FakeRuntime()
    emulator.let_calls_end(runtime)
    idle, busy = FakeWorker(), FakeWorker(in_use=True)
    runtime.kill_workers([idle, busy, None])
    assert runtime.killed == [idle]
    runtime.done.clear()
    time.sleep(0.1)
    assert runtime.killed == [idle]
    busy.in_use = False
    assert runtime.done.wait(10)
    assert runtime.killed == [idle, busy]


def test_one_whose_time_is_up_goes_at_once() -> None:
    runtime = FakeRuntime()
    emulator.let_calls_end(runtime)
    late = FakeWorker(in_use=True)
    type(runtime).Worker.kill(late)
    assert runtime.killed == [late]


def test_a_call_that_never_ends_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulator, "LONGEST_CALL_S", 0.05)
    runtime = FakeRuntime()
    emulator.let_calls_end(runtime)
    stuck = FakeWorker(in_use=True)
    runtime.kill_workers([stuck])
    assert runtime.done.wait(10)
    assert runtime.killed == [stuck]


DECLARED = {
    "AllowOrigins": ["*"],
    "AllowMethods": ["GET", "PATCH"],
    "AllowHeaders": ["authorization", "if-match"],
    "ExposeHeaders": ["etag"],
    "MaxAge": 3600,
}
"""As a stack's template words it."""


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Any:
    from ministack.services import apigateway

    for name in ("_cors_response_headers", "_cors_preflight_response"):
        monkeypatch.setattr(apigateway, name, getattr(apigateway, name))
    emulator.read_cors(apigateway)
    return apigateway


def small(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@pytest.mark.parametrize("declared", [DECLARED, {name[0].lower() + name[1:]: v for name, v in DECLARED.items()}])
def test_a_browser_is_told_what_the_api_declares(gateway: Any, declared: dict[str, Any]) -> None:
    """By a template, or by a call of the API itself."""
    status, headers, body = gateway._cors_preflight_response(declared, "https://app.example.org")
    assert (status, body) == (204, b"")
    assert small(headers) == {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET,PATCH",
        "access-control-allow-headers": "authorization,if-match",
        "access-control-expose-headers": "etag",
        "access-control-max-age": "3600",
        "content-length": "0",
    }


def test_one_of_some_origins_is_told_by_its_name_and_others_are_refused(gateway: Any) -> None:
    some = {**DECLARED, "AllowOrigins": ["https://app.example.org"]}
    status, headers, _ = gateway._cors_preflight_response(some, "https://app.example.org")
    assert (status, small(headers)["access-control-allow-origin"]) == (204, "https://app.example.org")
    assert small(headers)["vary"] == "Origin", "another origin's answer is another one"
    assert gateway._cors_preflight_response(some, "https://evil.example")[0] == 403
    assert gateway._cors_response_headers(some, "https://evil.example") == {}
    assert gateway._cors_preflight_response({}, "https://app.example.org")[0] == 403, "one that declares none has none"


def test_with_an_answer_the_apis_word_takes_the_place_of_the_lambdas(gateway: Any) -> None:
    """Two of a kind a browser refuses."""
    answered = {"access-control-allow-origin": "null", "access-control-expose-headers": "x", "vary": "accept"}
    answered |= gateway._cors_response_headers(DECLARED, "https://app.example.org")
    assert answered == {
        "access-control-allow-origin": "*", "access-control-expose-headers": "etag", "vary": "accept",
    }  # fmt: skip
