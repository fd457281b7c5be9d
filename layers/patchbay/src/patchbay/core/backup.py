"""A copy of all that a stage stores, and a stage made of such a copy.

Items are read first and objects after that: an object is always stored before an item names it, so that every object
that the copy's items name is in the copy, but for those that were deleted meanwhile. Passwords are not in it: nobody
can read them. Whoever has one sets it anew, by a mailed code.
"""

import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict

from patchbay.core.digests import sha256_of
from patchbay.domain.errors import Conflict, InvalidInput, NotFound
from patchbay.ports import Clock, Inventory, Item, Objects

FORM: Literal[1] = 1
_SUMMARY, _ITEMS, _LIST, _OBJECTS = "backup.json", "items.jsonl.gz", "objects.jsonl.gz", "objects"
_FETCHED = "fetched.jsonl"
"""What an attempt has fetched, and of which state of the object: only what is in here is trusted by the next one."""
_DAMAGE = (OSError, EOFError, zlib.error, ArithmeticError, AttributeError, KeyError, TypeError, ValueError)
"""What reading a file that is not as it was written may raise."""
_LONGEST_NAME = 200
"""Of a file, most systems take 255 bytes."""
_MARK = "RESTORING", "backup"
"""Key of what says that a restoring is under way."""
_PLACE = "RESTORING", "objects"
"""Key of how many objects of the list it has put back."""
_NOTED_EVERY = 100
Told = Callable[[str, int], None]


class Summary(BaseModel):
    """What a backup holds."""

    model_config = ConfigDict(frozen=True)

    form: Literal[1] = FORM
    stage: str
    began_at: datetime
    ended_at: datetime
    items: int
    objects: int
    size_bytes: int
    gone: int
    """Objects that were deleted while the copy was made."""


@dataclass(frozen=True, slots=True)
class Backup:
    """Copies a stage, and puts copies back."""

    inventory: Inventory
    objects: Objects
    clock: Clock
    stage: str

    def make(self, folder: Path, told: Told = lambda what, number: None) -> Summary:
        """Copy all into `folder`; objects that an attempt before has fetched, and that are as they were then, there and
        here, are not fetched again.

        Raises `Conflict` for a folder that has a finished backup.
        """
        if (folder / _SUMMARY).exists():
            raise Conflict(f"{folder} holds a finished backup; choose another folder")
        began = self.clock.now()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # all of everybody's is in it
        (folder / _OBJECTS).mkdir(parents=True, exist_ok=True)
        items = 0
        with gzip.open(folder / _ITEMS, "wt", encoding="utf-8") as out:
            for item in self.inventory.items():
                out.write(_line(item) + "\n")
                items += 1
                told("items", items)
        count, size_bytes, gone = 0, 0, 0
        known = _journal(folder)
        with gzip.open(folder / _LIST, "wt", encoding="utf-8") as out, (folder / _FETCHED).open("a") as journal:
            journal.write("\n")  # the last line of an attempt that died may be half a one
            for found in self.inventory.objects():
                try:
                    fetched = self._fetched(found.key, _path(folder, found.key), known.get(found.key))
                except NotFound:
                    gone += 1
                    continue
                journal.write(json.dumps(fetched) + "\n")
                journal.flush()
                entry = {name: value for name, value in fetched.items() if name != "etag"}
                out.write(json.dumps(entry) + "\n")
                count, size_bytes = count + 1, size_bytes + entry["size_bytes"]
                told("objects", count)
        summary = Summary(
            stage=self.stage,
            began_at=began,
            ended_at=self.clock.now(),
            items=items,
            objects=count,
            size_bytes=size_bytes,
            gone=gone,
        )
        _whole(folder / _SUMMARY, summary.model_dump_json(indent=1).encode())
        (folder / _FETCHED).unlink()
        return summary

    def restore(self, folder: Path, told: Told = lambda what, number: None) -> Summary:
        """Put a copy into a stage that has nothing yet, objects first.

        Raises `InvalidInput` for what is no whole backup, before anything is written; `Conflict` for a stage that has
        something. One that died goes on with `resume`.
        """
        summary = check(folder)
        if any(item.pk.startswith("USERS#") or item.key == _MARK for item in self.inventory.items()):
            raise Conflict("somebody has an account here already; restore into a new stage")
        self.inventory.put([_mark(summary)])
        return self._put_back(folder, summary, told, done=0)

    def resume(self, folder: Path, told: Told = lambda what, number: None) -> Summary:
        """Go on with a `restore` of the same copy that died: repeating it changes nothing.

        Raises `InvalidInput` as `restore` does; `Conflict` for a stage in which none of this copy was begun, or where
        it came to its end: what people did there since would be lost.
        """
        summary = check(folder)
        marks = {item.key: item for item in self.inventory.items() if item.pk == _MARK[0]}
        if marks.get(_MARK) != _mark(summary):
            raise Conflict("no restoring of this backup was begun here and stopped; nothing was written")
        place = marks.get(_PLACE)
        return self._put_back(folder, summary, told, done=int(place.fields["count"]) if place else 0)

    def _put_back(self, folder: Path, summary: Summary, told: Told, *, done: int) -> Summary:
        """`done`: how many objects of the list are known to be there; a size alone would not tell whose they are."""
        for number, entry in enumerate(_lines(folder / _LIST), start=1):
            there = self.objects.stat(entry["key"]) if number <= done else None
            if there is None or there.size_bytes != entry["size_bytes"]:
                self.objects.upload(_path(folder, entry["key"]), entry["key"], media_type=entry["media_type"])
            if number > done and (number % _NOTED_EVERY == 0 or number == summary.objects):
                self.inventory.put([Item(*_PLACE, {"kind": "counter", "count": Decimal(number)})])
            told("objects", number)
        self.inventory.put(_counted((_item(each) for each in _lines(folder / _ITEMS)), told))
        self.inventory.drop([_PLACE, _MARK])
        return summary

    def _fetched(self, key: str, path: Path, earlier: dict[str, Any] | None) -> dict[str, Any]:
        """The journal's entry of an object, whose bytes are at `path` then; `earlier`: that of an attempt before.

        Raises `NotFound`.
        """
        facts = self.objects.stat(key)
        if facts is None:
            raise NotFound(key)
        same = earlier is not None and earlier.get("etag") == facts.etag and path.is_file()
        # What is on its way in can be written again under the same key, also between the look and the fetching.
        if earlier is not None and same and not key.startswith("incoming/") and sha256_of(path) == earlier["sha256"]:
            return earlier
        part = path.with_name(path.name + ".part")
        self.objects.download(key, part)
        part.replace(path)
        found = {"size_bytes": path.stat().st_size, "sha256": sha256_of(path)}
        return {"key": key, **found, "media_type": facts.media_type, "etag": facts.etag}


