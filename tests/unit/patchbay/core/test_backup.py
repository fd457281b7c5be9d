import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from patchbay.core import backup
from patchbay.core.backup import Backup, check
from patchbay.domain.errors import Conflict, InvalidInput
from patchbay.ports import StoredObject
from tests.fakes.inventory import FakeInventory, dump
from tests.fakes.world import World
from tests.support.lives import Life, two_lives


@pytest.fixture
def lived(world: World) -> tuple[Life, Life]:
    return two_lives(world)


def backup_of(world: World) -> Backup:
    return Backup(FakeInventory(world.records, world.objects), world.objects, world.clock, "test")


def test_a_stage_comes_back_as_it_was(world: World, lived: tuple[Life, Life], tmp_path: Path) -> None:
    summary = backup_of(world).make(tmp_path / "copy")
    assert (summary.stage, summary.gone) == ("test", 0)
    assert summary.objects == len(world.objects.stored)
    fresh = World()
    assert backup_of(fresh).restore(tmp_path / "copy") == summary
    assert dump(fresh.records, fresh.objects) == dump(world.records, world.objects)


def test_what_came_back_works(world: World, lived: tuple[Life, Life], tmp_path: Path) -> None:
    ada, bob = lived
    backup_of(world).make(tmp_path / "copy")
    fresh = World()
    backup_of(fresh).restore(tmp_path / "copy")
    assert fresh.services.accounts.authenticate(ada.tenant.secret).tenant_id == ada.tenant.id
    assert fresh.services.samples.likes([bob.sample]) == [1]
    assert fresh.services.samples.get(bob.sample.number, None).name == "bob bass"
    done = fresh.carry_out(fresh.services.jobs.get(ada.tenant.id, ada.job.id))
    assert done.state == "succeeded", "a job that was open goes on"


def test_nobody_is_told_again_of_what_came_back(world: World, lived: tuple[Life, Life], tmp_path: Path) -> None:
    backup_of(world).make(tmp_path / "copy")
    fresh = World()
    backup_of(fresh).restore(tmp_path / "copy")
    assert [new for _, new in fresh.records.changes if new] == []


def test_a_restoring_that_died_goes_on(world: World, lived: tuple[Life, Life], tmp_path: Path) -> None:
    backup_of(world).make(tmp_path / "copy")
    fresh, uploads = World(), 0

    def dies(what: str, number: int) -> None:
        if (what, number) == ("items", 40):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup_of(fresh).restore(tmp_path / "copy", dies)
    with pytest.raises(Conflict):
        backup_of(fresh).restore(tmp_path / "copy")
    whole = fresh.objects.upload

    def upload(path: Path, key: str, *, media_type: str) -> None:
        nonlocal uploads
        uploads += 1
        whole(path, key, media_type=media_type)

    fresh.objects.upload = upload  # type: ignore[method-assign]
    backup_of(fresh).resume(tmp_path / "copy")
    assert uploads == 0, "objects were there already"
    assert dump(fresh.records, fresh.objects) == dump(world.records, world.objects)


def test_a_stage_that_is_in_use_is_never_gone_on_with(world: World, lived: tuple[Life, Life], tmp_path: Path) -> None:
    """Of its own backup either: what was done since would be lost."""
    backup_of(world).make(tmp_path / "copy")
    before = dump(world.records, world.objects)
    with pytest.raises(Conflict, match="nothing was written"):
        backup_of(world).resume(tmp_path / "copy")
    fresh = World()
    backup_of(fresh).restore(tmp_path / "copy")
    with pytest.raises(Conflict, match="nothing was written"):
        backup_of(fresh).resume(tmp_path / "copy")
    assert dump(world.records, world.objects) == before


def test_progress_is_told(world: World, lived: tuple[Life, Life], tmp_path: Path) -> None:
    made: list[tuple[str, int]] = []
    put: list[tuple[str, int]] = []
    summary = backup_of(world).make(tmp_path / "copy", lambda what, number: made.append((what, number)))
    assert made[summary.items - 1 :] == [
        ("items", summary.items),
        *(("objects", n) for n in range(1, summary.objects + 1)),
    ]
    backup_of(World()).restore(tmp_path / "copy", lambda what, number: put.append((what, number)))
    assert put[summary.objects - 1 :][:2] == [("objects", summary.objects), ("items", 1)]


def test_a_stage_with_people_is_left_alone(world: World, lived: tuple[Life, Life], tmp_path: Path) -> None:
    backup_of(world).make(tmp_path / "copy")
    before = dump(world.records, world.objects)
    with pytest.raises(Conflict, match="restore into a new stage"):
        backup_of(world).restore(tmp_path / "copy")
    assert dump(world.records, world.objects) == before


