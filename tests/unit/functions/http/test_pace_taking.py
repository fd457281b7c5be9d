"""How slowly an answer may be taken, by the clock of this machine."""

import asyncio
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from functions.http.pace import BLOCK_BYTES, TAKING, Pace, PacedSend, ReaderTooSlow

PACE = Pace(idle_s=5, window_s=0.2, least_bytes_per_s=1000, total_s=5)


class Reader:
    """Takes each message after a pause; the last pause is for all that follow."""

    def __init__(self, *pauses_s: float) -> None:
        self.pauses_s, self.taken = list(pauses_s), list[Message]()

    async def __call__(self, message: Message) -> None:
        pause_s = self.pauses_s.pop(0) if len(self.pauses_s) > 1 else self.pauses_s[0]
        if pause_s:
            await asyncio.sleep(pause_s)
        self.taken.append(message)


async def send(reader: Reader, pace: Pace, *sizes: int) -> int:
    """Bytes that were taken."""
    sending = PacedSend(reader, pace)
    await sending({"type": "http.response.start", "status": 200, "headers": []})
    for size in sizes:
        await sending({"type": "http.response.body", "body": b"x" * size, "more_body": True})
    await sending({"type": "http.response.body", "body": b""})
    return sum(len(message.get("body", b"")) for message in reader.taken)


async def too_slow(reader: Reader, pace: Pace, why: str, *sizes: int) -> float:
    """Seconds until it was found out."""
    began_s = time.monotonic()
    with pytest.raises(ReaderTooSlow, match=why):
        await send(reader, pace, *sizes)
    return time.monotonic() - began_s


def test_the_product_asks_for_16_kib_a_second_over_half_a_minute_and_an_hour_in_all() -> None:
    assert Pace(idle_s=30, window_s=30, least_bytes_per_s=16_384, total_s=3600) == TAKING


@given(size=st.integers(0, 4 * BLOCK_BYTES), more=st.booleans())
def test_a_message_of_any_size_is_taken_whole_in_blocks(size: int, more: bool) -> None:
    reader, body = Reader(0), bytes(at % 251 for at in range(size))
    asyncio.run(PacedSend(reader)({"type": "http.response.body", "body": body, "more_body": more}))
    assert b"".join(message["body"] for message in reader.taken) == body
    assert all(0 < len(message["body"]) <= BLOCK_BYTES for message in reader.taken) or not size
    assert [message["more_body"] for message in reader.taken] == [True] * (len(reader.taken) - 1) + [more]


async def test_a_drop_now_and_then_is_too_slow() -> None:
    assert 0.2 <= await too_slow(Reader(0.03), PACE, "less than 1000 bytes a second", *[1] * 100) < 1.5


async def test_a_large_message_is_seen_while_it_is_taken() -> None:
    pace = replace(PACE, least_bytes_per_s=10 * BLOCK_BYTES)
    assert 0.2 <= await too_slow(Reader(0.15), pace, "less than", 100 * BLOCK_BYTES) < 1.5


async def test_each_window_counts_for_itself() -> None:
    sizes = (BLOCK_BYTES, BLOCK_BYTES, *[1] * 100)
    assert 0.4 <= await too_slow(Reader(0, 0, 0.25, 0.03), PACE, "less than", *sizes) < 2


async def test_a_steady_reader_may_take_many_windows() -> None:
    assert await send(Reader(0.05), PACE, *[10_000] * 12) == 120_000


async def test_a_message_that_takes_longer_than_a_window_is_no_fault_by_itself() -> None:
    assert await send(Reader(0, 0, 0.3, 0), replace(PACE, least_bytes_per_s=0), 10, 10) == 20


async def test_a_reader_that_stops_is_not_waited_for() -> None:
    pace = replace(PACE, window_s=5, idle_s=0.1)
    assert 0.1 <= await too_slow(Reader(0, 0.03, 60), pace, r"nothing was taken for 0\.1 s", 1, 1) < 1.5


async def test_the_whole_is_bounded_however_fast_it_is_taken() -> None:
    pace = replace(PACE, total_s=0.3)
    assert 0.3 <= await too_slow(Reader(0.01), pace, r"not taken after 0\.3 s", *[100_000] * 400) < 1.5


async def test_a_store_that_takes_its_time_is_not_the_readers_fault() -> None:
    sending = PacedSend(Reader(0), PACE)
    for _ in range(5):
        await sending({"type": "http.response.body", "body": b"x", "more_body": True})
        time.sleep(0.1)  # noqa: ASYNC251 - as a store call blocks the loop


async def test_what_the_server_says_goes_through() -> None:
    async def broken(message: Message) -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        await PacedSend(broken)({"type": "http.response.body", "body": b"x"})
