"""The twin's folder, its own key, and what programs beside it are told."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from patchbay.cli import connect, home, operator, run
from patchbay.cli.commands import local
from patchbay.cli.failures import CommandFailed
from tests.fakes.world import World


def write_state(folder: Path, **changes: Any) -> Path:
    folder.mkdir(exist_ok=True)
    state = {
        "version": 1,
        "pid": os.getpid(),
        "port": 8484,
        "base_url": "https://localhost:8484",
        "ca_path": str(folder / "ca.pem"),
        "emulator_endpoint": "http://127.0.0.1:4566",
        "region": "us-east-1",
        "outputs": {},
        "environment": {"PATCHBAY_TABLE": "table"},
        **changes,
    }
    (folder / "twin.json").write_text(json.dumps({k: v for k, v in state.items() if v is not None}))
    (folder / "secret").write_text("hush\n")
    (folder / "ca.pem").write_text("-")
    return folder


def test_a_folder_without_a_twin(tmp_path: Path) -> None:
    assert home.find(tmp_path) is None
    with pytest.raises(CommandFailed, match="start one with: patchbay up --data"):
        home.require(tmp_path)


@pytest.mark.parametrize("pid", [None, "dead"])
def test_a_twin_that_was_stopped_or_killed(tmp_path: Path, pid: str | None) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    write_state(tmp_path, pid=gone.pid if pid else None)
    with pytest.raises(CommandFailed, match="is not running"):
        home.require(tmp_path)


def test_a_folder_of_another_version_or_damaged(tmp_path: Path) -> None:
    write_state(tmp_path, version=99)
    with pytest.raises(CommandFailed, match="another version"):
        home.find(tmp_path)
    (tmp_path / "twin.json").write_text("{")
    with pytest.raises(CommandFailed, match="cannot read"):
        home.find(tmp_path)


def test_programs_beside_the_twin_are_told_where_it_is(tmp_path: Path) -> None:
    told = home.require(write_state(tmp_path)).environment()
    assert told["PATCHBAY_TABLE"] == "table"
    assert told["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert told["AWS_SECRET_ACCESS_KEY"] == "hush"


def test_the_own_key_is_made_once_and_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    monkeypatch.setattr(operator, "accounts_of", lambda twin: world.services.accounts)
    twin = home.require(write_state(tmp_path))
    key = connect.own_key(twin)
    assert world.services.accounts.authenticate(key).scopes == ("*",)
    assert connect.own_key(twin) == key
    assert stat.S_IMODE(twin.key_file.stat().st_mode) == 0o600


def test_the_own_key_goes_to_the_own_twin_only(tmp_path: Path) -> None:
    write_state(tmp_path)
    (tmp_path / home.KEY_FILE).write_text("pb_mine")
    with pytest.raises(CommandFailed, match="no API key"), connect.connect("https://elsewhere.test", "", tmp_path):
        raise AssertionError("no client may come of it")


def test_ca_prints_the_path_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_state(tmp_path)
    assert run(["ca", "--data", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'ca.pem'}\n"
    assert run(["ca", "--json", "--data", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out) == {"ca": str(tmp_path / "ca.pem")}


class Became(Exception):
    """In place of the program that a command turns into."""


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    def execve(program: str, command: list[str], environment: dict[str, str]) -> None:
        seen.update(command=command[1:], environment=environment)
        raise Became

    monkeypatch.setattr(os, "execve", execve)
    monkeypatch.setenv("PATCHBAY_DEBUG", "1")
    return seen


def test_up_becomes_the_twin(became: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(Became):
        run(["up", "--port", "9000", "--data", str(tmp_path)])
    assert became["command"] == ["-m", "infra.twin", "up", "--port", "9000", "--data", str(tmp_path)]


def test_worker_joins_the_twin(became: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(Became):
        run(["worker", "--queue", "gpu", "--data", str(write_state(tmp_path))])
    assert became["command"] == ["-m", "gpu_workers.runtime", "--queue", "gpu"]
    assert became["environment"]["PATCHBAY_TABLE"] == "table"


def test_worker_joins_the_deployment_that_the_environment_names(
    became: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATCHBAY_TABLE", "prod-table")
    with pytest.raises(Became):
        run(["worker", "--queue", "cpu", "--data", str(tmp_path)])
    assert became["environment"]["PATCHBAY_TABLE"] == "prod-table"
    assert "AWS_ENDPOINT_URL" not in became["environment"]


def test_a_program_that_is_not_installed_is_named() -> None:
    with pytest.raises(CommandFailed, match=r"no_such.program is not installed here"):
        local.become("no_such.program", [], {})
