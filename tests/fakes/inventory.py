"""Everything that the fakes of table and object store hold."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from patchbay.ports import INDEXES, Item, Key, Put, Record, StoredObject
from patchbay.ports import Delete as Deletion
from tests.fakes.objects import FakeObjects
from tests.fakes.records import FakeRecords


@dataclass
class FakeInventory:
    """See `Inventory`. `walked` counts the walks through the table."""

    records: FakeRecords
    store: FakeObjects
    walked: int = 0

    def items(self) -> Iterator[Item]:
        self.walked += 1
        yield from [_of_record(record) for record in self.records.items.values()]
        yield from [_counter(key, {"count": count}) for key, count in self.records.counters.items()]
        yield from [_counter(key, figures) for key, figures in self.records.held.items()]

    def put(self, items: Iterable[Item]) -> None:
        told = len(self.records.changes)
        for item in items:
            if "body" in item.fields:
                self.records.write(Put(_record(item), expected=None))
            elif set(item.fields) == {"kind", "count"}:
                self.records.counters[item.key] = _int(item.fields["count"])
            else:
                self.records.held[item.key] = {n: _int(v) for n, v in item.fields.items() if n != "kind"}
        del self.records.changes[told:]

    def swap(self, old: Item, new: Item) -> bool:
        there = self.records.items.get(old.key)
        if there is None or _of_record(there) != old:
            return False
        self.records.write(Put(_record(new), expected=there.version))
        return True

    def drop(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self.records.counters.pop(key, None)
            self.records.held.pop(key, None)
            if key in self.records.items:
                self.records.write(Deletion(key, expected=None))

    def objects(self, prefix: str = "") -> Iterator[StoredObject]:
        for key in sorted(self.store.stored):
            if key.startswith(prefix):
                yield StoredObject(key, len(self.store.stored[key][0]))

    def drop_objects(self, keys: Iterable[str]) -> None:
        for key in list(keys):
            self.store.delete(key)


def dump(records: FakeRecords, store: FakeObjects) -> dict[str, str]:
    """All that is stored, as texts: to compare, and to search for a word."""
    told = {
        f"{item.pk} / {item.sk}": json.dumps({name: str(value) for name, value in sorted(item.fields.items())})
        for item in FakeInventory(records, store).items()
    }
    return told | {key: f"{len(data)} {hash(data)} {kind}" for key, (data, kind) in store.stored.items()}


def _of_record(record: Record) -> Item:
    fields: dict[str, str | Decimal] = {
        "kind": record.kind,
        "version": Decimal(record.version),
        "body": record.body,
        **record.indexes,
    }
    if record.expires_at is not None:
        fields["expires_at"] = Decimal(record.expires_at)
    if record.form != 1:
        fields["form"] = Decimal(record.form)
    return Item(record.pk, record.sk, fields)


def _record(item: Item) -> Record:
    fields = item.fields
    return replace(
        Record(item.pk, item.sk, str(fields["kind"]), str(fields["body"]), _int(fields["version"])),
        indexes={name: str(fields[name]) for name in INDEXES if name in fields},
        expires_at=_int(fields["expires_at"]) if "expires_at" in fields else None,
        form=_int(fields.get("form", Decimal(1))),
    )


def _counter(key: Key, figures: dict[str, int]) -> Item:
    return Item(*key, {"kind": "counter", **{name: Decimal(value) for name, value in figures.items()}})


def _int(value: str | Decimal) -> int:
    return int(value)
