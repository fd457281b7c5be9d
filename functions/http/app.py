"""The ASGI app of a dialect.

From the outside in: `Edge` (request id, security headers, log line, unhandled errors; who asks, and how often),
FastAPI's routing, and around each route `Guard` (key, then body). So whoever asks too often is sent away whatever he
asks for, an unknown path is 404 and a wrong method 405 for anybody, a missing key 401 before a byte of the body is
read, and only then is the request itself looked at. All of it is pure ASGI: the store is
called in the event loop, because a Lambda serves one request at a time.
"""

import json
import logging
import time
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic_core import to_json
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions.http import body, cookies, limits, observe, once
from functions.http.dialect import Dialect
from functions.http.errors import (
    InvalidFields,
    MalformedBody,
    MethodNotAllowed,
    RouteNotFound,
    Unhandled,
    field_problems,
)
from functions.http.limits import Quotas
from functions.http.routes import LateRoute
from patchbay import bootstrap
from patchbay.core import tracing, work
from patchbay.core.limits import Standing
from patchbay.domain.errors import PatchbayError, Unauthenticated, Unavailable
from patchbay.domain.ids import new_id
from patchbay.domain.traces import Span
from patchbay.domain.users import READ, WRITE, Caller, is_token

REQUEST_ID = "patchbay.request_id"
CALLER = "patchbay.caller"
REFUSED = "patchbay.refused"
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
SECURITY_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
    # Any origin may ask with a key, which scripts must set themselves. No credentials are allowed with it: what a
    # cookie gets is for our own pages, and the header without which it changes nothing passes no preflight.
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "x-request-id, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset,"
    " retry-after, idempotent-replayed, etag, location, link, content-disposition",
}
PREFLIGHT_HEADERS = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "access-control-allow-headers": "authorization, content-type, x-api-key, idempotency-key, if-match, prefer",
    "access-control-max-age": "3600",
}
_SECURITY = {name.encode(): value.encode() for name, value in SECURITY_HEADERS.items()}
_log = logging.getLogger(__name__)


class JsonAnswer(Response):
    """A JSON answer. Pydantic writes it: its writer is several times as fast as the standard library's."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The body."""
        return to_json(content)


def caller(request: Request) -> Caller:
    """Who asks. Only for routes that need a key."""
    found: Caller = request.scope[CALLER]
    return found


def anybody(request: Request) -> Caller | None:
    """Who asks, on a route that needs no key; None if none came."""
    found: Caller | None = request.scope.get(CALLER)
    return found


def build(dialect: Dialect) -> "Edge":
    """The app that speaks `dialect`. What can be got can be asked for its head alone (RFC 9110, section 9.3.2)."""
    app = fastapi_app(dialect)
    for route in app.routes:
        if isinstance(route, APIRoute) and route.path not in dialect.writing and "GET" in (route.methods or ()):
            route.methods = {*(route.methods or ()), "HEAD"}
    return Edge(app, dialect)


def fastapi_app(dialect: Dialect) -> FastAPI:
    """The FastAPI app inside, which also knows the OpenAPI document."""
    app = FastAPI(
        title=dialect.title,
        description=dialect.description,
        routes=[_guarded(route, dialect) for route in dialect.router.routes],
        servers=[{"url": base} for base in dialect.bases if base] or None,
        redirect_slashes=False,
        openapi_url=None,
    )

    async def answer(request: Request, error: Exception) -> Response:
        return error_response(dialect, _told(error, request), request.scope.get(REQUEST_ID, ""), request.url.path)

    for kind in (PatchbayError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, answer)
    return app


def error_response(dialect: Dialect, error: PatchbayError, request_id: str, path: str) -> Response:
    """An error as the dialect words it."""
    problem = dialect.problem(error, request_id, path)
    content = json.dumps(dialect.shape(problem), ensure_ascii=False).encode("utf-8", "replace")
    headers = dialect.headers(error)
    return Response(content, problem.status, headers, media_type=dialect.error_media_type)


