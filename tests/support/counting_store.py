"""As much of S3 as an upload in parts needs, on this machine: it counts what comes and keeps none of it.

The emulator holds whole objects in memory, so that nothing of 5 GB goes into it. `python -m
tests.support.counting_store --port N` serves it by itself.
"""

import argparse
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

_XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
_BLOCK = 1024 * 1024


@dataclass
class Counts:
    """What came."""

    parts: dict[str, dict[int, int]] = field(default_factory=dict)
    """Upload -> number of a part -> its bytes, of uploads that are neither whole nor dropped."""
    whole: list[tuple[int, int]] = field(default_factory=list)
    """(parts, bytes) of each object that was made."""
    dropped: int = 0
    begun: int = 0


class CountingStore(ThreadingHTTPServer):
    """The server."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Request)
        self.counts, self.lock = Counts(), threading.Lock()

    @property
    def url(self) -> str:
        """Its endpoint."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: CountingStore

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Nothing."""

    def do_POST(self) -> None:
        self._read()
        counts, query = self.server.counts, self._query()
        with self.server.lock:
            if "uploadId" not in query:
                counts.begun += 1
                upload = f"upload-{counts.begun}"
                counts.parts[upload] = {}
                self._told(f"<InitiateMultipartUploadResult {_XMLNS}><UploadId>{upload}</UploadId></Initiate"
                           "MultipartUploadResult>")  # fmt: skip
                return
            parts = counts.parts.pop(query["uploadId"], None)
            if parts is None:
                self._no_upload()
                return
            counts.whole.append((len(parts), sum(parts.values())))
        self._told(f'<CompleteMultipartUploadResult {_XMLNS}><ETag>"e"</ETag></CompleteMultipartUploadResult>')

    def do_PUT(self) -> None:
        size, query, counts = self._read(), self._query(), self.server.counts
        with self.server.lock:
            upload = counts.parts.get(query.get("uploadId", ""))
            if upload is not None:
                upload[int(query["partNumber"])] = size
            elif "uploadId" not in query:
                counts.whole.append((1, size))
        if upload is None and "uploadId" in query:
            self._no_upload()
        else:
            self._answer(200, b"", etag=f'"{size}"')

    def do_DELETE(self) -> None:
        with self.server.lock:
            self.server.counts.dropped += (
                self.server.counts.parts.pop(self._query().get("uploadId", ""), None) is not None
            )
        self._answer(204, b"")

    def do_HEAD(self) -> None:
        self._answer(404, b"")

    def do_GET(self) -> None:
        with self.server.lock:
            told = {"whole": self.server.counts.whole, "open": len(self.server.counts.parts)}
        self._answer(200, json.dumps(told).encode())

    def _read(self) -> int:
        size = left = int(self.headers.get("content-length", "0"))
        while left and (block := self.rfile.read(min(left, _BLOCK))):
            left -= len(block)
        return size

    def _query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}

    def _no_upload(self) -> None:
        self._answer(404, b"<Error><Code>NoSuchUpload</Code><Message>none</Message></Error>")

    def _told(self, text: str) -> None:
        self._answer(200, text.encode())

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def counting() -> Iterator[CountingStore]:
    """One in a thread."""
    store = CountingStore()
    thread = threading.Thread(target=store.serve_forever)
    thread.start()
    try:
        yield store
    finally:
        store.shutdown()
        thread.join(10)
        store.server_close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    CountingStore(parser.parse_args(sys.argv[1:]).port).serve_forever()
