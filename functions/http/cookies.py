"""The cookie of a browser's session, and what protects those who have one from forged requests."""

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Scope

NAME = "__Host-patchbay"
"""The prefix has browsers take it over TLS alone, for this host and all of its paths (RFC 6265bis, 4.1.3.2)."""
FORM_HEADER = "x-csrf-token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SCOPE = "patchbay.cookie"
ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax"


def secret_in(headers: Headers) -> str | None:
    """The secret of the session that a request comes with."""
    return cookie_parser(headers.get("cookie", "")).get(NAME) or None


def kept(secret: str) -> str:
    """The header that gives a browser its cookie."""
    from patchbay.core.browsers import LIVES  # not every dialect has sessions

    return f"{NAME}={secret}; Max-Age={int(LIVES.total_seconds())}; {ATTRIBUTES}"


def noted(scope: Scope) -> str | None:
    """The secret of the cookie that a request is somebody's by; None where it is by a key, or nobody's."""
    found: str | None = scope.get(_SCOPE)
    return found


def note(scope: Scope, secret: str) -> None:
    """Note that it is the cookie by which a request is somebody's: browsers send it whoever has them ask."""
    scope[_SCOPE] = secret


def check(scope: Scope, *, writes: bool = False) -> None:
    """A request that changes something, and is somebody's by a cookie, must carry the token of the session's pages.

    `writes`: whether it changes something whatever its method, so that a link on another's page could do it. Raises
    `Forbidden`.
    """
    secret = noted(scope)
    if secret is not None and (writes or scope["method"] not in SAFE):
        from patchbay.core.browsers import check_form_token

        check_form_token(secret, Headers(scope=scope).get(FORM_HEADER, ""))
