"""What is known against the pins: asked of a database of our own, over loopback."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.supply import __main__ as command
from infra.supply import audit
from infra.supply.audit import Known, NoAnswer

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
BROKEN = {
    "id": "GHSA-xxxx-yyyy-zzzz",
    "published": "2026-01-01T00:00:00Z",
    "modified": "2026-01-01T00:00:00Z",
    "summary": "a hole",
    "affected": [
        {
            "package": {"name": "holey", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}],
        }
    ],
}
HOLE = Known("holey", "1.0", "GHSA-xxxx-yyyy-zzzz", "1.1")


class Osv(http.server.ThreadingHTTPServer):
    """Speaks OSV's query: package and version -> what is known."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.known: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.asked: list[tuple[str, str]] = []
        self.status, self.garbage = 200, False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1/query"


class _Answer(http.server.BaseHTTPRequestHandler):
    server: Osv

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        one = told["package"]["name"], told["version"]
        self.server.asked.append(one)
        found = {"vulns": self.server.known[one]} if one in self.server.known else {}
        body = b"<html>" if self.server.garbage else json.dumps(found).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def osv() -> Iterator[Osv]:
    made = Osv()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def lists(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "lock.txt"
    path.write_text("holey==1.0\nwhole==2.0\n")
    monkeypatch.setattr(audit, "LISTS", (str(path),))


def test_a_finding_fails_and_says_where_it_is_mended(osv: Osv, capsys: pytest.CaptureFixture[str]) -> None:
    osv.known[("holey", "1.0")] = [BROKEN]
    assert command.main(["audit", "--osv-url", osv.url]) == 1
    assert "holey 1.0: GHSA-xxxx-yyyy-zzzz, fixed in 1.1" in capsys.readouterr().out
    assert {("holey", "1.0"), ("whole", "2.0")} <= set(osv.asked)


@pytest.mark.parametrize(
    ("found", "answers", "status", "said"),
    [
        ([], {}, 0, "nothing known"),
        ([HOLE], {HOLE.id: "never called here"}, 0, "nothing known"),
        ([HOLE], {"another": "x"}, 1, "holey 1.0"),
    ],
)
def test_what_is_answered_for_is_no_finding(
    osv: Osv,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    found: list[Known],
    answers: dict[str, str],
    status: int,
    said: str,
) -> None:
    monkeypatch.setattr(audit, "_asked", lambda *_: found)
    monkeypatch.setattr(audit, "ANSWERED", answers)
    assert audit.main(url=osv.url) == status
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("trouble", ["away", "busy", "garbage"])
def test_a_database_that_does_not_answer_fails_nothing_and_is_said(
    osv: Osv, trouble: str, capsys: pytest.CaptureFixture[str]
) -> None:
    osv.known[("holey", "1.0")] = [BROKEN]
    url = osv.url if trouble != "away" else "http://127.0.0.1:1/v1/query"
    osv.status, osv.garbage = (503 if trouble == "busy" else 200), trouble == "garbage"
    assert audit.main(url=url) == 0
    told = capsys.readouterr()
    assert "not asked: 127.0.0.1" in told.err
    assert "nothing known" not in told.out
    with pytest.raises(NoAnswer):
        audit.audit([], url=url)


def test_a_database_that_never_comes_to_an_end_is_no_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_command", lambda *_: ["sleep", "600"])
    monkeypatch.setattr(audit, "_LONGEST_S", 0.1)
    with pytest.raises(NoAnswer, match="no end"):
        audit._asked(tmp_path / "pins.txt", "http://127.0.0.1:1")


def test_a_program_that_makes_no_report_is_no_clean_bill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_command", lambda *_: ["sh", "-c", "echo 'went wrong' >&2; exit 2"])
    with pytest.raises(NoAnswer, match="ended with 2: went wrong"):
        audit._asked(tmp_path / "lock.txt", "http://127.0.0.1:1/")
