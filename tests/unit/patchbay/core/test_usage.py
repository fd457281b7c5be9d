"""Usage: each job that succeeds once, whatever is repeated."""

from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st

from patchbay.core import layout, layout_money, usage
from patchbay.core.tasks import Answer
from patchbay.core.usage import Spent, days_between, grouped
from patchbay.domain.budgets import nano
from patchbay.domain.errors import InvalidInput, Unavailable
from patchbay.domain.jobs import Failure, FailureKind, Job, JobState, Output
from patchbay.domain.usage import Tally, UsageShard, tally_of
from patchbay.ports import WriteConflict
from tests.fakes.prober import GOOD, SECONDS
from tests.fakes.world import Tenant, World

WORK = "musicai/stem-isolation-4"
BROKEN = Failure(kind=FailureKind.INTERNAL, message="m")
SEEDS = count(1)


def counted(world: World, tenant: Tenant, months: int = 1) -> int:
    found = world.services.usage.months(tenant.id, months)
    return sum(tally.jobs for by_work in found.values() for tally in by_work.values())


def test_a_job_that_succeeds_is_counted_with_its_audio_and_cost(world: World, ada: Tenant, bob: Tenant) -> None:
    done = world.carry_out(world.order(ada))
    assert done.audio_s == SECONDS
    assert done.cost_usd is not None
    assert done.cost_usd > 0
    used = world.services.usage.months(ada.id, 1)
    assert used == {"2026-01": {WORK: Tally(jobs=1, audio_s=SECONDS, cost_usd=done.cost_usd)}}
    assert world.services.usage.months(bob.id, 1) == {"2026-01": {}}


def test_duplicated_and_late_finishes_count_once(world: World, ada: Tenant) -> None:
    job = world.order(ada)
    world.carry_out(job)
    pipeline = world.services.pipeline
    for _ in range(3):
        pipeline.finish(ada.id, job.id)
        pipeline.finish(ada.id, job.id, 1)
        pipeline.fail(ada.id, job.id, Failure(kind=FailureKind.TIMEOUT, message="late"))
    assert world.services.jobs.get(ada.id, job.id).state is JobState.SUCCEEDED
    assert counted(world, ada) == 1


def test_finishes_that_race_count_once(world: World, ada: Tenant) -> None:
    job = world.order(ada)
    finish = world.services.pipeline.finish
    all_but_finish(world, job)
    world.records.before_write = lambda _: finish(ada.id, job.id)
    finish(ada.id, job.id)
    assert counted(world, ada) == 1


def test_a_cancel_that_is_faster_leaves_nothing_to_count(world: World, ada: Tenant) -> None:
    job = world.order(ada)
    all_but_finish(world, job)

    def cancel(_: object) -> None:
        world.services.jobs.cancel(ada.id, job.id)

    world.records.before_write = cancel
    world.services.pipeline.finish(ada.id, job.id)
    assert world.services.jobs.get(ada.id, job.id).state is JobState.CANCELLED
    assert counted(world, ada) == 0


def test_jobs_that_come_to_nothing_are_counted_apart_and_cost_what_they_took(world: World, ada: Tenant) -> None:
    never, failed, cancelled = world.order(ada), world.order(ada), world.order(ada)
    pipeline, tasks, jobs = world.services.pipeline, world.services.tasks, world.services.jobs
    for job in (failed, cancelled):
        world.objects.put(
            world.services.assets.get(ada.id, job.input_asset_id or "").incoming_key, GOOD + job.id.encode()
        )
        pipeline.plan(ada.id, job.id)
        pipeline.dispatch(ada.id, job.id, 0, "token")
        assert tasks.lease(world.queues.sent[-1][1], f"worker-{job.id}")[0] is Answer.YOURS
        world.clock.advance(seconds=30)
        if job is failed:
            tasks.fail(world.queues.sent[-1][1], BROKEN)
            pipeline.fail(ada.id, job.id, BROKEN)
        else:
            jobs.cancel(ada.id, job.id)
    jobs.cancel(ada.id, never.id)
    assert counted(world, ada) == 0
    (month,) = world.services.usage.months(ada.id, 1).values()
    tally, rates = month[WORK], world.services.rates
    assert (tally.jobs, tally.failed, tally.audio_s) == (0, 3, 0.0)
    machine_usd = 30 * rates.usd_per_hour("gpu") / 3600
    for job in (failed, cancelled):
        told = jobs.get(ada.id, job.id).cost_usd
        assert told == pytest.approx(machine_usd + rates.requests_usd(1, 30.0), abs=1e-8)
    assert jobs.get(ada.id, never.id).cost_usd == pytest.approx(rates.requests_usd(0, 0.0), abs=1e-9)
    assert tally.cost_usd == pytest.approx(
        sum(jobs.get(ada.id, j.id).cost_usd or 0 for j in (failed, cancelled, never))
    )


