"""Marks that somebody sets on a thing, once, and the exact number of those who did."""

import random
import time
from collections.abc import Callable

from patchbay.core import store
from patchbay.domain.errors import Unavailable
from patchbay.ports import Add, Delete, Key, Put, Record, Records, WriteConflict

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.5


def mark(
    records: Records, key: Key, counter: Key, kind: str, *, wanted: bool, pause: Callable[[float], None] = time.sleep
) -> bool:
    """Set the mark at `key`, or take it away, and count that in the same transaction.

    Returns whether anything changed; repeating it changes nothing. Everybody who marks a thing writes its one counter,
    and the store lets one of two such transactions wait: hence the pauses, of random length. Raises `Unavailable`.
    """
    longest_s = _FIRST_PAUSE_S
    for _ in range(store.ATTEMPTS):
        there = records.get(key)
        if (there is not None) is wanted:
            return False
        change = Put(Record(*key, kind, "{}"), expected=0) if there is None else Delete(key, expected=there.version)
        try:
            records.write(change, Add(counter, 1 if wanted else -1))
        except WriteConflict:
            pause(random.uniform(0, longest_s))  # noqa: S311 - spreads rivals, keeps no secret
            longest_s = min(2 * longest_s, _LONGEST_PAUSE_S)
            continue
        return True
    raise Unavailable("too many changes at once; try again")
