"""The service for bodies that no Lambda takes: `python -m functions.entrypoints.ingest --port N`.

The same apps as in the Lambdas, of the dialects that have paths for it. They call the store in the event loop, which
is right where one request comes at a time; here each request has a thread and an event loop of its own, so that no
upload holds up another. Threads are few: a tenant has some of them at most, and a client that sends or takes too slowly
loses its own.
"""

import argparse
import asyncio
import importlib.util
import logging
import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions.entrypoints.openapi import dialect
from functions.http import observe, puts
from functions.http.app import CALLER, REQUEST_ID, Edge, build, error_response
from functions.http.container import Keeper
from functions.http.dialect import Dialect
from functions.http.pace import TAKING, BodyTooSlow, Pace, Paced, PacedSend, ReaderTooSlow
from patchbay import bootstrap
from patchbay.catalog.dialects import DIALECTS, listed_as
from patchbay.catalog.front import PUTS, READY
from patchbay.domain.errors import Unavailable

THREADS = 40
THREADS_OF_A_TENANT = 8
RETRY_AFTER_S = 5
GRACE_S = 30
KEEP_ALIVE_S = 75
"""How long an idle connection is kept: longer than whatever is before this keeps its own, or that would use a dead one.
"""
UNSENT_BYTES = 128 * 1024
"""How much the system keeps of an answer that it has not sent yet: else megabytes would seem taken that are not."""
UNTAKEN_S = 60
"""How long a connection lives whose other end takes nothing, once nobody here waits for it."""
T = TypeVar("T")
_log = logging.getLogger(__name__)


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


class Visit:
    """One request's body and answer, in the server's event loop.

    `tenants` counts the threads of each tenant. The key is known by the time that the app asks for the body.
    """

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, *, paces: tuple[Pace, Pace], tenants: Counter[str], most: int
    ) -> None:
        self._scope, self._tenants, self._most = scope, tenants, most
        self._receive, self._body, self._whole = receive, Paced(receive, paces[0]), False
        self._server, self._send = send, PacedSend(send, paces[1])
        self._tenant_id: str | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        """What a refusal of ours adds to the answer, which the app words."""

    async def receive(self) -> Message:
        """See ASGI. Raises `Unavailable` if the tenant has too many requests here, `BodyTooSlow`."""
        if self._tenant_id is None and (tenant_id := _tenant_of(self._scope)):
            self._admit(tenant_id)
        if self._whole:  # whoever asks now waits for the client to go, while the answer is sent
            return await self._receive()
        try:
            message = await self._body.next()
            self._whole = not message.get("more_body", False)
            return message
        except BodyTooSlow:
            # The rest of the body is not waited for either.
            self._headers = [(b"connection", b"close")]
            raise

    async def send(self, message: Message) -> None:
        """See ASGI. A reader that is too slow is cut off, and all is over."""
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *self._headers]
        try:
            await self._send(message)
        except ReaderTooSlow as slow:
            _log.info("reader cut off", extra={"path": self._scope["path"], "reason": str(slow)})
            _hang_up(self._server)
            raise asyncio.CancelledError from None

    def end(self) -> None:
        """The thread is free."""
        if self._tenant_id is None:
            return
        self._tenants[self._tenant_id] -= 1
        if not self._tenants[self._tenant_id]:
            del self._tenants[self._tenant_id]

    def _admit(self, tenant_id: str) -> None:
        if self._tenants[tenant_id] >= self._most:
            raise Unavailable(f"{self._most} uploads of yours are under way; try again when one of them is over")
        self._tenants[tenant_id] += 1
        self._tenant_id = tenant_id


