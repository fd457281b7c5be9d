from dataclasses import replace

import pytest

from patchbay.catalog.models import MODELS
from patchbay.core.tasks import LEASE_S, SAME_WORK_WAIT, Answer
from patchbay.domain.errors import Conflict, NotFound, TaskCancelled, Unavailable
from patchbay.domain.jobs import Failure, FailureKind, Job, JobState, Output
from patchbay.domain.steps import StepState
from patchbay.domain.tasks import TaskMessage
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World

URL = "https://example.org/song.wav"


def dispatched(world: World, job: Job, index: int = 0) -> TaskMessage:
    world.services.pipeline.dispatch(job.tenant_id, job.id, index, f"token-{index}")
    return world.queues.sent[-1][1]


def test_a_plan_says_what_is_to_be_done(world: World, ada: Tenant) -> None:
    job = world.order(ada, workflow="stem-isolation-encoded")
    planned = world.services.pipeline.plan(ada.id, job.id)
    assert [(p.step, p.compute) for p in planned] == [(0, "gpu"), (1, "cpu")]
    assert world.services.jobs.get(ada.id, job.id).state is JobState.STARTED
    isolate, encode = world.services.pipeline.steps(job.id)
    assert (isolate.model, isolate.engine, isolate.reported) == ("patchbay-small", "separation", False)
    assert isolate.inputs[0].sha256
    assert [i.name for i in encode.inputs] == ["vocals", "drums", "bass", "other"]
    assert isolate.share[1] == encode.share[0] == pytest.approx(10 / 11)
    assert (isolate.share[0], encode.share[1]) == (0.0, 1.0)


def test_planning_again_changes_nothing(world: World, ada: Tenant) -> None:
    job = world.order(ada)
    first = world.services.pipeline.plan(ada.id, job.id)
    steps = world.services.pipeline.steps(job.id)
    assert world.services.pipeline.plan(ada.id, job.id) == first
    assert world.services.pipeline.steps(job.id) == steps


def test_a_job_goes_its_way(world: World, ada: Tenant) -> None:
    done = world.carry_out(world.order(ada, workflow="stem-isolation-encoded"))
    assert (done.state, done.progress) == (JobState.SUCCEEDED, 1.0)
    assert [o.name for o in done.outputs] == ["vocals", "drums", "bass", "other"]
    assert all(o.key and o.key.startswith(f"results/{ada.id}/") for o in done.outputs)


def test_the_same_work_is_done_once(world: World, ada: Tenant, bob: Tenant) -> None:
    world.carry_out(world.order(ada))
    again = world.order(ada)
    assert world.services.pipeline.plan(ada.id, again.id) == []
    assert all(step.reused for step in world.services.pipeline.steps(again.id))
    world.services.pipeline.finish(ada.id, again.id)
    assert world.services.jobs.get(ada.id, again.id).state is JobState.SUCCEEDED
    other = world.order(ada, params={"sample_format": "wav24"})
    assert len(world.services.pipeline.plan(ada.id, other.id)) == 1
    foreign = world.order(bob)
    assert len(world.services.pipeline.plan(bob.id, foreign.id)) == 1


def test_results_that_are_gone_are_made_again(world: World, ada: Tenant) -> None:
    done = world.carry_out(world.order(ada))
    world.objects.delete(done.outputs[0].key or "")
    again = world.order(ada)
    assert len(world.services.pipeline.plan(ada.id, again.id)) == 1


