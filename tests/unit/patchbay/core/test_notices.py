"""Events on their way to receivers."""

import json
from datetime import timedelta
from itertools import pairwise

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from patchbay.core import events
from patchbay.domain.base import utc_now
from patchbay.domain.errors import Conflict, NotFound
from patchbay.domain.ids import new_id
from patchbay.domain.webhooks import DELAYS_S, TERMINAL_EVENTS, NoticeState
from patchbay.ports import NoticeMessage, WebAnswer
from tests.fakes.notices import FakeStream
from tests.fakes.world import Tenant, World
from tests.unit.patchbay.core.receiving import OTHER, URL, deliver, ended, notices, only, run, shapes


def test_the_end_of_a_job_is_told_in_its_dialects_words(world: World, ada: Tenant) -> None:
    world.clock.at = utc_now()
    job = ended(world, ada, callback_url=URL)
    deliver(world)
    ((url, body, headers),) = world.web.posts
    secret = world.services.endpoints.application_secret(ada.id, ada.application.id).current
    told = Webhook(secret).verify(body, headers)
    assert (url, told) == (URL, {"dialect": "musicai", "id": job.id})
    assert headers["webhook-id"] == only(world).id
    assert world.services.jobs.get(ada.id, job.id).told_at == world.clock.now()


def test_a_dialect_without_words_of_its_own_tells_the_event(world: World, ada: Tenant) -> None:
    job = ended(world, ada, callback_url=URL, dialect="native")
    deliver(world)
    told = json.loads(world.web.posts[0][1])
    assert (told["type"], told["data"]["id"], told["id"]) == ("job.succeeded", job.id, f"{job.id}:job.succeeded")


def test_endpoints_get_what_they_asked_for_each_with_its_own_secret(world: World, ada: Tenant, bob: Tenant) -> None:
    world.clock.at = utc_now()
    endpoints = world.services.endpoints
    _, terminal = endpoints.create(ada.id, URL)
    _, everything = endpoints.create(ada.id, OTHER, ["*"])
    endpoints.create(bob.id, "https://bob.example/", ["*"])
    ended(world, ada)
    deliver(world)
    told: dict[str, list[str]] = {URL: [], OTHER: []}
    for url, body, headers in world.web.posts:
        event = Webhook({URL: terminal, OTHER: everything}[url]).verify(body, headers)
        assert event["tenant_id"] == ada.id
        told[url].append(event["type"])
    assert told[URL] == ["job.succeeded"]
    assert sorted(told[OTHER]) == ["asset.ready", "job.queued", "job.started", "job.succeeded"]
    assert len({headers["webhook-id"] for _, _, headers in world.web.posts}) == 5


@pytest.mark.parametrize("hours", [0, 23.9, 24.1])
def test_while_a_secret_rotates_both_verify_and_after_a_day_the_new_one_alone(
    world: World, ada: Tenant, hours: float
) -> None:
    endpoint, old = world.services.endpoints.create(ada.id, URL)
    world.clock.at = utc_now() - timedelta(hours=hours)
    new = world.services.endpoints.rotate(ada.id, endpoint.id).current
    world.clock.at = utc_now()
    ended(world, ada)
    deliver(world)
    _, body, headers = world.web.posts[0]
    Webhook(new).verify(body, headers)
    if hours < 24:
        Webhook(old).verify(body, headers)
        return
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(body, headers)


def test_an_event_that_is_read_again_makes_no_second_notice(world: World, ada: Tenant) -> None:
    world.services.endpoints.create(ada.id, OTHER, ["*"])
    stream = FakeStream(world.records)
    world.carry_out(world.order(ada, callback_url=URL))
    events = stream.events()
    for event in [*events, *events[::-1], *events]:
        world.services.notices.route(event)
    deliver(world)
    run(world)
    ids = [headers["webhook-id"] for _, _, headers in world.web.posts]
    assert len(ids) == len(set(ids)) == 5
    assert len(world.services.notices.events(ada.id, limit=100)) == len(events)


