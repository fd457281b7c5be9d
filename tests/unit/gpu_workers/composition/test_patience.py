import threading
from collections.abc import Callable

import pytest

from gpu_workers.composition import patience
from gpu_workers.composition.patience import patiently
from patchbay.domain.errors import TaskCancelled


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "BEAT_S", 0.01)


def test_signs_of_life_come_while_the_work_is_silent() -> None:
    told: list[float] = []
    enough = threading.Event()

    def heard(share: float) -> None:
        told.append(share)
        if len(told) == 5:
            enough.set()

    def work(progress: Callable[[float], None]) -> str:
        progress(0.3)
        assert enough.wait(10)
        return "done"

    assert patiently(work, heard) == "done"
    assert len(told) >= 5
    assert set(told) <= {0.0, 0.3}


def test_cancelling_stops_the_work_at_its_next_word() -> None:
    stopped = threading.Event()

    def work(progress: Callable[[float], None]) -> None:
        try:
            while True:
                progress(0.1)
        finally:
            stopped.set()

    def cancel(share: float) -> None:
        raise TaskCancelled("nobody wants it")

    with pytest.raises(TaskCancelled):
        patiently(work, cancel)
    assert stopped.is_set()


def test_work_that_does_not_listen_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "LET_GO_S", 0.05)
    free = threading.Event()

    def cancel(share: float) -> None:
        raise TaskCancelled("nobody wants it")

    with pytest.raises(TaskCancelled):
        patiently(lambda progress: free.wait(10), cancel)
    free.set()


def test_trouble_is_raised_to_the_caller() -> None:
    def work(progress: Callable[[float], None]) -> None:
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        patiently(work, lambda share: None)
