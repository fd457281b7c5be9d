"""`patchbay doctor`: what it prints, what it exits with, and the job that it sends."""

import json
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from patchbay.cli import run
from patchbay.cli.commands import doctor
from patchbay.cli.failures import CommandFailed
from patchbay.domain.checkup import Finding, State

WELL = Finding("account", "credentials", State.OK, "account 1, region x")
ILL = Finding("table", "index [by_open]", State.FAIL, "missing [bold]", "deploy again")
DOUBTFUL = Finding("quotas", "Lambdas at once", State.WARN, "10 of 200 wanted", "ask for more")
AWAY = Finding("mail", "sender", State.SKIPPED, "the twin keeps its mail")


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    """What the doctor finds; `asked` at its end is what it was asked."""
    findings = [WELL]
    monkeypatch.setattr("patchbay.cli.operator.findings", lambda data, stage, read_weights: iter(findings))
    return findings


@pytest.mark.parametrize(("more", "status"), [([], 0), ([DOUBTFUL, AWAY], 0), ([DOUBTFUL, ILL], 1)])
def test_the_exit_status_says_whether_something_fails(found: list[Finding], more: list[Finding], status: int) -> None:
    found += more
    assert run(["doctor"]) == status
    assert run(["doctor", "--json"]) == status


def test_the_table_says_what_to_do_and_takes_nothing_for_markup(
    found: list[Finding], capsys: pytest.CaptureFixture[str]
) -> None:
    found += [ILL, AWAY]
    run(["doctor"])
    out = capsys.readouterr().out
    assert "missing [bold]" in out
    assert "→ deploy again" in out
    assert "sender" not in out
    assert out.rstrip().endswith("1 ok, 1 fail")
    run(["doctor", "--all"])
    assert "sender" in capsys.readouterr().out


def test_json_has_every_finding(found: list[Finding], capsys: pytest.CaptureFixture[str]) -> None:
    found += [ILL, AWAY]
    run(["doctor", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert [each["state"] for each in told["findings"]] == ["ok", "fail", "skipped"]
    assert told["findings"][1]["todo"] == "deploy again"
    assert "todo" not in told["findings"][0]


class FakeClient:
    """Takes an upload and a job."""

    def __init__(self, status: str) -> None:
        self.status, self.deleted = status, list[str]()
        self.broken = False
        self.song: tuple[int, int] | None = None

    def upload(self, path: Path) -> str:
        with wave.open(str(path)) as song:
            self.song = song.getframerate(), song.getnframes()
        return "https://x/song"

    def submit(self, workflow: str, params: dict[str, Any], *, name: str) -> str:
        assert (workflow, params) == (doctor.WORKFLOW, {"inputUrl": "https://x/song"})
        return "j1"

    def wait(self, job_id: str) -> dict[str, Any]:
        if self.broken:
            raise CommandFailed("the line is down")
        times = {"createdAt": "2026-01-01T00:00:00Z", "completedAt": "2026-01-01T00:00:02Z"}
        return {"status": self.status, "error": {"message": "no worker"}, **times}

    def get(self, path: str) -> dict[str, Any]:
        assert (path, self.deleted) == ("/patchbay/v1/jobs/j1", []), "of a job that is gone nobody knows the file"
        return {"input_asset_id": "a1"}

    def delete(self, job_id: str) -> None:
        self.deleted.append(job_id)

    def send(self, method: str, path: str) -> None:
        assert method == "DELETE"
        self.deleted.append(path)


def connected(monkeypatch: pytest.MonkeyPatch, client: FakeClient | Exception) -> None:
    @contextmanager
    def connect(*_: object) -> Iterator[FakeClient]:
        if isinstance(client, Exception):
            raise client
        yield client

    monkeypatch.setattr("patchbay.cli.connect.connect", connect)


@pytest.mark.parametrize(("status", "told"), [("SUCCEEDED", "done in 2.0 s"), ("FAILED", "no worker")])
def test_a_probe_is_a_whole_job_and_leaves_nothing(
    found: list[Finding], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], status: str, told: str
) -> None:
    client = FakeClient(status)
    connected(monkeypatch, client)
    assert run(["doctor", "--probe"]) == (0 if status == "SUCCEEDED" else 1)
    assert told in capsys.readouterr().out
    assert client.deleted == ["j1", "/patchbay/v1/assets/a1"]
    assert client.song == (8000, 16000)


def test_a_probe_that_nobody_can_wait_for_leaves_nothing_either(
    found: list[Finding], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client = FakeClient("SUCCEEDED")
    client.broken = True
    connected(monkeypatch, client)
    assert run(["doctor", "--probe"]) == 1
    assert "the line is down" in capsys.readouterr().out
    assert client.deleted == ["j1", "/patchbay/v1/assets/a1"]


def test_a_probe_that_cannot_be_sent_is_a_finding(
    found: list[Finding], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    connected(monkeypatch, CommandFailed("nobody there"))
    assert run(["doctor", "--probe"]) == 1
    assert "nobody there" in capsys.readouterr().out
    assert run(["doctor", "--stage", "prod", "--probe"]) == 1
    assert "PATCHBAY_KEY" in capsys.readouterr().out


def test_before_a_deployment_only_what_that_takes_from_here_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("patchbay.cli.operator.findings_before", lambda stage: iter([replace(ILL, name=stage)]))
    assert run(["doctor", "--stage", "prod", "--before"]) == 1
    assert "prod" in capsys.readouterr().out
    assert run(["doctor", "--before"]) != 0
    assert "--stage" in capsys.readouterr().err
