"""`patchbay compose`, against a native API and a store in memory."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from patchbay.catalog import workflows
from patchbay.cli import run
from patchbay.cli.client import ApiError, Client
from patchbay.cli.compose import wishes
from patchbay.cli.failures import CommandFailed
from patchbay.domain.errors import InvalidInput
from tests.unit.patchbay.cli.conftest import KEY, URL

REMOTE = ["--url", URL, "--key", KEY]
OUTPUTS = ("track.mp3", "stem-bass.mp3", "score.mid", "pianoroll.png", "composition.json")


class Native:
    """A job that succeeds, or ends as `ending` says, at the third look."""

    def __init__(self) -> None:
        self.order: dict[str, Any] = {}
        self.asked: list[dict[str, str]] = []
        self.cancelled = False
        self.ending: dict[str, Any] = {"state": "succeeded", "progress": 1.0}
        self.names: tuple[str, ...] = OUTPUTS

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if request.url.host == "store.test":
            return httpx.Response(200, content=path.encode())
        if path.endswith("/cancel"):
            self.cancelled = True
            return httpx.Response(200, json=self._job(state="cancelled"))
        if request.method == "POST":
            self.order = json.loads(request.content)
            return httpx.Response(200, json=self._job())
        assert path == "/patchbay/v1/jobs/job-1"
        self.asked.append(dict(request.url.params))
        now = self.ending if len(self.asked) > 1 else {"state": "started", "progress": 0.4}
        return httpx.Response(200, json=self._job(**now))

    def _job(self, **changes: Any) -> dict[str, Any]:
        files = [{"name": name, "url": f"https://store.test/{name}?sig=1"} for name in self.names]
        return {
            "id": "job-1",
            "state": "queued",
            "progress": 0.0,
            "failure": None,
            "outputs": [*files, {"name": "key", "url": None, "value": "A minor"}],
            **changes,
        }


@pytest.fixture
def native(monkeypatch: pytest.MonkeyPatch) -> Native:
    made, real = Native(), Client.__init__

    def init(self: Client, url: str, key: str, **more: Any) -> None:
        real(self, url, key, **more | {"ca": None, "transport": httpx.MockTransport(made)})

    monkeypatch.setattr(Client, "__init__", init)
    monkeypatch.setattr("patchbay.cli.compose._SHORTEST_S", 0.0)
    return made


Printed = pytest.CaptureFixture[str]


def test_the_files_lie_in_the_folder_under_their_own_names(native: Native, tmp_path: Path, capsys: Printed) -> None:
    out = tmp_path / "out"
    assert run(["compose", "calm ambient piano, 30 seconds", "-o", str(out), "--stems", "--seed", "7", *REMOTE]) == 0
    assert capsys.readouterr().out.split() == [str(out / name) for name in OUTPUTS]
    assert sorted(path.name for path in out.iterdir()) == sorted(OUTPUTS)
    assert (out / "track.mp3").read_bytes() == b"/track.mp3"
    assert native.order["workflow"] == "compose"
    assert "input" not in native.order
    params = native.order["params"]
    assert (params["genre"], params["duration_s"], params["seed"], params["stems"]) == ("ambient", 30.0, 7, True)


def test_it_waits_by_long_poll_from_what_it_knows(native: Native, tmp_path: Path) -> None:
    assert run(["compose", "happy pop", "-o", str(tmp_path), "--json", *REMOTE]) == 0
    known = [(one["wait_s"], one["after_state"], float(one["after_progress"])) for one in native.asked]
    assert known == [("15", "queued", 0.0), ("15", "started", 0.4)]


def test_json_tells_the_job_and_the_files(native: Native, tmp_path: Path, capsys: Printed) -> None:
    assert run(["compose", "happy pop", "-o", str(tmp_path), "--json", *REMOTE]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["job"]["state"] == "succeeded"
    assert told["files"]["score.mid"] == str(tmp_path / "score.mid")


def test_a_failed_job_is_told_with_its_reason(native: Native, tmp_path: Path, capsys: Printed) -> None:
    native.ending = {"state": "failed", "failure": {"kind": "bad_input", "message": "no instrument is left"}}
    assert run(["compose", "happy pop", "-o", str(tmp_path / "out"), *REMOTE]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "patchbay: job job-1 failed: no instrument is left"
    assert not (tmp_path / "out").exists()


def test_ctrl_c_cancels_the_job(native: Native, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Client, "get", interrupted)
    assert run(["compose", "happy pop", *REMOTE]) == 130
    assert native.cancelled


def test_a_lost_connection_leaves_the_job_and_says_which(
    native: Native, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    def lost(*_: object) -> None:
        raise ApiError("the API does not answer: gone")

    monkeypatch.setattr(Client, "get", lost)
    assert run(["compose", "happy pop", *REMOTE]) == 1
    assert capsys.readouterr().err.splitlines()[-1].endswith("gone; job job-1 goes on, see: patchbay job job-1")
    assert not native.cancelled


def test_where_the_files_cannot_lie_nothing_is_ordered(native: Native, tmp_path: Path, capsys: Printed) -> None:
    (tmp_path / "music").touch()
    assert run(["compose", "happy pop", "-o", str(tmp_path / "music"), *REMOTE]) == 1
    assert "music is no folder; say by -o" in capsys.readouterr().err
    assert native.order == {}


def test_names_of_outputs_cannot_leave_the_folder(native: Native, tmp_path: Path) -> None:
    native.names = ("../../evil.sh", "track.mp3")
    assert run(["compose", "happy pop", "-o", str(tmp_path / "a" / "b"), *REMOTE]) == 0
    assert {path.parent for path in tmp_path.rglob("*") if path.is_file()} == {tmp_path / "a" / "b"}


def test_a_prompt_that_says_nothing_is_told_so(native: Native, capsys: Printed) -> None:
    assert run(["compose", "xyzzy", *REMOTE]) == 1
    assert "prompt" in capsys.readouterr().err
    assert native.order == {}


def test_options_go_before_the_prompt() -> None:
    told = wishes("a slow sad piano piece, 30 seconds", genre="pop", mood="happy", duration_s=20, tempo="140 bpm")
    assert (told["genre"], told["duration_s"], told["bpm"]) == ("pop", 20, 140.0)
    assert [(one["emotion"], one["length_s"]) for one in told["sections"]] == [("happy", 20)]
    assert "piano" in told["include"]
    workflows.get("compose").parse(told)


@pytest.mark.parametrize(
    ("prompt", "options", "field", "value"),
    [
        ("epic orchestral trailer", {}, "duration_s", 60.0),
        ("energetic electronic", {}, "tempo", "fast"),
        ("energetic electronic at 90 bpm", {}, "bpm", 90.0),
        ("happy pop", {"tempo": "slow"}, "tempo", "slow"),
        ("", {"genre": "hiphop"}, "genre", "hiphop"),
        ("happy   pop", {}, "title", "happy pop"),
    ],
)
def test_wishes_are_parameters_of_the_workflow(prompt: str, options: dict[str, Any], field: str, value: object) -> None:
    told = wishes(prompt, **options)
    assert told[field] == value
    workflows.get("compose").parse(told)


def test_a_tempo_in_words_goes_before_beats_in_the_prompt() -> None:
    told = wishes("happy pop at 90 bpm", tempo="slow")
    assert (told["tempo"], told.get("bpm")) == ("slow", None)


def test_help_lists_it(capsys: Printed) -> None:
    assert run(["--help"]) == 0
    assert " compose " in capsys.readouterr().out


def test_several_moods_are_sections_in_order() -> None:
    told = wishes("pop song, one minute", mood="calm, then energetic")
    assert [one["emotion"] for one in told["sections"]] == ["calm", "energetic"]
    assert sum(one["length_s"] for one in told["sections"]) == 60


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: wishes("happy pop", tempo="brisk-ish"), CommandFailed),
        (lambda: wishes("happy pop", mood="pop"), CommandFailed),
        (lambda: wishes(""), InvalidInput),
    ],
)
def test_what_is_no_wish_is_refused(make: Callable[[], object], error: type[Exception]) -> None:
    with pytest.raises(error):
        make()


def test_instruments_are_asked_for_and_parse() -> None:
    told = wishes("calm piano, 20 seconds", instruments=True)
    assert told["instrument_stems"] is True
    assert "instruments.zip" in workflows.get("compose").parse(told).output_names()  # type: ignore[attr-defined]
    assert "instrument_stems" not in wishes("calm piano, 20 seconds")