def test_a_newer_model_version_is_other_work(world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    world.carry_out(world.order(ada))
    newer = replace(MODELS["patchbay-small"], version="2.0")
    monkeypatch.setitem(MODELS, "patchbay-small", newer)
    again = world.order(ada)
    assert len(world.services.pipeline.plan(ada.id, again.id)) == 1


def test_input_by_url_is_imported_once(world: World, ada: Tenant) -> None:
    world.web.pages[URL] = GOOD
    job = world.order(ada, input_url=URL)
    world.services.pipeline.plan(ada.id, job.id)
    world.services.pipeline.plan(ada.id, job.id)
    assert len(world.services.assets.list(ada.id, limit=10)) == 1


@pytest.mark.parametrize(
    ("body", "says"), [(b"text", "no audio file"), (None, "answered 404")], ids=["not audio", "no file"]
)
def test_an_input_that_is_no_good_fails_the_job_with_words(
    world: World, ada: Tenant, body: bytes | None, says: str
) -> None:
    if body is not None:
        world.web.pages[URL] = body
    job = world.order(ada, input_url=URL)
    assert world.services.pipeline.plan(ada.id, job.id) == []
    world.services.pipeline.finish(ada.id, job.id)
    failed = world.services.jobs.get(ada.id, job.id)
    assert failed.state is JobState.FAILED
    assert failed.failure is not None
    assert failed.failure.kind is FailureKind.BAD_INPUT
    assert says in failed.failure.message


def test_an_upload_that_never_came_shows_in_the_job(world: World, ada: Tenant) -> None:
    asset = world.services.assets.create(ada.id)
    job = world.order(ada, input_asset_id=asset.id)
    world.services.pipeline.plan(ada.id, job.id)
    failure = world.services.jobs.get(ada.id, job.id).failure
    assert failure is not None
    assert "nothing was uploaded" in failure.message


def test_what_is_busy_is_left_to_a_retry(world: World, ada: Tenant) -> None:
    job = world.order(ada)
    world.records.down = True
    with pytest.raises(Unavailable):
        world.services.pipeline.plan(ada.id, job.id)
    world.records.down = False
    assert len(world.services.pipeline.plan(ada.id, job.id)) == 1


def test_a_job_that_is_over_or_gone_is_not_planned(world: World, ada: Tenant) -> None:
    cancelled, deleted = world.order(ada), world.order(ada)
    world.services.jobs.cancel(ada.id, cancelled.id)
    world.services.jobs.delete(ada.id, deleted.id)
    for job in (cancelled, deleted):
        assert world.services.pipeline.plan(ada.id, job.id) == []
        world.services.pipeline.finish(ada.id, job.id)
        world.services.pipeline.fail(ada.id, job.id, Failure(kind=FailureKind.INTERNAL, message="m"))
    assert world.services.jobs.get(ada.id, cancelled.id).state is JobState.CANCELLED


def test_dispatch_sends_one_message_and_sees_to_a_worker(world: World, ada: Tenant) -> None:
    job = world.order(ada)
    world.services.pipeline.plan(ada.id, job.id)
    message = dispatched(world, job)
    assert (message.job_id, message.step, message.task_token) == (job.id, 0, "token-0")
    assert world.launcher.launched == ["gpu"]
    with pytest.raises(NotFound):
        world.services.pipeline.dispatch("other", job.id, 0, "t")


def test_dispatch_of_what_is_done_answers_at_once(world: World, ada: Tenant) -> None:
    job = world.order(ada)
    world.carry_out(job)
    sent = len(world.queues.sent)
    world.services.pipeline.dispatch(ada.id, job.id, 0, "late")
    assert len(world.queues.sent) == sent
    assert world.executions.tokens["late"] == ("succeeded",)


def test_finish_without_a_plan_is_a_failure(world: World, ada: Tenant) -> None:
    job = world.order(ada)
    world.services.pipeline.finish(ada.id, job.id)
    assert world.services.jobs.get(ada.id, job.id).state is JobState.FAILED


def test_finish_before_all_is_done_is_a_failure(world: World, ada: Tenant) -> None:
    job = world.order(ada)
    world.services.pipeline.plan(ada.id, job.id)
    world.services.pipeline.finish(ada.id, job.id)
    assert world.services.jobs.get(ada.id, job.id).state is JobState.FAILED


def test_a_steps_own_reason_goes_first(world: World, ada: Tenant) -> None:
    job = world.order(ada)
    world.services.pipeline.plan(ada.id, job.id)
    message = dispatched(world, job)
    world.services.tasks.lease(message, "worker")
    world.services.tasks.fail(message, Failure(kind=FailureKind.BAD_INPUT, message="damaged"))
    world.services.pipeline.fail(ada.id, job.id, Failure(kind=FailureKind.INTERNAL, message="States.TaskFailed"))
    failure = world.services.jobs.get(ada.id, job.id).failure
    assert failure == Failure(kind=FailureKind.BAD_INPUT, message="damaged")
    assert world.executions.tokens["token-0"][0] == "failed"


# -- tasks -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def message(world: World, ada: Tenant) -> TaskMessage:
    job = world.order(ada)
    world.services.pipeline.plan(ada.id, job.id)
    return dispatched(world, job)


def test_of_two_workers_one_gets_the_task(world: World, message: TaskMessage) -> None:
    tasks = world.services.tasks
    assert tasks.lease(message, "one")[0] is Answer.YOURS
    assert tasks.lease(message, "two")[0] is Answer.BUSY
    world.clock.advance(seconds=60)
    assert tasks.lease(message, "two")[0] is Answer.YOURS
    with pytest.raises(TaskCancelled):
        tasks.keep(message, "one")
    tasks.keep(message, "two")


def test_workers_that_race_for_the_lease(world: World, message: TaskMessage) -> None:
    tasks = world.services.tasks
    answers = []
    world.records.before_write = lambda _: answers.append(tasks.lease(message, "fast")[0])
    answers.append(tasks.lease(message, "slow")[0])
    assert answers == [Answer.YOURS, Answer.BUSY]


def test_a_message_delivered_again_after_the_end(world: World, message: TaskMessage) -> None:
    tasks = world.services.tasks
    _, step = tasks.lease(message, "one")
    assert step is not None
    tasks.complete(message, step, [Output(name="vocals", key=f"results/{message.tenant_id}/f/v")], 2.0)
    again = message.model_copy(update={"task_token": "second"})
    assert tasks.lease(again, "two") == (Answer.OVER, None)
    assert world.executions.tokens["second"] == ("succeeded",)
    tasks.complete(message, step, [], 2.0)
    assert world.services.pipeline.steps(message.job_id)[0].engine_s == 2.0


def test_a_forged_message_does_nothing(world: World, message: TaskMessage, bob: Tenant) -> None:
    for changes in ({"tenant_id": bob.id}, {"step": 7}, {"job_id": "nosuch"}):
        forged = message.model_copy(update=changes)
        assert world.services.tasks.lease(forged, "one") == (Answer.OVER, None)


def test_progress_of_a_step_is_its_share_of_the_job(world: World, ada: Tenant) -> None:
    job = world.order(ada, workflow="stem-isolation-encoded")
    world.services.pipeline.plan(ada.id, job.id)
    message = dispatched(world, job)
    _, step = world.services.tasks.lease(message, "one")
    assert step is not None
    world.services.tasks.progress(message, step, 0.5)
    assert world.services.jobs.get(ada.id, job.id).progress == pytest.approx(5 / 11, abs=1e-3)
    world.services.tasks.progress(message, step, 0.2)
    assert world.services.jobs.get(ada.id, job.id).progress == pytest.approx(5 / 11, abs=1e-3)


@pytest.mark.parametrize("how", ["cancel", "delete"])
def test_a_worker_hears_that_its_job_is_not_wanted(world: World, ada: Tenant, message: TaskMessage, how: str) -> None:
    tasks = world.services.tasks
    _, step = tasks.lease(message, "one")
    assert step is not None
    assert tasks.wanted(message)
    getattr(world.services.jobs, how)(ada.id, message.job_id)
    assert not tasks.wanted(message)
    with pytest.raises(TaskCancelled):
        tasks.progress(message, step, 0.9)
    assert tasks.lease(message, "two")[0] is Answer.OVER


def test_a_task_given_back_is_free_at_once(world: World, message: TaskMessage) -> None:
    tasks = world.services.tasks
    tasks.lease(message, "one")
    tasks.give_back(message, "other", "not mine")
    assert tasks.lease(message, "two")[0] is Answer.BUSY
    tasks.give_back(message, "one", "out of memory")
    assert tasks.lease(message, "two")[0] is Answer.YOURS


def test_a_task_that_nobody_manages_is_buried_with_its_last_reason(world: World, message: TaskMessage) -> None:
    tasks = world.services.tasks
    for worker in ("one", "two", "three"):
        tasks.lease(message, worker)
        tasks.give_back(message, worker, f"{worker} ran out of memory")
    tasks.bury(message)
    step = world.services.pipeline.steps(message.job_id)[0]
    assert step.state is StepState.FAILED
    assert step.failure is not None
    assert step.failure.message == "gave up after 3 attempts; the last one ended with: three ran out of memory"
    assert world.executions.tokens[message.task_token][0] == "failed"
    assert tasks.lease(message, "four")[0] is Answer.OVER


def test_what_a_step_took_still_counts_when_it_is_planned_again(world: World, message: TaskMessage) -> None:
    tasks = world.services.tasks
    tasks.lease(message, "one")
    world.pause(7)
    tasks.fail(message, Failure(kind=FailureKind.INTERNAL, message="out of memory"))
    world.services.pipeline.plan(message.tenant_id, message.job_id)
    (step,) = world.services.pipeline.steps(message.job_id)
    assert (step.state, step.lost_s) == (StepState.READY, 7.0)


def test_what_is_done_is_not_buried(world: World, message: TaskMessage) -> None:
    tasks = world.services.tasks
    _, step = tasks.lease(message, "one")
    assert step is not None
    tasks.complete(message, step, [], 1.0)
    tasks.bury(message)
    tasks.fail(message, Failure(kind=FailureKind.INTERNAL, message="late"))
    assert world.services.pipeline.steps(message.job_id)[0].state is StepState.DONE


def test_burying_what_is_done_answers_the_state_machine(world: World, message: TaskMessage) -> None:
    tasks = world.services.tasks
    _, step = tasks.lease(message, "one")
    assert step is not None
    tasks.complete(message, step, [], 1.0)
    late = message.model_copy(update={"task_token": "late"})
    tasks.bury(late)
    assert world.executions.tokens["late"] == ("succeeded",)


def test_what_a_worker_still_holds_is_not_buried(world: World, message: TaskMessage, bob: Tenant) -> None:
    tasks = world.services.tasks
    tasks.lease(message, "one")
    with pytest.raises(Conflict):
        tasks.bury(message)
    tasks.bury(message.model_copy(update={"tenant_id": bob.id}))
    assert world.services.pipeline.steps(message.job_id)[0].state is StepState.LEASED


def test_inputs_of_a_later_step_are_found_when_it_is_leased(world: World, ada: Tenant) -> None:
    job = world.order(ada, workflow="stem-isolation-encoded", params={"stems": 2})
    world.services.pipeline.plan(ada.id, job.id)
    message = dispatched(world, job)
    _, step = world.services.tasks.lease(message, "one")
    assert step is not None
    outputs = [Output(name=n, key=f"results/{ada.id}/f/{n}.wav", sha256="00") for n in ("vocals", "accompaniment")]
    world.services.tasks.complete(message, step, outputs, 1.0)
    _, encode = world.services.tasks.lease(dispatched(world, job, 1), "one")
    assert encode is not None
    assert {i.name: i.key for i in encode.inputs} == {o.name: o.key for o in outputs}
    assert {i.sha256 for i in encode.inputs} == {"00"}


# -- the same work in two jobs ----------------------------------------------------------------------------------------


def same_work(world: World, ada: Tenant) -> tuple[TaskMessage, TaskMessage]:
    """Two jobs that want the same of the same file, both planned before either was done."""
    asset = world.upload(ada)
    messages = []
    for _ in range(2):
        job = world.order(ada, input_asset_id=asset.id)
        world.services.pipeline.plan(ada.id, job.id)
        messages.append(dispatched(world, job))
    return messages[0], messages[1]


def test_of_two_jobs_that_want_the_same_one_works_and_both_have_it(world: World, ada: Tenant) -> None:
    first, second = same_work(world, ada)
    tasks = world.services.tasks
    _, step = tasks.lease(first, "one")
    answer, seen = tasks.lease(second, "two")
    assert answer is Answer.BUSY
    assert seen is not None
    assert seen.leased_until == world.clock.now() + SAME_WORK_WAIT
    assert step is not None
    tasks.complete(first, step, [Output(name="vocals", key="k")], 60.0)
    assert tasks.lease(second, "two") == (Answer.OVER, None)
    done = world.services.pipeline.steps(second.job_id)[0]
    assert (done.state, done.reused, done.engine_s) == (StepState.DONE, True, 0.0)
    assert done.outputs == (Output(name="vocals", key="k"),)


@pytest.mark.parametrize("ending", ["dies", "gives_back", "fails"])
def test_who_waits_for_the_same_work_does_it_if_the_other_does_not(world: World, ada: Tenant, ending: str) -> None:
    first, second = same_work(world, ada)
    tasks = world.services.tasks
    tasks.lease(first, "one")
    match ending:
        case "dies":
            world.clock.advance(seconds=LEASE_S + 1)
        case "gives_back":
            tasks.give_back(first, "one", None)
        case "fails":
            tasks.fail(first, Failure(kind=FailureKind.INTERNAL, message="m"))
    assert tasks.lease(second, "two")[0] is Answer.YOURS


def test_who_works_on_keeps_the_others_waiting(world: World, ada: Tenant) -> None:
    first, second = same_work(world, ada)
    tasks = world.services.tasks
    tasks.lease(first, "one")
    for _ in range(10):
        world.clock.advance(seconds=LEASE_S - 1)
        tasks.keep(first, "one")
        assert tasks.lease(second, "two")[0] is Answer.BUSY


def test_a_late_worker_does_not_take_the_work_from_who_took_it_over(world: World, ada: Tenant) -> None:
    first, second = same_work(world, ada)
    tasks = world.services.tasks
    tasks.lease(first, "one")
    world.clock.advance(seconds=LEASE_S + 1)
    tasks.lease(second, "two")
    tasks.give_back(first, "one", "woke up late")
    third = world.order(ada, input_asset_id=world.services.jobs.get(ada.id, first.job_id).input_asset_id)
    world.services.pipeline.plan(ada.id, third.id)
    assert tasks.lease(dispatched(world, third), "three")[0] is Answer.BUSY
