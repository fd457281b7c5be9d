"""Things that several may see to at once, and one alone is to do: whose turn it is, by a conditional write."""

from datetime import timedelta

from patchbay.core import layout
from patchbay.ports import Clock, Put, Record, Records, WriteConflict

LASTS = timedelta(minutes=5)
"""How long a turn is: longer than any Lambda that takes one may run, so that who has it is done, or gone."""
KEPT = timedelta(hours=1)
"""After its end; the store drops it some time later."""


def take(records: Records, clock: Clock, what: str) -> bool:
    """Whether it is the caller's turn from now on: then it is nobody else's for `LASTS`. Raises `Unavailable`."""
    key, now = layout.turn_key(what), clock.now()
    held = records.get(key)
    if held is not None and now.timestamp() < float(held.body):
        return False
    ends = now + LASTS
    version = held.version if held else 0
    turn = Record(*key, "turn", str(ends.timestamp()), version + 1, expires_at=int((ends + KEPT).timestamp()))
    try:
        records.write(Put(turn, expected=version))
    except WriteConflict:
        return False
    return True
