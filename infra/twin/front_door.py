"""The one address of the twin: what CloudFront is in the cloud.

The media bucket's paths go to S3 under its rules for links; every other path goes to the HTTP API under API Gateway's
limits. Paths and queries travel byte for byte.
"""

import logging
from dataclasses import dataclass

from infra.twin.asgi import ClientGone, Receive, Scope, Send, answer_json, body_chunks, header_map
from infra.twin.objects import Objects
from infra.twin.upstream import Upstream, UpstreamDown, end_to_end

# Quotas of an HTTP API: payload size, and time until an integration must have answered.
LARGEST_API_BODY = 10 * 1024 * 1024
API_TIMEOUT_S = 30.0

logger = logging.getLogger("patchbay.front_door")

_SET_HERE = {b"host", b"content-length", b"expect", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-port"}


class TooLong(Exception):
    """The body is over the API's limit."""


@dataclass(frozen=True)
class FrontDoor:
    """An ASGI application. Without an API (nothing deployed yet) every API path is 404, as on an empty gateway."""

    upstream: Upstream
    public_port: int
    api_id: str | None
    objects: Objects | None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        if self.objects and self.objects.owns(scope["raw_path"]):
            await self.objects.serve(scope, receive, send)
            return
        if self.api_id is None:
            await answer_json(send, 404, "Not Found")
            return
        try:
            await self._serve_api(scope, receive, send)
        except TooLong:
            await answer_json(send, 413, "Request Entity Too Large")
        except UpstreamDown as error:
            logger.warning("no answer from the emulator: %s", error)
            await answer_json(send, 503, "Service Unavailable")
        except ClientGone:
            return

    async def _serve_api(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = header_map(scope)
        if int(headers.get("content-length", "0")) > LARGEST_API_BODY:
            raise TooLong
        body = await _read_all(receive)
        # By path and not by host name: under a host name the emulator answers /health and the like itself.
        target = f"/_aws/execute-api/{self.api_id}/$default".encode() + scope["raw_path"]
        if scope["query_string"]:
            target += b"?" + scope["query_string"]
        await self.upstream.forward(
            scope["method"], target, self._headers(scope, headers, len(body)), body, receive, send, API_TIMEOUT_S
        )

    def _headers(self, scope: Scope, given: dict[str, str], length: int) -> list[tuple[bytes, bytes]]:
        client = scope["client"][0] if scope.get("client") else "127.0.0.1"
        hops = [hop for hop in (given.get("x-forwarded-for"), client) if hop]
        sized = length or scope["method"] in ("POST", "PUT", "PATCH")
        return [
            *((name, value) for name, value in end_to_end(scope["headers"]) if name.lower() not in _SET_HERE),
            # Never the client's own: nothing behind this may be steered by it.
            (b"host", f"localhost:{self.public_port}".encode()),
            *([(b"content-length", b"%d" % length)] if sized else []),
            (b"x-forwarded-for", ", ".join(hops).encode("latin-1")),
            (b"x-forwarded-proto", b"https"),
            (b"x-forwarded-port", str(self.public_port).encode()),
        ]


async def _read_all(receive: Receive) -> bytes:
    chunks, size = [], 0
    async for chunk in body_chunks(receive):
        size += len(chunk)
        if size > LARGEST_API_BODY:
            raise TooLong
        chunks.append(chunk)
    return b"".join(chunks)
