"""Pages of filtered lists, newest first, from keys alone.

A filter such as "state is any of a, b and workflow is x" is a union of index partitions for each field and an
intersection over the fields. All partitions are sorted by the same ids, so the fields leapfrog: each is asked for its
first id at or below the smallest one seen so far, until all agree. The cost follows the page and what the filters
reject on the way, never the size of the table.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from patchbay.ports import Records

BLOCK = 128


@dataclass(slots=True)
class _Partition:
    """One index partition, read downwards in blocks."""

    records: Records
    index: str
    value: str
    block: int
    _keys: list[str] = field(default_factory=list)
    _at: int = 0
    _end: bool = False

    def first(self, upto: str | None, *, inclusive: bool) -> str | None:
        """The greatest id at (or strictly) below `upto`; calls must go downwards."""
        while self._at < len(self._keys):
            key = self._keys[self._at]
            if upto is None or key < upto or (inclusive and key == upto):
                return key
            self._at += 1
        if self._end:
            return None
        bound = {"upto": upto} if inclusive else {"before": upto}
        found = self.records.index_keys(self.index, self.value, limit=self.block, **bound)
        self._keys, self._at, self._end = [sk for _, sk in found], 0, len(found) < self.block
        return self._keys[0] if self._keys else None


@dataclass(slots=True)
class _Union:
    """Ids that are in any of some partitions."""

    parts: Sequence[_Partition]

    def first(self, upto: str | None, *, inclusive: bool) -> str | None:
        """As of a partition."""
        found = [key for part in self.parts if (key := part.first(upto, inclusive=inclusive)) is not None]
        return max(found, default=None)


def matching(
    records: Records, filters: Mapping[str, Sequence[str]], *, before: str | None = None, block: int = BLOCK
) -> Iterator[str]:
    """Ids that fit every filter, greatest first. `filters`: index name -> partition values, any of which will do."""
    unions = [_Union([_Partition(records, index, v, block) for v in values]) for index, values in filters.items()]
    candidate = unions[0].first(before, inclusive=False)
    while candidate is not None:
        heads = [union.first(candidate, inclusive=True) for union in unions]
        known = [head for head in heads if head is not None]
        if len(known) < len(heads):
            return
        lowest = min(known)
        if lowest == candidate:
            yield candidate
            candidate = unions[0].first(candidate, inclusive=False)
        else:
            candidate = lowest
