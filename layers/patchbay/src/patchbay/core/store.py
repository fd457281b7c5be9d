"""Reading and changing entities over the records port."""

from collections.abc import Callable
from typing import TypeVar

from patchbay.core import layout
from patchbay.domain.base import Entity
from patchbay.domain.errors import Unavailable
from patchbay.ports import Key, Put, Records, WriteConflict

E = TypeVar("E", bound=Entity)
ATTEMPTS = 12


def load(records: Records, model: type[E], key: Key) -> E | None:
    """The entity at `key`, or None."""
    stored = records.get(key)
    return layout.entity(model, stored) if stored else None


def change(
    records: Records, model: type[E], key: Key, how: Callable[[E], E | None], write: Callable[[E], Put]
) -> E | None:
    """Read, change, write; again if somebody else was faster.

    `how` gives the changed copy, the same object for "nothing to do", or None for "leave it". Returns what is stored
    now, or None if there is nothing at `key` or `how` gave None. Raises `Unavailable` after `ATTEMPTS` lost races.
    """
    for _ in range(ATTEMPTS):
        old = load(records, model, key)
        if old is None or (new := how(old)) is None:
            return None
        if new is old:
            return old
        try:
            records.write(write(new))
        except WriteConflict:
            continue
        return new.model_copy(update={"version": old.version + 1})
    raise Unavailable("too many changes at once; try again")