def check(folder: Path) -> Summary:
    """What a backup holds, every byte of it looked at. Raises `InvalidInput` that says what is wrong with it."""
    try:
        summary = Summary.model_validate_json((folder / _SUMMARY).read_bytes())
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{folder} is no finished backup: {error}") from None
    try:
        items = sum(len(_item(told).pk) > 0 for told in _lines(folder / _ITEMS))
        entries = 0
        for entry in _lines(folder / _LIST):
            path = _path(folder, entry["key"])
            if not path.is_file() or sha256_of(path) != entry["sha256"]:
                raise InvalidInput(f"the backup's copy of {entry['key']} is damaged")
            entries += 1
    except _DAMAGE as error:
        raise InvalidInput(f"the backup is damaged: {error}") from None
    if (items, entries) != (summary.items, summary.objects):
        had = f"{items} items and {entries} objects, not {summary.items} and {summary.objects}"
        raise InvalidInput(f"the backup is damaged: it has {had}")
    return summary


def _journal(folder: Path) -> dict[str, dict[str, Any]]:
    """Key of an object -> what the attempts before have noted of it last; nothing of lines that are not whole."""
    found: dict[str, dict[str, Any]] = {}
    try:
        lines = (folder / _FETCHED).read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return found
    for line in lines:
        with suppress(ValueError, TypeError, KeyError):
            entry = json.loads(line)
            if {type(entry[name]) for name in ("key", "sha256", "media_type", "etag")} == {str}:
                found[entry["key"]] = entry
    return found


def _mark(summary: Summary) -> Item:
    told = summary.model_dump_json()
    return Item(*_MARK, {"kind": "restoring", "version": Decimal(1), "body": told})


def _counted(items: Iterator[Item], told: Told) -> Iterator[Item]:
    for number, item in enumerate(items, start=1):
        told("items", number)
        yield item


def _line(item: Item) -> str:
    texts = {name: value for name, value in item.fields.items() if isinstance(value, str)}
    numbers = {name: str(value) for name, value in item.fields.items() if not isinstance(value, str)}
    return json.dumps({"pk": item.pk, "sk": item.sk, "s": texts, "n": numbers}, ensure_ascii=False)


def _item(told: dict[str, Any]) -> Item:
    numbers = {name: Decimal(value) for name, value in told["n"].items()}
    return Item(told["pk"], told["sk"], {**told["s"], **numbers})


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _path(folder: Path, key: str) -> Path:
    """Where an object's copy lies: no part of a key is trusted to be a file's name."""
    name = quote(key, safe="")
    if len(name) > _LONGEST_NAME:
        name = hashlib.sha256(key.encode()).hexdigest()
    return folder / _OBJECTS / name


def _whole(path: Path, data: bytes) -> None:
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)
