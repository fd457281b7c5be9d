"""How fast a body has to come where each request holds a thread."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from starlette.types import Message, Receive

from patchbay.domain.errors import InvalidInput


class BodyTooSlow(InvalidInput):
    """The client sends nothing, too little, or for too long."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What is asked of a client."""

    idle_s: float = 60.0
    """Longest silence."""
    window_s: float = 60.0
    """Time over which the rate is averaged, again and again."""
    least_bytes_per_s: float = 16_000.0
    total_s: float = 3600.0
    """Longest that a whole body takes; 5 GiB in it are 12 Mbit/s."""


class Paced:
    """A body that is held to a pace. Its time begins now.

    Only time spent waiting for the client counts for the rate, so that a store that takes its time is not the client's
    fault; the total is by the clock.
    """

    def __init__(self, receive: Receive, pace: Pace, now: Callable[[], float] = time.monotonic) -> None:
        self._receive, self._pace, self._now = receive, pace, now
        self._ends_s = now() + pace.total_s
        self._window_left_s, self._window_bytes = pace.window_s, 0

    async def next(self) -> Message:
        """The next message. Raises `BodyTooSlow`."""
        silent_from_s = self._now()
        while True:
            began_s = self._now()
            ends_s = min(silent_from_s + self._pace.idle_s, began_s + self._window_left_s, self._ends_s)
            message = await self._within(ends_s - began_s)
            self._window_left_s -= self._now() - began_s
            if message is not None:
                self._window_bytes += len(message.get("body", b""))
                if not message.get("more_body", False):  # the end, or the client's going away
                    return message
            self._check(silent_from_s if message is None else self._now())
            if message is not None:
                return message

    async def _within(self, limit_s: float) -> Message | None:
        """What comes in that time. What is there already comes even if there is no time left."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, limit_s)):
                return await self._receive()
        return None

    def _check(self, silent_from_s: float) -> None:
        pace, now_s = self._pace, self._now()
        if now_s >= self._ends_s:
            raise BodyTooSlow(f"the body was not over after {pace.total_s:g} s")
        if now_s - silent_from_s >= pace.idle_s:
            raise BodyTooSlow(f"nothing came for {pace.idle_s:g} s")
        if self._window_left_s > 0:
            return
        if self._window_bytes < pace.least_bytes_per_s * pace.window_s:
            raise BodyTooSlow(f"the body came at less than {pace.least_bytes_per_s:g} bytes a second")
        self._window_left_s, self._window_bytes = pace.window_s, 0
