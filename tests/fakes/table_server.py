"""A DynamoDB endpoint on loopback that reads from `FakeRecords`: for programs in processes of their own."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from patchbay.ports import Key
from tests.fakes.records import FakeRecords


@contextmanager
def table_server(records: FakeRecords) -> Iterator[str]:
    """The endpoint's address, while the block lasts. It reads single items and counts; all else is a 400."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            told = _answer(records, self.headers["x-amz-target"].partition(".")[2], asked)
            body = json.dumps(told or {"__type": "ValidationException"}).encode()
            self.send_response(400 if told is None else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(records: FakeRecords, call: str, asked: dict[str, Any]) -> dict[str, Any] | None:
    key: Key = (asked["Key"]["pk"]["S"], asked["Key"]["sk"]["S"]) if "Key" in asked else ("", "")
    if call == "UpdateItem":
        return {"Attributes": {"count": {"N": str(records.add(key, 1, expires_at=2**31))}}}
    if call != "GetItem":
        return None
    found = records.get(key)
    if found is None:
        return {}
    texts = {"pk": found.pk, "sk": found.sk, "kind": found.kind, "body": found.body}
    return {"Item": {**{name: {"S": text} for name, text in texts.items()}, "version": {"N": str(found.version)}}}
