"""The header `Idempotency-Key`: a POST that carries one is done once, and answered the same however often it arrives.

An answer is kept for a day if it says that something was done (2xx); after an error the request may be tried again
under the same key. Routes hand `once_of(request)` to the core, which writes the key's record in one transaction with
what it makes: if this process dies before the answer is kept, the next arrival finds the thing and makes no second.
"""

import base64
import hashlib
import logging

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from patchbay import bootstrap
from patchbay.core.idempotency import MAX_ANSWER_BYTES, Answered, Once
from patchbay.domain.errors import PatchbayError

HEADER = "idempotency-key"
REPLAYED = (b"idempotent-replayed", b"true")
ONCE = "patchbay.once"
_KEPT_HEADERS = ("content-type", "location", "etag")
_MOST_BYTES = MAX_ANSWER_BYTES // 4 * 3
"""Of a body, before it is in Base64."""
_log = logging.getLogger(__name__)


class Repeated(Exception):
    """Raised by a route that reads its body itself: the request was answered before, `keep` sends that again."""

    def __init__(self, answer: Answered) -> None:
        super().__init__("answered before")
        self.answer = answer


def once_of(request: Request) -> Once | None:
    """What the core needs to know to do a request once; None if the client did not ask for it."""
    found: Once | None = request.scope.get(ONCE)
    return found


def fingerprint(scope: Scope, body_digest: str) -> str:
    """What tells one request from another under the same key: method, path, query and body."""
    place = f"{scope['method']} {scope['path']}?{scope['query_string'].decode('latin-1')}"
    return hashlib.sha256(f"{place}\n{body_digest}".encode("utf-8", "surrogatepass")).hexdigest()


def begin(scope: Scope, tenant_id: str, body_digest: str) -> Answered | None:
    """Look up a request's key; without one nothing happens. Raises `InvalidInput`, `IdempotencyMismatch`."""
    key = Headers(scope=scope).get(HEADER)
    if key is None or scope["method"] != "POST":
        return None
    once, answer = bootstrap.services().idempotency.begin(tenant_id, key, fingerprint(scope, body_digest))
    scope[ONCE] = once
    return answer


async def replay(answer: Answered, send: Send) -> None:
    """Send an answer again."""
    headers = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": [*headers, REPLAYED]})
    await send({"type": "http.response.body", "body": base64.b64decode(answer.body)})


async def keep(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a request, and keep its answer if it has a key and something was done.

    A route that raises `Repeated` is answered with what was kept. No more of an answer is held than can be kept.
    """
    status, headers, body = 0, Headers(), bytearray()
    wanted = False

    async def noted(message: Message) -> None:
        nonlocal status, headers, wanted
        if message["type"] == "http.response.start":
            status, headers = message["status"], Headers(raw=message["headers"])
            wanted = scope.get(ONCE) is not None and 200 <= status < 300
        elif wanted:
            body.extend(message.get("body", b""))
            if len(body) > _MOST_BYTES:  # such an answer is not kept, so it need not be held either
                wanted = False
                body.clear()
        await send(message)

    try:
        await app(scope, receive, noted)
    except Repeated as found:
        await replay(found.answer, send)
        return
    once: Once | None = scope.get(ONCE)
    if once is None or not wanted:
        return
    kept = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
    answer = Answered(status=status, headers=kept, body=base64.b64encode(body).decode())
    try:
        bootstrap.services().idempotency.keep(once, answer)
    except PatchbayError:
        _log.exception("answer not kept; a repetition is answered anew")
