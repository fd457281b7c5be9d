"""Object links: refused as S3 refuses them, then passed to the emulator's S3 without their signature."""

import datetime as dt
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from infra.twin.asgi import ClientGone, Message, Receive, Scope, Send, answer_s3_error, body_chunks, header_map
from infra.twin.emulator_client import credential
from infra.twin.post_policy import (
    LARGEST_FIELDS,
    boundary_of,
    check_size,
    malformed,
    read_form,
    too_large,
    verify_form,
    write_form,
)
from infra.twin.sigv4 import SIGNATURE_PARAMETERS, Credentials, Refused, parse_query, verify_query
from infra.twin.spool import Spool, SpoolFull
from infra.twin.upstream import Upstream, UpstreamDown, end_to_end

# The largest upload that any of the served APIs promises. S3 takes 5 GB; the emulator holds a body in memory.
LARGEST_OBJECT = 2 * 1024**3
TRANSFER_TIMEOUT_S = 120.0
# Whatever somebody uploaded, opened by its link it runs nothing and is what it is told to be: here it shares the
# studio's host, which in the cloud it does not.
_HARMLESS = ((b"content-security-policy", b"sandbox"), (b"x-content-type-options", b"nosniff"))


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Objects:
    """The media bucket as the world sees it."""

    bucket: str
    credentials: Credentials
    upstream: Upstream
    spool_folder: Path
    largest: int = LARGEST_OBJECT
    now: Callable[[], dt.datetime] = field(default=_now)

    def owns(self, raw_path: bytes) -> bool:
        """Whether a path is in the bucket."""
        return raw_path.split(b"/", 2)[1:2] == [self.bucket.encode()]

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request for an object."""
        send = _harmless(send)
        try:
            if scope["method"] == "POST" and not scope["raw_path"].strip(b"/").count(b"/"):
                await self._serve_form(scope, receive, send)
            else:
                await self._serve_link(scope, receive, send)
        except Refused as refusal:
            details = {"Code": refusal.code, "Message": refusal.message, **refusal.details}
            await answer_s3_error(send, refusal.status, details, head=scope["method"] == "HEAD")
        except UpstreamDown:
            details = {"Code": "ServiceUnavailable", "Message": "Please reduce your request rate."}
            await answer_s3_error(send, 503, details, head=scope["method"] == "HEAD")
        except ClientGone:
            return

    async def _serve_link(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = header_map(scope)
        query = parse_query(scope["query_string"])
        # Sent on here by the API, a client leaves its key behind where this is another host, as it is in the cloud.
        if scope["method"] in ("GET", "HEAD") and headers.get("authorization", "").lower().startswith("bearer "):
            del headers["authorization"]
        # A browser asks before it uploads, and cannot sign that.
        if scope["method"] != "OPTIONS":
            verify_query(self.credentials, scope["method"], scope["raw_path"], query, headers, self.now())
        target = scope["raw_path"] + _unsigned(query)
        # In the cloud a service before S3 takes uploads without a length, which S3 itself refuses.
        if headers.get("transfer-encoding", "").lower() == "chunked":
            with Spool(self.spool_folder, self.largest) as spool:
                await self._fill(spool, body_chunks(receive))
                await self._forward(scope, target, spool.read(), spool.size, receive, send)
            return
        length = int(headers.get("content-length", "0"))
        if length > self.largest:
            raise too_large(length, self.largest)
        body = body_chunks(receive) if length else b""
        await self._forward(scope, target, body, length, receive, send)

    async def _serve_form(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = header_map(scope)
        boundary = boundary_of(headers.get("content-type", ""))
        largest_body = self.largest + LARGEST_FIELDS
        if int(headers.get("content-length", "0")) > largest_body:
            raise too_large(int(headers["content-length"]), self.largest)
        with Spool(self.spool_folder, largest_body) as spool:
            await self._fill(spool, self._form_chunks(receive, boundary))
            form = read_form(spool.head(2 * LARGEST_FIELDS), boundary)
            if form is None:
                raise malformed("The body of your POST request is not well-formed multipart/form-data.")
            least, largest = verify_form(self.credentials, self.bucket, form.fields, self.now())
            end = await spool.find(b"\r\n" + boundary, form.file_start - 2)
            if end < 0:
                raise malformed("The body of your POST request is not well-formed multipart/form-data.")
            end = max(end, form.file_start)
            check_size(end - form.file_start, least, largest)
            ours = uuid4().hex
            before, after = write_form(form, ours)

            async def body() -> AsyncIterator[bytes]:
                yield before
                async for chunk in spool.read(form.file_start, end):
                    yield chunk
                yield after

            size = len(before) + end - form.file_start + len(after)
            content_type = (b"content-type", f"multipart/form-data; boundary={ours}".encode())
            await self._forward(scope, scope["raw_path"], body(), size, receive, send, content_type)

    async def _fill(self, spool: Spool, chunks: AsyncIterator[bytes]) -> None:
        try:
            await spool.fill(chunks)
        except SpoolFull as error:
            raise too_large(spool.size, self.largest) from error

    async def _form_chunks(self, receive: Receive, boundary: bytes) -> AsyncIterator[bytes]:
        """The form's bytes, up to the first that its policy does not allow: no unsigned upload fills the disk."""
        head, size, allowed = b"", 0, 0
        async for chunk in body_chunks(receive):
            size += len(chunk)
            if not allowed:
                head += chunk
                form = read_form(head, boundary)
                if form:
                    _, largest = verify_form(self.credentials, self.bucket, form.fields, self.now())
                    allowed = form.file_start + min(largest, self.largest) + LARGEST_FIELDS
                elif size > 2 * LARGEST_FIELDS:
                    raise Refused(400, "MaxPostPreDataLengthExceeded", "Your POST request fields are too large.")
            if allowed and size > allowed:
                raise too_large(size, allowed - LARGEST_FIELDS)
            yield chunk

    async def _forward(
        self,
        scope: Scope,
        target: bytes,
        body: bytes | AsyncIterator[bytes],
        length: int,
        receive: Receive,
        send: Send,
        *replaced: tuple[bytes, bytes],
    ) -> None:
        set_here = {b"host", b"content-length", b"expect", b"authorization", *(name for name, _ in replaced)}
        headers: list[tuple[bytes, bytes]] = [
            (name, value) for name, value in end_to_end(scope["headers"]) if name.lower() not in set_here
        ]
        headers += [(b"host", self.upstream.host), *replaced]
        headers += [(name.encode(), value.encode()) for name, value in credential("s3").items()]
        if length or scope["method"] in ("PUT", "POST"):
            headers.append((b"content-length", b"%d" % length))
        method = scope["method"]
        await self.upstream.forward(method, target, headers, body, receive, send, TRANSFER_TIMEOUT_S)


def _harmless(send: Send) -> Send:
    """The same, for answers that no browser runs or takes for something else."""
    names = {name for name, _ in _HARMLESS}

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [(name, value) for name, value in message["headers"] if name.lower() not in names]
            message = {**message, "headers": [*kept, *_HARMLESS]}
        await send(message)

    return sent


def _unsigned(query: Sequence[tuple[str, str]]) -> bytes:
    """The query without its signature: names and values encoded anew, as the signature covers their meaning only."""
    kept = [
        f"{quote(name, safe='-_.~', errors='surrogateescape')}={quote(value, safe='-_.~', errors='surrogateescape')}"
        for name, value in query
        if name.lower() not in SIGNATURE_PARAMETERS
    ]
    return b"?" + "&".join(kept).encode() if kept else b""
