"""Reports to owners' programs by HTTP: endpoints, signatures, and an event's way to one receiver.

Signatures follow Standard Webhooks 1.0.0: HMAC-SHA256 over `{id}.{timestamp}.{body}` under a secret `whsec_...`.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from patchbay.domain.base import Entity, Part

SECRET_PREFIX = "whsec_"  # noqa: S105 - the form of secrets, not one
ROTATION = timedelta(hours=24)
"""How long the secret before stays good after a rotation."""
MAX_EARLIER = 5
DELAYS_S = (0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds before each attempt, counted from the end of the one before it."""
JITTER = 0.1
LONGEST_RETRY_AFTER_S = 86_400
GONE = 410
ATTEMPTS_KEPT = 30
TERMINAL_EVENTS = ("job.succeeded", "job.failed", "job.cancelled")
_OF_ASSETS = ("asset.ready", "asset.rejected")
EVENT_TYPES = ("job.queued", "job.started", *TERMINAL_EVENTS, "job.deleted", *_OF_ASSETS, "budget.warned", "ping")
"""What an endpoint can ask for. Progress is not among them: it is polled, or listened to, not posted."""


class Endpoint(Entity):
    """A receiver that an owner registered."""

    id: str
    tenant_id: str
    url: str
    events: tuple[str, ...] = TERMINAL_EVENTS
    description: str = ""
    created_at: datetime
    disabled_at: datetime | None = None
    disabled_reason: str | None = None

    def wants(self, event_type: str) -> bool:
        """Whether events of that type are to be sent there. A `ping` always is; what cannot be asked for never is."""
        kind = event_type.split(".", maxsplit=1)[0]
        asked = event_type == "ping" or not {"*", f"{kind}.*", event_type}.isdisjoint(self.events)
        return asked and event_type in EVENT_TYPES and self.disabled_at is None


class EarlierSecret(Part):
    """A secret that was replaced, and how long it is good all the same."""

    secret: str
    until: datetime


class SigningSecret(Entity):
    """What an application's or an endpoint's reports are signed with; several secrets while one replaces another."""

    current: str
    earlier: tuple[EarlierSecret, ...] = ()
    """Newest first."""

    @property
    def all(self) -> tuple[str, ...]:
        """Every secret that is kept, the newest first."""
        return self.current, *(each.secret for each in self.earlier)

    def replaced(self, change: Callable[[str], str]) -> "SigningSecret":
        """The same with each secret as `change` makes it: sealed for the table, or opened for use."""
        earlier = tuple(each.model_copy(update={"secret": change(each.secret)}) for each in self.earlier)
        return self.model_copy(update={"current": change(self.current), "earlier": earlier})

    def valid(self, now: datetime) -> tuple[str, ...]:
        """The secrets to sign with, newest first."""
        return self.current, *(each.secret for each in self.earlier if now < each.until)

    def rotated(self, secret: str, now: datetime) -> "SigningSecret":
        """With `secret` in its place; the one so far stays good for `ROTATION`."""
        still = [each for each in self.earlier if now < each.until]
        replaced = EarlierSecret(secret=self.current, until=now + ROTATION)
        return self.model_copy(update={"current": secret, "earlier": (replaced, *still)})


def new_signing_secret() -> str:
    """A fresh secret: 256 random bits."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(valid: Sequence[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` header: one signature for each secret, parted by spaces."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    keys = (base64.b64decode(secret.removeprefix(SECRET_PREFIX)) for secret in valid)
    made = (base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys)
    return " ".join(f"v1,{each}" for each in made)


class NoticeState(StrEnum):
    """`PENDING` until it was taken, or given up for good."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


class Attempt(Part):
    """One try to bring a notice to its receiver."""

    at: datetime
    status: int | None = None
    """What the receiver answered; None if it did not."""
    error: str | None = None
    duration_ms: int = 0

    @property
    def taken(self) -> bool:
        """Whether the receiver took it: only 2xx says so."""
        return self.status is not None and 200 <= self.status < 300


class Notice(Entity):
    """One event on its way to one receiver. `id` is the `webhook-id`: the same on every attempt and duplicate."""

    id: str
    tenant_id: str
    event: dict[str, Any]
    url: str
    endpoint_id: str | None = None
    """The registered endpoint it goes to; None for an address that came with a job."""
    application_id: str | None = None
    """Whose secret signs it, where no endpoint's does."""
    traceparent: str | None = None
    """Where in a trace it was told."""
    job_id: str | None = None
    dialect: str | None = None
    """Who shapes the body; None for the event as it is."""
    state: NoticeState = NoticeState.PENDING
    tries: int = 0
    attempts: tuple[Attempt, ...] = ()
    """The last of them, oldest first."""
    created_at: datetime
    due_at: datetime
    queued_until: datetime
    """Until when a message in the queue is trusted to bring it on its way."""
    busy_until: datetime | None = None
    """While an attempt is under way: when it is over at the latest."""
    ended_at: datetime | None = None
    reason: str | None = None
    """Why it was given up."""


def attempted(notice: Notice, attempt: Attempt, *, retry_after_s: float | None, now: datetime, chance: float) -> Notice:
    """The notice after an attempt: taken, to be tried again, or given up. `chance` is 0 to 1, for the jitter."""
    tries = notice.tries + 1
    attempts = (*notice.attempts, attempt)[-ATTEMPTS_KEPT:]
    done = notice.model_copy(update={"tries": tries, "attempts": attempts, "busy_until": None})
    if attempt.taken:
        return done.model_copy(update={"state": NoticeState.DELIVERED, "ended_at": now})
    if attempt.status == GONE:
        return given_up(done, "the receiver answered 410: it is gone for good", now)
    if tries >= len(DELAYS_S):
        return given_up(done, f"the receiver did not take it in {tries} attempts", now)
    wait_s = DELAYS_S[tries] * (1 + JITTER * chance)
    if retry_after_s is not None:
        wait_s = max(wait_s, min(retry_after_s, LONGEST_RETRY_AFTER_S))
    return done.model_copy(update={"due_at": now + timedelta(seconds=wait_s)})


def given_up(notice: Notice, reason: str, now: datetime) -> Notice:
    """The notice that nobody will try to deliver again, unless its owner asks for it."""
    return notice.model_copy(update={"state": NoticeState.DEAD, "reason": reason, "ended_at": now, "busy_until": None})


def replayed(notice: Notice, now: datetime) -> Notice:
    """The notice to be delivered once more, under its old id, from the first delay on."""
    fresh = {"state": NoticeState.PENDING, "tries": 0, "reason": None, "ended_at": None, "busy_until": None}
    return notice.model_copy(update={**fresh, "due_at": now})