def test_a_finished_backup_is_not_written_over(world: World, lived: tuple[Life, Life], tmp_path: Path) -> None:
    backup_of(world).make(tmp_path / "copy")
    with pytest.raises(Conflict, match="finished backup"):
        backup_of(world).make(tmp_path / "copy")


def test_one_that_died_goes_on_and_fetches_nothing_twice(
    world: World, lived: tuple[Life, Life], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[str] = []
    whole = world.objects.download

    def download(key: str, path: Path) -> None:
        if len(fetched) == 5:
            path.write_bytes(b"half")
            raise KeyboardInterrupt
        fetched.append(key)
        whole(key, path)

    monkeypatch.setattr(world.objects, "download", download)
    with pytest.raises(KeyboardInterrupt):
        backup_of(world).make(tmp_path / "copy")
    with pytest.raises(InvalidInput, match="no finished backup"):
        check(tmp_path / "copy")
    again: list[str] = []

    def noted(key: str, path: Path) -> None:
        again.append(key)
        whole(key, path)

    monkeypatch.setattr(world.objects, "download", noted)
    summary = backup_of(world).make(tmp_path / "copy")
    assert check(tmp_path / "copy") == summary
    assert not {key for key in fetched if not key.startswith("incoming/")} & set(again)


def _begun(world: World, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], Callable[[str], Path]]:
    """An attempt that has fetched all and died before its end: keys that the next one fetches, path of a copy."""

    def dies(path: Path, data: bytes) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(backup, "_whole", dies)
        with pytest.raises(KeyboardInterrupt):
            backup_of(world).make(folder)
    again: list[str] = []
    whole = world.objects.download

    def noted(key: str, path: Path) -> None:
        again.append(key)
        whole(key, path)

    monkeypatch.setattr(world.objects, "download", noted)
    return again, lambda key: backup._path(folder, key)


def _kept(world: World) -> list[str]:
    return sorted(key for key in world.objects.stored if not key.startswith("incoming/"))


