"""Objects that come without a length: by a link to the store, which refuses them, and so through this service.

The link names an upload in parts that was begun for the one object. Its id is known to those alone who were given the
link, and the store itself says whether there is such an upload: no key is needed, as with the link itself. Errors are
worded as the store's.

Of an upload that is over the store knows nothing any more, and its client may not have heard that it is. Who sends the
very bytes again is answered as the first time, by any link of the object: that stores nothing, and tells him what he
knows. What was rejected is gone and cannot be compared: its link is over.
"""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Final
from urllib.parse import parse_qs, unquote

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from functions.http import limits
from patchbay import bootstrap
from patchbay.catalog.front import PUTS, UPLOAD_PARAMETER
from patchbay.core.intake import part_bytes
from patchbay.core.limits import Quota
from patchbay.domain.assets import parse_incoming_key
from patchbay.domain.errors import InvalidInput, NotFound, PatchbayError, TooLarge, Unavailable
from patchbay.domain.ids import new_id

TENANT: Final = "patchbay.tenant_id"
"""Whose the request is, in the scope of one that comes without a key: those of one name share so many threads."""
_GONE = ("NoSuchUpload", 404)
_OVER = "there is no such upload, or it is over"
_CODES: dict[type[PatchbayError], tuple[str, int]] = {
    Unavailable: ("SlowDown", 503),
    TooLarge: ("EntityTooLarge", 400),
    InvalidInput: ("RequestTimeout", 400),
}


QUOTA: Final = Quota(600, 60)
"""Of one user's links, and of one address."""


