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
