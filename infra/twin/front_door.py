"""The one address of the twin. In the cloud a CloudFront distribution has this place (`infra/stacks/studio.py`), with
the same behind it where a stage asks for that: the service for large bodies, and links to objects.

The media bucket's paths go to S3 under its rules for links; requests and answers that are whole files go to the ingest
service; `/studio/` is the studio's bundle, and `/` leads there; everything else goes to the HTTP API under API
Gateway's limits. Paths and queries travel byte for byte.
"""

import logging
from dataclasses import dataclass

from infra.twin.asgi import ClientGone, Receive, Scope, Send, answer_json, body_chunks, header_map
from infra.twin.ingest import Ingest
from infra.twin.objects import Objects
from infra.twin.sockets import Sockets
from infra.twin.studio import Studio
from infra.twin.upstream import Upstream, UpstreamDown, end_to_end

# Quotas of an HTTP API: payload size, and time until an integration must have answered.
LARGEST_API_BODY = 10 * 1024 * 1024
API_TIMEOUT_S = 30.0
INGEST_TIMEOUT_S = 3600.0
LARGEST_FORM_REST = 4 * 1024 * 1024
"""What a form may have beside its file; the service itself is stricter."""

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
    ingest: Ingest | None = None
    sockets: Sockets | None = None
    studio: Studio | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "websocket" and self.sockets and self.sockets.owns(scope["raw_path"]):
                await self.sockets.serve(scope, receive, send)
            elif scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        if self.studio and self.studio.owns(scope["raw_path"]):
            await self.studio.serve(scope, send)
            return
        if self.objects and self.objects.owns(scope["raw_path"]):
            await self.objects.serve(scope, receive, send)
            return
        ingest = self.ingest if self.ingest and self.ingest.takes(scope["method"], scope["raw_path"]) else None
        if self.api_id is None:
            await answer_json(send, 404, "Not Found")
            return
        try:
            if ingest:
                await self._serve_ingest(ingest, scope, receive, send)
            else:
                await self._serve_api(scope, receive, send)
        except TooLong:
            await answer_json(send, 413, "Request Entity Too Large")
        except UpstreamDown as error:
            logger.warning("no answer from the %s: %s", "ingest service" if ingest else "emulator", error)
            await answer_json(send, 503, "Service Unavailable")
        except ClientGone:
            return

    async def _serve_ingest(self, ingest: Ingest, scope: Scope, receive: Receive, send: Send) -> None:
        given = header_map(scope)
        length = given.get("content-length")
        if length is not None and int(length) > ingest.largest + LARGEST_FORM_REST:
            raise TooLong
        if not await ingest.listens():
            raise UpstreamDown("it does not listen")
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        framing = (b"transfer-encoding", b"chunked") if length is None else (b"content-length", length.encode())
        sends = scope["method"] == "POST"
        headers = [*self._headers(scope, given), *([framing] if sends else [])]
        body = body_chunks(receive) if sends else b""
        await ingest.upstream.forward(scope["method"], target, headers, body, receive, send, INGEST_TIMEOUT_S)

    async def _serve_api(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = header_map(scope)
        if int(headers.get("content-length", "0")) > LARGEST_API_BODY:
            raise TooLong
        body = await _read_all(receive)
        # By path and not by host name: under a host name the emulator answers /health and the like itself.
        # A slash at the end means nothing to any route, but the emulator's would not match it.
        target = f"/_aws/execute-api/{self.api_id}/$default".encode() + (scope["raw_path"].rstrip(b"/") or b"/")
        if scope["query_string"]:
            target += b"?" + scope["query_string"]
        passed = self._headers(scope, headers)
        if body or scope["method"] in ("POST", "PUT", "PATCH"):
            passed.append((b"content-length", b"%d" % len(body)))
        await self.upstream.forward(scope["method"], target, passed, body, receive, send, API_TIMEOUT_S)

    def _headers(self, scope: Scope, given: dict[str, str]) -> list[tuple[bytes, bytes]]:
        client = scope["client"][0] if scope.get("client") else "127.0.0.1"
        hops = [hop for hop in (given.get("x-forwarded-for"), client) if hop]
        return [
            *((name, value) for name, value in end_to_end(scope["headers"]) if name.lower() not in _SET_HERE),
            # Never the client's own: nothing behind this may be steered by it.
            (b"host", f"localhost:{self.public_port}".encode()),
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
