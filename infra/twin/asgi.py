"""ASGI types, and answers that need no upstream."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import escape

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]


class ClientGone(Exception):
    """The client closed the connection before its request or our answer was complete."""


async def body_chunks(receive: Receive) -> AsyncIterator[bytes]:
    """The request's body as it comes. Raises ClientGone when it ends too early."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        if message.get("body"):
            yield message["body"]
        more = message.get("more_body", False)


def header_map(scope: Scope) -> dict[str, str]:
    """Lower-case names; a header sent twice is joined with a comma, as signatures and proxies see it."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]},{text}" if key in found else text
    return found


async def answer(send: Send, status: int, body: bytes, headers: Headers) -> None:
    """A whole answer with its length."""
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


async def answer_json(send: Send, status: int, message: str) -> None:
    """An error as API Gateway itself words it."""
    body = json.dumps({"message": message}).encode()
    await answer(send, status, body, [(b"content-type", b"application/json")])


async def answer_s3_error(send: Send, status: int, details: dict[str, str], *, head: bool = False) -> None:
    """An error as S3 words it; `details` begin with Code and Message."""
    request_id = uuid4().hex[:16].upper()
    elements = {**details, "RequestId": request_id, "HostId": "patchbay-twin"}
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in elements.items())
    body = b"" if head else f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'.encode()
    headers = [
        (b"content-type", b"application/xml"),
        (b"x-amz-request-id", request_id.encode()),
        # A browser's upload must be able to read why it was refused.
        (b"access-control-allow-origin", b"*"),
        # The rest of a refused upload is not worth reading.
        (b"connection", b"close"),
    ]
    await answer(send, status, body, headers)
