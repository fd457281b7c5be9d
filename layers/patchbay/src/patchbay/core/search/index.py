"""Keeping the index: what it holds of a thing becomes what the thing is now.

Changes are only taken as a hint which thing to look at: it is read again, and the index made to fit. So repeated,
late and reordered hints do no harm. What the index holds of a thing is noted in a record beside it; every write of
postings goes with a write of that record, on the condition that nobody else wrote it since before the thing was read.
A thing of many words takes several such writes: until the last the record tells what may still be there of old.

A public sample has about 64 postings, 21 terms in three orders, which take 130 write units (`tests/bench/search.py`):
in a transaction a write costs two. A project has about 12, in one order, and a save that changes neither name, tempo,
length nor owner's mind writes none of them.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from patchbay.core import layout, store
from patchbay.core.search.kinds import KINDS, SAMPLES, Kind
from patchbay.core.search.postings import Entry
from patchbay.domain.base import Entity
from patchbay.domain.errors import Unavailable
from patchbay.ports import Clock, Delete, Key, Put, Records, Write, WriteConflict

AT_ONCE = 99
"""A transaction takes 100 writes (DynamoDB), and one is the note."""
GRAVE_KEPT = timedelta(days=2)
"""How long it is remembered that a thing is gone: longer than anybody could still be about to write it."""
OWNER_SHARDS = 8
PAGE = 100


class Indexed(Entity):
    """What the index holds of a thing."""

    entry: Entry | None = None
    leaving: tuple[Entry, ...] = ()
    """Whose postings may still be there."""
    settled: bool = False
    """Whether all is as `entry` says."""


class Owner(Entity):
    """That a tenant has, or had, something in the index."""


def indexed_key(tenant_id: str, thing_id: str, kind: Kind[Any] = SAMPLES) -> Key:
    """Key of the note of what the index holds of a thing."""
    return f"INDEXED#{tenant_id}{kind.indexed}", thing_id


def owner_key(tenant_id: str) -> Key:
    """Key of the mark that a tenant has something in the index."""
    return f"OWNERS#{zlib.crc32(tenant_id.encode()) % OWNER_SHARDS}", tenant_id


@dataclass(frozen=True, slots=True)
class Index:
    """Writes the index."""

    records: Records
    clock: Clock

    def refresh(self, kind: Kind[Any], tenant_id: str, thing_id: str, *, anew: bool = False) -> bool:
        """Make the index fit a thing, which may be gone; `anew`, whatever it is said to hold. Returns whether anything
        was written. Raises `Unavailable`.
        """
        key = indexed_key(tenant_id, thing_id, kind)
        for _ in range(store.ATTEMPTS):
            # The note first: if it still stands when the postings are written, nobody has seen a later state.
            old = store.load(self.records, Indexed, key) or Indexed()
            thing = store.load(self.records, kind.model, kind.key(tenant_id, thing_id))
            entry = kind.entry(thing) if thing else None
            if old.settled and old.entry == entry and not (anew and entry):
                return False
            if not old.version:
                self._remember(tenant_id)
            try:
                self._write(key, old, entry, anew=anew)
            except WriteConflict:
                continue
            return True
        raise Unavailable(f"too many changes of one {kind.name} at once; try again")

    def rebuild(self, tenant_id: str) -> int:
        """Make the index fit all that a tenant has, whatever it holds. Returns of how many it was written anew."""
        return sum(self._rebuild(tenant_id, kind) for kind in KINDS.values())

    def owners(self) -> Iterator[str]:
        """Tenants who have, or had, something in the index."""
        for shard in range(OWNER_SHARDS):
            yield from self._sort_keys(f"OWNERS#{shard}")

    def _write(self, key: Key, old: Indexed, entry: Entry | None, *, anew: bool) -> None:
        before = [one for one in (old.entry, *old.leaving) if one is not None and one != entry]
        same = old.settled and not anew and old.entry is not None and entry is not None and old.entry.body == entry.body
        kept = set(old.entry.all_keys()) if same and old.entry else set()
        here = set(entry.all_keys()) if entry else set()
        gone = dict.fromkeys(each for one in before for each in one.all_keys() if each not in here)
        # What goes goes first: a thing that was made private is better missed for a moment.
        writes: list[Write] = [Delete(each, None) for each in gone]
        writes += [Put(record, None) for record in (entry.records() if entry else ()) if record.key not in kept]
        version = old.version
        for at in range(0, max(len(writes), 1), AT_ONCE):
            done = at + AT_ONCE >= len(writes)
            note = Indexed(version=version, entry=entry, leaving=() if done else tuple(before), settled=done)
            expires = None if entry or not done else self.clock.now() + GRAVE_KEPT
            self.records.write(layout.put(key, "indexed", note, expires=expires), *writes[at : at + AT_ONCE])
            version += 1

    def _remember(self, tenant_id: str) -> None:
        key = owner_key(tenant_id)
        if self.records.get(key) is None:
            self.records.write(Put(layout.record(key, "owner", Owner()), None))

    def _rebuild(self, tenant_id: str, kind: Kind[Any]) -> int:
        written = 0
        for thing_id in self._sort_keys(kind.key(tenant_id, "")[0]):
            written += self.refresh(kind, tenant_id, thing_id, anew=True)
        for thing_id in self._sort_keys(indexed_key(tenant_id, "", kind)[0]):
            if self.records.get(kind.key(tenant_id, thing_id)) is None:
                written += self.refresh(kind, tenant_id, thing_id, anew=True)
        return written

    def _sort_keys(self, partition: str) -> Iterator[str]:
        before: str | None = None
        while found := self.records.query(partition, limit=PAGE, before=before, ascending=True):
            yield from (stored.sk for stored in found)
            before = found[-1].sk
