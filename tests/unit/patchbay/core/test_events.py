import json
from typing import Any

from patchbay.core import events
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


def told(world: World) -> list[dict[str, Any]]:
    return [event for change in world.records.changes if (event := of_change(*change)) is not None]


def test_ids_stay_the_same_however_often_an_end_is_told(world: World, ada: Tenant) -> None:
    job = world.carry_out(world.order(ada))
    world.clock.advance(minutes=2)
    assert world.services.reconciler.reconcile()["told"] == 1
    first, again = [event for event in told(world) if event["type"] == "job.succeeded"]
    assert first == again
    assert first["id"] == f"{job.id}:job.succeeded"


def test_once_everybody_is_put_down_it_is_not_told_again(world: World, ada: Tenant) -> None:
    world.carry_out(world.order(ada))
    world.services.notices.route(told(world)[-1])
    before = told(world)
    world.clock.advance(minutes=2)
    assert world.services.reconciler.reconcile() == {
        "looked_at": 0,
        "resumed": 0,
        "failed": 0,
        "told": 0,
        "trouble": 0,
    }
    assert told(world) == before


def test_each_report_of_progress_has_an_id_of_its_own(world: World, ada: Tenant) -> None:
    job = world.order(ada)
    world.services.pipeline.plan(ada.id, job.id)
    world.services.pipeline.dispatch(ada.id, job.id, 0, "t")
    message = world.queues.sent[-1][1]
    _, step = world.services.tasks.lease(message, "w")
    assert step is not None
    for fraction in (0.1, 0.2, 0.2, 0.15, 0.3):
        world.services.tasks.progress(message, step, fraction)
    reports = [event for event in told(world) if event["type"] == "job.progressed"]
    assert [event["data"]["progress"] for event in reports] == [0.1, 0.2, 0.3]
    assert len({event["id"] for event in reports}) == 3


def test_a_file_at_a_url_is_awaited_and_an_upload_is_not(world: World, ada: Tenant) -> None:
    world.services.assets.create(ada.id)
    url = world.services.assets.create(ada.id, source_url="https://example.org/a.wav")
    assert [(event["type"], event["data"]["id"]) for event in told(world)] == [("asset.awaited", url.id)]
    world.services.assets.fetch(ada.id, url.id)
    assert [event["type"] for event in told(world)] == ["asset.awaited", "asset.rejected"]


def test_secrets_and_addresses_are_not_told(world: World, ada: Tenant) -> None:
    world.carry_out(world.order(ada, callback_url="https://r.example/?token=1", metadata={"private": "private"}))
    for event in told(world):
        callback = event.pop(events.CALLBACK, None)
        assert callback == ("https://r.example/?token=1" if event["type"] == "job.succeeded" else None)
        assert "token" not in json.dumps(event)
        assert "private" not in json.dumps(event)
