"""The Lambda behind the ends of jobs."""

import json
from typing import Any

import pytest

from functions.entrypoints import settle_job
from patchbay.core import events, layout
from patchbay.domain.jobs import Job
from patchbay.domain.samples import Sample, SampleState
from tests.fakes.world import Tenant, World
from tests.support.generations import generate
from tests.support.library import carry_out, library_sample, make_sample
from tests.support.samples import sample as committed

DONE: dict[str, Any] = {"batchItemFailures": []}


def told(world: World, *jobs: Job) -> dict[str, Any]:
    """A batch of the last event of each job, as the queue has it."""
    records = []
    for number, job in enumerate(jobs):
        key = layout.job_key(job.tenant_id, job.id)
        changes = [change for change in world.records.changes if any(c and c.key == key for c in change)]
        event = events.of_change(*changes[-1])
        assert event is not None
        body = {"source": "patchbay", "detail-type": event["type"], "detail": event}
        records.append({"messageId": str(number), "body": json.dumps(body)})
    return {"Records": records}


def state(world: World, made: Sample) -> SampleState:
    """As it is stored."""
    (stored,) = [each for each in world.services.samples.owned(made.tenant_id, limit=9) if each.id == made.id]
    return stored.state


def test_an_end_settles_the_sample_and_again_changes_nothing(world: World, ada: Tenant) -> None:
    made = make_sample(world, ada)
    event = told(world, carry_out(world, made, bpm=90.0))
    assert settle_job.handler(event, None) == DONE
    assert state(world, made) is SampleState.READY
    changed = len(world.records.changes)
    assert settle_job.handler(event, None) == DONE
    assert len(world.records.changes) == changed


def test_a_cancelled_and_a_deleted_job(world: World, ada: Tenant) -> None:
    cancelled, deleted, ready = make_sample(world, ada), make_sample(world, ada), library_sample(world, ada)
    jobs = [world.services.jobs.cancel(ada.id, cancelled.id)]
    for each in (deleted, ready):
        jobs.append(world.services.jobs.get(ada.id, each.id))
        world.services.jobs.delete(ada.id, each.id)
    event = told(world, *jobs)
    assert [json.loads(record["body"])["detail-type"] for record in event["Records"]] == [
        "job.cancelled",
        "job.deleted",
        "job.deleted",
    ]
    assert settle_job.handler(event, None) == DONE
    assert [state(world, each) for each in (cancelled, deleted, ready)] == [
        SampleState.FAILED,
        SampleState.FAILED,
        SampleState.READY,
    ]


def test_an_end_settles_the_generation(world: World, ada: Tenant) -> None:
    found, job = generate(world, ada)
    assert settle_job.handler(told(world, world.carry_out(job)), None) == DONE
    ((settled, _),) = world.services.generations.owned(ada.id, limit=1)
    assert settled.id == found.id
    assert settled.settled
    assert len(settled.outputs) == 4


def test_a_job_of_nothing(world: World, ada: Tenant) -> None:
    job = world.order(ada, workflow="sample-preparation", dialect="native")
    assert settle_job.handler(told(world, world.services.jobs.cancel(ada.id, job.id)), None) == DONE
    assert world.services.samples.owned(ada.id, limit=1) == []


def test_the_committed_event_is_of_nobody_here(world: World) -> None:
    assert settle_job.handler(committed("settle_job"), None) == DONE
    assert world.records.changes == []


@pytest.mark.parametrize("broken", ["away", "unread"])
def test_what_cannot_be_done_comes_back_and_holds_up_no_other(world: World, ada: Tenant, broken: str) -> None:
    one, two = make_sample(world, ada), make_sample(world, ada)
    event = told(world, carry_out(world, one), carry_out(world, two))
    if broken == "away":
        world.records.down = True
        expected = ["0", "1"]
    else:
        event["Records"][0]["body"] = "{}"
        expected = ["0"]
    failed = settle_job.handler(event, None)["batchItemFailures"]
    assert [each["itemIdentifier"] for each in failed] == expected
    world.records.down = False
    assert state(world, two) is (SampleState.PROCESSING if broken == "away" else SampleState.READY)