def _told(error: Exception, request: Request) -> PatchbayError:
    """Any error as one of ours."""
    if isinstance(error, PatchbayError):
        return error
    if isinstance(error, RequestValidationError):
        return InvalidFields(field_problems(error.errors()))
    if isinstance(error, HTTPException):
        if error.status_code == 404:
            return RouteNotFound(f"there is no {request.url.path}")
        if error.status_code == 405:
            allow = _allowed(request)
            return MethodNotAllowed(f"{request.url.path} takes {allow}, not {request.method}", allow)
        if error.status_code < 500:
            return MalformedBody(str(error.detail))
    return _unhandled(request.scope.get(REQUEST_ID, ""))


def _unhandled(request_id: str) -> Unhandled:
    return Unhandled(f"something went wrong on our side; tell us the request id {request_id}")


def _allowed(request: Request) -> str:
    """The methods of all routes that have the request's path; the error itself knows those of the first only."""
    at_path = [r for r in request.app.routes if isinstance(r, APIRoute) and r.matches(request.scope)[0] != Match.NONE]
    return ", ".join(sorted({method for route in at_path for method in route.methods or ()}))


def _guarded(route: Any, dialect: Dialect) -> Any:
    """A copy of a route behind the guard. Whatever is not listed as public needs a key."""
    if not isinstance(route, LateRoute):
        raise TypeError(f"{route!r} is no route of a dialect's")
    return route.guarded(lambda app: Guard(app, dialect, route.path))


