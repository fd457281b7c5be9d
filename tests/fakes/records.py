"""The table in a dictionary."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from patchbay.domain.errors import Unavailable
from patchbay.ports import INDEXES, Add, AddWithin, Delete, Key, Put, Record, Write, WriteConflict

MAX_ITEM_BYTES = 400_000
MAX_WRITES = 100
LAST = "\U0010ffff"
"""Sorts after every key that is stored."""


class FakeRecords:
    """Conditional writes, all or nothing; queries by key; keys-only indexes.

    `before_write` is called before each write and may write itself, to play a faster rival. `changes` lists every
    (old, new) as the table's stream would. Reading costs what it costs there: `read_bytes` counts what is charged, and
    no read looks at more than it returns.
    """

    def __init__(self) -> None:
        self.items: dict[Key, Record] = {}
        self.sort_keys: dict[str, list[str]] = {}
        self.changes: list[tuple[Record | None, Record | None]] = []
        self.before_write: Callable[[Sequence[Write]], None] | None = None
        self.down = False
        self.index: dict[tuple[str, str], list[tuple[str, str]]] = {}
        self.read_bytes = 0
        self.counters: dict[Key, int] = {}
        self.expiries: dict[Key, int] = {}
        self.held: dict[Key, dict[str, int]] = {}

    def get(self, key: Key) -> Record | None:
        self._check_up()
        found = self.items.get(_checked(key))
        self.read_bytes += len(found.body) if found else 0
        return found

    def get_many(self, keys: Sequence[Key]) -> list[Record]:
        self._check_up()
        found = [self.items[key] for key in keys if key in self.items]
        self.read_bytes += sum(len(record.body) for record in found)
        return found

    def query(
        self, pk: str, *, prefix: str = "", limit: int, before: str | None = None, ascending: bool = False
    ) -> list[Record]:
        self._check_up()
        _check_limit(limit)
        names = self.sort_keys.get(pk, [])
        low, high = bisect_left(names, prefix), bisect_left(names, prefix + LAST) if prefix else len(names)
        if before is not None and ascending:
            low = max(low, bisect_right(names, before))
        elif before is not None:
            high = min(high, bisect_left(names, before))
        chosen = names[low : min(low + limit, high)] if ascending else names[max(low, high - limit) : high][::-1]
        found = [self.items[pk, sk] for sk in chosen]
        self.read_bytes += sum(len(record.body) for record in found)
        return found

    def index_keys(
        self, index: str, value: str, *, limit: int, before: str | None = None, upto: str | None = None
    ) -> list[Key]:
        self._check_up()
        _check_limit(limit)
        assert index in INDEXES
        assert before is None or upto is None
        keys = self.index.get((index, value), [])
        high = len(keys)
        if before is not None:
            high = bisect_left(keys, (before, ""))
        if upto is not None:
            high = bisect_right(keys, (upto, LAST))
        found = [(pk, sk) for sk, pk in keys[max(0, high - limit) : high][::-1]]
        self.read_bytes += sum(len(index) + len(value) + len(pk) + len(sk) for pk, sk in found)
        return found

    def write(self, *writes: Write) -> None:
        self._check_up()
        assert 0 < len(writes) <= MAX_WRITES
        if hook := self.before_write:
            self.before_write = None
            hook(writes)
        assert len({_key_of(write) for write in writes}) == len(writes), "a transaction names each item once"
        for write in writes:
            if not self._holds(write):
                raise WriteConflict(f"condition failed for {_key_of(write)}")
        for write in writes:
            self._apply(write)

    def add(self, key: Key, amount: int, *, expires_at: int) -> int:
        self._check_up()
        self.expiries[_checked(key)] = expires_at
        self.counters[key] = self.counters.get(key, 0) + amount
        return self.counters[key]

    def counts(self, keys: Sequence[Key]) -> list[int]:
        self._check_up()
        return [self.counters.get(_checked(key), 0) for key in keys]

    def figures(self, key: Key) -> Mapping[str, int]:
        self._check_up()
        return dict(self.held.get(_checked(key), {}))

    def figures_of(self, pk: str, *, limit: int, after: str | None = None) -> list[tuple[str, Mapping[str, int]]]:
        self._check_up()
        _check_limit(limit)
        names = sorted(sk for at, sk in self.held if at == pk and (after is None or sk > after))
        return [(sk, dict(self.held[pk, sk])) for sk in names[:limit]]

    def _holds(self, write: Write) -> bool:
        if isinstance(write, AddWithin):
            held = self.held.get(_checked(write.key), {})
            return all(held.get(name, 0) + write.amounts[name] <= most for name, most in write.most.items())
        if isinstance(write, Delete) and write.figures is not None:
            # As DynamoDB compares: figures that came meanwhile and are not named do not matter.
            there = self.held.get(_checked(write.key))
            return there is not None and write.figures.items() <= there.items()
        if isinstance(write, Add) or write.expected is None:
            return True
        stored = self.items.get(_checked(_key_of(write)))
        return (stored.version if stored else 0) == write.expected

    def _apply(self, write: Write) -> None:
        key = _key_of(write)
        if isinstance(write, AddWithin):
            held = self.held.setdefault(key, {})
            held.update({name: held.get(name, 0) + amount for name, amount in write.amounts.items()})
            return
        if isinstance(write, Add):
            self.counters[_checked(key)] = self.counters.get(key, 0) + write.amount
            return
        old = self.items.get(key)
        if isinstance(write, Delete):
            self.held.pop(key, None)
            if old is not None:
                del self.items[key]
                _remove(self.sort_keys[key[0]], key[1])
                self._unindex(old)
                self.changes.append((old, None))
            return
        new = replace(write.record, indexes=dict(write.record.indexes))
        assert len(new.body.encode()) < MAX_ITEM_BYTES
        assert set(new.indexes) <= set(INDEXES)
        if old is None:
            insort(self.sort_keys.setdefault(key[0], []), key[1])
        else:
            self._unindex(old)
        for entry in new.indexes.items():
            insort(self.index.setdefault(entry, []), (key[1], key[0]))
        self.items[key] = new
        self.changes.append((old, new))

    def _unindex(self, old: Record) -> None:
        for entry in old.indexes.items():
            _remove(self.index[entry], (old.sk, old.pk))

    def _check_up(self) -> None:
        if self.down:
            raise Unavailable("the table is busy; try again")


def _key_of(write: Write) -> Key:
    return write.record.key if isinstance(write, Put) else write.key


def _checked(key: Key) -> Key:
    """DynamoDB refuses empty key values, and such keys would lie outside every tenant."""
    assert all(key)
    assert len(key[0].encode()) <= 2048
    assert len(key[1].encode()) <= 1024
    return key


def _check_limit(limit: int) -> None:
    assert limit > 0, "DynamoDB refuses a limit below 1"


def _remove(ordered: list[Any], value: Any) -> None:
    del ordered[bisect_left(ordered, value)]
