"""Budgets: exact whoever asks at the same moment, whoever dies, and at every end put right."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st

from patchbay.core import layout
from patchbay.core.jobs import Order
from patchbay.core.layout_money import spent_key
from patchbay.domain.budgets import Budget, nano
from patchbay.domain.errors import BudgetExceeded, InvalidInput, NotFound
from patchbay.domain.jobs import Failure, FailureKind, Job, JobState
from patchbay.domain.steps import Seconds
from patchbay.ports import WriteConflict
from patchbay.settings import Settings
from tests.fakes.notices import FakeStream
from tests.fakes.world import Tenant, World
from tests.support.rivals import at_once
from tests.unit.patchbay.core.receiving import Killed, dying

SEEDS = count(1)
BROKEN = Failure(kind=FailureKind.INTERNAL, message="m")


def bounded(monthly_usd: float = 0.0, daily_usd: float = 0.0, **more: Any) -> World:
    """A world in which accounts of the standard plan have a budget."""
    return World(
        Settings(stage="test", rate_limit_scale=0, budget_standard=monthly_usd, budget_daily_standard=daily_usd, **more)
    )


def order(world: World, tenant: Tenant) -> Job:
    params = {"seed": next(SEEDS)}  # the same work would be there already, and cost nothing
    given = Order(tenant.id, tenant.caller.application_id, workflow="compose", dialect="native", params=params)
    return world.services.jobs.submit(given)


def put_at(world: World) -> float:
    """What one job of `order` is put at."""
    return bounded().services.jobs.estimate_usd(order(world, world.tenant("eve@example.org")), None)


ESTIMATE = put_at(World())


def sums(world: World, tenant: Tenant) -> dict[str, int]:
    held = world.records.figures(spent_key(tenant.id, world.clock.now()))
    return {name: n for name, n in held.items() if n}


def truth(world: World, tenant: Tenant) -> dict[str, int]:
    """The month's sums as the jobs themselves have them; all of this month and day."""
    jobs = [layout.entity(Job, r) for r in world.records.items.values() if r.pk == f"JOBS#{tenant.id}"]
    spent = sum(nano(job.cost_usd or 0.0) for job in jobs if job.state.terminal)
    held = sum(nano(job.reserved_usd) for job in jobs if not job.state.terminal)
    assert not any(job.reserved_usd for job in jobs if job.state.terminal)
    day = f"{world.clock.now():%d}"
    found = {"spent": spent, f"spent-{day}": spent, "committed": spent + held, f"committed-{day}": spent + held}
    return {name: n for name, n in found.items() if n}


def work(world: World, job: Job, seconds: float) -> None:
    """A worker does a job's step in so many seconds."""
    pipeline, tasks = world.services.pipeline, world.services.tasks
    for planned in pipeline.plan(job.tenant_id, job.id):
        pipeline.dispatch(job.tenant_id, job.id, planned.step, "token")
        message = world.queues.sent[-1][1]
        _, step = tasks.lease(message, "worker")
        if step is not None:
            tasks.complete(message, step, [], Seconds(seconds))
    pipeline.finish(job.tenant_id, job.id)


def test_one_job_too_many_is_refused_and_room_comes_back() -> None:
    world = bounded(monthly_usd=2.5 * ESTIMATE)
    ada = world.tenant()
    first, _ = order(world, ada), order(world, ada)
    assert first.reserved_usd == 0, "what callers see was made before"
    with pytest.raises(BudgetExceeded) as told:
        order(world, ada)
    words = str(told.value)
    for part in ("a month, has spent $0.00 and set aside $", "this is put at $", "wait until 2026-02-01 (UTC)", "ask"):
        assert part in words, words
    assert told.value.budget_usd == pytest.approx(2.5 * ESTIMATE)
    assert told.value.spent_usd == 0
    assert told.value.resets_at == datetime(2026, 2, 1, tzinfo=UTC)
    assert sums(world, ada) == truth(world, ada)
    world.services.jobs.cancel(ada.id, first.id)
    order(world, ada)
    assert sums(world, ada) == truth(world, ada)