def test_jobs_that_end_at_once_in_one_shard_are_all_counted(
    world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "USAGE_SHARDS", 1)
    one, two = world.order(ada), world.order(ada)
    for job in (one, two):
        all_but_finish(world, job)
    world.records.before_write = lambda _: world.services.pipeline.finish(ada.id, two.id)
    world.services.pipeline.finish(ada.id, one.id)
    assert counted(world, ada) == 2


def test_deleting_a_job_does_not_take_back_what_was_used(world: World, ada: Tenant) -> None:
    job = world.carry_out(world.order(ada))
    world.services.jobs.delete(ada.id, job.id)
    assert counted(world, ada) == 1


def test_a_job_counts_in_the_month_of_its_end(world: World, ada: Tenant) -> None:
    world.clock.at = datetime(2025, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)
    job = world.order(ada)
    world.carry_out(world.order(ada))
    world.clock.advance(seconds=1)
    world.carry_out(job)
    used = world.services.usage.months(ada.id, 3)
    assert {month: sum(t.jobs for t in by.values()) for month, by in used.items()} == {
        "2025-11": 0,
        "2025-12": 1,
        "2026-01": 1,
    }
    assert list(used) == ["2025-11", "2025-12", "2026-01"]


@pytest.mark.parametrize(
    ("when", "count", "months"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), 2, ["2025-12", "2026-01"]),
        (datetime(2026, 12, 31, tzinfo=UTC), 1, ["2026-12"]),
        (
            datetime(2026, 3, 1, tzinfo=UTC),
            13,
            [f"2025-{m:02d}" for m in range(3, 13)] + ["2026-01", "2026-02", "2026-03"],
        ),
    ],
)
def test_months(world: World, when: datetime, count: int, months: list[str]) -> None:
    world.clock.at = when
    assert list(world.services.usage.months("t", count)) == months


def test_too_much_at_once_is_tried_again_later(world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    job = world.order(ada)
    all_but_finish(world, job)

    def busy(*_: object) -> None:
        raise WriteConflict("somebody was faster")

    with monkeypatch.context() as patched:
        patched.setattr(world.records, "write", busy)
        with pytest.raises(Unavailable):
            world.services.pipeline.finish(ada.id, job.id)
    world.services.pipeline.finish(ada.id, job.id)
    assert counted(world, ada) == 1


def all_but_finish(world: World, job: Job) -> None:
    """Do all of a job but its end."""
    for planned in world.services.pipeline.plan(job.tenant_id, job.id):
        world.services.pipeline.dispatch(job.tenant_id, job.id, planned.step, "token")
        message = world.queues.sent[-1][1]
        _, step = world.services.tasks.lease(message, "worker")
        assert step is not None
        world.services.tasks.complete(message, step, [], 1.0)


def test_minutes_count_though_the_file_is_deleted_while_the_job_runs(world: World, ada: Tenant) -> None:
    job = world.order(ada)
    pipeline, tasks = world.services.pipeline, world.services.tasks
    pipeline.plan(ada.id, job.id)
    pipeline.dispatch(ada.id, job.id, 0, "token")
    message = world.queues.sent[-1][1]
    _, step = tasks.lease(message, "worker")
    world.services.assets.delete(ada.id, job.input_asset_id or "")
    assert step is not None
    tasks.complete(message, step, [Output(name="vocals", value=1)], 1.0)
    pipeline.finish(ada.id, job.id)
    done = world.services.jobs.get(ada.id, job.id)
    assert (done.state, done.audio_s) == (JobState.SUCCEEDED, SECONDS)
    (month,) = world.services.usage.months(ada.id, 1).values()
    assert [tally.audio_s for tally in month.values()] == [SECONDS]


def order_on(world: World, tenant: Tenant, dialect: str, seconds: float, end: str) -> Job:
    """A job that is over, one way or another."""
    job = world.order(tenant, dialect=dialect, workflow="compose", input_asset_id=None, params={"seed": next(SEEDS)})
    pipeline, tasks = world.services.pipeline, world.services.tasks
    pipeline.plan(tenant.id, job.id)
    pipeline.dispatch(tenant.id, job.id, 0, "token")
    message = world.queues.sent[-1][1]
    _, step = tasks.lease(message, "worker")
    assert step is not None
    if end == "failed":
        pipeline.fail(tenant.id, job.id, BROKEN)
    elif end == "cancelled":
        world.services.jobs.cancel(tenant.id, job.id)
    else:
        tasks.complete(message, step, [], seconds)
        pipeline.finish(tenant.id, job.id)
    return world.services.jobs.get(tenant.id, job.id)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 70),
            st.sampled_from(["musicai", "native"]),
            st.booleans(),
            st.floats(0, 5000),
            st.sampled_from(["succeeded", "failed", "cancelled"]),
        ),
        max_size=12,
    )
)
@tries(max_examples=25, deadline=None)
def test_days_months_the_stage_and_the_jobs_themselves_have_the_same_sums(
    given_: list[tuple[int, str, bool, float, str]],
) -> None:
    world = World()
    tenants = [world.tenant(), world.tenant("bob@example.org")]
    world.clock.at = begin = datetime(2025, 12, 1, tzinfo=UTC)
    jobs = []
    for day, dialect, other, seconds, end in sorted(given_):
        world.clock.at = max(begin + timedelta(days=day), world.clock.now() + timedelta(seconds=1))
        jobs.append(order_on(world, tenants[other], dialect, seconds, end))
    world.clock.at = begin + timedelta(days=80)
    first, last = begin.date(), world.clock.now().date()
    of_stage = list(world.services.usage.of_stage.spent(first, last))
    for tenant in tenants:
        own = [tally_of(job) for job in jobs if job.tenant_id == tenant.id]
        days = [row.tally for row in world.services.usage.spent(tenant.id, first, last)]
        months = [t for by in world.services.usage.months(tenant.id, 3).values() for t in by.values()]
        assert total(days) == total(months) == total(own)
        staged = total([row.tally for row in of_stage if row.tenant_id == tenant.id])
        assert staged.model_copy(update={"cost_usd": round(staged.cost_usd, 9)}) == total(own)
    for by in ("day", "month", "tenant", "workflow", "dialect"):
        assert total(list(grouped(of_stage, by, days_between(first, last)).values())).jobs == sum(
            job.state is JobState.SUCCEEDED for job in jobs
        )
    for job in jobs:
        when = (job.completed_at or begin).date()
        assert [r for r in of_stage if (r.day, r.tenant_id) == (when.isoformat(), job.tenant_id)]


