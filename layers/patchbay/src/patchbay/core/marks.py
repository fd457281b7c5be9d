"""Marks that somebody sets on a thing, once, and the exact number of those who did."""

import time
from collections.abc import Callable

from patchbay.core import store
from patchbay.domain.errors import Unavailable
from patchbay.ports import Add, Delete, Key, Put, Record, Records, WriteConflict


def mark(
    records: Records, key: Key, counter: Key, kind: str, *, wanted: bool, pause: Callable[[float], None] = time.sleep
) -> bool:
    """Set the mark at `key`, or take it away, and count that in the same transaction.

    Returns whether anything changed; repeating it changes nothing. Everybody who marks a thing writes its one counter,
    and the store lets one of two such transactions wait: hence the pauses, of random length. Raises `Unavailable`.
    """
    for _ in store.attempts(pause):
        there = records.get(key)
        if (there is not None) is wanted:
            return False
        change = Put(Record(*key, kind, "{}"), expected=0) if there is None else Delete(key, expected=there.version)
        try:
            records.write(change, Add(counter, 1 if wanted else -1))
        except WriteConflict:
            continue
        return True
    raise Unavailable("too many changes at once; try again")
