"""Objects that come without a length: by a link to the store, which refuses them, and so through this service.

The link names an upload in parts that was begun for the one object. Its id is known to those alone who were given the
link, and the store itself says whether there is such an upload: no key is needed, as with the link itself. Errors are
worded as the store's.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Final
from urllib.parse import parse_qs, unquote

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from patchbay import bootstrap
from patchbay.catalog.front import PUTS, UPLOAD_PARAMETER
from patchbay.core.intake import part_bytes
from patchbay.domain.assets import parse_incoming_key
from patchbay.domain.errors import InvalidInput, PatchbayError, TooLarge, Unavailable
from patchbay.domain.ids import new_id

TENANT: Final = "patchbay.tenant_id"
"""Whose the request is, in the scope of one that comes without a key."""
_GONE = ("NoSuchUpload", 404)
_CODES: dict[type[PatchbayError], tuple[str, int]] = {
    Unavailable: ("SlowDown", 503),
    TooLarge: ("EntityTooLarge", 400),
    InvalidInput: ("RequestTimeout", 400),
}


class _Refused(Exception):
    """An answer that is no object."""

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(message)
        self.code, self.status = code, status


class Put:
    """One object on its way in, a part at a time. Raises `TooLarge`, `Unavailable`, `InvalidInput`."""

    def __init__(self, key: str, upload_id: str) -> None:
        services = bootstrap.services()
        self._objects, self._most = services.objects, services.limits.max_upload_bytes
        self._key, self._upload_id = key, upload_id
        self._part_bytes = part_bytes(self._most)
        self._buffer = bytearray()
        self._etags: dict[int, str] = {}
        self._size_bytes = 0

    def check(self) -> None:
        """Raises `InvalidInput` if there is no such upload: the store takes an empty part, which the first replaces."""
        self._objects.put_part(self._key, self._upload_id, 1, b"")

    def write(self, block: bytes) -> None:
        """Take the next bytes."""
        self._size_bytes += len(block)
        if self._size_bytes > self._most:
            with suppress(Unavailable):
                self._objects.abort_multipart(self._key, self._upload_id)
            raise TooLarge(f"the object has more than the {self._most} bytes that are taken")
        self._buffer += block
        while len(self._buffer) > self._part_bytes:
            self._send()

    def finish(self) -> None:
        """All bytes are here: make the object."""
        if self._buffer or not self._etags:
            self._send()
        self._objects.complete_multipart(self._key, self._upload_id, self._etags)

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
    except PatchbayError as error:
        code, status = next((_CODES[kind] for kind in type(error).__mro__ if kind in _CODES), ("InternalError", 500))
        answer = _worded(code, status, str(error), request_id)
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
    put = Put(key, upload_id)
    try:
        put.check()
    except InvalidInput:
        raise _Refused(*_GONE, "there is no such upload, or it is over") from None
    # Only now: whoever made the link up is not to use up what its owner may do at once.
    scope[TENANT] = key.split("/")[-2]
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise _Refused("IncompleteBody", 400, "the request ended before its body did")
        put.write(message.get("body", b""))
        more = message.get("more_body", False)
    try:
        put.finish()
    except InvalidInput:
        raise _Refused(*_GONE, "there is no such upload any more") from None


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
