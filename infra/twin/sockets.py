"""Sockets on to the emulator's WebSocket API: text both ways, until either side closes."""

import asyncio
import contextlib
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from infra.twin.asgi import Receive, Scope, Send

PATH = b"/socket/websocket"
"""Where Phoenix's clients go that were given `/socket`."""
LARGEST_MESSAGE = 128 * 1024
"""Quota of a WebSocket API."""
_REFUSED, _GONE_WRONG, _ENDED = 1008, 1011, 1000
_OPEN_S = 15.0


@dataclass(frozen=True)
class Sockets:
    """The WebSocket API of the deployed stacks."""

    port: int
    api_id: str
    stage: str

    def owns(self, raw_path: bytes) -> bool:
        """Whether a path is a socket's."""
        return raw_path.rstrip(b"/") == PATH

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one socket. What the API refuses at $connect is refused before it is open."""
        await receive()  # websocket.connect
        query = scope["query_string"].decode("latin-1")
        url = f"ws://127.0.0.1:{self.port}/_aws/execute-api/{self.api_id}/{self.stage}?{query}"
        try:
            upstream = await connect(url, open_timeout=_OPEN_S, max_size=LARGEST_MESSAGE, proxy=None)
        except (OSError, InvalidHandshake, ConnectionClosed, TimeoutError):
            await send({"type": "websocket.close", "code": _REFUSED})
            return
        async with upstream:
            await send({"type": "websocket.accept"})
            ways = {asyncio.create_task(_down(upstream, send)), asyncio.create_task(_up(receive, upstream))}
            _, pending = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in pending:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)


async def _down(upstream: ClientConnection, send: Send) -> None:
    """What the API says, and its end."""
    code = _ENDED
    try:
        async for message in upstream:
            kind = "text" if isinstance(message, str) else "bytes"
            await send({"type": "websocket.send", kind: message})
    except ConnectionClosed as closed:
        code = closed.rcvd.code if closed.rcvd else _GONE_WRONG
    with contextlib.suppress(RuntimeError, OSError):  # the client may be gone already
        await send({"type": "websocket.close", "code": code})


async def _up(receive: Receive, upstream: ClientConnection) -> None:
    """What the client says, and its end."""
    while (message := await receive())["type"] == "websocket.receive":
        text = message.get("text")
        try:
            await upstream.send(text if text is not None else message.get("bytes") or b"")
        except ConnectionClosed:
            return
