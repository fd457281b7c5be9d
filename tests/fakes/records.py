"""The table in a dictionary."""

from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import replace

from patchbay.domain.errors import Unavailable
from patchbay.ports import INDEXES, Delete, Key, Put, Record, Write, WriteConflict

MAX_ITEM_BYTES = 400_000
MAX_WRITES = 100


class FakeRecords:
    """Conditional writes, all or nothing; queries by key; keys-only indexes.

    `before_write` is called before each write and may write itself, to play a faster rival. `changes` lists every
    (old, new) as the table's stream would.
    """

    def __init__(self) -> None:
        self.items: dict[Key, Record] = {}
        self.sort_keys: dict[str, list[str]] = {}
        self.changes: list[tuple[Record | None, Record | None]] = []
        self.before_write: Callable[[Sequence[Write]], None] | None = None
        self.down = False

    def get(self, key: Key) -> Record | None:
        self._check_up()
        return self.items.get(_checked(key))

    def get_many(self, keys: Sequence[Key]) -> list[Record]:
        self._check_up()
        return [self.items[key] for key in keys if key in self.items]

    def query(
        self, pk: str, *, prefix: str = "", limit: int, before: str | None = None, ascending: bool = False
    ) -> list[Record]:
        self._check_up()
        _check_limit(limit)
        names = [sk for sk in self.sort_keys.get(pk, []) if sk.startswith(prefix)]
        if before is not None:
            names = [sk for sk in names if (sk > before if ascending else sk < before)]
        ordered = names if ascending else names[::-1]
        return [self.items[pk, sk] for sk in ordered[:limit]]

    def index_keys(
        self, index: str, value: str, *, limit: int, before: str | None = None, upto: str | None = None
    ) -> list[Key]:
        self._check_up()
        _check_limit(limit)
        assert index in INDEXES
        _checked((value, "-"))
        assert before is None or upto is None
        found = [record.key for record in self.items.values() if record.indexes.get(index) == value]
        if before is not None:
            found = [key for key in found if key[1] < before]
        if upto is not None:
            found = [key for key in found if key[1] <= upto]
        return sorted(found, key=lambda key: key[1], reverse=True)[:limit]

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

    def _holds(self, write: Write) -> bool:
        if write.expected is None:
            return True
        stored = self.items.get(_checked(_key_of(write)))
        return (stored.version if stored else 0) == write.expected

    def _apply(self, write: Write) -> None:
        key = _key_of(write)
        old = self.items.get(key)
        if isinstance(write, Delete):
            if old is not None:
                del self.items[key]
                self.sort_keys[key[0]].remove(key[1])
                self.changes.append((old, None))
            return
        new = replace(write.record, indexes=dict(write.record.indexes))
        assert len(new.body.encode()) < MAX_ITEM_BYTES
        assert set(new.indexes) <= set(INDEXES)
        if old is None:
            insort(self.sort_keys.setdefault(key[0], []), key[1])
        self.items[key] = new
        self.changes.append((old, new))

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
