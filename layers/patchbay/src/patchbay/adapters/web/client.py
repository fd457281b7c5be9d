"""GET and PUT under the rules against server-side request forgery.

A name is resolved once; if any of its addresses is not public the call is refused; the connection goes to the address
that was checked, with the original name in Host and SNI. Every redirect of a download is checked like a first call;
a PUT or POST follows none. Sizes and times are capped.
"""

import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import SplitResult, urljoin, urlsplit

from patchbay.adapters.web.addresses import is_public
from patchbay.domain.errors import FetchRefused, TooLarge
from patchbay.ports import WebAnswer

MAX_REDIRECTS = 5
MAX_URL_CHARS = 8192
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = {301, 302, 303, 307, 308}
_BLOCK_BYTES = 1024 * 1024
_NUMERIC_HOST = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+))*\.?", re.IGNORECASE)
_USER_AGENT = "Patchbay/1"


class Answered(FetchRefused):
    """An address that was called, and answered something else than what was asked for. `status` is its answer's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class WebReply:
    """What a service answered, in whole."""

    status: int
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class SafeWeb:
    """The web port. `allow_private` is for the twin: loopback and private addresses, any port."""

    allow_private: bool = False
    timeout_s: float = 20.0
    """Longest silence of the other side."""
    total_s: float = 600.0
    """Longest whole call."""
    ca_file: str | None = None
    """Further certificate authority to trust: the twin's own."""
    _contexts: list[ssl.SSLContext] = field(default_factory=list)

    def check(self, url: str) -> None:
        """See `Web`."""
        self._parse(url)

    def fetch(self, url: str, path: Path, *, max_bytes: int) -> None:
        """See `Web`."""
        self.fetch_watched(url, path, max_bytes=max_bytes, beat=lambda: None)

    def fetch_watched(self, url: str, path: Path, *, max_bytes: int, beat: Callable[[], None]) -> None:
        """As `fetch`; what `beat`, called for each block, raises ends it."""
        until = time.monotonic() + self.total_s
        for _ in range(MAX_REDIRECTS + 1):
            parts = self._parse(url)
            with self._call(parts, "GET", (), {}) as answer:
                target = answer.getheader("Location") if answer.status in _REDIRECTS else None
                if target is None:
                    _must_be(answer.status == 200, parts, answer)
                    self._save(answer, path, max_bytes, until, beat)
                    return
            url = _joined(url, target)
        raise FetchRefused(f"more than {MAX_REDIRECTS} redirects")

    def put(self, url: str, body: Iterable[bytes], *, size_bytes: int, media_type: str) -> None:
        """See `Web`."""
        parts = self._parse(url)
        headers = {"Content-Length": str(size_bytes), "Content-Type": media_type}
        with self._call(parts, "PUT", body, headers) as answer:
            _must_be(200 <= answer.status < 300, parts, answer)

    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float) -> WebAnswer:
        """See `Web`."""
        return replace(self, timeout_s=timeout_s, total_s=timeout_s).post_now(url, body, headers)

    def post_now(self, url: str, body: bytes, headers: Mapping[str, str]) -> WebAnswer:
        """As `post`, within this object's own times."""
        parts = self._parse(url)
        told = {"Content-Length": str(len(body)), **headers}
        with self._call(parts, "POST", (body,), told) as answer:
            return WebAnswer(answer.status, answer.getheader("Retry-After"))

    def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: Iterable[bytes] = (), *, max_bytes: int
    ) -> WebReply:
        """A request and its answer, whatever that is; redirects are not followed. Raises `FetchRefused`, `TooLarge`.

        What `body` raises while it is sent ends the call.
        """
        parts = self._parse(url)
        with self._call(parts, method, body, dict(headers)) as answer:
            try:
                data = answer.read(max_bytes + 1)
            except (OSError, http.client.HTTPException) as error:
                raise FetchRefused(f"the answer of {parts.hostname} broke off: {_told(error)}") from None
            if len(data) > max_bytes:
                raise TooLarge(f"the answer of {parts.hostname} is larger than {max_bytes} bytes")
            return WebReply(answer.status, answer.getheader("Content-Type") or "", data)

    def _parse(self, url: str) -> SplitResult:
        """The address in parts. Raises `FetchRefused` for a form that is never called."""
        if len(url) > MAX_URL_CHARS or any(ord(c) <= 32 or ord(c) > 126 or c == "\\" for c in url):
            raise FetchRefused("the URL is too long, or has characters that belong percent-encoded")
        try:
            parts = urlsplit(url)
            port, host = parts.port, parts.hostname
        except ValueError:
            raise FetchRefused("that is not a URL") from None
        if parts.scheme not in _PORTS or not host:
            raise FetchRefused("the URL must begin with https:// or http:// and name a host")
        if parts.username is not None or parts.password is not None:
            raise FetchRefused("the URL must not carry a user name")
        if self.allow_private:
            return parts
        if port not in (None, 80, 443):
            raise FetchRefused("the URL must use port 80 or 443")
        numeric = _NUMERIC_HOST.fullmatch(host) or ":" in host
        if (numeric and not is_public(host)) or host == "localhost" or host.endswith((".localhost", ".internal")):
            raise FetchRefused("the URL points to an address that is not public")
        return parts

    def _connect(self, parts: SplitResult) -> http.client.HTTPConnection:
        """A connection to an address of the host's that was checked. Raises `FetchRefused`."""
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise FetchRefused(f"the host {host} cannot be found") from None
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not self.allow_private and not all(is_public(address) for address in addresses):
            raise FetchRefused("the URL points to an address that is not public")
        made: http.client.HTTPConnection = http.client.HTTPConnection(host, port, timeout=self.timeout_s)
        made.sock = self._open(addresses, host, port, secure=parts.scheme == "https")
        return made

    def _open(self, addresses: list[str], host: str, port: int, *, secure: bool) -> socket.socket:
        trouble: OSError | None = None
        until = time.monotonic() + self.timeout_s
        for address in addresses:
            left_s = until - time.monotonic()  # a host may have many addresses, all of them dead
            if left_s <= 0:
                break
            try:
                plain = socket.create_connection((address, port), timeout=left_s)
                plain.settimeout(self.timeout_s)
            except OSError as error:
                trouble = error
                continue
            try:
                return self._tls().wrap_socket(plain, server_hostname=host) if secure else plain
            except OSError as error:
                plain.close()
                trouble = error
        raise FetchRefused(f"no connection to {host}: {trouble}")

    def _tls(self) -> ssl.SSLContext:
        if not self._contexts:
            context = ssl.create_default_context()
            if self.ca_file:
                context.load_verify_locations(self.ca_file)
            self._contexts.append(context)
        return self._contexts[0]

    @contextmanager
    def _call(
        self, parts: SplitResult, method: str, body: Iterable[bytes], headers: dict[str, str]
    ) -> Iterator[http.client.HTTPResponse]:
        """One request and its answer, both closed afterwards. Raises `FetchRefused`."""
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        told = {"Host": parts.netloc, "User-Agent": _USER_AGENT, "Accept-Encoding": "identity", **headers}
        connection = self._connect(parts)
        # Every wait for the other side is bounded, but a side that drips bytes could make them endless in number.
        watchdog = threading.Timer(self.total_s, _cut, [connection.sock])
        watchdog.daemon = True
        watchdog.start()
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in told.items():
                connection.putheader(name, value)
            connection.endheaders()
            for block in body:
                connection.send(block)
            answer = connection.getresponse()
        except (OSError, ValueError, http.client.HTTPException) as error:
            watchdog.cancel()
            connection.close()
            raise FetchRefused(f"{parts.hostname} did not answer: {_told(error)}") from None
        except BaseException:  # whoever gives the body gave up
            watchdog.cancel()
            connection.close()
            raise
        try:
            yield answer
        finally:
            watchdog.cancel()
            answer.close()
            connection.close()

    def _save(
        self,
        answer: http.client.HTTPResponse,
        path: Path,
        max_bytes: int,
        until: float,
        beat: Callable[[], None],
    ) -> None:
        too_large = TooLarge(f"the file at the URL is larger than {max_bytes} bytes")
        told = answer.getheader("Content-Length")
        size_told = int(told) if told and told.isascii() and told.isdigit() else None
        if size_told is not None and size_told > max_bytes:
            raise too_large
        size = 0
        try:
            with path.open("wb") as file:
                while block := answer.read1(_BLOCK_BYTES):
                    size += len(block)
                    if size > max_bytes:
                        raise too_large
                    if time.monotonic() > until:
                        raise FetchRefused(f"the download took longer than {self.total_s:.0f} s")
                    file.write(block)
                    beat()
        except (OSError, http.client.HTTPException) as error:
            raise FetchRefused(f"the download broke off: {_told(error)}") from None
        if size_told is not None and size < size_told:
            raise FetchRefused(f"the download broke off after {size} of {size_told} bytes")


def _joined(url: str, target: str) -> str:
    try:
        return urljoin(url, target)
    except ValueError:
        raise FetchRefused("the answer redirects to what is not a URL") from None


def _cut(line: socket.socket) -> None:
    with suppress(OSError):
        socket.socket.shutdown(line, socket.SHUT_RDWR)  # below TLS, whose own would change what the other thread reads


def _must_be(fine: bool, parts: SplitResult, answer: http.client.HTTPResponse) -> None:
    if not fine:
        raise Answered(f"{parts.hostname} answered {answer.status} {answer.reason[:80]}", answer.status)


def _told(error: Exception) -> str:
    return str(error) or type(error).__name__
