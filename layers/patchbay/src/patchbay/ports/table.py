"""The table: records by key, and writes that hold together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

Key = tuple[str, str]
"""(partition, sort key) of a record."""


@dataclass(frozen=True, slots=True)
class Record:
    """One stored item. `body` is the entity as JSON; only what is looked up, filtered or expired stands beside it."""

    pk: str
    sk: str
    kind: str
    body: str
    version: int = 1
    indexes: Mapping[str, str] = field(default_factory=dict)
    """Index name (`INDEXES`) -> partition value; the index's sort key is the record's own."""
    expires_at: int | None = None
    """Unix time after which the store may drop it."""
    form: int = 1
    """Of the body, see `Entity.FORM`."""

    @property
    def key(self) -> Key:
        """The record's key."""
        return self.pk, self.sk


INDEXES = ("by_state", "by_workflow", "by_batch", "by_open")
"""Keys-only secondary indexes of the table; every one has the record's own sort key."""


@dataclass(frozen=True, slots=True)
class Put:
    """Write a record if the stored one has `expected` as its version (0: there is none; None: whatever is there)."""

    record: Record
    expected: int | None


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a record if the stored one has `expected` as its version (None: whatever is there).

    Or figures that are kept together, which have no version: if they are still `figures`.
    """

    key: Key
    expected: int | None
    figures: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Add:
    """Add to a counter, which is made if there is none; it holds whatever others do at the same time."""

    key: Key
    amount: int


@dataclass(frozen=True, slots=True)
class AddWithin:
    """Add to figures that are kept together, made where there are none, unless one would go over its bound."""

    key: Key
    amounts: Mapping[str, int]
    most: Mapping[str, int] = field(default_factory=dict)
    """Name of a figure -> what it may be afterwards at the most; none of those that are not here is bounded."""

    def __post_init__(self) -> None:
        """Raises ValueError for an amount that no figure has room for."""
        if any(self.amounts.get(name, 0) > most for name, most in self.most.items()):
            raise ValueError("this can never be added")


Write = Put | Delete | Add | AddWithin


class WriteConflict(Exception):
    """A condition of a write did not hold: somebody else was faster. Nothing of the call was written."""


class Records(Protocol):
    """The table. Every read is by key; there is no scan."""

    def get(self, key: Key) -> Record | None:
        """One record, as last written (strongly consistent)."""

    def get_many(self, keys: Sequence[Key]) -> list[Record]:
        """Those of the records that exist, in the order of `keys`."""

    def query(
        self, pk: str, *, prefix: str = "", limit: int, before: str | None = None, ascending: bool = False
    ) -> list[Record]:
        """Records of one partition whose sort key starts with `prefix`, newest (greatest) first unless `ascending`.

        `before`: only sort keys strictly past this one in that order. Strongly consistent.
        """

    def index_keys(
        self, index: str, value: str, *, limit: int, before: str | None = None, upto: str | None = None
    ) -> list[Key]:
        """Keys under `value` of an index, greatest sort key first; `before` exclusive or `upto` inclusive bound it."""

    def write(self, *writes: Write) -> None:
        """All or nothing. Raises `WriteConflict`."""

    def add(self, key: Key, amount: int, *, expires_at: int) -> int:
        """Add to a counter that is dropped some time; returns its value after that. One write."""

    def figures(self, key: Key) -> Mapping[str, int]:
        """Figures that `AddWithin` adds to, by name, as last written; none that nothing was ever added to."""

    def figures_of(self, pk: str, *, limit: int, after: str | None = None) -> list[tuple[str, Mapping[str, int]]]:
        """(sort key, figures) of a partition in which there is nothing else, least first, past `after`."""

    def counts(self, keys: Sequence[Key]) -> list[int]:
        """Values of counters, 0 where there is none. They have partitions of their own: no other read finds them."""
