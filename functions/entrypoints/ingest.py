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
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress

import anyio.to_thread
from anyio import CapacityLimiter
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


class Ingest:
    """The ASGI app: `served` has the dialect of each path, without a slash at its end."""

    def __init__(self, served: Mapping[str, Dialect], *, threads: int = THREADS, idle_s: float = IDLE_S) -> None:
        made = {spoken.name: (build(spoken), Edge(_busy(spoken), spoken)) for spoken in served.values()}
        self._apps = {path: made[spoken.name] for path, spoken in served.items()}
        self._limiter, self._idle_s = CapacityLimiter(threads), idle_s
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
        try:
            outside = asyncio.get_running_loop()
            await anyio.to_thread.run_sync(self._serve, outside, app, scope, receive, send, limiter=self._limiter)
        finally:
            self._free += 1

    def _serve(
        self, outside: asyncio.AbstractEventLoop, app: ASGIApp, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer one request in this thread; its messages come from and go to the server's event loop `outside`."""

        async def receive_here() -> Message:
            return await _there(outside, lambda: self._next(receive))

        async def send_here(message: Message) -> None:
            await _there(outside, lambda: send(message))

        with suppress(asyncio.CancelledError):  # the server was told to stop, and waited as long as it may
            asyncio.run(_whole(app(scope, receive_here, send_here)))

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


async def _whole(answer: Awaitable[None]) -> None:
    await answer


async def _there(loop: asyncio.AbstractEventLoop, what: Callable[[], Awaitable[Message | None]]) -> Message:
    """Wait, in this loop, for what is done in another."""

    async def done() -> Message | None:
        return await what()

    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(done(), loop)) or {}


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
