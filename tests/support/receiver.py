"""A webhook receiver as an owner would run it: a real server on this machine that keeps what it was sent."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Receipt:
    """One POST that came in; `at` is in seconds since 1970."""

    at: float
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def told(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.body)
        return said


def _set() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@dataclass
class Receiver:
    """Answers 204 to POSTs, or what is in `answers` first; gives `files` to GETs. May be down and come up again.

    A GET waits while `ready` is not set, 10 s at most: whoever links a file may say something before it is looked for.
    """

    port: int = 0
    certificate: tuple[Path, Path] | None = None
    """Certificate chain and key; without them it speaks plain HTTP."""
    answers: list[int] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    receipts: list[Receipt] = field(default_factory=list)
    ready: threading.Event = field(default_factory=_set)
    _server: ThreadingHTTPServer | None = None
    _new: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        if not self.port:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.port = int(probe.getsockname()[1])

    @property
    def url(self) -> str:
        return f"{'https' if self.certificate else 'http'}://localhost:{self.port}"

    def __enter__(self) -> "Receiver":
        self._server = _server(self.port, self.took, self.files, self.ready)
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    def took(self, headers: dict[str, str], body: bytes) -> int:
        """Keep one POST; gives the status to answer."""
        with self._new:
            self.receipts.append(Receipt(time.time(), headers, body))
            self._new.notify_all()
            return self.answers.pop(0) if self.answers else 204

    def wait_until(self, enough: Callable[[list[Receipt]], bool], within_s: float) -> list[Receipt]:
        """What came in once it is enough. Raises AssertionError if it is not in time."""
        with self._new:
            fine = self._new.wait_for(lambda: enough(self.receipts), within_s)
            assert fine, f"within {within_s} s only: {[receipt.told.get('type') for receipt in self.receipts]}"
            return list(self.receipts)

    def wait_for(self, count: int, within_s: float) -> list[Receipt]:
        """The same, for a number of POSTs."""
        return self.wait_until(lambda found: len(found) >= count, within_s)


class _Server(ThreadingHTTPServer):
    request_queue_size = 512
    daemon_threads = True


def _server(
    port: int, took: Callable[[dict[str, str], bytes], int], files: dict[str, bytes], ready: threading.Event
) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._answer(took(headers, body), b"")

        def do_GET(self) -> None:
            ready.wait(10)
            found = files.get(self.path)
            self._answer(404 if found is None else 200, found or b"")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    return _Server(("127.0.0.1", port), Handler)
