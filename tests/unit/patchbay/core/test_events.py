from patchbay.core.events import of_change
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World

TYPES = ["job.queued", "job.started", "job.succeeded"]


def test_every_change_of_state_is_one_event(world: World, ada: Tenant) -> None:
    world.carry_out(world.order(ada))
    events = [event for change in world.records.changes if (event := of_change(*change))]
    assert [e["type"] for e in events if e["type"].startswith("job")] == TYPES
    assert [e["type"] for e in events if e["type"].startswith("asset")] == ["asset.ready"]
    assert len({e["id"] for e in events}) == len(events)
    assert {e["version"] for e in events} == {"1"}
    assert {e["tenant_id"] for e in events} == {ada.id}
    assert [of_change(*change) for change in world.records.changes] == [
        of_change(*change) for change in world.records.changes
    ]


def test_progress_and_deletion(world: World, ada: Tenant) -> None:
    job = world.order(ada)
    world.services.pipeline.plan(ada.id, job.id)
    world.services.pipeline.dispatch(ada.id, job.id, 0, "t")
    message = world.queues.sent[-1][1]
    _, step = world.services.tasks.lease(message, "w")
    assert step is not None
    world.services.tasks.progress(message, step, 0.5)
    world.services.jobs.delete(ada.id, job.id)
    types = [event["type"] for change in world.records.changes if (event := of_change(*change))]
    assert types[-3:] == ["job.progressed", "job.cancelled", "job.deleted"]


def test_what_is_nobodys_business_is_no_event(world: World, ada: Tenant) -> None:
    assert of_change(None, None) is None
    assert [of_change(*change) for change in world.records.changes] == [None] * len(world.records.changes)
    world.upload(ada, GOOD)
    assert of_change(*world.records.changes[-1]) is None
