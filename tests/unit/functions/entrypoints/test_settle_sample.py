"""The Lambda behind the ends of preparation jobs."""

from typing import Any

import pytest

from functions.entrypoints import settle_sample
from patchbay.core import events, layout
from patchbay.domain.errors import Unavailable
from patchbay.domain.jobs import Job
from patchbay.domain.samples import Sample, SampleState
from tests.fakes.world import Tenant, World
from tests.support.library import carry_out, library_sample, make_sample
from tests.support.samples import sample as committed


def told(world: World, job: Job) -> dict[str, Any]:
    """The last event of a job as the bus has it."""
    changes = [
        change
        for change in world.records.changes
        if any(c and c.key == layout.job_key(job.tenant_id, job.id) for c in change)
    ]
    event = events.of_change(*changes[-1])
    assert event is not None
    return {"source": "patchbay", "detail-type": event["type"], "detail": event}


def now(world: World, made: Sample) -> Sample:
    return world.services.samples.get(made.number, made.tenant_id)


def test_an_end_settles_the_sample_and_again_changes_nothing(world: World, ada: Tenant) -> None:
    made = make_sample(world, ada)
    event = told(world, carry_out(world, made, bpm=90.0))
    settle_sample.handler(event, None)
    settled = now(world, made)
    assert (settled.state, settled.bpm) == (SampleState.READY, 90.0)
    settle_sample.handler(event, None)
    assert now(world, made) == settled


def test_a_cancelled_job(world: World, ada: Tenant) -> None:
    made = make_sample(world, ada)
    settle_sample.handler(told(world, world.services.jobs.cancel(ada.id, made.id)), None)
    assert now(world, made).state is SampleState.FAILED


def test_a_deleted_job(world: World, ada: Tenant) -> None:
    made = make_sample(world, ada)
    job = world.services.jobs.get(ada.id, made.id)
    world.services.jobs.delete(ada.id, made.id)
    event = told(world, job)
    assert event["detail-type"] == "job.deleted"
    settle_sample.handler(event, None)
    assert (now(world, made).state, now(world, made).reason) == (SampleState.FAILED, "its preparation job was deleted")


def test_the_job_of_a_sample_that_is_ready_may_be_deleted(world: World, ada: Tenant) -> None:
    made = library_sample(world, ada)
    job = world.services.jobs.get(ada.id, made.id)
    world.services.jobs.delete(ada.id, made.id)
    settle_sample.handler(told(world, job), None)
    assert now(world, made) == made


def test_a_job_of_no_sample(world: World, ada: Tenant) -> None:
    job = world.order(ada, workflow="sample-preparation", dialect="native")
    settle_sample.handler(told(world, world.services.jobs.cancel(ada.id, job.id)), None)
    assert world.services.samples.owned(ada.id, limit=1) == []


def test_the_committed_event_is_of_nobody_here(world: World) -> None:
    settle_sample.handler(committed("settle_sample"), None)
    assert world.records.changes == []


def test_a_store_that_is_away_is_tried_again(world: World, ada: Tenant) -> None:
    made = make_sample(world, ada)
    event = told(world, carry_out(world, made))
    world.records.down = True
    with pytest.raises(Unavailable):
        settle_sample.handler(event, None)