def test_a_job_that_cost_less_than_it_was_put_at_leaves_room() -> None:
    world = bounded(monthly_usd=1.9 * ESTIMATE)
    ada = world.tenant()
    work(world, order(world, ada), seconds=0.1)
    order(world, ada)
    assert sums(world, ada) == truth(world, ada)


def test_a_job_that_cost_more_takes_it_from_the_next_and_runs_to_its_end() -> None:
    world = bounded(monthly_usd=2 * ESTIMATE)
    ada = world.tenant()
    one, two = order(world, ada), order(world, ada)
    work(world, one, seconds=36_000)
    with pytest.raises(BudgetExceeded, match=r"has spent \$1\.\d\d and set aside"):
        order(world, ada)
    work(world, two, seconds=1)
    assert world.services.jobs.get(ada.id, two.id).state is JobState.SUCCEEDED, "nothing that runs is stopped"
    assert sums(world, ada) == truth(world, ada)


def test_an_order_that_costs_more_than_the_whole_budget_is_not_told_to_wait() -> None:
    world = bounded(daily_usd=0.5 * ESTIMATE)
    with pytest.raises(BudgetExceeded) as told:
        order(world, world.tenant())
    assert "wait" not in str(told.value)
    assert str(told.value).endswith(": ask the operator for a larger budget")


def test_a_day_has_a_budget_of_its_own_and_begins_anew() -> None:
    world = bounded(monthly_usd=100, daily_usd=1.5 * ESTIMATE)
    ada = world.tenant()
    world.clock.at = datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC)
    before = order(world, ada)
    with pytest.raises(BudgetExceeded, match=r"a day, .* wait until 2026-02-01"):
        order(world, ada)
    day, month = reversed(world.services.budgets.standing(ada.id))
    assert (day.began, month.began, day.resets_at == month.resets_at) == ("2026-01-31", "2026-01", True)
    world.clock.advance(seconds=1)
    order(world, ada)
    work(world, before, seconds=1)
    january = world.records.figures(spent_key(ada.id, datetime(2026, 1, 31, tzinfo=UTC)))
    assert not any(january.values()), "set aside in January, given back there, spent in February"
    ended = world.services.jobs.get(ada.id, before.id)
    assert sums(world, ada)["spent-01"] == nano(ended.cost_usd or 0.0) > 0
    assert sums(world, ada)["committed"] == nano(ended.cost_usd or 0.0) + nano(ESTIMATE)


def test_whose_budget_it_is() -> None:
    world = bounded(monthly_usd=5.0, daily_usd=1.0, budget_premium=50.0)
    ada, bob = world.tenant(), world.tenant("bob@example.org")
    budgets, accounts = world.services.budgets, world.services.accounts
    assert budgets.of(ada.id) == Budget(5.0, 1.0)
    assert budgets.set(ada.id, monthly_usd=20.0, daily_usd=None) == Budget(20.0, 1.0)
    assert budgets.set(ada.id, monthly_usd=0.0, daily_usd=0.0) == Budget()
    assert budgets.standing(ada.id) == []
    assert budgets.set(ada.id, monthly_usd=None, daily_usd=None) == budgets.of(bob.id) == Budget(5.0, 1.0)
    accounts.set_plan(ada.id, "premium")
    assert budgets.of(ada.id) == Budget(50.0, 0.0)
    accounts.set_plan(ada.id, "operator")
    assert budgets.of(ada.id) == Budget()
    assert budgets.of("nobody") == Budget(5.0, 1.0)


@pytest.mark.parametrize("usd", [-1.0, 1e-12, 1e7, float("nan"), float("inf")])
def test_what_is_no_budget(usd: float) -> None:
    world = World()
    with pytest.raises(InvalidInput, match="0 \\(no bound\\) to 1000000 US dollars") as told:
        world.services.budgets.set(world.tenant().id, monthly_usd=None, daily_usd=usd)
    assert told.value.field == "daily_usd"
    with pytest.raises(NotFound):
        world.services.budgets.set("nobody", monthly_usd=1.0, daily_usd=None)


