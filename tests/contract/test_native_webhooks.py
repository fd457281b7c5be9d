"""Webhooks, the secrets that sign what they are told, notices and events."""

import json
import time
from typing import Any

import pytest
from standardwebhooks import Webhook

from functions.dialects import shape_of
from functions.dialects.native import waiting
from functions.dialects.native.schemas import webhooks as schemas
from functions.dialects.native.schemas.common import Gone
from patchbay.core.events import of_change
from patchbay.domain.webhooks import EVENT_TYPES
from patchbay.ports import WebAnswer
from tests.contract.test_native import BASE, fits, patch, told
from tests.fakes.gateway import Api
from tests.fakes.world import Tenant, World

URL = "https://hooks.example.org/in"


def route_all(world: World) -> list[dict[str, Any]]:
    """What the bus does with everything that has changed: each event that receivers hear of is put down."""
    changes, world.records.changes = world.records.changes, []
    events = [event for change in changes if (event := of_change(*change)) and event["type"] in EVENT_TYPES]
    for event in events:
        world.services.notices.route(event)
    return events


def deliver_all(world: World) -> None:
    """Make every attempt that was asked for."""
    waiting_now, world.notice_queue.waiting = world.notice_queue.waiting, []
    for _, message in waiting_now:
        world.services.notices.deliver(message, shape_of)


def test_a_webhook_is_made_once_changed_and_forgotten(native: Api) -> None:
    order = {"url": URL, "events": ["job.*"], "description": "mine"}
    made = fits(schemas.NewWebhook, native.post(f"{BASE}/webhooks", order, idempotency_key="w"))
    assert native.post(f"{BASE}/webhooks", order, idempotency_key="w").json() == made
    secret = made.pop("secret")
    path = f"{BASE}/webhooks/{made['id']}"
    assert fits(schemas.Webhook, native.get(path)) == made
    assert (made["url"], made["events"], made["enabled"]) == (URL, ["job.*"], True)
    assert fits(schemas.WebhookPage, native.get(f"{BASE}/webhooks")) == {"webhooks": [made], "next_cursor": None}
    assert fits(schemas.Secret, native.get(f"{path}/secret"))["secret"] == secret
    off = fits(schemas.Webhook, patch(native, path, {"enabled": False}))
    assert (off["enabled"], off["disabled_reason"]) == (False, "switched off by its owner")
    on = patch(native, path, {"enabled": True, "url": f"{URL}/2", "events": ["*"], "description": ""}).json()
    assert on == made | {"url": f"{URL}/2", "events": ["*"], "description": ""}
    assert patch(native, path, {}).json() == on
    assert fits(Gone, native.delete(path)) == {"id": made["id"]}
    told(native.get(path), 404, "not-found")
    told(native.delete(path), 404, "not-found")


def test_a_webhook_hears_of_a_jobs_end_unless_it_asks_for_other_things(native: Api) -> None:
    made = native.post(f"{BASE}/webhooks", {"url": URL}).json()
    assert made["events"] == ["job.succeeded", "job.failed", "job.cancelled"]


@pytest.mark.parametrize(
    ("order", "status", "fields"),
    [
        ({}, 422, ["url"]),
        ({"url": URL, "events": [], "name": "x"}, 422, ["events", "name"]),
        ({"url": URL, "events": ["job.flew"]}, 400, ["events"]),
        ({"url": "http://127.0.0.1/x"}, 400, ["url"]),
        ({"url": "ftp://example.org"}, 400, ["url"]),
    ],
)
def test_a_bad_webhook_names_every_fault(native: Api, order: dict[str, Any], status: int, fields: list[str]) -> None:
    code = "invalid-fields" if status == 422 else "invalid-input"
    told(native.post(f"{BASE}/webhooks", order), status, code, *fields)
    made = native.post(f"{BASE}/webhooks", {"url": URL}).json()
    if order:
        told(patch(native, f"{BASE}/webhooks/{made['id']}", order), status, code, *fields)


def test_there_is_an_end_to_webhooks(native: Api) -> None:
    for _ in range(20):
        assert native.post(f"{BASE}/webhooks", {"url": URL}).status == 200
    told(native.post(f"{BASE}/webhooks", {"url": URL}), 413, "too-large")


@pytest.mark.parametrize("owner", ["application", "webhook"])
def test_a_secret_is_replaced_over_a_day(native: Api, world: World, owner: str) -> None:
    path = f"{BASE}/webhook-secret"
    place = path
    if owner == "webhook":
        path = f"{BASE}/webhooks/{native.post(f'{BASE}/webhooks', {'url': URL}).json()['id']}"
        place = f"{path}/secret"
    first = fits(schemas.Secret, native.get(place))
    assert (native.get(place).json(), first["previous"], first["previous_until"]) == (first, None, None)
    second = fits(schemas.Secret, native.post(f"{path}/rotate", b"", idempotency_key="r"))
    assert native.post(f"{path}/rotate", b"", idempotency_key="r").json() == second
    assert second["secret"] != first["secret"] == second["previous"]
    assert second["previous_until"] == "2026-01-03T03:04:05.678000Z"
    assert native.get(place).json() == second


