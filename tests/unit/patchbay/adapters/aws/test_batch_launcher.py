"""The launcher against a Batch of our own, whose Spot machines come or do not."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchbay.adapters.aws import clients
from patchbay.adapters.aws.batch_launcher import BatchLauncher
from patchbay.core import turns
from patchbay.domain.tasks import ComputeClass
from tests.fakes.clock import FakeClock
from tests.fakes.records import FakeRecords

SPOT, ON_DEMAND = "spot-queue", "on-demand-queue"
PATIENCE_S, ROUND_S, START_S = 300, 300, 120


class Waiting:
    def __init__(self, tasks: int) -> None:
        self.tasks = tasks

    def unfinished(self, compute: ComputeClass) -> int:
        return self.tasks


@dataclass
class Batch:
    """Jobs by id. A machine comes `START_S` after the order where there are any, else never."""

    clock: FakeClock
    spot_is_there: bool = True
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: int = 0

    def list_jobs(self, *, jobQueue: str, jobStatus: str, maxResults: int) -> dict[str, Any]:  # noqa: N803
        self.asked += 1
        self._settle()
        found = [j for j in self.jobs.values() if (j["queue"], j["status"]) == (jobQueue, jobStatus)]
        names = ("jobId", "jobName", "createdAt")
        return {"jobSummaryList": [{name: job[name] for name in names} for job in found]}

    def submit_job(self, **told: Any) -> dict[str, str]:
        job_id = f"job-{len(self.jobs)}"
        self.jobs[job_id] = {
            "jobId": job_id,
            "jobName": told["jobName"],
            "queue": told["jobQueue"],
            "definition": told["jobDefinition"],
            "command": told.get("containerOverrides", {}).get("command"),
            "createdAt": round(self.clock.now().timestamp() * 1000),
            "status": "RUNNABLE",
        }
        return {"jobId": job_id}

    def cancel_job(self, *, jobId: str, reason: str) -> None:  # noqa: N803
        assert reason
        self._settle()
        if self.jobs[jobId]["status"] == "RUNNABLE":
            self.jobs[jobId]["status"] = "FAILED"

    def of(self, *statuses: str, queue: str = "") -> list[dict[str, Any]]:
        self._settle()
        return [j for j in self.jobs.values() if j["status"] in statuses and queue in ("", j["queue"])]

    def _settle(self) -> None:
        now_ms = self.clock.now().timestamp() * 1000
        for job in self.jobs.values():
            comes = self.spot_is_there or job["queue"] == ON_DEMAND
            if job["status"] == "RUNNABLE" and comes and now_ms - job["createdAt"] >= START_S * 1000:
                job["status"] = "RUNNING"


@dataclass
class Bench:
    clock: FakeClock
    batch: Batch
    tasks: Waiting
    records: FakeRecords = field(default_factory=FakeRecords)

    def launcher(self, max_workers: int = 4, patience_s: int = PATIENCE_S) -> BatchLauncher:
        queues: Any = self.tasks
        bounds = max_workers, patience_s, 90
        my_turn = partial(turns.take, self.records, self.clock)
        return BatchLauncher(
            queues, self.clock, {"gpu": SPOT}, {"gpu": ON_DEMAND}, {"gpu": "definition"}, *bounds, my_turn
        )


def made(monkeypatch: pytest.MonkeyPatch, tasks: int = 1, *, spot_is_there: bool = True) -> Bench:
    clock = FakeClock()
    batch = Batch(clock, spot_is_there)
    monkeypatch.setattr(clients, "client", lambda _: batch)
    return Bench(clock, batch, Waiting(tasks))


@pytest.mark.parametrize(
    ("running", "tasks", "launched"),
    [(0, 1, 1), (0, 0, 1), (1, 1, 0), (1, 3, 1), (4, 9, 0), (1, 0, 0)],
)
def test_a_worker_is_started_only_where_one_is_missing(
    monkeypatch: pytest.MonkeyPatch, running: int, tasks: int, launched: int
) -> None:
    bench = made(monkeypatch, tasks)
    for _ in range(running):
        bench.batch.submit_job(jobName="patchbay-gpu-a", jobQueue=SPOT, jobDefinition="definition")
    bench.clock.advance(seconds=START_S)
    bench.launcher().launch("gpu")
    new = list(bench.batch.jobs.values())[running:]
    assert [(job["queue"], job["definition"], job["command"]) for job in new] == [(SPOT, "definition", None)] * launched
    assert all(job["jobName"].startswith("patchbay-gpu-") and "warm" not in job["jobName"] for job in new)


def test_workers_on_demand_are_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = made(monkeypatch)
    bench.batch.submit_job(jobName="patchbay-gpu-a", jobQueue=ON_DEMAND, jobDefinition="definition")
    bench.clock.advance(seconds=START_S)
    bench.launcher().launch("gpu")
    assert len(bench.batch.jobs) == 1


def test_where_there_are_workers_enough_few_questions_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = made(monkeypatch)
    bench.launcher().launch("gpu")
    bench.clock.advance(seconds=START_S)
    bench.batch.asked = 0
    bench.launcher().launch("gpu")
    assert bench.batch.asked == 2


@pytest.mark.parametrize("tasks", [1, 3])
def test_a_drought_of_spot_machines_moves_every_worker_to_machines_on_demand(
    monkeypatch: pytest.MonkeyPatch, tasks: int
) -> None:
    bench = made(monkeypatch, tasks, spot_is_there=False)
    for _ in range(tasks):  # once for each task that is dispatched
        bench.launcher().launch("gpu")
    assert len(bench.batch.of("RUNNABLE", queue=SPOT)) == tasks
    bench.clock.advance(seconds=PATIENCE_S - 1)
    bench.launcher().launch("gpu")
    assert bench.batch.of("RUNNABLE", queue=ON_DEMAND) == []
    bench.clock.advance(seconds=ROUND_S)  # the reconciler's next round
    bench.launcher().launch("gpu")
    assert bench.batch.of("RUNNABLE", "RUNNING", queue=SPOT) == []
    bench.clock.advance(seconds=START_S)
    assert len(bench.batch.of("RUNNING", queue=ON_DEMAND)) == tasks
    bench.launcher().launch("gpu")
    assert len(bench.batch.of("RUNNABLE", "RUNNING")) == tasks, "there are as many as tasks, and no more"


@pytest.mark.parametrize(("tasks", "running", "moved"), [(1, 0, 1), (2, 0, 2), (1, 1, 0), (2, 1, 1), (9, 1, 3)])
def test_only_workers_that_are_still_needed_are_moved(
    monkeypatch: pytest.MonkeyPatch, tasks: int, running: int, moved: int
) -> None:
    """Of a burst whose tasks are nearly done the rest of the workers need not come, on dearer machines least of all."""
    bench = made(monkeypatch, tasks=4, spot_is_there=False)
    for _ in range(running):
        bench.batch.submit_job(jobName="patchbay-gpu-a", jobQueue=ON_DEMAND, jobDefinition="definition")
    bench.clock.advance(seconds=START_S)
    for _ in range(4):
        bench.launcher().launch("gpu")
    bench.clock.advance(seconds=PATIENCE_S)
    bench.tasks.tasks = tasks
    bench.launcher().launch("gpu")
    assert bench.batch.of("RUNNABLE", "RUNNING", queue=SPOT) == []
    assert len(bench.batch.of("RUNNABLE", queue=ON_DEMAND)) == moved


def test_while_spot_is_away_a_further_worker_goes_on_demand_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = made(monkeypatch, spot_is_there=False)
    bench.launcher().launch("gpu")
    bench.clock.advance(seconds=PATIENCE_S)
    bench.tasks.tasks = 2
    bench.launcher().launch("gpu")
    assert len(bench.batch.of("RUNNABLE", queue=ON_DEMAND)) == 2


def test_a_worker_that_begins_while_it_is_moved_is_one_too_many_and_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = made(monkeypatch, spot_is_there=False)
    bench.launcher().launch("gpu")
    bench.clock.advance(seconds=PATIENCE_S)
    cancel = bench.batch.cancel_job

    def too_late(**told: Any) -> None:
        bench.batch.spot_is_there = True
        cancel(**told)

    monkeypatch.setattr(bench.batch, "cancel_job", too_late)
    bench.launcher().launch("gpu")
    assert len(bench.batch.of("RUNNING", queue=SPOT)) == 1
    bench.clock.advance(seconds=START_S)
    bench.launcher().launch("gpu")
    assert len(bench.batch.of("RUNNING", "RUNNABLE")) == 2


def second_at(monkeypatch: pytest.MonkeyPatch, batch: Batch, call: str, number: int, then: Callable[[], None]) -> None:
    """Let another launch come, whole, just before the `number`th call of Batch."""
    made, seen = getattr(batch, call), [0]

    def meanwhile(**told: Any) -> Any:
        seen[0] += 1
        if seen[0] == number:
            then()
        return made(**told)

    monkeypatch.setattr(batch, call, meanwhile)


# Each place at which the first launch asks Batch for something, its first question apart: there nothing is known yet.
MOMENTS = [*(("list_jobs", n) for n in range(1, 12)), ("submit_job", 1), ("submit_job", 2), ("cancel_job", 1)]


@pytest.mark.parametrize(("call", "number"), MOMENTS)
@pytest.mark.parametrize(("late", "tasks"), [(1, 1), (2, 2), (3, 1), (1, 3)])
def test_of_two_launches_at_once_one_moves_what_waits(
    monkeypatch: pytest.MonkeyPatch, call: str, number: int, late: int, tasks: int
) -> None:
    bench = made(monkeypatch, late, spot_is_there=False)
    for _ in range(late):
        bench.launcher().launch("gpu")
    bench.clock.advance(seconds=PATIENCE_S)
    bench.tasks.tasks = tasks
    second_at(monkeypatch, bench.batch, call, number, lambda: bench.launcher().launch("gpu"))
    bench.launcher().launch("gpu")
    assert {bench.batch.jobs[f"job-{n}"]["status"] for n in range(late)} == {"FAILED"}, "all are taken back"
    bench.launcher().launch("gpu")
    assert len(bench.batch.of("RUNNABLE", "RUNNING")) == tasks, "as many as tasks, and no more"


def test_of_two_rounds_at_once_one_moves_a_warm_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = made(monkeypatch, spot_is_there=False)
    until = bench.clock.now() + timedelta(hours=1)
    bench.launcher().keep_warm("gpu", 1, until)
    bench.clock.advance(seconds=PATIENCE_S)
    second_at(monkeypatch, bench.batch, "submit_job", 1, lambda: bench.launcher().keep_warm("gpu", 1, until))
    bench.launcher().keep_warm("gpu", 1, until)
    assert len(bench.batch.of("RUNNABLE")) == len(bench.batch.of("RUNNABLE", queue=ON_DEMAND)) == 1


def test_who_dies_while_he_moves_a_worker_leaves_it_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = made(monkeypatch, spot_is_there=False)
    bench.launcher().launch("gpu")
    bench.clock.advance(seconds=PATIENCE_S)
    with monkeypatch.context() as dying:
        dying.setattr(bench.batch, "submit_job", lambda **told: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            bench.launcher().launch("gpu")
    bench.launcher().launch("gpu")
    assert bench.batch.of("RUNNABLE", queue=ON_DEMAND) == [], "it may still be at it"
    bench.clock.advance(seconds=turns.LASTS.total_seconds())
    bench.launcher().launch("gpu")
    assert len(bench.batch.of("RUNNABLE")) == len(bench.batch.of("RUNNABLE", queue=ON_DEMAND)) == 1


def test_without_patience_spot_is_never_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = made(monkeypatch)
    bench.launcher(patience_s=0).launch("gpu")
    bench.launcher(patience_s=0).keep_warm("gpu", 1, bench.clock.now() + timedelta(hours=1))
    assert [job["queue"] for job in bench.batch.jobs.values()] == [ON_DEMAND] * 2


def test_warm_workers_are_told_until_when_and_are_there_beside_others(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = made(monkeypatch)
    until = bench.clock.now() + timedelta(hours=12)
    bench.launcher().launch("gpu")
    for _ in range(3):
        bench.launcher().keep_warm("gpu", 2, until)
    warm = [job for job in bench.batch.jobs.values() if job["command"]]
    assert len(warm) == 2
    assert len(bench.batch.jobs) == 3
    stay = ["--stay-until", until.isoformat(timespec="seconds")]
    assert {tuple(job["command"]) for job in warm} == {("--queue", "gpu", "--idle-s", "90", *stay)}


def test_warm_workers_serve_as_workers_and_no_more_than_may_run_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = made(monkeypatch, tasks=2)
    bench.launcher(max_workers=2).keep_warm("gpu", 5, bench.clock.now() + timedelta(hours=1))
    bench.launcher(max_workers=2).launch("gpu")
    assert len(bench.batch.jobs) == 2


def test_a_warm_worker_that_waits_for_spot_too_long_is_moved_with_its_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = made(monkeypatch, spot_is_there=False)
    until = bench.clock.now() + timedelta(hours=1)
    bench.launcher().keep_warm("gpu", 1, until)
    bench.clock.advance(seconds=PATIENCE_S)
    bench.launcher().launch("gpu")
    assert bench.batch.of("RUNNABLE", queue=ON_DEMAND) == [], "its hours are known to who keeps it"
    bench.launcher().keep_warm("gpu", 1, until)
    (moved,) = bench.batch.of("RUNNABLE", queue=ON_DEMAND)
    assert moved["command"][-1] == until.isoformat(timespec="seconds")
    assert bench.batch.of("RUNNABLE", queue=SPOT) == []


events = st.lists(st.tuples(st.sampled_from(["task", "round", "spot", "drought"]), st.integers(0, 400)), max_size=25)


@settings(deadline=None)
@given(events, st.integers(1, 4))
def test_whatever_comes_there_is_a_worker_in_time_and_never_more_than_are_allowed(
    told: list[tuple[str, int]], max_workers: int
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        bench = made(patched, tasks=0, spot_is_there=False)
        for kind, seconds in told:
            bench.clock.advance(seconds=seconds)
            if kind == "task":
                bench.tasks.tasks += 1
            if kind in ("spot", "drought"):
                bench.batch.spot_is_there = kind == "spot"
            else:
                bench.launcher(max_workers).launch("gpu")
            assert len(bench.batch.of("RUNNABLE", "RUNNING")) <= max_workers
        bench.batch.spot_is_there = False
        for _ in range(max_workers + 2):
            bench.launcher(max_workers).launch("gpu")
            bench.clock.advance(seconds=ROUND_S)
        wanted = min(max_workers, max(bench.tasks.tasks, 1))
        assert len(bench.batch.of("RUNNING")) >= wanted
