"""The users' web, in dictionaries."""

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from patchbay.domain.errors import FetchRefused, TooLarge

PRIVATE = ("localhost", "127.", "10.", "192.168.", "169.254.", "[")


class FakeWeb:
    """`pages`: what URLs give; `taken`: what was PUT where; `refusing`: hosts that answer 500."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.taken: dict[str, bytes] = {}
        self.refusing: set[str] = set()

    def fetch(self, url: str, path: Path, *, max_bytes: int) -> None:
        self.check(url)
        if url not in self.pages:
            raise FetchRefused(f"{urlsplit(url).hostname} answered 404")
        if len(self.pages[url]) > max_bytes:
            raise TooLarge(f"the file has more than {max_bytes} bytes")
        path.write_bytes(self.pages[url])

    def put(self, url: str, body: Iterable[bytes], *, size_bytes: int, media_type: str) -> None:
        self.check(url)
        data = b"".join(body)
        assert len(data) == size_bytes
        host = urlsplit(url).hostname or ""
        if host in self.refusing:
            raise FetchRefused(f"{host} answered 500")
        self.taken[url] = data

    def check(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host = parts.hostname
        except ValueError:
            raise FetchRefused("that is no URL") from None
        if parts.scheme not in {"http", "https"} or not host:
            raise FetchRefused("only http and https URLs are taken")
        if host.startswith(PRIVATE):
            raise FetchRefused(f"{host} is not a public address")