def test_a_ping_arrives_signed_and_is_told(native: Api, world: World) -> None:
    made = native.post(f"{BASE}/webhooks", {"url": URL}).json()
    sent = fits(schemas.Notice, native.post(f"{BASE}/webhooks/{made['id']}/test", b""))
    assert (sent["event_type"], sent["state"], sent["tries"], sent["attempts"]) == ("ping", "pending", 0, [])
    assert sent["next_attempt_at"]
    told(native.post(f"{BASE}/notices/{sent['id']}/replay", b""), 409, "conflict")
    deliver_all(world)
    [(url, body, headers)] = world.web.posts
    assert (url, headers["webhook-id"]) == (URL, sent["id"])
    assert json.loads(body) == sent["event"]
    # The world's clock is not today's, which the library looks at.
    made_there = Webhook(made["secret"]).sign(sent["id"], world.clock.now(), body.decode())
    assert headers["webhook-signature"] == made_there
    done = fits(schemas.Notice, native.get(f"{BASE}/notices/{sent['id']}"))
    assert (done["state"], done["tries"], done["next_attempt_at"]) == ("delivered", 1, None)
    assert [attempt["status"] for attempt in done["attempts"]] == [200]


def test_notices_are_found_by_state_and_receiver_and_sent_again(native: Api, world: World, ada: Tenant) -> None:
    good, gone = (native.post(f"{BASE}/webhooks", {"url": f"{URL}/{n}"}).json()["id"] for n in ("good", "gone"))
    world.web.receivers[f"{URL}/gone"] = [WebAnswer(410), WebAnswer(200)]
    job = world.carry_out(world.order(ada, callback_url="https://own.example.org/x"))
    route_all(world)
    deliver_all(world)
    page = fits(schemas.NoticePage, native.get(f"{BASE}/notices"))
    assert {n["endpoint_id"] for n in page["notices"]} == {good, gone, None}
    assert {n["job_id"] for n in page["notices"]} == {None, job.id}
    assert {n["event_id"] for n in page["notices"]} == {f"{job.id}:job.succeeded"}
    [dead] = native.get(f"{BASE}/notices", ("state", "dead")).json()["notices"]
    assert (dead["endpoint_id"], dead["reason"]) == (gone, "the receiver answered 410: it is gone for good")
    [same] = native.get(f"{BASE}/notices", ("endpoint_id", gone), ("state", "dead")).json()["notices"]
    assert same == dead
    assert native.get(f"{BASE}/notices", ("endpoint_id", good), ("state", "dead")).json()["notices"] == []
    shown = native.get(f"{BASE}/webhooks/{gone}").json()
    assert (shown["enabled"], shown["disabled_reason"]) == (False, "it answered 410 Gone")
    patch(native, f"{BASE}/webhooks/{gone}", {"enabled": True})
    again = fits(schemas.Notice, native.post(f"{BASE}/notices/{dead['id']}/replay", b""))
    assert (again["state"], again["tries"]) == ("pending", 0)
    deliver_all(world)
    assert native.get(f"{BASE}/notices/{dead['id']}").json()["state"] == "delivered"
    told(native.get(f"{BASE}/notices", ("state", "asleep")), 422, "invalid-fields", "state")


def test_events_both_ways(native: Api, world: World, ada: Tenant, bob: Tenant) -> None:
    job = world.carry_out(world.order(ada))
    world.carry_out(world.order(bob))
    route_all(world)
    newest = fits(schemas.EventPage, native.get(f"{BASE}/events"))
    assert newest["next_cursor"] is None
    assert {e["tenant_id"] for e in newest["events"]} == {ada.id}
    oldest = fits(schemas.EventPage, native.get(f"{BASE}/events", ("order", "asc")))
    assert oldest["events"] == newest["events"][::-1]
    assert oldest["next_cursor"] == newest["events"][0]["cursor"]
    types = {e["type"] for e in oldest["events"] if e["type"].startswith("job.")}
    assert types == {"job.queued", "job.started", "job.succeeded"}
    assert {e["data"]["id"] for e in oldest["events"] if e["type"].startswith("job.")} == {job.id}
    rest = native.get(f"{BASE}/events", ("order", "asc"), ("cursor", oldest["next_cursor"])).json()
    assert rest == {"events": [], "next_cursor": oldest["next_cursor"]}


def test_news_is_waited_for(native: Api, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    async def pause(seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            world.order(ada)
            route_all(world)

    monkeypatch.setattr(waiting, "pause", pause)
    found = native.get(f"{BASE}/events", ("order", "asc"), ("wait_s", "20")).json()
    assert looks == 3
    assert [e["type"] for e in found["events"]] == ["job.queued"]
    after = ("cursor", found["next_cursor"])
    told(native.get(f"{BASE}/events", ("wait_s", "5"), after), 400, "invalid-input", "wait_s")
    told(native.get(f"{BASE}/events", ("order", "asc"), ("wait_s", "21")), 422, "invalid-fields", "wait_s")


def test_waiting_has_an_end(native: Api, world: World) -> None:
    began = time.monotonic()
    found = native.get(f"{BASE}/events", ("order", "asc"), ("wait_s", "1"))
    assert 1 <= time.monotonic() - began < 10
    assert found.json() == {"events": [], "next_cursor": None}