class Ingest:
    """The ASGI app: `served` has the dialect of each path, as the catalogue lists them."""

    def __init__(
        self,
        served: Mapping[str, Dialect],
        *,
        threads: int = THREADS,
        of_a_tenant: int = THREADS_OF_A_TENANT,
        pace: Pace | None = None,
        taking: Pace = TAKING,
    ) -> None:
        made = {spoken.name: (build(spoken), Edge(_busy(spoken), spoken)) for spoken in served.values()}
        self._apps = {path: made[spoken.name] for path, spoken in served.items()}
        self._size = threads
        self._threads, self._free = ThreadPoolExecutor(threads, "ingest"), threads
        self._paces, self._of_a_tenant = (pace or Pace(), taking), of_a_tenant
        self._tenants: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        app, busy = self._answering(scope)
        if app is busy or not self._free:
            await busy(scope, receive, send)
            return
        self._free -= 1
        line = Line(asyncio.get_running_loop())
        visit = Visit(scope, receive, send, paces=self._paces, tenants=self._tenants, most=self._of_a_tenant)
        ended = asyncio.get_running_loop().run_in_executor(self._threads, _serve, line, app, scope, visit)
        try:
            await _until_ended(ended, line)
        finally:
            visit.end()
            self._free += 1

    @property
    def under_way(self) -> int:
        """Requests that hold a thread."""
        return self._size - self._free

    def _answering(self, scope: Scope) -> tuple[ASGIApp, ASGIApp]:
        """What answers a request, and what does when too many are under way. The same app where it takes no thread."""
        path = scope["path"].rstrip("/") or "/"
        if path == READY:
            return _ready, _ready
        if path.startswith(f"{PUTS}/"):
            return puts.app, puts.busy(RETRY_AFTER_S)
        known = listed_as(path, self._apps)
        return self._apps[known] if known else (_nowhere, _nowhere)


def create() -> Ingest:
    """The app of all dialects that have paths for it."""
    return Ingest({path: dialect(entry.name) for entry in DIALECTS for path in (*entry.ingest, *entry.downloads)})


def main(arguments: Iterable[str], make: Callable[[], Ingest] = create) -> None:
    """Serve until SIGTERM or SIGINT, then end the uploads that are under way, for `--grace-s` seconds at most."""
    import uvicorn

    parser = argparse.ArgumentParser(prog="python -m functions.entrypoints.ingest")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--grace-s", type=int, default=GRACE_S)
    parser.add_argument("--keep-alive-s", type=int, default=KEEP_ALIVE_S)
    told = parser.parse_args(list(arguments))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    observe.configure("ingest")
    _ = bootstrap.services().assets  # a wrong setting shows at the start
    app = make()
    config = uvicorn.Config(
        app,
        # The fast parser where it is installed.
        http="httptools" if importlib.util.find_spec("httptools") else "h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=told.keep_alive_s,
        timeout_graceful_shutdown=told.grace_s,
    )
    with Keeper.of_environment(lambda: app.under_way):
        uvicorn.Server(config).run([listener(told.host, told.port)])


def listener(host: str, port: int) -> socket.socket:
    """Where connections come in. What is set here holds for each of them (Linux, tcp(7))."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.create_server((host, port), family=family, backlog=2048)
    for option, value in (("TCP_NOTSENT_LOWAT", UNSENT_BYTES), ("TCP_USER_TIMEOUT", UNTAKEN_S * 1000)):
        if hasattr(socket, option):
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return made


def _hang_up(send: Send) -> None:
    """End a connection at once. Closed by the server, it lives until all was taken, which may be never."""
    connection = getattr(getattr(send, "__self__", None), "transport", None)
    if connection is not None:
        connection.abort()


def _serve(line: Line, app: ASGIApp, scope: Scope, visit: Visit) -> None:
    """Answer one request in this thread."""

    async def receive_here() -> Message:
        return await line.there(visit.receive())

    async def send_here(message: Message) -> None:
        await line.there(visit.send(message))

    async def answer() -> None:
        await app(scope, receive_here, send_here)

    with suppress(asyncio.CancelledError):  # the line was cut
        asyncio.run(answer())


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


def _busy(spoken: Dialect) -> ASGIApp:
    """An app that sends everybody away for a while, in the dialect's words."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        busy = Unavailable("too many uploads at once; try again")
        answer = error_response(spoken, busy, scope[REQUEST_ID], scope["path"])
        answer.headers["retry-after"] = str(RETRY_AFTER_S)
        await answer(scope, receive, send)

    return app


def _tenant_of(scope: Scope) -> str | None:
    """Whose a request is, once that is known: by a key, or by the link that it came to."""
    found: str | None = scope.get(puts.TENANT) or getattr(scope.get(CALLER), "tenant_id", None)
    return found


async def _ready(scope: Scope, receive: Receive, send: Send) -> None:
    """For whoever sends requests here or not, and for clients that want to know beforehand."""
    await JSONResponse({"ready": True}, headers={"cache-control": "no-store"})(scope, receive, send)


async def _nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse({"message": "Not Found"}, 404)(scope, receive, send)


if __name__ == "__main__":
    main(sys.argv[1:])