def test_refused_once_and_taken_later_is_one_notice(world: World, ada: Tenant) -> None:
    world.web.receivers[URL] = [WebAnswer(500), "no connection", WebAnswer(301), WebAnswer(204)]
    ended(world, ada, callback_url=URL)
    deliver(world)
    run(world)
    notice = only(world)
    assert (notice.state, notice.tries) == (NoticeState.DELIVERED, 4)
    assert [made.status for made in notice.attempts] == [500, None, 301, 204]
    assert len({headers["webhook-id"] for _, _, headers in world.web.posts}) == 1
    assert len({headers["webhook-timestamp"] for _, _, headers in world.web.posts}) == 4, "one for each attempt"


def test_a_receiver_that_never_takes_it_ends_with_the_operators(world: World, ada: Tenant) -> None:
    world.web.receivers[URL] = [WebAnswer(503)]
    ended(world, ada, callback_url=URL)
    deliver(world)
    run(world)
    notice = only(world)
    assert (notice.state, notice.tries, len(world.web.posts)) == (NoticeState.DEAD, len(DELAYS_S), len(DELAYS_S))
    ((message, reason),) = world.notice_queue.buried
    assert (message.notice_id, reason) == (notice.id, notice.reason)
    made = [attempt.at for attempt in notice.attempts]
    waits = [(b - a).total_seconds() for a, b in pairwise(made)]
    assert all(wait >= planned for wait, planned in zip(waits, DELAYS_S[1:], strict=True)), waits
    assert all(wait <= planned * 1.1 + 121 for wait, planned in zip(waits, DELAYS_S[1:], strict=True)), waits


def test_a_receiver_that_is_gone_is_switched_off(world: World, ada: Tenant) -> None:
    world.web.receivers[URL] = [WebAnswer(410)]
    endpoint, _ = world.services.endpoints.create(ada.id, URL)
    ended(world, ada)
    deliver(world)
    assert world.services.endpoints.get(ada.id, endpoint.id).disabled_reason == "it answered 410 Gone"
    assert only(world).state is NoticeState.DEAD
    ended(world, ada)
    assert len(notices(world)) == 1


def test_retry_after_is_honoured_up_to_a_day(world: World, ada: Tenant) -> None:
    world.web.receivers[URL] = [WebAnswer(429, "7200"), WebAnswer(503, "99999999"), WebAnswer(200)]
    ended(world, ada, callback_url=URL)
    deliver(world)
    assert only(world).due_at == world.clock.now() + timedelta(hours=2)
    run(world)
    first, second, third = (attempt.at for attempt in only(world).attempts)
    assert timedelta(hours=2) <= second - first <= timedelta(hours=2, minutes=3)
    assert timedelta(hours=24) <= third - second <= timedelta(hours=24, minutes=3)


def test_an_endpoint_that_moved_gets_what_waits_at_its_new_address(world: World, ada: Tenant) -> None:
    world.web.receivers[URL] = [WebAnswer(500)]
    endpoint, _ = world.services.endpoints.create(ada.id, URL)
    ended(world, ada)
    deliver(world)
    world.services.endpoints.change(ada.id, endpoint.id, url=OTHER)
    run(world)
    assert [url for url, _, _ in world.web.posts] == [URL, OTHER]


@pytest.mark.parametrize("when", ["before it is routed", "after it is routed"])
def test_the_end_of_a_job_that_is_deleted_is_told_all_the_same(world: World, ada: Tenant, when: str) -> None:
    """In the event's words: of the job itself there is nothing left to tell."""
    job = world.carry_out(world.order(ada, callback_url=URL))
    if when == "before it is routed":
        world.services.jobs.delete(ada.id, job.id)
    for old, new in list(world.records.changes):
        if event := events.of_change(old, new):
            world.services.notices.route(event)
    if when == "after it is routed":
        world.services.jobs.delete(ada.id, job.id)
    deliver(world)
    ((url, body, _),) = world.web.posts
    assert url == URL
    told = json.loads(body)
    assert (told["type"], told["data"]["id"], events.CALLBACK in told) == ("job.succeeded", job.id, False)


