"""Commands, from the command line to what is printed."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from patchbay import bootstrap
from patchbay.cli import operator, run, show
from patchbay.cli.client import ApiError, Client
from patchbay.cli.commands.jobs import _makes
from patchbay.domain.errors import NotFound
from tests.fakes.world import World
from tests.unit.patchbay.cli.conftest import KEY, ONE_STEM, URL, FakeApi

REMOTE = ["--url", URL, "--key", KEY]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A deployment without users."""
    made = World()
    monkeypatch.setattr(operator, "accounts", lambda data, stage: made.services.accounts)
    return made


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    told = capsys.readouterr().out
    here, through = ("up", "worker", "ca", "key", "user"), ("separate", "jobs", "job", "cancel", "models")
    for command in (*here, *through, "listen", "webhooks", "app", "usage", "compose"):
        assert f" {command} " in told


def test_help_loads_nothing_heavy() -> None:
    heavy = "boto3 httpx pydantic numpy torch matplotlib"
    loaded = f"print([m for m in '{heavy}'.split() if m in sys.modules])"
    code = f"import sys; from patchbay.cli import run; run(['--help']); {loaded}"
    began = time.monotonic()
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout.splitlines()[-1] == "[]"
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["jbos"], 2, "No such command 'jbos'"),
        (["key", "create"], 2, "Missing option '--user'"),
        (["separate", "x.wav", "--stems", "5", *REMOTE], 2, "--stems"),
        (["jobs", "--data", "nowhere"], 1, "there is no local twin in nowhere; start one with: patchbay up"),
        (["ca", "--data", "nowhere"], 1, "ca.pem is not there yet"),
        (["jobs", "--url", URL, "--data", "nowhere"], 1, f"no API key for {URL}"),
        (["separate", "nowhere.wav", *REMOTE], 1, "there is no file nowhere.wav"),
        (["worker", "--queue", "gpu", "--data", "nowhere"], 1, "there is no local twin"),
    ],
)
def test_errors_are_one_line_on_stderr(
    arguments: list[str],
    status: int,
    told: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == status
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("patchbay: ")
    assert told in printed.err
    assert printed.err.count("\n") == 1


def test_separate_leaves_the_stems_and_prints_their_paths(
    song: Path, tmp_path: Path, api: FakeApi, over_fake_api: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(["separate", str(song), "-o", str(out), "--stems", "2", "--model", "m", *REMOTE]) == 0
    assert capsys.readouterr().out.split() == [str(out / "vocals.wav"), str(out / "drums.wav")]
    assert (out / "vocals.wav").read_bytes() == ONE_STEM
    assert api.order["workflow"] == "stems-vocals-accompaniment"
    assert api.order["params"] == {"model": "m", "inputUrl": "https://store.test/get/1"}


def test_separate_as_json(
    song: Path, tmp_path: Path, over_fake_api: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["separate", str(song), "-o", str(tmp_path / "out"), "--json", *REMOTE]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["job"]["status"] == "SUCCEEDED"
    assert told["files"]["vocals"] == str(tmp_path / "out" / "vocals.wav")


def test_a_failed_job_is_told_with_its_reason(
    song: Path, tmp_path: Path, api: FakeApi, over_fake_api: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    api.outcome = {"status": "FAILED", "error": {"code": "BAD_INPUT", "message": "the file is\nnot audio"}}
    assert run(["separate", str(song), "-o", str(tmp_path / "out"), *REMOTE]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "patchbay: job job-1 failed: the file is not audio"
    assert not (tmp_path / "out").exists()


def test_ctrl_c_cancels_the_job(
    song: Path,
    api: FakeApi,
    over_fake_api: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupted(self: Client, job_id: str, report: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Client, "wait", interrupted)
    assert run(["separate", str(song), *REMOTE]) == 130
    assert api.deleted == ["job-1"]
    assert capsys.readouterr().err.splitlines()[-1] == "patchbay: interrupted; job job-1 is cancelled"


@pytest.mark.parametrize(("status", "goes_on"), [(0, True), (503, True), (404, False)])
def test_a_lost_connection_leaves_the_job_and_says_which(
    song: Path,
    api: FakeApi,
    over_fake_api: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    status: int,
    goes_on: bool,
) -> None:
    def lost(self: Client, job_id: str, report: Any) -> None:
        raise ApiError("the API does not answer: gone", status)

    monkeypatch.setattr(Client, "wait", lost)
    assert run(["separate", str(song), *REMOTE]) == 1
    told = "gone; job job-1 goes on, see: patchbay job job-1" if goes_on else "gone"
    assert capsys.readouterr().err.splitlines()[-1] == f"patchbay: the API does not answer: {told}"
    assert api.deleted == []


def test_where_the_stems_cannot_lie_nothing_is_ordered(
    tmp_path: Path,
    api: FakeApi,
    over_fake_api: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A file without an ending has the name of the folder that its stems would go to."""
    monkeypatch.chdir(tmp_path)
    Path("song").write_bytes(b"RIFF")
    for more in ([], ["-o", "song"], ["-o", "song/stems"]):
        assert run(["separate", "song", *more, *REMOTE]) == 1
        assert capsys.readouterr().err == "patchbay: song is no folder; say by -o where the files are to go\n"
    assert api.calls == []
    assert run(["separate", "song", "-o", "a/b", *REMOTE]) == 0
    assert Path("a/b/vocals.wav").is_file()


def test_names_of_emoji_stay_as_they_are(
    api: FakeApi, over_fake_api: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    api.looks, api.outcome["name"] = 2, "in :key: of [a]"
    assert run(["job", "job-1", *REMOTE]) == 0
    assert "in :key: of [a]" in capsys.readouterr().out
    show.table(("Name",), [("in :key:",)])
    assert "in :key:" in capsys.readouterr().out


def test_an_empty_file_is_not_sent(
    tmp_path: Path, api: FakeApi, over_fake_api: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.wav").touch()
    assert run(["separate", str(tmp_path / "empty.wav"), *REMOTE]) == 1
    assert "is empty" in capsys.readouterr().err
    assert api.calls == []


def test_jobs_are_listed_with_the_filters_given(
    api: FakeApi, over_fake_api: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["jobs", "--status", "failed", "--status", "started", "--batch", "b", *REMOTE]) == 0
    assert api.requests[-1].url.query == b"status=FAILED&status=STARTED&page=0&size=20&batchName=b"
    told = capsys.readouterr().out
    assert "job-1" in told
    assert "12.5 s" in told
    assert run(["jobs", "--json", *REMOTE]) == 0
    assert json.loads(capsys.readouterr().out)[0]["id"] == "job-1"


def test_one_job_is_shown_with_whole_links(
    api: FakeApi, over_fake_api: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    api.looks = 2
    api.outcome["result"]["vocals"] = link = "https://store.test/" + "x" * 300 + ".wav"
    assert run(["job", "job-1", *REMOTE]) == 0
    assert link in capsys.readouterr().out
    assert run(["job", "job-2", *REMOTE]) == 1
    assert "there is no such job" in capsys.readouterr().err


def test_models_are_listed(over_fake_api: Callable[[], None], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", *REMOTE]) == 0
    told = capsys.readouterr().out
    assert "[free]" in told
    assert told.index("300 s of music") < told.index("vocals")  # what runs there comes first
    assert "Makes: see [its card]" in told
    assert "Splits: see" not in told
    assert run(["models", "--json", *REMOTE]) == 0
    separator, generator = json.loads(capsys.readouterr().out)
    assert separator["name"] == "m"
    assert _makes(separator) == "vocals"
    assert _makes(generator) == "1 to 300 s of music, after a melody"
    assert _makes({**generator, "melody": False}) == "1 to 300 s of music"


def test_a_new_key_stands_alone_on_stdout_and_works(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["key", "create", "--user", "Ada@Example.org", "--name", "laptop"]) == 0
    secret = capsys.readouterr().out
    assert secret.count("\n") == 1
    caller = world.services.accounts.authenticate(secret.strip())
    user = world.services.accounts.find_user("ada@example.org")
    assert user
    assert caller.tenant_id == user.id


def test_keys_are_listed_without_their_secrets_and_revoked(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    run(["key", "create", "--user", "ada@example.org", "--name", "laptop", "--json"])
    made = json.loads(capsys.readouterr().out)
    assert run(["key", "list", "--user", "ada@example.org"]) == 0
    told = capsys.readouterr().out
    assert made["prefix"] in told
    assert made["key"] not in told
    assert run(["key", "revoke", made["prefix"], "--user", "ada@example.org"]) == 0
    assert "is revoked" in capsys.readouterr().out
    assert run(["key", "list", "--user", "ada@example.org", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["revokedAt"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["key", "list", "--user", "bob@example.org"], "there is no user bob@example.org"),
        (["key", "revoke", "pb_nope", "--user", "ada@example.org"], "ada@example.org has no key called pb_nope"),
        (["key", "create", "--user", "nobody"], "'nobody' is not an e-mail address"),
    ],
)
def test_key_errors(world: World, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    world.tenant("ada@example.org")
    assert run(arguments) == 1
    assert told in capsys.readouterr().err


def test_unexpected_errors_are_one_line_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(data: Path, stage: str) -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr(operator, "accounts", broken)
    assert run(["key", "list", "--user", "ada@example.org"]) == 1
    assert capsys.readouterr().err == "patchbay: RuntimeError: two lines (PATCHBAY_DEBUG=1 shows where)\n"
    monkeypatch.setenv("PATCHBAY_DEBUG", "1")
    with pytest.raises(RuntimeError):
        run(["key", "list", "--user", "ada@example.org"])


def test_a_plan_is_shown_and_changed(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    run(["key", "create", "--user", "ada@example.org"])
    secret = capsys.readouterr().out.strip()
    assert run(["user", "show", "--user", "ada@example.org"]) == 0
    assert capsys.readouterr().out == "ada@example.org is on the standard plan\n"
    assert run(["user", "plan", "premium", "--user", "Ada@Example.org", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["plan"] == "premium"
    assert world.services.accounts.authenticate(secret).plan == "premium"
    assert run(["user", "plan", "golden", "--user", "ada@example.org"]) == 2
    assert "standard" in capsys.readouterr().err
    assert run(["user", "plan", "premium", "--user", "bob@example.org"]) == 1
    assert "there is no user bob@example.org" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["worker", "--queue", "gpu"], ["key", "list", "--user", "a@b.c"]])
def test_a_stage_that_cannot_be_joined_is_told_in_one_line(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nowhere(stage: str) -> dict[str, str]:
        raise NotFound(f"there is no stack Patchbay-{stage}-Data in this account and region")

    monkeypatch.setattr(bootstrap, "deployment_environment", nowhere)
    assert run([*words, "--stage", "prod"]) == 1
    assert capsys.readouterr().err == "patchbay: there is no stack Patchbay-prod-Data in this account and region\n"


def test_a_key_for_an_address_that_somebody_else_registered_is_the_operators_decision(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    attacker = world.services.people.register("ada@example.org", "attacker's password", "ada")
    assert run(["key", "create", "--user", "ada@example.org"]) == 1
    told = capsys.readouterr().err
    assert "has not shown that the address is theirs" in told
    assert "--take-over" in told
    assert "--anyway" in told
    assert run(["key", "create", "--user", "ada@example.org", "--anyway"]) == 0
    assert world.services.accounts.authenticate(capsys.readouterr().out.strip()).tenant_id == attacker.id
    assert run(["key", "create", "--user", "ada@example.org", "--take-over"]) == 0
    mine = world.services.accounts.authenticate(capsys.readouterr().out.strip()).tenant_id
    assert mine != attacker.id
    assert run(["key", "create", "--user", "ada@example.org"]) == 0
    assert world.services.accounts.authenticate(capsys.readouterr().out.strip()).tenant_id == mine


def test_what_was_there_before_bounds_is_counted(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(operator, "services", lambda data, stage: world.services)
    ada = world.tenant()
    world.order(ada)
    assert run(["user", "count", "--user", "ada@example.org"]) == 0
    assert capsys.readouterr().out.startswith("2 files and jobs of ada@example.org are counted")
    assert run(["user", "count", "--user", "ada@example.org", "--json"]) == 0
    assert '"counted": 0' in capsys.readouterr().out