def test_a_file_of_the_right_size_is_not_trusted_for_that(
    world: World, lived: tuple[Life, Life], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again, path_of = _begun(world, tmp_path / "copy", monkeypatch)
    broken, changed, *_ = _kept(world)
    path_of(broken).write_bytes(bytes(path_of(broken).stat().st_size))  # as after a machine lost its power
    data, kind = world.objects.stored[changed]
    world.objects.stored[changed] = (data[::-1], kind)
    summary = backup_of(world).make(tmp_path / "copy")
    assert [key for key in again if not key.startswith("incoming/")] == [broken, changed]
    assert check(tmp_path / "copy") == summary
    fresh = World()
    backup_of(fresh).restore(tmp_path / "copy")
    assert dump(fresh.records, fresh.objects) == dump(world.records, world.objects)


@pytest.mark.parametrize("harm", ["gone", "half a line", "no JSON", "another form"])
def test_what_no_journal_tells_of_is_fetched_again(
    world: World, lived: tuple[Life, Life], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    again, _ = _begun(world, tmp_path / "copy", monkeypatch)
    journal = tmp_path / "copy" / "fetched.jsonl"
    lines = journal.read_text().splitlines()
    last = json.loads(lines[-1])["key"]
    told = {
        "gone": None,
        "half a line": [*lines[:-1], lines[-1][:-9]],
        "no JSON": ["\x00" * 40],
        "another form": ["7", "[]", "null", json.dumps({"key": 1, "sha256": [], "media_type": 0, "etag": {}})],
    }[harm]
    journal.unlink() if told is None else journal.write_text("\n".join(told))
    summary = backup_of(world).make(tmp_path / "copy")
    kept = {key for key in again if not key.startswith("incoming/")}
    assert kept == ({last} if harm == "half a line" else set(_kept(world)))
    assert check(tmp_path / "copy") == summary
    assert not journal.exists(), "a finished backup has no journal"


@pytest.mark.parametrize("dies", [False, True])
def test_an_object_of_the_same_size_that_was_there_is_written_over(
    world: World, lived: tuple[Life, Life], tmp_path: Path, dies: bool
) -> None:
    backup_of(world).make(tmp_path / "copy")
    fresh = World()
    for key, (data, kind) in world.objects.stored.items():
        fresh.objects.stored[key] = (data[::-1], kind)

    def at_the_third(what: str, number: int) -> None:
        if dies and number == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) if dies else nullcontext():
        backup_of(fresh).restore(tmp_path / "copy", at_the_third)
    if dies:
        backup_of(fresh).resume(tmp_path / "copy")
    assert dump(fresh.records, fresh.objects) == dump(world.records, world.objects)


def test_a_restoring_that_goes_on_puts_back_what_went_since(
    world: World, lived: tuple[Life, Life], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "_NOTED_EVERY", 2)
    backup_of(world).make(tmp_path / "copy")
    fresh, uploads = World(), list[str]()
    whole = fresh.objects.upload

    def upload(path: Path, key: str, *, media_type: str) -> None:
        uploads.append(key)
        whole(path, key, media_type=media_type)

    def at_the_fifth(what: str, number: int) -> None:
        if number == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(fresh.objects, "upload", upload)
    with pytest.raises(KeyboardInterrupt):
        backup_of(fresh).restore(tmp_path / "copy", at_the_fifth)
    first, second, third, fourth, fifth = uploads
    del fresh.objects.stored[second]
    uploads.clear()
    backup_of(fresh).resume(tmp_path / "copy")
    assert uploads[:2] == [second, fifth], "four were noted as put back, and one of them is gone"
    assert not {first, third, fourth} & set(uploads)
    assert dump(fresh.records, fresh.objects) == dump(world.records, world.objects)


def test_an_object_that_goes_meanwhile_is_told(world: World, lived: tuple[Life, Life], tmp_path: Path) -> None:
    class Stale(FakeInventory):
        def objects(self, prefix: str = "") -> Iterator[StoredObject]:
            yield StoredObject("uploads/gone/already", 5)
            yield from super().objects(prefix)

    summary = replace(backup_of(world), inventory=Stale(world.records, world.objects)).make(tmp_path / "copy")
    assert summary.gone == 1
    assert check(tmp_path / "copy") == summary


def test_nobody_else_on_the_machine_can_read_a_backup(world: World, lived: tuple[Life, Life], tmp_path: Path) -> None:
    backup_of(world).make(tmp_path / "copy")
    assert (tmp_path / "copy").stat().st_mode & 0o077 == 0


def _break_an_object(folder: Path) -> str:
    victim = max((folder / "objects").iterdir(), key=lambda path: path.stat().st_size)
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    return "is damaged"


def _lose_an_object(folder: Path) -> str:
    next((folder / "objects").iterdir()).unlink()
    return "is damaged"


def _cut_the_items(folder: Path) -> str:
    data = (folder / "items.jsonl.gz").read_bytes()
    (folder / "items.jsonl.gz").write_bytes(data[: len(data) // 2])
    return "backup is damaged"


def _drop_an_item(folder: Path) -> str:
    lines = gzip.decompress((folder / "items.jsonl.gz").read_bytes()).splitlines(keepends=True)
    (folder / "items.jsonl.gz").write_bytes(gzip.compress(b"".join(lines[1:])))
    return "items and"


def _garble_the_items(folder: Path) -> str:
    data = (folder / "items.jsonl.gz").read_bytes()
    (folder / "items.jsonl.gz").write_bytes(gzip.compress(b"")[:10] + b"\xff" * len(data))
    return "backup is damaged"


def _no_number(folder: Path) -> str:
    line = json.dumps({"pk": "a", "sk": "b", "s": {}, "n": {"version": "one"}})
    (folder / "items.jsonl.gz").write_bytes(gzip.compress(line.encode()))
    return "backup is damaged"


def _lead_outside(folder: Path) -> str:
    lines = gzip.decompress((folder / "objects.jsonl.gz").read_bytes()).decode().splitlines()
    entry = {**json.loads(lines[0]), "key": "../../etc/passwd"}
    (folder / "objects.jsonl.gz").write_bytes(gzip.compress("\n".join([json.dumps(entry), *lines[1:]]).encode()))
    return "is damaged"


def _no_summary(folder: Path) -> str:
    (folder / "backup.json").write_text("{}")
    return "no finished backup"


@pytest.mark.parametrize(
    "harm",
    [
        _break_an_object,
        _lose_an_object,
        _cut_the_items,
        _drop_an_item,
        _garble_the_items,
        _no_number,
        _lead_outside,
        _no_summary,
    ],
)
def test_a_damaged_backup_is_refused_before_anything_is_written(
    world: World, lived: tuple[Life, Life], tmp_path: Path, harm: object
) -> None:
    backup_of(world).make(tmp_path / "copy")
    fault = harm(tmp_path / "copy")  # type: ignore[operator]
    fresh = World()
    with pytest.raises(InvalidInput, match=fault):
        backup_of(fresh).restore(tmp_path / "copy")
    assert dump(fresh.records, fresh.objects) == {}