def test_where_nothing_is_bounded_nothing_is_set_aside_but_what_was_spent_is_known() -> None:
    world = World()
    ada = world.tenant()
    job = order(world, ada)
    assert world.records.held == {}
    work(world, job, seconds=10)
    world.services.budgets.set(ada.id, monthly_usd=1.0, daily_usd=None)
    (stands,) = world.services.budgets.standing(ada.id)
    assert stands.spent_usd == world.services.jobs.get(ada.id, job.id).cost_usd
    assert stands.reserved_usd == 0


def test_warnings_come_once_for_each_share_and_budget() -> None:
    world = bounded(monthly_usd=1.0)
    ada, stream = world.tenant(), FakeStream(world.records)
    cost_usd = world.services.rates.requests_usd(1, 3600) + 0.1323

    def told() -> list[tuple[str, int, float]]:
        events = [event for event in stream.events() if event["type"] == "budget.warned"]
        return [(e["data"]["period"], e["data"]["level_percent"], e["data"]["budget_usd"]) for e in events]

    levels = []
    for _ in range(8):
        work(world, order_anyway(world, ada), seconds=3600)
        levels.append(told())
    at_80, at_100 = (next(n for n in range(1, 9) if n * cost_usd >= share) for share in (0.8, 1.0))
    assert levels[at_80 - 1] == [("month", 80, 1.0)]
    assert levels[at_100 - 1] == [("month", 100, 1.0)]
    assert sum(map(len, levels)) == 2
    world.services.budgets.set(ada.id, monthly_usd=8 * cost_usd / 0.9, daily_usd=None)
    assert [w.level_percent for w in world.services.budgets.warn(ada.id)] == [80]
    assert world.services.budgets.warn(ada.id) == []


def order_anyway(world: World, tenant: Tenant) -> Job:
    """An order that the budget has no room for, as if it had been made before there was one."""
    user = world.services.accounts.user(tenant.id)
    world.services.budgets.set(tenant.id, monthly_usd=0.0, daily_usd=None)
    made = order(world, tenant)
    world.services.budgets.set(tenant.id, monthly_usd=user.budget_monthly_usd, daily_usd=user.budget_daily_usd)
    return made


def test_a_warning_that_failed_does_not_hold_up_an_end_and_is_told_when_it_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = bounded(monthly_usd=0.5)
    ada = world.tenant()
    job = order_anyway(world, ada)
    with monkeypatch.context() as patched:
        patched.setattr("patchbay.core.budgets.put_warning", lambda *_: 1 / 0)
        work(world, job, seconds=36_000)
    assert world.services.jobs.get(ada.id, job.id).state is JobState.SUCCEEDED
    stream = FakeStream(world.records)
    world.services.pipeline.finish(ada.id, job.id)  # as the state machine calls it again
    assert {e["data"]["level_percent"] for e in stream.events() if e["type"] == "budget.warned"} >= {80, 100}


@pytest.mark.parametrize("end", ["succeed", "fail", "cancel", "delete"])
def test_every_end_puts_the_cost_in_the_estimates_place_once(end: str) -> None:
    world = bounded(monthly_usd=100.0)
    ada = world.tenant()
    job = order(world, ada)
    pipeline, jobs = world.services.pipeline, world.services.jobs
    pipeline.plan(ada.id, job.id)
    pipeline.dispatch(ada.id, job.id, 0, "token")
    _, step = world.services.tasks.lease(world.queues.sent[-1][1], "worker")
    assert step is not None
    world.clock.advance(seconds=20)

    def succeed() -> None:
        world.services.tasks.complete(world.queues.sent[-1][1], step, [], 20.0)
        pipeline.finish(ada.id, job.id)

    ends: dict[str, Callable[[], object]] = {
        "succeed": succeed,
        "fail": lambda: pipeline.fail(ada.id, job.id, BROKEN),
        "cancel": lambda: jobs.cancel(ada.id, job.id),
        "delete": lambda: jobs.delete(ada.id, job.id),
    }
    for _ in range(2):
        if end != "delete" or sums(world, ada)["committed"] != sums(world, ada).get("spent"):
            ends[end]()
    rates = world.services.rates
    expected = rates.requests_usd(1, 20.0) + 20 * rates.usd_per_hour("cpu") / 3600
    assert sums(world, ada)["spent"] == pytest.approx(nano(expected), abs=5)
    assert sums(world, ada)["committed"] == sums(world, ada)["spent"]


