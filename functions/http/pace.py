"""How fast a body has to come, and an answer to be taken, where each request holds a thread."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from starlette.types import Message, Receive, Send

from patchbay.domain.errors import InvalidInput


class BodyTooSlow(InvalidInput):
    """The client sends nothing, too little, or for too long."""


class ReaderTooSlow(Exception):
    """The client takes nothing of its answer, too little, or takes too long."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What is asked of a client that sends. The same is asked of one that takes, see `TAKING`."""

    idle_s: float = 60.0
    """Longest silence."""
    window_s: float = 60.0
    """Time over which the rate is averaged, again and again."""
    least_bytes_per_s: float = 16_000.0
    total_s: float = 3600.0
    """Longest that a whole body takes; 5 GiB in it are 12 Mbit/s."""


TAKING = Pace(idle_s=30.0, window_s=30.0, least_bytes_per_s=16 * 1024)
BLOCK_BYTES = 64 * 1024
"""Answers are handed to the server in such blocks, so that it is seen how they are taken."""


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


class PacedSend:
    """An answer whose reader is held to a pace. Its time begins with the first message.

    Only time spent waiting for the reader counts for the rate, so that a store that takes its time is not the reader's
    fault; the total is by the clock. What a server keeps before it lets its caller wait is taken for taken.
    """

    def __init__(self, send: Send, pace: Pace = TAKING, now: Callable[[], float] = time.monotonic) -> None:
        self._send, self._pace, self._now = send, pace, now
        self._ends_s: float | None = None
        self._window_left_s, self._window_bytes = pace.window_s, 0

    async def __call__(self, message: Message) -> None:
        """See ASGI. Raises `ReaderTooSlow`; the message may be sent in part then."""
        body = message.get("body", b"")
        for start in range(0, len(body) - BLOCK_BYTES, BLOCK_BYTES):
            await self._block({**message, "body": body[start : start + BLOCK_BYTES], "more_body": True})
        rest = (len(body) - 1) // BLOCK_BYTES * BLOCK_BYTES
        await self._block({**message, "body": body[rest:]} if rest > 0 else message)

    async def _block(self, message: Message) -> None:
        silent_from_s = began_s = self._now()
        self._ends_s = self._ends_s or began_s + self._pace.total_s
        sending = asyncio.ensure_future(self._send(message))
        try:
            while not sending.done():
                silent_until_s = silent_from_s + self._pace.idle_s
                ends_s = min(silent_until_s, began_s + self._window_left_s, self._ends_s)
                await asyncio.wait({sending}, timeout=max(0.0, ends_s - began_s))
                self._window_left_s -= self._now() - began_s
                began_s = self._now()
                if sending.done():
                    self._window_bytes += len(message.get("body", b""))
                self._check(self._ends_s, silent_until_s)
        finally:
            sending.cancel()
        sending.result()

    def _check(self, ends_s: float, silent_until_s: float) -> None:
        pace, now_s = self._pace, self._now()
        if now_s >= ends_s:
            raise ReaderTooSlow(f"the answer was not taken after {pace.total_s:g} s")
        if now_s >= silent_until_s:
            raise ReaderTooSlow(f"nothing was taken for {pace.idle_s:g} s")
        if self._window_left_s > 0:
            return
        if self._window_bytes < pace.least_bytes_per_s * pace.window_s:
            raise ReaderTooSlow(f"the answer was taken at less than {pace.least_bytes_per_s:g} bytes a second")
        self._window_left_s, self._window_bytes = pace.window_s, 0
