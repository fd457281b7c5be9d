"""Messages lost and doubled, attempts that break off, clocks that differ."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from patchbay.core.notices import BUSY, TRUST, Shape
from patchbay.domain.errors import Unavailable
from patchbay.domain.webhooks import DELAYS_S, NoticeState
from patchbay.ports import NoticeMessage, WebAnswer
from tests.fakes.world import Tenant, World
from tests.unit.patchbay.core.receiving import URL, Killed, deliver, ended, only, run, shapes


def test_messages_that_come_twice_make_one_attempt(world: World, ada: Tenant) -> None:
    ended(world, ada, callback_url=URL)
    (message,) = world.notice_queue.due()
    for _ in range(3):
        world.services.notices.deliver(message, shapes)
    assert len(world.web.posts) == 1


def test_two_attempts_at_once_are_one(world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    ended(world, ada, callback_url=URL)
    (message,) = world.notice_queue.due()
    post = world.web.post
    seen = []

    def slow(*args: Any, **more: Any) -> WebAnswer:
        seen.append(world.services.notices.deliver(message, shapes))
        return post(*args, **more)

    monkeypatch.setattr(world.web, "post", slow)
    world.services.notices.deliver(message, shapes)
    assert (seen, len(world.web.posts)) == ([None], 1)


def test_a_lost_message_is_found_by_the_sweep_and_not_before(world: World, ada: Tenant) -> None:
    world.notice_queue.losing = True
    ended(world, ada, callback_url=URL)
    world.notice_queue.losing = False
    assert world.services.notices.sweep() == {"looked_at": 1, "asked": 0}
    world.clock.advance(seconds=TRUST.total_seconds())
    assert world.services.notices.sweep() == {"looked_at": 1, "asked": 1}
    assert world.services.notices.sweep() == {"looked_at": 1, "asked": 0}
    deliver(world)
    assert only(world).state is NoticeState.DELIVERED
    assert world.services.notices.sweep() == {"looked_at": 0, "asked": 0}


def test_an_attempt_that_broke_off_is_made_again_and_counted(
    world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(world, ada, callback_url=URL)

    def dies(*_: Any, **__: Any) -> WebAnswer:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(world.web, "post", dies)
        (message,) = world.notice_queue.due()
        with pytest.raises(Killed):
            world.services.notices.deliver(message, shapes)
    assert world.services.notices.deliver(message, shapes) is None, "it may still be under way"
    world.clock.advance(seconds=max(BUSY, TRUST).total_seconds())
    world.services.notices.sweep()
    run(world)
    assert (only(world).state, only(world).tries) == (NoticeState.DELIVERED, 2)


def test_a_receiver_that_kills_every_attempt_is_given_up(
    world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(world, ada, callback_url=URL)

    def dies(*_: Any, **__: Any) -> WebAnswer:
        raise Killed

    monkeypatch.setattr(world.web, "post", dies)
    until = world.clock.now() + timedelta(hours=96)
    while world.clock.now() < until and only(world).state is NoticeState.PENDING:
        for message in world.notice_queue.due():
            with suppress(Killed):
                world.services.notices.deliver(message, shapes)
        world.clock.advance(minutes=5)
        world.services.notices.sweep()
    assert only(world).state is NoticeState.DEAD


def test_a_report_that_cannot_be_made_is_given_up_one_day(world: World, ada: Tenant) -> None:
    def broken(dialect: str) -> Shape:
        raise KeyError(dialect)

    ended(world, ada, callback_url=URL)
    until = world.clock.now() + timedelta(hours=96)
    while world.clock.now() < until and only(world).state is NoticeState.PENDING:
        for message in world.notice_queue.due():
            world.services.notices.deliver(message, broken)
        world.clock.advance(minutes=1)
        world.services.notices.sweep()
    assert (only(world).state, only(world).tries) == (NoticeState.DEAD, len(DELAYS_S))
    assert world.web.posts == []


def test_no_notice_is_given_up_without_a_dead_letter(world: World, ada: Tenant) -> None:
    world.web.receivers[URL] = [WebAnswer(410)]
    ended(world, ada, callback_url=URL)
    (message,) = world.notice_queue.due()
    world.notice_queue.down = True
    with pytest.raises(Unavailable):
        world.services.notices.deliver(message, shapes)
    assert only(world).state is NoticeState.PENDING
    world.notice_queue.down = False
    run(world, hours=1)
    assert only(world).state is NoticeState.DEAD
    assert [buried.notice_id for buried, _ in world.notice_queue.buried] == [message.notice_id]


def test_one_notice_in_trouble_does_not_keep_the_others_from_being_swept(world: World, ada: Tenant) -> None:
    world.web.receivers[URL] = ["it broke off"]
    for _ in range(3):
        ended(world, ada, callback_url=URL)
    world.notice_queue.losing = True
    world.notice_queue.due()
    world.notice_queue.losing = False
    world.clock.advance(minutes=10)
    send, sent = world.notice_queue.send, []

    def fails_once(message: NoticeMessage, *, delay_s: int) -> None:
        sent.append(message)
        if len(sent) == 1:
            raise Unavailable("busy")
        send(message, delay_s=delay_s)

    world.notice_queue.send = fails_once  # type: ignore[method-assign]
    done = world.services.notices.sweep()
    assert (done["looked_at"], done["asked"], len(sent)) == (3, 2, 3)


def test_clocks_that_differ_by_ten_minutes_hide_no_notice_from_the_sweep(world: World, ada: Tenant) -> None:
    world.services.notices.sweep()
    world.clock.advance(hours=1)
    world.services.notices.sweep()
    world.clock.advance(minutes=-10)
    world.notice_queue.losing = True
    ended(world, ada, callback_url=URL)
    world.notice_queue.losing = False
    world.clock.advance(minutes=10)
    run(world, hours=1)
    assert only(world).state is NoticeState.DELIVERED


def test_a_stage_whose_sweep_begins_late_loses_nothing(world: World, ada: Tenant) -> None:
    world.notice_queue.losing = True
    ended(world, ada, callback_url=URL)
    world.notice_queue.losing = False
    world.clock.advance(days=3, hours=12)
    run(world, hours=1)
    assert only(world).state is NoticeState.DELIVERED


def test_the_sweep_moves_on_past_what_is_over(world: World, ada: Tenant) -> None:
    world.services.notices.sweep()
    world.clock.advance(days=3)
    world.services.notices.sweep()
    before = world.records.read_bytes
    world.services.notices.sweep()
    assert world.records.read_bytes - before < 2000, "it does not read three days again"
    world.notice_queue.losing = True
    ended(world, ada, callback_url=URL)
    world.clock.advance(days=1)
    world.notice_queue.losing = False
    assert world.services.notices.sweep()["asked"] == 1, "what is late stays in sight"


def test_two_sweeps_at_once_ask_once(world: World, ada: Tenant) -> None:
    world.notice_queue.losing = True
    ended(world, ada, callback_url=URL)
    world.notice_queue.losing = False
    world.clock.advance(minutes=5)
    counts = []
    world.records.before_write = lambda _: counts.append(world.services.notices.sweep()["asked"])
    counts.append(world.services.notices.sweep()["asked"])
    assert sorted(counts) == [0, 1]
    assert len(world.notice_queue.due()) == 1
