"""Requests on to the emulator: target and headers byte for byte, bodies streamed both ways."""

import asyncio
from collections.abc import AsyncIterator

import httpcore

from infra.twin.asgi import Headers, Receive, Send

_HOP_BY_HOP = {
    b"connection",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
_CONNECT_TIMEOUT_S = 5.0


class UpstreamDown(Exception):
    """No answer could be had; nothing has been sent to the client yet."""


def end_to_end(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Without what belongs to one connection only, including what `Connection` names (RFC 9110, 7.6.1)."""
    named = {
        token.strip().lower() for name, value in headers if name.lower() == b"connection" for token in value.split(b",")
    }
    return [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP | named]


class Upstream:
    """The emulator as the front door sees it: a pool of connections."""

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}".encode()
        self._port = port
        self._pool = httpcore.AsyncConnectionPool(
            max_connections=200, max_keepalive_connections=50, keepalive_expiry=30, retries=0
        )

    async def close(self) -> None:
        """Give the connections back."""
        await self._pool.aclose()

    async def forward(
        self,
        method: str,
        target: bytes,
        headers: Headers,
        body: bytes | AsyncIterator[bytes],
        receive: Receive,
        send: Send,
        timeout_s: float,
    ) -> None:
        """Send the request and pass the answer on; the client's end stops the transfer in either direction."""
        request = httpcore.Request(
            method=method,
            url=httpcore.URL(scheme=b"http", host=b"127.0.0.1", port=self._port, target=target),
            headers=list(headers),
            content=body,
            extensions={
                "timeout": {"connect": _CONNECT_TIMEOUT_S, "read": timeout_s, "write": timeout_s, "pool": 30.0}
            },
        )
        try:
            response = await self._pool.handle_async_request(request)
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise UpstreamDown(f"{type(error).__name__}: {error}") from error
        try:
            await _pass_on(response, receive, send)
        finally:
            await response.aclose()


async def _pass_on(response: httpcore.Response, receive: Receive, send: Send) -> None:
    await send(
        {"type": "http.response.start", "status": response.status, "headers": end_to_end(response.headers)},
    )
    gone = asyncio.create_task(_until_gone(receive))
    try:
        async for chunk in response.aiter_stream():
            # A server's send does nothing once the client left: without this look, the whole object would be read.
            if gone.done():
                return
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    finally:
        gone.cancel()
    await send({"type": "http.response.body", "body": b""})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
