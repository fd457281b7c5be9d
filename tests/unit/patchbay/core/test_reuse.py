"""Results used again: only while their objects are there."""

from patchbay.core.tasks import Answer
from patchbay.domain.jobs import Output
from tests.fakes.world import Tenant, World


def test_a_worker_does_not_hand_out_results_that_are_gone(world: World, ada: Tenant) -> None:
    """The plan sees that the objects are gone; the worker that leases the step must not take the old record for new."""
    done = world.carry_out(world.order(ada))
    world.objects.delete(done.outputs[0].key or "")
    again = world.carry_out(world.order(ada))
    assert again.outputs
    assert all(world.objects.stat(output.key or "") for output in again.outputs)


def test_what_another_job_made_meanwhile_is_not_thrown_away(world: World, ada: Tenant) -> None:
    """Both jobs were planned before either was done: the second takes what the first made anew."""
    done = world.carry_out(world.order(ada))
    world.objects.delete(done.outputs[0].key or "")
    first, second = world.order(ada), world.order(ada)
    pipeline, tasks = world.services.pipeline, world.services.tasks
    for job in (first, second):
        pipeline.plan(ada.id, job.id)
    messages = []
    for job in (first, second):
        pipeline.dispatch(ada.id, job.id, 0, f"token-{job.id}")
        messages.append(world.queues.sent[-1][1])
    _, step = tasks.lease(messages[0], "one")
    assert step is not None
    tasks.complete(messages[0], step, [Output(name="vocals", key="results/t/new")], 1.0)
    assert tasks.lease(messages[1], "two") == (Answer.OVER, None)
    assert pipeline.steps(second.id)[0].outputs == (Output(name="vocals", key="results/t/new"),)
