"""How a worker's time is told."""

import json
import time
from typing import Any

import pytest

from gpu_workers.runtime import meter as module
from gpu_workers.runtime.meter import Meter
from patchbay.domain.tasks import TaskMessage
from patchbay.ports import Delivery

MESSAGE = TaskMessage(tenant_id="t", job_id="j", step=0, task_token="token")


class Time:
    """Goes only where it is told to."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(module, "time", made)
    return made


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_every_second_is_work_or_waiting(clock: Time, capsys: pytest.CaptureFixture[str]) -> None:
    meter = Meter("gpu")
    with meter.idle():
        clock.now += 20

    def go_wrong() -> None:
        clock.now += 7.5
        raise RuntimeError("the work went wrong")

    with pytest.raises(RuntimeError), meter.busy():
        go_wrong()
    assert told(capsys) == []
    meter.write()
    meter.write()
    (line,) = told(capsys)
    assert (line["WorkerIdle"], line["WorkerBusy"], line["compute"]) == (20, 7.5, "gpu")
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Patchbay/dev"


def test_a_line_comes_once_a_minute_and_begins_anew(clock: Time, capsys: pytest.CaptureFixture[str]) -> None:
    meter = Meter("cpu")
    for _ in range(5):
        with meter.idle():
            clock.now += 20
    (line,) = told(capsys)
    assert (line["WorkerIdle"], line["WorkerBusy"]) == (60, 0)
    meter.write()
    assert [line["WorkerIdle"] for line in told(capsys)] == [40]


@pytest.mark.parametrize(
    ("received", "sent_at", "wait_s"), [(1, 90.0, 10), (1, 105.0, 0), (2, 90.0, None), (1, None, None)]
)
def test_the_wait_of_a_task_is_told_when_it_is_first_taken_up(
    clock: Time, capsys: pytest.CaptureFixture[str], received: int, sent_at: float | None, wait_s: float | None
) -> None:
    Meter("gpu").waited(Delivery(MESSAGE, "handle", received, sent_at))
    assert [line["QueueWait"] for line in told(capsys)] == ([] if wait_s is None else [wait_s])


def test_real_time_is_what_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    meter, started = Meter("cpu"), time.monotonic()
    with meter.busy():
        time.sleep(0.01)
    taken = time.monotonic() - started
    meter.write()
    (line,) = told(capsys)
    assert line["WorkerBusy"] == pytest.approx(taken, abs=taken - 0.009)
