"""Events on their way to receivers: put down once, tried until taken or given up, found again after any crash.

An event becomes one notice for each receiver, under an id that is the same however often the event is read. A message
in the queue asks for one attempt; the notice's record says whether it is still that attempt's turn. Long waits are not
the queue's: a sweep finds what falls due, and what a lost message left behind.
"""

import json
import logging
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from patchbay.core import events, layout, store, tracing, work
from patchbay.core.endpoints import Endpoints
from patchbay.core.events import job_of
from patchbay.core.idempotency import Once, write_once
from patchbay.core.receivers import TIMEOUT_S, attempt
from patchbay.core.sweeps import found_in, sweep
from patchbay.domain import jobs as life
from patchbay.domain import webhooks
from patchbay.domain.base import Entity
from patchbay.domain.errors import Conflict, NotFound
from patchbay.domain.ids import derived_id, is_id, new_id
from patchbay.domain.jobs import Job
from patchbay.domain.webhooks import TERMINAL_EVENTS, Notice, NoticeState
from patchbay.ports import (
    LONGEST_DELAY_S,
    Clock,
    NoticeMessage,
    NoticeQueue,
    Put,
    Records,
    Web,
    WriteConflict,
)

EVENTS_KEPT = timedelta(days=30)
TRUST = timedelta(seconds=90)
"""How long after its time a queued message may still come before the sweep asks again."""
BUSY = timedelta(seconds=TIMEOUT_S + 45)
LOOK_AHEAD = timedelta(seconds=LONGEST_DELAY_S - 60)
LOOK_BACK = timedelta(minutes=20)
"""How long a stretch of time is looked at after it ended: the index lags a little, and clocks may differ by 10 min."""
FIRST_LOOK_BACK = timedelta(days=4)
"""How far back the very first sweep looks: longer than all the waits of a notice together."""
Shape = Callable[[Job], Mapping[str, Any] | None]
"""Makes a job's report in its dialect's words; None where the dialect has no reports of its own."""
Shapes = Callable[[str], Shape]
_log = logging.getLogger(__name__)


