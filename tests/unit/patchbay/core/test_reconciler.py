"""Jobs that were interrupted, are stuck, or were not reported."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from patchbay.catalog.warm import Warm
from patchbay.core.tasks import Answer
from patchbay.domain.errors import Unavailable
from patchbay.domain.jobs import Failure, FailureKind, Job, JobState, Output
from patchbay.domain.tasks import ComputeClass, TaskMessage
from patchbay.settings import Settings
from tests.fakes.world import Tenant, World

URL = "https://example.org/song.wav"


def dispatched(world: World, job: Job, index: int = 0) -> TaskMessage:
    world.services.pipeline.dispatch(job.tenant_id, job.id, index, f"token-{index}")
    return world.queues.sent[-1][1]


def test_an_interrupted_job_goes_on_where_it_was(world: World, ada: Tenant) -> None:
    job = world.order(ada, workflow="stem-isolation-encoded")
    world.services.pipeline.plan(ada.id, job.id)
    message = dispatched(world, job)
    _, step = world.services.tasks.lease(message, "worker")
    assert step is not None
    outputs = [Output(name=n, key=f"results/{ada.id}/f/{n}.wav") for n in ("vocals", "drums", "bass", "other")]
    world.services.tasks.complete(message, step, outputs, 1.0)
    world.executions.lose()
    assert world.services.reconciler.reconcile(restarted=True) == {
        "looked_at": 1,
        "resumed": 1,
        "failed": 0,
        "told": 0,
        "trouble": 0,
    }
    assert world.executions.running(job.id, 2)
    assert [p.step for p in world.services.pipeline.plan(ada.id, job.id)] == [1]


def test_after_a_restart_nobody_waits_for_dead_workers(world: World, ada: Tenant) -> None:
    job = world.order(ada)
    world.services.pipeline.plan(ada.id, job.id)
    world.services.tasks.lease(dispatched(world, job), "dead")
    world.executions.lose()
    world.services.reconciler.reconcile(restarted=True)
    world.services.pipeline.plan(ada.id, job.id, 2)
    assert world.services.tasks.lease(dispatched(world, job), "new")[0] is Answer.YOURS


def test_a_run_that_was_given_up_ends_nothing(world: World, ada: Tenant) -> None:
    """Run 1 comes back from the dead when the reconciler has put run 2 in its place."""
    job = world.order(ada)
    pipeline = world.services.pipeline
    pipeline.plan(ada.id, job.id, 1)
    world.executions.lose()
    world.services.reconciler.reconcile(restarted=True)
    assert pipeline.plan(ada.id, job.id, 1) == []
    pipeline.finish(ada.id, job.id, 1)
    pipeline.fail(ada.id, job.id, Failure(kind=FailureKind.INTERNAL, message="m"), 1)
    assert world.services.jobs.get(ada.id, job.id).state is JobState.STARTED
    assert len(pipeline.plan(ada.id, job.id, 2)) == 1


def test_a_job_that_is_under_way_or_young_is_left_alone(world: World, ada: Tenant) -> None:
    world.order(ada)
    assert world.services.reconciler.reconcile(restarted=True)["resumed"] == 0
    world.executions.lose()
    assert world.services.reconciler.reconcile()["resumed"] == 0
    world.clock.advance(minutes=2)
    assert world.services.reconciler.reconcile()["resumed"] == 1


def test_a_job_that_is_interrupted_again_and_again_fails_with_a_reason(world: World, ada: Tenant) -> None:
    job = world.order(ada)
    for _ in range(3):
        world.executions.lose()
        world.services.reconciler.reconcile(restarted=True)
    failed = world.services.jobs.get(ada.id, job.id)
    assert failed.state is JobState.FAILED
    assert failed.failure is not None
    assert "interrupted 3 times" in failed.failure.message
    assert world.services.reconciler.reconcile(restarted=True)["resumed"] == 0


def test_the_reconciler_reads_every_open_job_of_every_tenant(world: World, ada: Tenant, bob: Tenant) -> None:
    for n in range(230):
        world.order((ada, bob)[n % 2])
    world.executions.lose()
    assert world.services.reconciler.reconcile(restarted=True)["resumed"] == 230


def test_a_worker_that_cannot_be_had_is_no_fault_of_the_task(
    world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(compute: str) -> None:
        raise RuntimeError(f"no capacity for {compute}")

    monkeypatch.setattr(world.launcher, "launch", full)
    job = world.order(ada)
    world.services.pipeline.plan(ada.id, job.id)
    assert dispatched(world, job).job_id == job.id
    assert world.services.reconciler.reconcile()["looked_at"] == 1


def test_one_job_in_trouble_does_not_keep_the_others_from_being_resumed(
    world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [world.order(ada) for _ in range(5)]
    world.executions.lose()
    running = world.executions.running

    def throttled(job_id: str, run: int) -> bool:
        if job_id == jobs[2].id:
            raise Unavailable("the pipeline is busy")
        return running(job_id, run)

    monkeypatch.setattr(world.executions, "running", throttled)
    done = world.services.reconciler.reconcile(restarted=True)
    assert (done["resumed"], done["trouble"]) == (4, 1)


def test_a_task_that_waits_without_a_worker_gets_one(world: World, ada: Tenant) -> None:
    world.services.reconciler.reconcile()
    assert world.launcher.launched == []
    job = world.order(ada)
    world.services.pipeline.plan(ada.id, job.id)
    dispatched(world, job)
    world.launcher.launched.clear()
    world.services.reconciler.reconcile()
    assert world.launcher.launched == ["gpu"]


WARM: Mapping[ComputeClass, Warm] = {"gpu": Warm(2, from_hour=2, to_hour=5), "cpu": Warm(1, from_hour=6, to_hour=7)}


def test_workers_that_are_to_stay_are_seen_to_in_their_hours(world: World) -> None:
    reconciler = replace(world.services.reconciler, warm=WARM)
    reconciler.reconcile()
    end = world.clock.now().replace(hour=5, minute=0, second=0, microsecond=0)
    assert world.launcher.kept == [("gpu", 2, end)]
    world.clock.advance(hours=2)
    reconciler.reconcile()
    assert world.launcher.kept == [("gpu", 2, end)]


def test_a_warm_worker_that_cannot_be_had_keeps_no_job_waiting(
    world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise Unavailable("Batch is busy")

    monkeypatch.setattr(world.launcher, "keep_warm", full)
    job = world.order(ada)
    world.services.pipeline.plan(ada.id, job.id)
    dispatched(world, job)
    world.launcher.launched.clear()
    replace(world.services.reconciler, warm=WARM).reconcile()
    assert world.launcher.launched == ["gpu"]


def test_who_is_to_stay_comes_from_the_settings() -> None:
    services = World(Settings(stage="test", warm="gpu=1@7-19")).services
    assert services.reconciler.warm == {"gpu": Warm(1, 7, 19)}
