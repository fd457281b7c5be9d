"""Usage: each job that succeeds once, whatever is repeated."""

from datetime import UTC, datetime

import pytest

from patchbay.core import layout, usage
from patchbay.domain.errors import Unavailable
from patchbay.domain.jobs import Failure, FailureKind, Job, JobState, Output
from patchbay.domain.usage import Tally
from patchbay.ports import WriteConflict
from tests.fakes.prober import SECONDS
from tests.fakes.world import Tenant, World

WORK = "musicai/stem-isolation-4"


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


def test_failed_and_cancelled_jobs_are_not_counted(world: World, ada: Tenant) -> None:
    failed, cancelled = world.order(ada), world.order(ada)
    world.services.pipeline.fail(ada.id, failed.id, Failure(kind=FailureKind.INTERNAL, message="m"))
    world.services.jobs.cancel(ada.id, cancelled.id)
    assert counted(world, ada) == 0


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
    assert usage.month_of(when) == months[-1]


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
