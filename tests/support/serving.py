"""ASGI apps over real connections of this machine."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import uvicorn

from functions.entrypoints import ingest

CONTENT_TYPE = "multipart/form-data; boundary=b"
HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
TAIL = b"\r\n--b--\r\n"


@contextmanager
def serving(app: Callable[..., object]) -> Iterator[httpx.Client]:
    """A client of the app, served by uvicorn in a thread."""
    listener = ingest.listener("127.0.0.1", 0)
    config = uvicorn.Config(app, lifespan="off", log_config=None, ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        port = listener.getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@contextmanager
def half(client: httpx.Client, key: str, path: str, data: bytes) -> Iterator[socket.socket]:
    """The line of an upload of which only `data` comes."""
    url = client.base_url
    with socket.create_connection((str(url.host), url.port or 0)) as line:
        line.sendall(
            f"POST {path} HTTP/1.1\r\nHost: x\r\nKey: {key}\r\nContent-Length: {len(data) * 2}\r\n"
            f"Content-Type: {CONTENT_TYPE}\r\n\r\n".encode()
        )
        line.sendall(HEAD + data)
        yield line


def until(what: Callable[[], object]) -> None:
    """Wait for it, a minute at most: a loaded machine takes its time."""
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)
