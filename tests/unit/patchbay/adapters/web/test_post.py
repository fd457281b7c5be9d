"""POSTs to receivers that behave badly, on real sockets: each ends soon, in an answer or in words."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.twin.certs import ensure_certificates
from patchbay.adapters.web.client import SafeWeb
from patchbay.core.receivers import retry_after_s
from patchbay.domain.errors import FetchRefused
from patchbay.ports import WebAnswer

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
BODY = b'{"type":"job.succeeded"}'
OPEN = SafeWeb(allow_private=True, timeout_s=30)
LIMIT_S = 0.5
SLACK_S = 1.5
"""This machine may be busy."""
Behaviour = Callable[[socket.socket], None]


def request_of(line: socket.socket) -> bytes:
    """Read a whole request."""
    data = b""
    while not data.endswith(BODY):
        block = line.recv(65536)
        if not block:
            break
        data += block
    return data


def answering(text: str, body: bytes = b"") -> Behaviour:
    """One that reads the request and answers so."""

    def behave(line: socket.socket) -> None:
        request_of(line)
        line.sendall(text.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + body)

    return behave


def silent(line: socket.socket) -> None:
    request_of(line)
    time.sleep(LIMIT_S + SLACK_S)


def dripping(start: bytes, drop: bytes, heard: Callable[[socket.socket], object] = request_of) -> Behaviour:
    """One that hears a request, is never silent for long and never done.

    What it did not hear when it closes the line would come back as a reset: the answer that began would be lost.
    """

    def behave(line: socket.socket) -> None:
        heard(line)
        line.sendall(start)
        for _ in range(25):
            time.sleep(0.1)
            line.sendall(drop)

    return behave


def huge(line: socket.socket) -> None:
    request_of(line)
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
    for _ in range(5000):
        line.sendall(b"x" * 65536)


def closing(line: socket.socket) -> None:
    request_of(line)


@contextmanager
def receiver(behave: Behaviour) -> Iterator[int]:
    """A receiver for one call; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                line, _ = server.accept()
                with line, suppress(OSError):
                    behave(line)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(server.getsockname()[1])
    thread.join(timeout=10)


def post(behave: Behaviour, *, timeout_s: float = 5, scheme: str = "http") -> WebAnswer:
    with receiver(behave) as port:
        return OPEN.post(f"{scheme}://127.0.0.1:{port}/hook?a=1", BODY, {"webhook-id": "m"}, timeout_s=timeout_s)


def test_the_request_as_it_arrives() -> None:
    seen = []

    def behave(line: socket.socket) -> None:
        seen.append(request_of(line))
        line.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    assert post(behave) == WebAnswer(204)
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert body == BODY
    first, *headers = head.decode().split("\r\n")
    told = {name.lower(): value for name, _, value in (line.partition(": ") for line in headers)}
    assert first == "POST /hook?a=1 HTTP/1.1"
    assert (told["webhook-id"], told["content-length"]) == ("m", str(len(BODY)))
    assert told["host"].startswith("127.0.0.1:")


@pytest.mark.parametrize("status", [200, 202, 400, 404, 410, 500, 503])
def test_every_answer_is_told_as_it_is(status: int) -> None:
    assert post(answering(f"HTTP/1.1 {status} Whatever\nContent-Length: 0")) == WebAnswer(status)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    called = []
    with receiver(lambda line: called.append(line.recv(65536))) as port:
        text = f"HTTP/1.1 {status} Moved\nLocation: http://127.0.0.1:{port}/\nContent-Length: 0"
        assert post(answering(text)) == WebAnswer(status)
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(b"the first call")
            line.shutdown(socket.SHUT_WR)
            line.recv(1)
    assert called == [b"the first call"]


