import http.server
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from patchbay.adapters.web.client import SafeWeb
from patchbay.domain.errors import FetchRefused, TooLarge

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
BODY = bytes(range(256)) * 40


class Handler(http.server.BaseHTTPRequestHandler):
    received: dict[str, bytes] = {}
    hosts: list[str] = []

    def do_GET(self) -> None:
        self.hosts.append(self.headers["Host"])
        if self.path == "/file?x=%2F":
            self._answer(200, BODY)
        elif self.path == "/short":
            self.send_response(200)
            self.send_header("Content-Length", "99999")
            self.end_headers()
            self.wfile.write(b"short")
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            for _ in range(1000):
                self.wfile.write(b"0" * 1024)
        elif self.path.startswith("/loop"):
            self.send_response(302)
            self.send_header("Location", "/loop")
            self.end_headers()
        elif self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
        else:
            self._answer(404, b"")

    def do_PUT(self) -> None:
        status = 500 if self.path == "/refuse" else 302 if self.path == "/moved" else 200
        self.received[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(status, b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


OPEN = SafeWeb(allow_private=True, timeout_s=3)
STRICT = SafeWeb(timeout_s=3)


def test_fetch_keeps_the_path_and_query_as_given(server: str, tmp_path: Path) -> None:
    OPEN.fetch(f"{server}/file?x=%2F", tmp_path / "f", max_bytes=len(BODY))
    assert (tmp_path / "f").read_bytes() == BODY
    assert Handler.hosts[-1] == server.removeprefix("http://")


def test_fetch_refuses_what_is_too_large_told_or_not(server: str, tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        OPEN.fetch(f"{server}/file?x=%2F", tmp_path / "f", max_bytes=len(BODY) - 1)
    with pytest.raises(TooLarge):
        OPEN.fetch(f"{server}/endless", tmp_path / "g", max_bytes=4096)


@pytest.mark.parametrize(
    ("path", "says"),
    [("/none", "404"), ("/short", "broke off"), ("/loop", "redirects"), ("/to/ftp://x/y", "https://")],
)
def test_fetch_says_what_went_wrong(server: str, tmp_path: Path, path: str, says: str) -> None:
    with pytest.raises(FetchRefused, match=says):
        OPEN.fetch(server + path, tmp_path / "f", max_bytes=10**6)


def test_put_sends_the_body_and_follows_nothing(server: str) -> None:
    OPEN.put(f"{server}/here", [BODY[:100], BODY[100:]], size_bytes=len(BODY), media_type="audio/wav")
    assert Handler.received["/here"] == BODY
    for path, status in (("/refuse", "500"), ("/moved", "302")):
        with pytest.raises(FetchRefused, match=status):
            OPEN.put(server + path, [b"x"], size_bytes=1, media_type="audio/wav")


@pytest.mark.parametrize(
    "url",
    [
        *("", "nothing", "ftp://example.com/a", "file:///etc/passwd", "https:///a", "https://user:pw@example.com/a"),
        *(
            "https://example.com:8443/a",
            "http://127.0.0.1/",
            "http://[::1]/",
            "http://localhost/",
            "http://a.localhost/",
        ),
        *(
            "http://169.254.169.254/latest",
            "http://2852039166/",
            "http://0xA9FEA9FE/",
            "http://127.1/",
            "http://0177.1/",
        ),
        *("http://metadata.google.internal/", "http://example.com/a b", "http://exa\\mple.com/", "http://[::1"),
        *("https://example.com/" + "a" * 9000, "http://example.com:99999/", "http://ex\nample.com/"),
    ],
)
def test_addresses_whose_form_rules_them_out(url: str) -> None:
    with pytest.raises(FetchRefused):
        STRICT.check(url)


@pytest.mark.parametrize("url", ["https://example.com/a.wav?x=1", "http://example.com:80/", "https://8.8.8.8/"])
def test_addresses_that_may_be_called(url: str) -> None:
    STRICT.check(url)


def test_a_name_that_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One private address among public ones is enough, whichever the system would have taken."""
    mixed = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 80)) for ip in ("8.8.8.8", "10.0.0.7")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: mixed)
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("connected"))
    with pytest.raises(FetchRefused, match="not public"):
        STRICT.fetch("http://innocent.example/", tmp_path / "f", max_bytes=10)


def test_a_redirect_is_checked_like_a_first_call(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The first host is (seemingly) public; it points to the metadata service, which is not called."""
    port = int(server.rsplit(":", 1)[1])

    def local(*_: Any, **__: Any) -> socket.socket:
        made = socket.socket()
        made.connect(("127.0.0.1", port))
        return made

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("8.8.8.8", 80))])
    monkeypatch.setattr(socket, "create_connection", local)
    with pytest.raises(FetchRefused, match="not public"):
        STRICT.fetch("http://innocent.example/to/http://169.254.169.254/x", tmp_path / "f", max_bytes=10)


def test_no_answer_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(FetchRefused, match="no connection"):
        OPEN.fetch(f"http://127.0.0.1:{port}/", tmp_path / "f", max_bytes=10)
