import pytest

from patchbay.core.delivery import DeliveryFailed
from patchbay.domain.jobs import FailureKind, JobState
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World

TO = {"vocals": "https://storage.example.org/v.wav?sig=1", "bass": "https://storage.example.org/b.wav"}


def test_results_go_where_the_order_says(world: World, ada: Tenant) -> None:
    done = world.carry_out(world.order(ada, deliver_to=TO))
    assert done.state is JobState.SUCCEEDED
    assert world.web.taken == dict.fromkeys(TO.values(), GOOD)
    told = {o.name: o.delivered_to for o in done.outputs}
    host = "storage.example.org"
    assert told == {"vocals": host, "drums": None, "bass": host, "other": None}


def test_results_used_again_are_delivered_all_the_same(world: World, ada: Tenant) -> None:
    world.carry_out(world.order(ada))
    done = world.carry_out(world.order(ada, deliver_to=TO))
    assert done.state is JobState.SUCCEEDED
    assert len(world.web.taken) == 2
    again = world.carry_out(world.order(ada, deliver_to={"drums": "https://storage.example.org/d.wav"}))
    assert {o.name for o in again.outputs if o.delivered_to} == {"drums"}


def test_a_storage_that_refuses_fails_the_job_and_is_named(world: World, ada: Tenant) -> None:
    world.web.refusing.add("storage.example.org")
    job = world.order(ada, deliver_to=TO)
    with pytest.raises(DeliveryFailed):
        world.carry_out(job)
    index = len(world.services.pipeline.steps(job.id)) - 1
    with pytest.raises(DeliveryFailed):
        world.services.delivery.run(ada.id, job.id, index, last_try=True)
    world.services.pipeline.finish(ada.id, job.id)
    failure = world.services.jobs.get(ada.id, job.id).failure
    assert failure is not None
    assert failure.kind is FailureKind.BAD_INPUT
    assert "vocals" in failure.message
    assert "storage.example.org" in failure.message


def test_a_delivery_that_is_not_wanted_any_more_is_not_made(world: World, ada: Tenant) -> None:
    job = world.order(ada, deliver_to=TO)
    world.services.pipeline.plan(ada.id, job.id)
    world.services.jobs.cancel(ada.id, job.id)
    world.services.delivery.run(ada.id, job.id, 1)
    assert world.web.taken == {}