@pytest.mark.parametrize(
    ("value", "wait"), [("120", 120.0), ("Fri, 02 Jan 2026 03:06:05 GMT", 120.0), ("x\xe9\x85", None), ("", None)]
)
def test_the_pause_that_is_asked_for(value: str, wait: float | None) -> None:
    answer = post(answering(f"HTTP/1.1 429 Slow down\nRetry-After: {value}\nContent-Length: 0"))
    assert answer.status == 429
    assert retry_after_s(answer.retry_after, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == wait


def test_a_huge_answer_is_not_read() -> None:
    started = time.monotonic()
    assert post(huge) == WebAnswer(200)
    assert time.monotonic() - started < SLACK_S


@pytest.mark.parametrize(
    "behave",
    [
        closing,
        answering("nonsense"),
        answering("HTTP/1.1 abc OK"),
        answering("HTTP/1.1 99999 OK"),
        answering("\x00\xff" * 100),
        answering("HTTP/1.1 200 OK\n" + "\n".join(f"x-{n}: y" for n in range(500))),
        answering("HTTP/1.1 200 OK\nx: " + "y" * 100_000),
    ],
    ids=["closes", "nonsense", "no status", "wild status", "bytes", "many headers", "long header"],
)
def test_no_answer_that_can_be_read_is_told_in_words(behave: Behaviour) -> None:
    with pytest.raises(FetchRefused, match="did not answer"):
        post(behave)


@pytest.mark.parametrize(
    "behave",
    [silent, dripping(b"", b"H"), dripping(b"", b"HTTP/1.1 100 C\r\n\r\n")],
    ids=["silent", "slow status", "endless continue"],
)
def test_a_slow_receiver_has_only_so_long(behave: Behaviour) -> None:
    started = time.monotonic()
    with pytest.raises(FetchRefused):
        post(behave, timeout_s=LIMIT_S)
    assert time.monotonic() - started < LIMIT_S + SLACK_S


def test_slow_headers_have_only_so_long_and_the_status_stands() -> None:
    started = time.monotonic()
    assert post(dripping(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"), timeout_s=LIMIT_S).status == 200
    assert time.monotonic() - started < LIMIT_S + SLACK_S


@pytest.mark.parametrize("behave", [silent, closing, answering("HTTP/1.1 200 OK")], ids=["silent", "closes", "plain"])
def test_a_receiver_that_cannot_speak_tls_has_only_so_long(behave: Behaviour) -> None:
    started = time.monotonic()
    with pytest.raises(FetchRefused, match="no connection"):
        post(behave, timeout_s=LIMIT_S, scheme="https")
    assert time.monotonic() - started < LIMIT_S + SLACK_S


def test_a_slow_tls_handshake_has_only_so_long() -> None:
    """A record that begins a handshake of 16,000 bytes, which come one by one."""
    hello = dripping(b"\x16\x03\x03\x3e\x80\x02\x00\x3e\x7c", b"\x00", heard=lambda line: line.recv(65536))
    started = time.monotonic()
    with pytest.raises(FetchRefused):
        post(hello, timeout_s=LIMIT_S, scheme="https")
    assert time.monotonic() - started < LIMIT_S + SLACK_S


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    made = ensure_certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.chain, made.key)

    def behave(line: socket.socket) -> None:
        with context.wrap_socket(line, server_side=True) as secure:
            answering("HTTP/1.1 200 OK\nContent-Length: 0")(secure)

    with pytest.raises(FetchRefused, match="CERTIFICATE_VERIFY_FAILED"):
        post(behave, scheme="https")
    trusting = SafeWeb(allow_private=True, ca_file=str(made.ca))
    with receiver(behave) as port:
        assert trusting.post(f"https://127.0.0.1:{port}/", BODY, {}, timeout_s=5) == WebAnswer(200)


def test_a_receiver_that_is_not_there_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(FetchRefused, match="no connection"):
        OPEN.post(f"http://127.0.0.1:{port}/", BODY, {}, timeout_s=LIMIT_S)


def test_an_address_inside_is_never_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("connected"))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("10.0.0.7", 443))])
    for url in ("http://127.0.0.1/", "https://innocent.example/"):
        with pytest.raises(FetchRefused, match="not public"):
            SafeWeb().post(url, BODY, {}, timeout_s=LIMIT_S)