def test_a_faster_rival_takes_the_last_of_it() -> None:
    world = bounded(monthly_usd=1.5 * ESTIMATE)
    ada = world.tenant()

    def rival(writes: object) -> None:
        order(world, ada)

    world.records.before_write = rival
    with pytest.raises(BudgetExceeded):
        order(world, ada)
    assert sums(world, ada) == truth(world, ada)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_whoever_dies_leaves_sums_that_are_right(after: bool) -> None:
    for at in range(200):
        world = bounded(monthly_usd=100.0, quota_jobs=5)
        ada = world.tenant()
        try:
            with dying(world, at, after=after):
                work(world, order(world, ada), seconds=3.0)
                world.services.jobs.cancel(ada.id, order(world, ada).id)
        except Killed:
            assert sums(world, ada) == truth(world, ada), at
            continue
        assert at > 8
        assert sums(world, ada) == truth(world, ada)
        return
    pytest.fail("it has no end")


@given(threads=st.integers(2, 8), room=st.integers(1, 5), part=st.floats(0.01, 0.99))
@tries(max_examples=8, deadline=None)
def test_of_many_at_once_exactly_as_many_get_in_as_the_budget_has_room_for(
    threads: int, room: int, part: float
) -> None:
    world = bounded(monthly_usd=(room + part) * ESTIMATE)
    ada = world.tenant()
    taken = at_once(world.records, lambda: order(world, ada), count=threads, refused=BudgetExceeded)
    assert taken == min(threads, room)
    assert sums(world, ada) == truth(world, ada)


@given(
    moves=st.lists(st.tuples(st.sampled_from(["order", "work", "fail", "cancel"]), st.floats(0, 600)), max_size=25),
    room=st.floats(0.5, 6),
)
@tries(max_examples=30, deadline=None)
def test_a_budget_is_overspent_by_what_jobs_cost_over_their_estimates_and_no_more(
    moves: list[tuple[str, float]], room: float
) -> None:
    world = bounded(monthly_usd=room * ESTIMATE)
    ada, open_jobs = world.tenant(), list[Job]()
    for move, seconds in moves:
        if move == "order":
            try:
                open_jobs.append(order(world, ada))
            except BudgetExceeded:
                assert sums(world, ada).get("committed", 0) + nano(ESTIMATE) > nano(room * ESTIMATE)
        elif open_jobs:
            job = open_jobs.pop(0)
            if move == "work":
                work(world, job, seconds)
            elif move == "fail":
                world.services.pipeline.fail(ada.id, job.id, BROKEN)
            else:
                world.services.jobs.cancel(ada.id, job.id)
        assert sums(world, ada) == truth(world, ada)
    over = [r for r in world.records.items.values() if r.pk == f"JOBS#{ada.id}"]
    costs = [nano(layout.entity(Job, r).cost_usd or 0.0) for r in over]
    excess = sum(max(cost - nano(ESTIMATE), 0) for cost in costs)
    assert sums(world, ada).get("committed", 0) <= nano(room * ESTIMATE) + excess


def test_a_store_that_always_has_a_rival_is_told_of() -> None:
    world = bounded(monthly_usd=1.0)
    ada = world.tenant()

    def busy(*_: object) -> None:
        raise WriteConflict("somebody was faster")

    world.records.write = busy  # type: ignore[method-assign]
    with pytest.raises(Exception, match="try again"):
        order(world, ada)
