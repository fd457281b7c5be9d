"""The studio's pages: the bundle's files, and its first page for all addresses that the pages themselves know."""

import asyncio
import hashlib
import mimetypes
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from urllib.parse import unquote_to_bytes

from infra.constructs.studio_headers import ASKED_AGAIN, UNCHANGING, headers
from infra.twin.asgi import Scope, Send, answer, header_map

BASE = b"/studio/"
_HOME = (b"", b"/")
_TYPES = {".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2", ".wasm": "application/wasm"}
_ABSENT = """<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="3">
<title>Patchbay</title><h1>The studio is not there</h1><p>%s</p></html>"""


@dataclass(frozen=True)
class Studio:
    """A folder that holds a bundle, or will. `why_absent` tells why it does not yet."""

    folder: Path
    why_absent: Callable[[], str]
    _tags: dict[tuple[str, int, int], bytes] = field(default_factory=dict)

    def owns(self, raw_path: bytes) -> bool:
        """Whether a path is the studio's, or leads there."""
        return raw_path in _HOME or raw_path == BASE[:-1] or raw_path.startswith(BASE)

    async def serve(self, scope: Scope, send: Send) -> None:
        """Answer one request."""
        path, head = bytes(scope["raw_path"]), scope["method"] == "HEAD"
        if scope["method"] not in {"GET", "HEAD"}:
            await self._say(send, 405, b"", [(b"allow", b"GET, HEAD")], head=head)
        elif not path.startswith(BASE):
            await self._say(send, 302, b"", [(b"location", BASE), (b"cache-control", b"no-store")], head=head)
        elif not (self.folder / "index.html").is_file():
            body = (_ABSENT % escape(self.why_absent())).encode()
            more = [(b"content-type", b"text/html; charset=utf-8"), (b"retry-after", b"3")]
            await self._say(send, 503, body, [*more, (b"cache-control", b"no-store")], head=head)
        elif (found := self._find(path[len(BASE) :])) is None:
            await self._say(send, 404, b"there is no such file", [(b"content-type", b"text/plain")], head=head)
        else:
            await self._give(found, header_map(scope).get("if-none-match", ""), send, head=head)

    def _find(self, rest: bytes) -> Path | None:
        """The file that is meant; what is none, and has no name of one, is a page's address."""
        try:
            name = unquote_to_bytes(rest).decode()
        except UnicodeDecodeError:
            return None
        parts = name.split("/")
        if any(part.startswith(".") for part in parts) or any(char in name for char in "\\\0"):
            return None
        root = self.folder.resolve()
        try:
            file = (root / name).resolve()
            if name and file.is_relative_to(root) and file.is_file():
                return file
        except OSError:  # a name that no file can have: too long a one
            return None
        return None if "." in parts[-1] or parts[0] == "assets" else root / "index.html"

    async def _give(self, file: Path, known: str, send: Send, *, head: bool) -> None:
        data, tag = await asyncio.to_thread(self._read, file)
        hashed = file.is_relative_to(self.folder.resolve() / "assets")
        kind = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        text = "; charset=utf-8" if kind.startswith("text/") else ""
        told = [(b"etag", tag), (b"cache-control", (UNCHANGING if hashed else ASKED_AGAIN).encode())]
        if known == "*" or tag in {each.strip().removeprefix("W/").encode("latin-1") for each in known.split(",")}:
            await self._say(send, 304, b"", told, head=True)
            return
        await self._say(send, 200, data, [*told, (b"content-type", f"{kind}{text}".encode())], head=head)

    def _read(self, file: Path) -> tuple[bytes, bytes]:
        data, status = file.read_bytes(), file.stat()
        key = (str(file), status.st_mtime_ns, status.st_size)
        if key not in self._tags:
            self._tags[key] = f'"{hashlib.sha256(data).hexdigest()[:32]}"'.encode()
        return data, self._tags[key]

    async def _say(self, send: Send, status: int, body: bytes, more: list[tuple[bytes, bytes]], *, head: bool) -> None:
        ours = [(name.encode(), value.encode()) for name, value in headers().items()]
        if not head:
            await answer(send, status, body, [*ours, *more])
            return
        length = [] if status == 304 else [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": [*ours, *more, *length]})
        await send({"type": "http.response.body", "body": b""})