class _Refused(Exception):
    """An answer that is no object."""

    def __init__(self, code: str, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code, self.status, self.headers = code, status, headers or {}


@dataclass(frozen=True, slots=True)
class _Came:
    """Bytes that came before."""

    key: str
    size_bytes: int | None
    sha256: str | None = None
    """Once they were looked at."""


class Put:
    """One object on its way in, a part at a time. Raises `TooLarge`, `Unavailable`, `InvalidInput`."""

    def __init__(self, key: str, upload_id: str) -> None:
        services = bootstrap.services()
        self._objects, self._most = services.objects, services.limits.max_upload_bytes
        self._key, self._upload_id = key, upload_id
        self._part_bytes = part_bytes(self._most)
        self._buffer = bytearray()
        self._etags: dict[int, str] = {}
        self._digest = hashlib.sha256()
        self._size_bytes = 0
        self._over = False

    def check(self) -> bool:
        """Whether there is such an upload: the store takes an empty part, which the first replaces. Without one, bytes
        are compared with those that came before. Raises `InvalidInput` if there are none either.
        """
        try:
            self._objects.put_part(self._key, self._upload_id, 1, b"")
        except InvalidInput:
            self._over = self._earlier() is not None
            if not self._over:
                raise
        return not self._over

    def write(self, block: bytes) -> None:
        """Take the next bytes."""
        self._size_bytes += len(block)
        if self._size_bytes > self._most:
            with suppress(Unavailable):
                self._objects.abort_multipart(self._key, self._upload_id)
            raise TooLarge(f"the object has more than the {self._most} bytes that are taken")
        self._digest.update(block)
        if self._over:
            return
        self._buffer += block
        try:
            while len(self._buffer) > self._part_bytes:
                self._send()
        except InvalidInput:  # it ended meanwhile: by a request before this one, which its client gave up too early
            if self._earlier() is None:
                raise
            self._over = True
            self._buffer.clear()

    def finish(self) -> None:
        """All bytes are here: make the object, unless these are what came before. Raises `InvalidInput`."""
        try:
            if self._over:
                raise InvalidInput(_OVER)
            if self._buffer or not self._etags:
                self._send()
            self._objects.complete_multipart(self._key, self._upload_id, self._etags)
        except InvalidInput:  # also of the store that made the object, was not heard, and was asked again
            if not self._came_before():
                raise

    def _came_before(self) -> bool:
        """Whether these are the bytes that came before. No object is read that is not as large."""
        for _ in range(2):  # it may just be taken from the one place to the other
            earlier = self._earlier()
            if earlier is None or earlier.size_bytes != self._size_bytes:
                return False
            if found := earlier.sha256 or self._hash_of(earlier.key):
                return found == self._digest.hexdigest()
        return False

    def _earlier(self) -> _Came | None:
        """What came by a link of the object before, taken from there or not."""
        sent = self._objects.stat(self._key)
        if sent is not None:
            return _Came(self._key, sent.size_bytes)
        try:
            asset = bootstrap.services().assets.get(*(parse_incoming_key(self._key) or ("", "")))
        except NotFound:
            return None
        if asset.sha256:
            return _Came(asset.key, asset.size_bytes, asset.sha256)
        taken = self._objects.stat(asset.key)
        return _Came(asset.key, taken.size_bytes) if taken is not None else None

    def _hash_of(self, key: str) -> str | None:
        """Hash of an object; None if it is gone."""
        digest = hashlib.sha256()
        try:
            with self._objects.read(key) as blocks:
                for block in blocks:
                    digest.update(block)
        except NotFound:
            return None
        return digest.hexdigest()

    def _send(self) -> None:
        part = bytes(self._buffer[: self._part_bytes])
        del self._buffer[: self._part_bytes]
        number = len(self._etags) + 1
        self._etags[number] = self._objects.put_part(self._key, self._upload_id, number, part)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request. What came of an upload that broke off stays for a while: its link can be used again."""
    request_id = new_id()
    try:
        await _taken(scope, receive)
        answer = Response(status_code=200, headers={"x-amz-request-id": request_id})
    except _Refused as error:
        answer = _worded(error.code, error.status, str(error), request_id)
        answer.headers.update(error.headers)
    except PatchbayError as error:
        code, status = next((_CODES[kind] for kind in type(error).__mro__ if kind in _CODES), ("InternalError", 500))
        answer = _worded(code, status, str(error), request_id)
        if isinstance(error, Unavailable):
            answer.headers["retry-after"] = str(error.retry_after_s)
    answer.headers["access-control-allow-origin"] = "*"
    await answer(scope, receive, send)


def busy(retry_after_s: int) -> ASGIApp:
    """An app that sends everybody away for a while."""

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        answer = _worded("SlowDown", 503, "too many uploads at once; try again", new_id())
        answer.headers["retry-after"] = str(retry_after_s)
        await answer(scope, receive, send)

    return refuse


async def _taken(scope: Scope, receive: Receive) -> None:
    if scope["method"] != "PUT":
        raise _Refused("MethodNotAllowed", 405, "objects are put here, and nothing else")
    key, upload_id = _named(scope)
    # Links that are made up cost a question to the store each. Without a door's word the address is the balancer's, and
    # all would be one.
    if limits.came_through_door(scope):
        _count(f"address:{limits.address(scope)}")
    put = Put(key, upload_id)
    try:
        known = put.check()
    except InvalidInput:
        raise _Refused(*_GONE, _OVER) from None
    # Only now: whoever made the link up is not to use up what its owner may do.
    tenant_id = key.split("/")[-2]
    _count(f"user:{tenant_id}" if known else f"object:{key}")
    # What comes again holds a thread too: of those, there are as many for each tenant, apart from his own.
    scope[TENANT] = tenant_id if known else f"{tenant_id} again"
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise _Refused("IncompleteBody", 400, "the request ended before its body did")
        more = message.get("more_body", False)
        try:
            put.write(message.get("body", b""))
            if not more:
                put.finish()
        except InvalidInput:
            raise _Refused(*_GONE, _OVER) from None


def _count(name: str) -> None:
    """Count a request of somebody's. Raises `_Refused` for one too many, as the store does."""
    standing = limits.counted_of("objects", name, QUOTA)
    if standing and standing.exceeded:
        error = limits.refused(standing)
        raise _Refused("SlowDown", 503, str(error), {"retry-after": str(error.retry_after_s), **limits.told(standing)})


def _named(scope: Scope) -> tuple[str, str]:
    """(key, upload) of a request. Raises `_Refused` for what no link of ours has, and for a link that is too old."""
    key = unquote(scope["raw_path"].decode("latin-1").removeprefix(PUTS + "/"))
    query = parse_qs(scope["query_string"].decode("latin-1"))
    given = query.get(UPLOAD_PARAMETER, [])
    if parse_incoming_key(key) is None or len(given) != 1:
        raise _Refused("NoSuchKey", 404, "no link leads here")
    if _ended(query):
        raise _Refused("AccessDenied", 403, "Request has expired")
    return key, given[0]


def _ended(query: Mapping[str, list[str]]) -> bool:
    """Whether the link says that its time is over. It is its holder's word: only the store could tell what was signed.

    Who lies gains a day, after which the store drops the upload (the media bucket's lifecycle).
    """
    try:
        made = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        lives = timedelta(seconds=int(query["X-Amz-Expires"][0]))
    except (KeyError, ValueError, OverflowError):
        return True
    return bootstrap.services().clock.now() > made + lives


def _worded(code: str, status: int, message: str, request_id: str) -> Response:
    """An error in the store's form."""
    told = {"Code": code, "Message": message, "RequestId": request_id}
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in told.items())
    content = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'
    return Response(content, status, {"x-amz-request-id": request_id}, media_type="application/xml")
