"""The service for bodies that no Lambda takes: `python -m functions.entrypoints.ingest --port N`.

The same apps as in the Lambdas, of the dialects that have paths for it. They call the store in the event loop, which
is right where one request comes at a time; here each request has a thread and an event loop of its own, so that no
upload holds up another.
"""

import argparse
import asyncio
import importlib.util
import logging
import sys
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions.entrypoints.openapi import dialect
from functions.http import observe
from functions.http.app import REQUEST_ID, Edge, build, error_response
from functions.http.dialect import Dialect
from patchbay import bootstrap
from patchbay.catalog.dialects import DIALECTS
from patchbay.domain.errors import Unavailable

THREADS = 40
RETRY_AFTER_S = 5
IDLE_S = 60.0
"""A client that sends nothing for so long is taken for gone: it holds a thread."""
GRACE_S = 30
T = TypeVar("T")


class Line:
    """From one request's thread to the server's event loop, until it is cut."""

    def __init__(self, outside: asyncio.AbstractEventLoop) -> None:
        self._outside, self._cut = outside, threading.Event()
        self._waiting: set[Future[Any]] = set()

    async def there(self, what: Coroutine[Any, Any, T]) -> T:
        """Wait, in the loop of this thread, for what is done in the other."""
        if self._cut.is_set():
            what.close()
            raise asyncio.CancelledError
        done = asyncio.run_coroutine_threadsafe(what, self._outside)
        self._waiting.add(done)
        if self._cut.is_set():  # meanwhile
            done.cancel()
        try:
            return await asyncio.wrap_future(done)
        finally:
            self._waiting.discard(done)

    def cut(self) -> None:
        """End all waiting, now and from now on. Called in the server's event loop."""
        self._cut.set()
        for done in tuple(self._waiting):
            done.cancel()


class Ingest:
    """The ASGI app: `served` has the dialect of each path, without a slash at its end."""

    def __init__(self, served: Mapping[str, Dialect], *, threads: int = THREADS, idle_s: float = IDLE_S) -> None:
        made = {spoken.name: (build(spoken), Edge(_busy(spoken), spoken)) for spoken in served.values()}
        self._apps = {path: made[spoken.name] for path, spoken in served.items()}
        self._threads, self._idle_s = ThreadPoolExecutor(threads, "ingest"), idle_s
        self._free = threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        app, busy = self._apps.get(scope["path"].rstrip("/") or "/", (_nowhere, _nowhere))
        if app is _nowhere or not self._free:
            await busy(scope, receive, send)
            return
        self._free -= 1
        line = Line(asyncio.get_running_loop())
        ended = asyncio.get_running_loop().run_in_executor(self._threads, self._serve, line, app, scope, receive, send)
        try:
            await _until_ended(ended, line)
        finally:
            self._free += 1

    def _serve(self, line: Line, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request in this thread."""

        async def receive_here() -> Message:
            return await line.there(self._next(receive))

        async def send_here(message: Message) -> None:
            await line.there(_sent(send, message))

        async def answer() -> None:
            await app(scope, receive_here, send_here)

        with suppress(asyncio.CancelledError):  # the line was cut
            asyncio.run(answer())

    async def _next(self, receive: Receive) -> Message:
        try:
            async with asyncio.timeout(self._idle_s):
                return await receive()
        except TimeoutError:
            return {"type": "http.disconnect"}


def create() -> Ingest:
    """The app of all dialects that have paths for it."""
    return Ingest({path: dialect(entry.name) for entry in DIALECTS for path in entry.ingest})


def main(arguments: Iterable[str], make: Callable[[], Ingest] = create) -> None:
    """Serve until SIGTERM or SIGINT, then end the uploads that are under way, for `--grace-s` seconds at most."""
    import uvicorn

    parser = argparse.ArgumentParser(prog="python -m functions.entrypoints.ingest")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--grace-s", type=int, default=GRACE_S)
    told = parser.parse_args(list(arguments))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    observe.configure("ingest")
    _ = bootstrap.services().assets  # a wrong setting shows at the start
    uvicorn.run(
        make(),
        host=told.host,
        port=told.port,
        # The fast parser where it is installed.
        http="httptools" if importlib.util.find_spec("httptools") else "h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=told.grace_s,
    )


async def _until_ended(ended: asyncio.Future[None], line: Line) -> None:
    """Wait for a thread. One that is not wanted any more is waited for all the same: it has to clear up."""
    cancelled = False
    while not ended.done():
        try:
            await asyncio.wait({ended})
        except asyncio.CancelledError:
            cancelled = True
            line.cut()
    if cancelled:
        raise asyncio.CancelledError
    ended.result()


async def _sent(send: Send, message: Message) -> None:
    await send(message)


def _busy(spoken: Dialect) -> ASGIApp:
    """An app that sends everybody away for a while, in the dialect's words."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        answer = error_response(spoken, Unavailable("too many uploads at once; try again"), scope[REQUEST_ID])
        answer.headers["retry-after"] = str(RETRY_AFTER_S)
        await answer(scope, receive, send)

    return app


async def _nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse({"message": "Not Found"}, 404)(scope, receive, send)


if __name__ == "__main__":
    main(sys.argv[1:])