class StoredEvent(Entity):
    """An event as kept for its owner."""

    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Notices:
    """Notices of all tenants."""

    records: Records
    queue: NoticeQueue
    endpoints: Endpoints
    web: Web
    clock: Clock
    chance: Callable[[], float] = random.random

    def route(self, event: Mapping[str, Any]) -> list[Notice]:
        """Put everybody down who wants to hear of an event. Repeating it changes nothing."""
        tenant_id, kind = str(event["tenant_id"]), str(event["type"])
        callback = event.get(events.CALLBACK)
        trace = event.get(events.TRACE)
        tracing.adopt(trace)
        event = {name: value for name, value in event.items() if name not in events.OURS}
        self._keep(event)
        notices = [
            self._noticed(event, url=endpoint.url, endpoint_id=endpoint.id, traceparent=trace)
            for endpoint in self.endpoints.list(tenant_id)
            if endpoint.wants(kind)
        ]
        told = event["data"]
        if callback:
            ids = {"application_id": told["application_id"], "job_id": told["id"], "dialect": told["dialect"]}
            ids["traceparent"] = trace
            notices.append(self._noticed(event, url=callback, **ids))
        for notice in notices:
            self._ask(notice)
        if kind in TERMINAL_EVENTS:
            now = self.clock.now()
            key = layout.job_key(tenant_id, told["id"])
            store.change(self.records, Job, key, lambda j: life.tell(j, now), layout.put_job)
        return notices

    def ping(self, tenant_id: str, endpoint_id: str, once: Once | None = None) -> Notice:
        """Send an endpoint a test event. Raises `NotFound`."""
        if once and once.made:
            return self.get(tenant_id, once.made)
        endpoint = self.endpoints.get(tenant_id, endpoint_id)
        event_id, now = new_id(), self.clock.now()
        event = {
            "version": "1",
            "id": event_id,
            "type": "ping",
            "tenant_id": tenant_id,
            "time": now.isoformat(),
            "data": {"endpoint_id": endpoint_id},
        }
        notice = self._notice(event, url=endpoint.url, endpoint_id=endpoint_id)
        made = write_once(self.records, once, notice.id, now, layout.put_notice(notice))
        if made != notice.id:
            return self.get(tenant_id, made)
        self._ask(notice)
        return notice.model_copy(update={"version": 1})

    def deliver(self, message: NoticeMessage, shapes: Shapes) -> Notice | None:
        """Make one attempt, if it is its turn. Returns the notice as it is now, None where there is nothing to do."""
        key = layout.notice_key(message.tenant_id, message.notice_id)
        now = self.clock.now()

        def take(found: Notice) -> Notice | None:
            turn = found.state is NoticeState.PENDING and found.tries == message.attempt
            busy = found.busy_until is not None and now < found.busy_until
            return found.model_copy(update={"busy_until": now + BUSY}) if turn and not busy else None

        notice = store.change(self.records, Notice, key, take, layout.put_notice)
        if notice is None:
            return None
        tracing.adopt(notice.traceparent)
        work.note(job_id=job_of(notice.event))
        try:
            made, retry_after_s = self._attempted(notice, shapes)
        except NotFound as error:
            return self._settle(notice, webhooks.given_up(notice, str(error), self.clock.now()))
        now = self.clock.now()
        after = webhooks.attempted(notice, made, retry_after_s=retry_after_s, now=now, chance=self.chance())
        if made.status == webhooks.GONE and notice.endpoint_id:
            self.endpoints.disable(notice.tenant_id, notice.endpoint_id, "it answered 410 Gone")
        return self._settle(notice, after)

    def replay(self, tenant_id: str, notice_id: str) -> Notice:
        """Deliver a notice that is over once more. Raises `NotFound`, `Conflict` while it is under way."""
        self.get(tenant_id, notice_id)
        now = self.clock.now()

        def again(found: Notice) -> Notice:
            if found.state is NoticeState.PENDING:
                raise Conflict(f"notice {notice_id} is still being delivered")
            return self._queued(webhooks.replayed(found, now))

        changed = store.change(self.records, Notice, layout.notice_key(tenant_id, notice_id), again, layout.put_notice)
        if changed is None:
            raise NotFound(f"there is no notice {notice_id}")
        self._ask(changed)
        return changed

    def get(self, tenant_id: str, notice_id: str) -> Notice:
        """A notice with its attempts. Raises `NotFound`."""
        key = layout.notice_key(tenant_id, notice_id)
        found = store.load(self.records, Notice, key) if is_id(notice_id) else None
        if found is None:
            raise NotFound(f"there is no notice {notice_id}")
        return found

    def events(
        self, tenant_id: str, *, limit: int, cursor: str | None = None, ascending: bool = False
    ) -> list[tuple[str, dict[str, Any]]]:
        """(cursor, event) of a tenant's events past `cursor`: newest first, or oldest first."""
        partition = layout.event_key(tenant_id, "")[0]
        found = self.records.query(partition, limit=limit, before=cursor, ascending=ascending)
        return [(stored.sk, layout.entity(StoredEvent, stored).event) for stored in found]

    def list(self, tenant_id: str, *, limit: int, before: str | None = None) -> list[Notice]:
        """Notices, newest first."""
        found = self.records.query(layout.notice_key(tenant_id, "")[0], limit=limit, before=before)
        return [layout.entity(Notice, stored) for stored in found]

    def sweep(self) -> dict[str, int]:
        """Ask for every attempt that falls due soon and that no message in the queue stands for."""
        now = self.clock.now()
        done = {"looked_at": 0, "asked": 0}

        def look(number: int) -> int:
            waiting = 0
            for stored in found_in(self.records, layout.due_partitions(number)):
                notice = layout.entity(Notice, stored)
                if notice.state is not NoticeState.PENDING or layout.due_number(notice.due_at) != number:
                    continue
                waiting += 1
                try:
                    done["asked"] += self._swept(notice, now)
                except Exception:  # noqa: BLE001 - one notice's trouble must not keep the others waiting
                    _log.exception("notice not swept", extra={"notice_id": notice.id})
            done["looked_at"] += waiting
            return waiting

        sweep(
            self.records,
            "notices",
            first=layout.due_number(now - FIRST_LOOK_BACK),
            last=layout.due_number(now + LOOK_AHEAD),
            settled=layout.due_number(now - LOOK_BACK),
            look=look,
        )
        return done

    def _swept(self, notice: Notice, now: datetime) -> bool:
        too_soon = notice.due_at - now > timedelta(seconds=LONGEST_DELAY_S)
        if too_soon or now < notice.queued_until or (notice.busy_until and now < notice.busy_until):
            return False
        if notice.busy_until:  # counted, lest a receiver that kills every attempt be tried for ever
            broken = webhooks.Attempt(at=now, error="the attempt broke off, and what came of it is not known")
            after = webhooks.attempted(notice, broken, retry_after_s=None, now=now, chance=self.chance())
            return self._settle(notice, after) is not None
        key = layout.notice_key(notice.tenant_id, notice.id)
        try:
            self.records.write(layout.put_notice(queued := self._queued(notice)))
        except WriteConflict:
            return False
        _log.info("notice asked for again", extra={"notice_id": key[1], "tries": notice.tries})
        self._ask(queued)
        return True

    def _keep(self, event: Mapping[str, Any]) -> None:
        """Keep an event for its owner to list, once, in the order of arrival to within what a write takes."""
        tenant_id, expires = event["tenant_id"], self.clock.now() + EVENTS_KEPT
        arrived = layout.put(layout.seen_key(tenant_id, event["id"]), "seen", Entity(), expires=expires)
        kept = StoredEvent(event=dict(event))
        with suppress(WriteConflict):
            self.records.write(
                arrived, layout.put(layout.event_key(tenant_id, new_id()), "event", kept, expires=expires)
            )

    def _write_once(self, write: Put) -> bool:
        try:
            self.records.write(write)
        except WriteConflict:
            return False
        return True

    def _noticed(self, event: Mapping[str, Any], *, url: str, **ids: str | None) -> Notice:
        """The notice of an event for one receiver, stored if it was not already."""
        notice = self._notice(event, url=url, **ids)
        if self._write_once(layout.put_notice(notice)):
            return notice.model_copy(update={"version": 1})
        return self.get(notice.tenant_id, notice.id)

    def _notice(self, event: Mapping[str, Any], *, url: str, **ids: str | None) -> Notice:
        """The notice of an event for one receiver, not stored. Its id is made of both, and so is always the same."""
        now, when = self.clock.now(), datetime.fromisoformat(event["time"])
        to = ids.get("endpoint_id") or "callback"
        return Notice(
            id=derived_id(when, event["id"], to),
            tenant_id=event["tenant_id"],
            event=dict(event),
            url=url,
            created_at=now,
            due_at=now,
            queued_until=now + TRUST,
            **ids,
        )

    def _attempted(self, notice: Notice, shapes: Shapes) -> tuple[webhooks.Attempt, float | None]:
        """One attempt. Raises `NotFound` where there is nothing to tell, or nobody to tell it to."""
        body: Mapping[str, Any] | None = notice.event
        if notice.endpoint_id:
            endpoint = self.endpoints.get(notice.tenant_id, notice.endpoint_id)
            if endpoint.disabled_at is not None:
                raise NotFound(f"the endpoint is switched off: {endpoint.disabled_reason}")
            secret = self.endpoints.secret_of(notice.tenant_id, endpoint.id)
            notice = notice.model_copy(update={"url": endpoint.url})
        else:
            secret = self.endpoints.secret_of(notice.tenant_id, notice.application_id or "")
            job = store.load(self.records, Job, layout.job_key(notice.tenant_id, notice.job_id or ""))
            try:  # of a job that was deleted meanwhile, what is known is the event
                body = (shapes(notice.dialect or "")(job) if job else None) or notice.event
            except Exception:  # noqa: BLE001 - whatever it is, it counts as an attempt, lest it be tried for ever
                _log.exception("a job's report could not be made", extra={"notice_id": notice.id})
                return webhooks.Attempt(at=self.clock.now(), error="the report could not be made"), None
        data = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
        return attempt(self.web, self.clock, notice.url, notice.id, data, secret)

    def _settle(self, taken: Notice, after: Notice) -> Notice | None:
        """Write what came of an attempt, and ask for the next one."""
        if after.state is NoticeState.PENDING:
            after = self._queued(after)
        elif after.state is NoticeState.DEAD:  # first the dead letter: after a crash between the two there are two
            _log.warning("notice given up", extra={"notice_id": taken.id, "reason": after.reason})
            self.queue.bury(NoticeMessage(taken.tenant_id, taken.id, after.tries), after.reason or "")
        try:
            self.records.write(layout.put_notice(after))
        except WriteConflict:
            _log.warning("another attempt came between", extra={"notice_id": taken.id})
            return None
        if after.state is NoticeState.PENDING:
            self._ask(after)
        return after

    def _queued(self, notice: Notice) -> Notice:
        """With the time until which its next message is trusted to come; none, if it is for the sweep to send."""
        now = self.clock.now()
        soon = notice.due_at - now <= timedelta(seconds=LONGEST_DELAY_S)
        return notice.model_copy(update={"queued_until": max(notice.due_at, now) + TRUST if soon else now})

    def _ask(self, notice: Notice) -> None:
        """Send the message of a notice's next attempt, unless it is too far off, or over."""
        wait_s = (notice.due_at - self.clock.now()).total_seconds()
        if notice.state is not NoticeState.PENDING or wait_s > LONGEST_DELAY_S:
            return
        message = NoticeMessage(notice.tenant_id, notice.id, notice.tries)
        self.queue.send(message, delay_s=min(max(round(wait_s), 0), LONGEST_DELAY_S))
