"""Reading and changing entities over the records port."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from patchbay.core import layout
from patchbay.domain.base import Entity
from patchbay.domain.errors import Unavailable
from patchbay.ports import Key, Records, Write, WriteConflict

E = TypeVar("E", bound=Entity)
ATTEMPTS = 12
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.4


def attempts(pause: Callable[[float], None] = time.sleep) -> Iterator[int]:
    """`ATTEMPTS` numbers, with pauses of random length between them, each up to twice as long as the one before.

    The store refuses one of two transactions that touch the same item at the same moment: without pauses the rivals
    would meet again at once.
    """
    longest_s = _FIRST_PAUSE_S
    for number in range(ATTEMPTS):
        if number:
            pause(random.uniform(0, longest_s))  # noqa: S311 - spreads rivals, keeps no secret
            longest_s = min(2 * longest_s, _LONGEST_PAUSE_S)
        yield number


def load(records: Records, model: type[E], key: Key) -> E | None:
    """The entity at `key`, or None."""
    stored = records.get(key)
    return layout.entity(model, stored) if stored else None


def change(
    records: Records,
    model: type[E],
    key: Key,
    how: Callable[[E], E | None],
    write: Callable[[E], Write | Sequence[Write]],
    *,
    pause: Callable[[float], None] = time.sleep,
) -> E | None:
    """Read, change, write; again, after a pause, if somebody else was faster.

    `how` gives the changed copy, the same object for "nothing to do", or None for "leave it". Returns what is stored
    now, or None if there is nothing at `key` or `how` gave None. Raises `Unavailable` after `ATTEMPTS` lost races.
    """
    for _ in attempts(pause):
        old = load(records, model, key)
        if old is None or (new := how(old)) is None:
            return None
        if new is old:
            return old
        try:
            wanted = write(new)
            records.write(*(wanted if isinstance(wanted, Sequence) else (wanted,)))
        except WriteConflict:
            continue
        return new.model_copy(update={"version": old.version + 1})
    raise Unavailable("too many changes at once; try again")
