"""Long polls: an answer that waits until there is something to tell.

API Gateway's HTTP APIs give an answer only when it is whole, 29 s after the request at the latest, so that events
cannot be streamed through them. A client that asks again as soon as it was answered hears of everything all the same.
"""

import asyncio
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Query

T = TypeVar("T")
MAX_WAIT_S = 20
LOOK_EVERY_S = 0.5
Wait = Annotated[
    int, Query(ge=0, le=MAX_WAIT_S, description="Seconds to wait for news at most, before the answer is given as it is")
]
pause = asyncio.sleep


async def until(look: Callable[[], T], settled: Callable[[T], bool], wait_s: float) -> T:
    """What `look` gives as soon as it is `settled`, or when `wait_s` seconds are over."""
    time = asyncio.get_running_loop().time
    end = time() + wait_s
    while True:
        found = look()
        left_s = end - time()
        if settled(found) or left_s <= 0:
            return found
        await pause(min(LOOK_EVERY_S, left_s))
