"""Events as they come, and handed on to a program on this machine as a webhook would be.

Events are in order of arrival; several machines put them down at once, so that one may come to lie a little below newer
ones. So each look reads the last minute once more, and leaves out what was seen.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx

from patchbay.cli.client import ApiError, Client
from patchbay.domain.webhooks import signature

EVENTS_PATH = "/patchbay/v1/events"
SECRET_PATH = "/patchbay/v1/webhook-secret"  # noqa: S105 - a path, no secret
WAIT_S = 5
"""How long one look waits for news: an event that is stored late is seen so much later at most."""
OVERLAP_S = 60
PAGE = 200
RETRY_S = (1.0, 30.0)
"""First and longest pause while the API does not answer."""
FORWARD_TIMEOUT_S = 15.0
SECRET_KEPT_S = 300
"""How long the application's secret is used before it is asked for anew: it may have been replaced."""
Event = Mapping[str, Any]


class Feed:
    """A deployment's events from now on, each once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._newest: str | None = None
        self._seen: set[str] = set()

    def begin(self) -> None:
        """Note what is there already. Raises `ApiError`."""
        last = self._client.get(EVENTS_PATH, {"order": "desc", "limit": 1})["events"]
        self._newest = last[0]["cursor"] if last else None
        if self._newest:
            self._seen = {event["cursor"] for event in self._after(earlier(self._newest, OVERLAP_S))}

    def look(self) -> Iterator[Event]:
        """Wait a while for news, and give what is new. Raises `ApiError`; then looking again misses nothing."""
        query = {"order": "asc", "wait_s": WAIT_S, "limit": 1}
        self._client.get(EVENTS_PATH, {**query, **({"cursor": self._newest} if self._newest else {})})
        for event in self._after(earlier(self._newest, OVERLAP_S) if self._newest else None):
            if event["cursor"] in self._seen:
                continue
            self._seen.add(event["cursor"])
            self._newest = max(self._newest or "", event["cursor"])
            yield event
        if self._newest:
            oldest = earlier(self._newest, OVERLAP_S)
            self._seen = {cursor for cursor in self._seen if cursor > oldest}

    def _after(self, cursor: str | None) -> Iterator[Event]:
        while True:
            query = {"order": "asc", "limit": PAGE, **({"cursor": cursor} if cursor else {})}
            page = self._client.get(EVENTS_PATH, query)
            yield from page["events"]
            if len(page["events"]) < PAGE:
                return
            cursor = page["next_cursor"]


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What a local program made of an event."""

    status: int | None
    error: str | None
    duration_ms: int

    @property
    def taken(self) -> bool:
        """Whether it took it: only 2xx says so."""
        return self.status is not None and 200 <= self.status < 300


class Forwarder:
    """Hands events on by POST, signed with the application's secret as Standard Webhooks has it."""

    def __init__(self, client: Client, url: str, now: Callable[[], float] = time.time) -> None:
        self._client, self._url, self._now = client, url, now
        self._secrets: tuple[str, ...] = ()
        self._asked_at = 0.0
        self._http = httpx.Client(timeout=FORWARD_TIMEOUT_S, trust_env=False)

    def begin(self) -> None:
        """Get the secret. Raises `ApiError`."""
        self._ask()

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def send(self, event: Event) -> Forwarded:
        """Hand one event on, after `begin`."""
        # The cursor, and not the event's id, which has a full stop: that parts the signed text.
        message_id = event["cursor"]
        told = {name: value for name, value in event.items() if name != "cursor"}
        body = json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()
        timestamp = int(self._now())
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self._valid(), message_id, timestamp, body),
        }
        began = time.monotonic()
        try:
            status, error = self._http.post(self._url, content=body, headers=headers).status_code, None
        except httpx.HTTPError as problem:
            status, error = None, str(problem) or type(problem).__name__
        return Forwarded(status, error, round((time.monotonic() - began) * 1000))

    def _valid(self) -> tuple[str, ...]:
        if self._now() - self._asked_at > SECRET_KEPT_S:
            with suppress(ApiError):  # the one at hand is good for a day after it was replaced
                self._ask()
        return self._secrets

    def _ask(self) -> None:
        found = self._client.get(SECRET_PATH)
        self._secrets = tuple(secret for secret in (found["secret"], found["previous"]) if secret)
        self._asked_at = self._now()


def wanted(kind: str, events: Sequence[str] | None) -> bool:
    """Whether events of a type were asked for: by name, as `job.*`, or all."""
    return not events or not {"*", kind, f"{kind.split('.', maxsplit=1)[0]}.*"}.isdisjoint(events)


def steadily(
    look: Callable[[], Iterator[Event]], note: Callable[[str], None], sleep: Callable[[float], None] = time.sleep
) -> Iterator[Event]:
    """What `look` gives, again and again, past an API that does not answer for a while. Raises other `ApiError`s."""
    pause_s, down = RETRY_S[0], False
    while True:
        try:
            yield from look()
        except ApiError as error:
            if 0 < error.status < 500 and error.status != 429:
                raise
            if not down:
                note(f"{error}; trying again")
            down = True
            sleep(pause_s)
            pause_s = min(pause_s * 2, RETRY_S[1])
            continue
        if down:
            note("the API answers again")
        pause_s, down = RETRY_S[0], False


def earlier(cursor: str, seconds: int) -> str:
    """The place of a list of events that lies `seconds` before another: cursors are UUIDs that begin with the time."""
    value = uuid.UUID(cursor).int
    milliseconds = max((value >> 80) - seconds * 1000, 0)
    return str(uuid.UUID(int=milliseconds << 80))
