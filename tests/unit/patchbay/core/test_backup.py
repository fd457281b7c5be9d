import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

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