class Guard:
    """Around one route: who asks, and is the body fit to be looked at."""

    def __init__(self, app: ASGIApp, dialect: Dialect, path: str) -> None:
        self.app, self.dialect = app, dialect
        self.needs_key, self.writes = path not in dialect.public, path in dialect.writing
        self.optional = path in dialect.optional
        self.keeps = path not in dialect.secret
        self.streamed = path in dialect.streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises `Unauthenticated`, `Forbidden`, `BodyTooLarge`, `MalformedBody`."""
        if self.needs_key and not self._nobody(scope):
            if error := scope.get(REFUSED):
                raise error
            scope[CALLER].require(self.scope_of(scope["method"]))
            cookies.check(scope, writes=self.writes)
        has_body = scope["method"] in WITH_BODY
        if has_body and not self.streamed:
            scope, receive = await body.checked(scope, receive, self.dialect.limits)
            if self.needs_key and (answer := once.begin(scope, scope[CALLER].tenant_id, scope[body.DIGEST])):
                await once.replay(answer, send)
                return
        if has_body and self.keeps:
            await once.keep(self.app, scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _nobody(self, scope: Scope) -> bool:
        """Whether the route answers anybody, and no key came."""
        looks = self.optional and scope["method"] in {"GET", "HEAD"}
        # Whom the store could not look up just now is not nobody.
        unknown = isinstance(scope.get(REFUSED), Unauthenticated)
        return looks and unknown and not self.dialect.find_key(Headers(scope=scope))

    def scope_of(self, method: str) -> str:
        """The scope that a key must have for this route."""
        return READ if method in {"GET", "HEAD"} and not self.writes else WRITE


class Edge:
    """Around the whole app: what every answer has, and what is noted of it."""

    def __init__(self, app: ASGIApp, dialect: Dialect) -> None:
        self.app, self.dialect = app, dialect

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = scope[REQUEST_ID] = _request_id(scope)
        came = Headers(scope=scope).get("traceparent")
        with (
            work.begin(request_id=request_id),
            tracing.span(
                scope["method"],
                kind="server",
                parent=came,
                root=True,
                trusted=False,
                patchbay_dialect=self.dialect.name,
            ) as span,
        ):
            await self._observed(scope, receive, send, span, came)

    async def _observed(self, scope: Scope, receive: Receive, send: Send, span: Span, came: str | None) -> None:
        started, status, request_id = time.perf_counter(), 0, scope[REQUEST_ID]
        base = self._place(scope)
        standing: Standing | None = None

        async def finish(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                more = self.dialect.quota_headers(standing) if standing else {}
                message["headers"] = _with_defaults(message["headers"], request_id, more)
            elif scope["method"] == "HEAD":
                message["body"] = b""
            await send(message)

        try:
            if scope["method"] == "OPTIONS" and "access-control-request-method" in Headers(scope=scope):
                await Response(status_code=204, headers=PREFLIGHT_HEADERS)(scope, receive, finish)
            else:
                standing = self._counted(scope, came)
                await self._answering(scope, base, standing)(scope, receive, finish)
        except Unavailable as error:  # what counting requests needs is away
            _log.warning("request not looked at", extra={"route": _route(scope), "reason": str(error)})
            await error_response(self.dialect, error, request_id, scope["path"])(scope, receive, finish)
        except Exception:  # noqa: BLE001 - FastAPI's outermost layer answers, then raises
            _log.exception("unhandled error", extra={"route": _route(scope)})
            if not status:
                answer = error_response(self.dialect, _unhandled(request_id), request_id, scope["path"])
                await answer(scope, receive, finish)
        status = status or 500
        # What work.facts() knows by now: the job that was ordered, the trace.
        facts = {"method": scope["method"], "route": _route(scope), **work.facts()}
        if who := scope.get(CALLER):
            facts |= {"tenant_id": who.tenant_id, "key_id": who.key_id}
        observe.request_done(self.dialect.name, status=status, seconds=time.perf_counter() - started, facts=facts)
        if span.recorded:
            span.name = f"{scope['method']} {facts['route']}"
            span.tell(http_request_method=scope["method"], http_route=facts["route"], http_response_status__code=status)
            span.error = "Fault" if status >= 500 else ""

    def _counted(self, scope: Scope, came: str | None) -> Standing | None:
        """Where who asks stands with this request, which names the trace `came`.

        Raises `Unavailable` if who that is cannot be told.
        """
        self._identify(scope)
        # Where no key is needed none counts: whoever registers and signs in over and over has many.
        who = None if scope["path"] in self.dialect.public else scope.get(CALLER)
        standing = limits.counted(*self._quotas(scope["path"]), who, scope)
        if who and not (standing and standing.exceeded):
            tracing.trust(came)
        return standing

    def _identify(self, scope: Scope) -> None:
        """Note who asks, or why that is not known. Whether it matters, the route knows."""
        headers = Headers(scope=scope)
        key = self.dialect.find_key(headers) or ""
        secret = cookies.secret_in(headers) if self.dialect.cookies and not key else None
        services = bootstrap.services()
        try:
            if secret:
                scope[CALLER] = services.browsers.caller_of(secret)
                cookies.note(scope, secret)
                return
            by_token = self.dialect.tokens and is_token(key)
            scope[CALLER] = services.identity.caller_of(key) if by_token else services.accounts.authenticate(key)
        except PatchbayError as error:
            scope[REFUSED] = error

    def _quotas(self, path: str) -> tuple[str, Quotas]:
        """What requests are counted under, and how many are taken."""
        own = self.dialect.heavy.get(path)
        return (f"{self.dialect.name}:{path}", own) if own else (self.dialect.name, self.dialect.quotas)

    def _answering(self, scope: Scope, base: str | None, standing: Standing | None) -> ASGIApp:
        """What answers a request: the app, if it was not one too many and its path is one of the dialect's."""
        if standing and standing.exceeded:
            return error_response(self.dialect, limits.refused(standing), scope[REQUEST_ID], scope["path"])
        if base is None:
            nowhere = RouteNotFound(f"there is no {scope['path']}")
            return error_response(self.dialect, nowhere, scope[REQUEST_ID], scope["path"])
        return self.app

    def _place(self, scope: Scope) -> str | None:
        """Part the path, without a slash at its end, into base and rest. Returns the base, None if it is under none."""
        path = scope["path"] = scope["path"].rstrip("/") or "/"
        base = next((b for b in self.dialect.bases if path == b or path.startswith(b + "/")), None)
        scope["root_path"] = base or ""
        return base


def _route(scope: Scope) -> str:
    """The form of the path, for logs: what stands in its place in a request may be a file's name."""
    route = scope.get("route")
    return f"{scope.get('root_path', '')}{route.path}" if isinstance(route, APIRoute) else "none"


def _request_id(scope: Scope) -> str:
    """API Gateway's id of the request, which is in its own logs too; else a new one. Never one that a client made."""
    event = scope.get("aws.event") or {}
    return str(event.get("requestContext", {}).get("requestId") or new_id())


def _with_defaults(headers: Any, request_id: str, more: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """A response's headers, with our own where it has none of that name."""
    ours = [(name.encode(), value.encode()) for name, value in more.items()]
    request = (b"x-request-id", request_id.encode("latin-1", "replace"))
    names = {name for name, _ in headers}
    defaults = [(name, value) for name, value in _SECURITY.items() if name not in names]
    return [*defaults, *headers, *ours, request]
