"""All that is stored, for the operator's own work. What answers a request never walks through everything."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from patchbay.ports.table import Key


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the table, a record or a counter, as it lies there."""

    pk: str
    sk: str
    fields: Mapping[str, str | Decimal]
    """All else, by attribute."""

    @property
    def key(self) -> Key:
        """The item's key."""
        return self.pk, self.sk


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object of the store."""

    key: str
    size_bytes: int


class Inventory(Protocol):
    """Everything, and ways to put it back or drop it."""

    def items(self) -> Iterator[Item]:
        """Every item of the table, each once, in no order; what changes meanwhile is there as it was or as it is."""

    def put(self, items: Iterable[Item]) -> None:
        """Write items as they are, whatever is there, so that nobody is told of them."""

    def swap(self, old: Item, new: Item) -> bool:
        """Write an item in the place of another of the same key; False if that changed meanwhile."""

    def drop(self, keys: Iterable[Key]) -> None:
        """Remove items; nothing happens where there is none."""

    def objects(self, prefix: str = "") -> Iterator[StoredObject]:
        """Every object whose key begins so, in the order of keys."""

    def drop_objects(self, keys: Iterable[str]) -> None:
        """Remove objects; nothing happens where there is none."""
