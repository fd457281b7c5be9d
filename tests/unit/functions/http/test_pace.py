"""How slow a body may come, by the clock of this machine."""

import asyncio
import time
from dataclasses import replace

import pytest
from starlette.types import Message

from functions.http.pace import BodyTooSlow, Pace, Paced

PACE = Pace(idle_s=5, window_s=0.2, least_bytes_per_s=1000, total_s=5)


class Client:
    """Sends blocks, each after a pause; without more to send it is silent. `gone` by then, it is gone."""

    def __init__(self, *sends: tuple[float, int], ends: bool = False, gone: bool = False) -> None:
        self.sends, self.ends, self.gone = list(sends), ends, gone

    async def __call__(self) -> Message:
        if not self.sends:
            if self.gone:
                return {"type": "http.disconnect"}
            await asyncio.sleep(60)
        pause_s, size = self.sends[0]
        if pause_s:
            await asyncio.sleep(pause_s)
        self.sends.pop(0)
        return {"type": "http.request", "body": b"x" * size, "more_body": bool(self.sends) or not self.ends}


async def read(client: Client, pace: Pace) -> int:
    """Bytes that came until the end."""
    body, size = Paced(client, pace), 0
    while True:
        message = await body.next()
        size += len(message.get("body", b""))
        if not message.get("more_body", False):
            return size


async def too_slow(client: Client, pace: Pace, why: str) -> float:
    """Seconds until it was found out."""
    began_s = time.monotonic()
    with pytest.raises(BodyTooSlow, match=why):
        await read(client, pace)
    return time.monotonic() - began_s


async def test_the_product_asks_for_16_kilobytes_a_second_and_an_hour_in_all() -> None:
    assert Pace() == Pace(idle_s=60, window_s=60, least_bytes_per_s=16_000, total_s=3600)


async def test_a_drop_now_and_then_is_too_slow() -> None:
    took_s = await too_slow(Client(*[(0.03, 1)] * 100), PACE, "less than 1000 bytes a second")
    assert 0.2 <= took_s < 1.5


async def test_each_window_counts_for_itself() -> None:
    took_s = await too_slow(Client((0, 1_000_000), (0.25, 1_000_000), *[(0.03, 1)] * 100), PACE, "less than")
    assert 0.4 <= took_s < 2


async def test_a_steady_client_may_take_many_windows() -> None:
    assert await read(Client(*[(0.05, 10_000)] * 12, ends=True), PACE) == 120_000


async def test_a_short_body_is_never_too_slow() -> None:
    assert await read(Client(*[(0.02, 1)] * 3, ends=True), PACE) == 3


async def test_silence_is_not_waited_for() -> None:
    pace = replace(PACE, window_s=5, idle_s=0.1)
    assert 0.1 <= await too_slow(Client((0, 1), (0.03, 1)), pace, r"nothing came for 0\.1 s") < 1.5
    assert await read(Client(*[(0.03, 1)] * 6, ends=True), replace(pace, idle_s=2)) == 6


async def test_silence_is_not_waited_for_though_the_rate_is_right() -> None:
    pace = replace(PACE, idle_s=0.5, least_bytes_per_s=0)
    assert 0.5 <= await too_slow(Client((0, 1)), pace, "nothing came") < 2


async def test_the_whole_is_bounded_however_fast_it_comes() -> None:
    took_s = await too_slow(Client(*[(0.01, 100_000)] * 400), replace(PACE, total_s=0.3), r"not over after 0\.3 s")
    assert 0.3 <= took_s < 1.5


async def test_a_store_that_takes_its_time_is_not_the_clients_fault() -> None:
    body = Paced(Client(*[(0, 1)] * 5, ends=True), PACE)
    for _ in range(5):
        assert (await body.next())["body"] == b"x"
        time.sleep(0.1)  # noqa: ASYNC251 - as a store call blocks the loop


async def test_one_who_goes_away_is_gone() -> None:
    assert await Paced(Client(gone=True), PACE).next() == {"type": "http.disconnect"}