def total(tallies: list[Tally]) -> Tally:
    found = Tally()
    for each in tallies:
        found = found.plus(each)
    return found


def test_months_that_were_counted_before_there_were_days_are_still_there(world: World, ada: Tenant) -> None:
    old = UsageShard(by_work={"musicai/stem-isolation-4": Tally(jobs=5, audio_s=10.0, cost_usd=0.5)})
    world.records.write(layout.put((f"USAGE#{ada.id}", "2026-01#03"), "usage", old))
    done = world.carry_out(world.order(ada))
    (month,) = world.services.usage.months(ada.id, 1).values()
    assert month[WORK].jobs == 6
    assert month[WORK].cost_usd == pytest.approx(0.5 + (done.cost_usd or 0))
    today = world.clock.now().date()
    assert [row.tally.jobs for row in world.services.usage.spent(ada.id, today.replace(day=1), today)] == [1]


def test_groups_are_in_order_or_the_costliest_first() -> None:
    rows = [
        Spent("2026-01-02", "a", "musicai/compose", Tally(jobs=1, cost_usd=1.0)),
        Spent("2026-01-02", "b", "native/render", Tally(jobs=2, cost_usd=3.0)),
        Spent("2026-02-01", "a", "native/compose", Tally(failed=1, cost_usd=1.5)),
    ]
    days = ["2026-01-01", "2026-01-02", "2026-02-01"]
    assert [(name, t.cost_usd) for name, t in grouped(rows, "day", days).items()] == [
        ("2026-01-01", 0.0),
        ("2026-01-02", 4.0),
        ("2026-02-01", 1.5),
    ]
    assert list(grouped(rows, "month", days)) == ["2026-01", "2026-02"]
    assert list(grouped(rows, "tenant", days)) == ["b", "a"]
    assert {name: t.cost_usd for name, t in grouped(rows, "workflow").items()} == {"render": 3.0, "compose": 2.5}
    assert list(grouped(rows, "dialect")) == ["native", "musicai"]


def test_how_many_days_can_be_asked_for() -> None:
    day = date(2026, 1, 1)
    assert days_between(day, day) == ["2026-01-01"]
    assert len(days_between(day, day + timedelta(days=365))) == 366
    for first, last in ((day, day - timedelta(days=1)), (day, day + timedelta(days=366))):
        with pytest.raises(InvalidInput) as told:
            days_between(first, last)
        assert told.value.field == "from"


def test_a_busy_day_of_the_stage_is_read_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "PAGE", 2)
    tenants = [world.tenant(f"{n}@example.org") for n in range(7)]
    for tenant in tenants:
        order_on(world, tenant, "native", 1.0, "succeeded")
    today = world.clock.now().date()
    rows = list(world.services.usage.of_stage.spent(today, today))
    assert sorted(row.tenant_id for row in rows) == sorted(tenant.id for tenant in tenants)
    assert len(list(world.services.usage.spent(tenants[0].id, today, today))) == 1


def test_a_counter_of_the_stage_can_be_spread_as_it_is_said() -> None:
    places = {layout_money.stage_key("2026-01-01", "t", "native/compose", f"job-{n}")[0] for n in range(100)}
    assert places == set(layout_money.stage_partitions("2026-01-01"))
    assert nano(0.000000001) == 1
