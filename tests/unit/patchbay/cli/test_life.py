import json
from pathlib import Path

import pytest

from patchbay.cli import operator, run
from patchbay.core.erasure import Erasure
from tests.fakes.inventory import FakeInventory, dump
from tests.fakes.world import World
from tests.support.lives import Life, two_lives


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    _wire(made, monkeypatch)
    return made


def _wire(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    services = world.services
    inventory = FakeInventory(world.records, world.objects)
    erasure = Erasure(world.records, inventory, world.passwords, services.jobs, world.clock, world.pause)
    services.__dict__.update(inventory=inventory, erasure=erasure)
    monkeypatch.setattr(operator, "services", lambda data, stage: services)


@pytest.fixture
def two(world: World) -> tuple[Life, Life]:
    return two_lives(world)


def test_a_person_gets_all_that_is_theirs(
    world: World, two: tuple[Life, Life], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ada, _ = two
    assert run(["user", "export", ada.email, "-o", str(tmp_path / "ada"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    kept = {str(path.relative_to(tmp_path / "ada")) for path in (tmp_path / "ada").rglob("*") if path.is_file()}
    own = {key: data for key, (data, _) in world.objects.stored.items() if ada.tenant.id in key}
    assert {name for name in kept if name.startswith("files/")} == {
        "files/" + key.replace(f"/{ada.tenant.id}/", "/") for key in own
    }
    assert told["files"] == len(own)
    (account,) = (tmp_path / "ada/records/account.jsonl").read_text().splitlines()
    assert json.loads(account)["email"] == ada.email
    page = (tmp_path / "ada/index.html").read_text()
    assert "ada bass" in page
    assert "stem-isolation-4: vocals" in page


def test_an_export_goes_on_and_leaves_other_folders_alone(
    world: World, two: tuple[Life, Life], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    ada, _ = two
    (tmp_path / "other").mkdir()
    (tmp_path / "other/mine.txt").write_text("keep")
    assert run(["user", "export", ada.email, "-o", str(tmp_path / "other")]) == 1
    assert "is not empty" in capsys.readouterr().err
    assert run(["user", "export", ada.email, "-o", str(tmp_path / "ada")]) == 0
    fetched: list[str] = []
    monkeypatch.setattr(world.objects, "download", lambda key, path: fetched.append(key))
    assert run(["user", "export", ada.email, "-o", str(tmp_path / "ada")]) == 0
    assert fetched == []
    assert f"of {ada.email} are in" in capsys.readouterr().out


def test_what_two_persons_have_never_mixes(
    world: World, two: tuple[Life, Life], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ada, bob = two
    folder = tmp_path / "export"
    assert run(["user", "export", ada.email, "-o", str(folder)]) == 0
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    capsys.readouterr()
    assert run(["user", "export", bob.email, "-o", str(folder)]) == 1
    assert "no export of this person's" in capsys.readouterr().err.replace("\n", " ")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert folder.stat().st_mode & 0o077 == 0


def test_names_of_files_are_no_markup(
    world: World, two: tuple[Life, Life], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ada, _ = two
    world.services.samples.rename(ada.tenant.id, ada.sample.number, "<script>alert(1)</script>")
    assert run(["user", "export", ada.email, "-o", str(tmp_path / "ada")]) == 0
    assert "<script>" not in (tmp_path / "ada/index.html").read_text()


def test_erasing_asks_first(world: World, two: tuple[Life, Life], capsys: pytest.CaptureFixture[str]) -> None:
    ada, bob = two
    before = dump(world.records, world.objects)
    assert run(["user", "erase", ada.email]) == 0
    assert "would go; --yes does it" in capsys.readouterr().out
    assert dump(world.records, world.objects) == before
    assert run(["user", "erase", ada.email, "--yes", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["erased"], told["id"]) == (True, ada.tenant.id)
    assert run(["user", "show", "--user", ada.email]) == 1
    assert run(["user", "show", "--user", bob.email]) == 0


def test_what_is_being_done_is_told(world: World, two: tuple[Life, Life], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["user", "erase", two[0].email, "--yes"]) == 0
    told = capsys.readouterr()
    assert "are gone" in told.out
    assert "patchbay: removing, round 1" in told.err


def test_a_deployment_is_copied_and_comes_back(
    world: World, two: tuple[Life, Life], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    folder = str(tmp_path / "copy")
    assert run(["backup", folder]) == 0
    assert "are whole in" in capsys.readouterr().out
    assert run(["backup", folder, "--check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["objects"] == len(world.objects.stored)
    assert run(["restore", folder]) == 1
    assert "somebody has an account here already" in capsys.readouterr().err
    fresh = World()
    _wire(fresh, monkeypatch)
    assert run(["restore", folder]) == 0
    assert dump(fresh.records, fresh.objects) == dump(world.records, world.objects)
    assert run(["restore", folder, "--again"]) == 1
    assert "nothing was written" in capsys.readouterr().err


def test_what_is_no_backup_is_said(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["restore", str(tmp_path / "none")]) == 1
    assert "there is no folder" in capsys.readouterr().err
    assert run(["backup", str(tmp_path), "--check"]) == 1
    assert "is no finished backup" in capsys.readouterr().err