@pytest.mark.parametrize("how", ["endpoint deleted", "endpoint off"])
def test_what_nobody_waits_for_any_more_is_given_up(world: World, ada: Tenant, how: str) -> None:
    services = world.services
    endpoint, _ = services.endpoints.create(ada.id, URL)
    ended(world, ada, callback_url=OTHER)
    match how:
        case "endpoint deleted":
            services.endpoints.delete(ada.id, endpoint.id)
        case "endpoint off":
            services.endpoints.change(ada.id, endpoint.id, enabled=False)
    deliver(world)
    (dead,) = [notice for notice in notices(world) if notice.state is NoticeState.DEAD]
    assert dead.url == URL
    assert len(world.web.posts) == len(world.notice_queue.buried) == 1


# -- what owners see


def test_a_ping_goes_to_its_endpoint_alone(world: World, ada: Tenant, bob: Tenant) -> None:
    services = world.services
    endpoint, _ = services.endpoints.create(ada.id, URL)
    services.endpoints.create(ada.id, OTHER, ["*"])
    services.notices.ping(ada.id, endpoint.id)
    services.notices.ping(ada.id, endpoint.id)
    deliver(world)
    assert [url for url, _, _ in world.web.posts] == [URL, URL]
    assert len({headers["webhook-id"] for _, _, headers in world.web.posts}) == 2
    with pytest.raises(NotFound):
        services.notices.ping(bob.id, endpoint.id)


def test_a_notice_that_is_over_can_be_sent_again(world: World, ada: Tenant) -> None:
    world.web.receivers[URL] = [WebAnswer(410), WebAnswer(200)]
    ended(world, ada, callback_url=URL)
    notice = only(world)
    with pytest.raises(Conflict):
        world.services.notices.replay(ada.id, notice.id)
    deliver(world)
    world.services.notices.replay(ada.id, notice.id)
    deliver(world)
    assert only(world).state is NoticeState.DELIVERED
    assert {headers["webhook-id"] for _, _, headers in world.web.posts} == {notice.id}
    world.services.notices.replay(ada.id, notice.id)
    deliver(world)
    assert len(world.web.posts) == 3


def test_what_is_anothers_is_not_found(world: World, ada: Tenant, bob: Tenant) -> None:
    ended(world, ada, callback_url=URL)
    notice, services = only(world), world.services
    for notice_id in (notice.id, new_id(), "", "x"):
        with pytest.raises(NotFound):
            services.notices.get(bob.id, notice_id)
        with pytest.raises(NotFound):
            services.notices.replay(bob.id, notice_id)
    assert services.notices.list(bob.id, limit=10) == []
    assert services.notices.events(bob.id, limit=10) == []
    services.notices.deliver(NoticeMessage(bob.id, notice.id, 0), shapes)
    assert world.web.posts == []


def test_lists_go_on_where_they_stopped(world: World, ada: Tenant) -> None:
    for _ in range(3):
        ended(world, ada, callback_url=URL)
        world.clock.advance(minutes=1)
    services = world.services
    newest, *rest = services.notices.list(ada.id, limit=10)
    assert services.notices.list(ada.id, limit=10, before=newest.id) == rest
    assert newest.created_at > rest[0].created_at > rest[1].created_at
    forward = services.notices.events(ada.id, limit=100, ascending=True)
    assert services.notices.events(ada.id, limit=100) == forward[::-1]
    assert services.notices.events(ada.id, limit=100, cursor=forward[3][0], ascending=True) == forward[4:]
    assert sum(event["type"] in TERMINAL_EVENTS for _, event in forward) == 3


def test_events_are_kept_once_in_the_order_they_arrive(world: World, ada: Tenant) -> None:
    """An event of long ago that is told now comes last: who has read to the end finds it there."""
    job = world.order(ada)
    notices = world.services.notices
    for old, new in list(world.records.changes):
        if event := events.of_change(old, new):
            notices.route(event)
    last = notices.events(ada.id, limit=1)[0][0]
    world.clock.advance(days=5)
    world.services.jobs.delete(ada.id, job.id)
    late = [event for old, new in world.records.changes if (event := events.of_change(old, new))][-1]
    for _ in range(3):
        notices.route(late)
    assert [event for _, event in notices.events(ada.id, limit=10, cursor=last, ascending=True)] == [late]
    assert late["type"] == "job.deleted"
