"""The users' web, in dictionaries."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from patchbay.domain.errors import FetchRefused, TooLarge
from patchbay.ports import WebAnswer

PRIVATE = ("localhost", "127.", "10.", "192.168.", "169.254.", "[")


class FakeWeb:
    """`pages`: what URLs give; `taken`: what was PUT where; `refusing`: hosts that answer 500.

    `posts`: what was POSTed; `receivers`: what URLs answer, one after the other, the last for good; a text is why there
    was no answer.
    """

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.taken: dict[str, bytes] = {}
        self.refusing: set[str] = set()
        self.receivers: dict[str, list[WebAnswer | str]] = {}
        self.posts: list[tuple[str, bytes, dict[str, str]]] = []

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

    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float) -> WebAnswer:
        self.check(url)
        self.posts.append((url, body, dict(headers)))
        planned = self.receivers.get(url)
        answer = (planned.pop(0) if len(planned) > 1 else planned[0]) if planned else WebAnswer(200)
        if isinstance(answer, str):
            raise FetchRefused(answer)
        return answer

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
