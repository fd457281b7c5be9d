"""Searches for what falls due, one stretch of time after the other, each until nothing is left in it."""

import logging
from collections.abc import Callable, Iterator

from patchbay.core import layout, store
from patchbay.domain.base import Entity
from patchbay.ports import Record, Records, WriteConflict

PAGE = 100
NOTED_EVERY = 50
"""Stretches."""
_log = logging.getLogger(__name__)


class SweepMark(Entity):
    """The oldest stretch of time that may still hold something."""

    number: int


def sweep(records: Records, name: str, *, first: int, last: int, settled: int, look: Callable[[int], int]) -> None:
    """Look at the stretches up to `last`, from the one on that the last sweep of this name came to, or from `first`.

    `look` works on a stretch and returns how many things it found there. One in which there was nothing is not looked
    at again if its number is below `settled`, where nothing new can come to lie.
    """
    mark = store.load(records, SweepMark, layout.sweep_key(name)) or SweepMark(number=first)
    oldest, empty_so_far = mark.number, True
    for number in range(mark.number, last + 1):
        empty_so_far = not look(number) and empty_so_far
        if empty_so_far and number < settled:
            oldest = number + 1
        if oldest - mark.number >= NOTED_EVERY:
            mark = _noted(records, name, mark, oldest)
    if oldest > mark.number or not mark.version:
        _noted(records, name, mark, oldest)


def _noted(records: Records, name: str, mark: SweepMark, oldest: int) -> SweepMark:
    """Note how far the sweep came, so that one that is broken off does not begin where it began for ever."""
    new = mark.model_copy(update={"number": oldest})
    try:
        records.write(layout.put(layout.sweep_key(name), "sweep", new))
    except WriteConflict:
        _log.info("another sweep is under way", extra={"sweep": name})
        return new
    return new.model_copy(update={"version": mark.version + 1})


def found_in(records: Records, partitions: list[str]) -> Iterator[Record]:
    """What lies in some partitions of `by_open`, page by page."""
    for partition in partitions:
        before: str | None = None
        while keys := records.index_keys("by_open", partition, limit=PAGE, before=before):
            before = keys[-1][1]
            yield from records.get_many(keys)
