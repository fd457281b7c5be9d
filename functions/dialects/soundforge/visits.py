"""A browser's visit to our pages: its cookie, whose it is, and what it is told and given back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from functions.dialects.soundforge.errors import ERRORS
from functions.dialects.soundforge.pages import frame
from functions.dialects.soundforge.pages.forms import TOKEN
from functions.dialects.soundforge.pages.markup import Html
from functions.http import cookies
from functions.http.app import REFUSED, anybody
from functions.http.limits import address
from patchbay.core.browsers import check_form_token, form_token, is_secret, new_secret
from patchbay.domain.errors import PatchbayError, RateLimited, Unauthenticated, Unavailable
from patchbay.domain.users import Caller

STUDIO, LOG_IN = "/studio/", "/users/log-in"
NOTICES: Final[Mapping[str, str]] = {
    "log-in": "Log in to go on.",
    "logged-out": "You are logged out.",
    "password": "Your password is changed. Other browsers and programs are logged out.",
    "names": "Your names are saved.",
    "verified": "Your e-mail address is verified.",
    "mailed": "A code is mailed to you.",
    "forgot": "If somebody registered with that address, a code is mailed to it.",
    "reset": "Your new password is set. Log in with it.",
    "linked": "Your Spotify account is linked.",
    "unlinked": "Your Spotify account is not linked any more.",
    "lalalai-saved": "Your licence key for LALAL.AI is saved.",
    "lalalai-removed": "Your licence key for LALAL.AI is removed.",
    "refused": "Spotify was not linked: you did not agree, or it took too long. Try again.",
    "not-linked": "Spotify was not linked: it does not answer as it should. Try again later.",
}
"""What a page can be told by the one before; the cookie between them names it, and never holds a text."""
_NOTICE_COOKIE, _NOTICE_LIVES_S = "__Host-patchbay-notice", 60
_LOCAL = re.compile(r"/(?!/)[\x21-\x5b\x5d-\x7e]{0,511}")
"""A path on this host: browsers take a second slash, and a backslash for one, for the beginning of another host."""


def local_path(text: str) -> str:
    """A path to go on to, or the studio's where it is none of ours."""
    return text if _LOCAL.fullmatch(text) else STUDIO


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a browser."""

    secret: str
    fresh: bool
    """Whether the secret is new: none came."""
    who: Caller | None
    notice: str
    asker: str

    @property
    def token(self) -> str:
        """What its forms carry."""
        return form_token(self.secret)

    def check(self, request: Request, fields: Mapping[str, str]) -> None:
        """Raises `Forbidden` unless a form comes from a page of this session."""
        check_form_token(self.secret, fields.get(TOKEN) or request.headers.get(cookies.FORM_HEADER, ""))

    def page(self, title: str, content: Html, *, fault: str = "", error: PatchbayError | None = None) -> Response:
        """A page; `error` gives it its status."""
        html = frame.page(title, content, notice=self.notice, fault=fault, inside=self.who is not None)
        headers = dict(frame.HEADERS)
        if isinstance(error, RateLimited | Unavailable) and error.retry_after_s is not None:
            headers["retry-after"] = str(error.retry_after_s)
        answer = Response(html.encode("utf-8", "replace"), _status(error), headers, "text/html")
        return self.kept(answer)

    def go(self, path: str, *, secret: str = "", notice: str = "") -> Response:
        """On to another page, which is then told the notice of that name."""
        answer = Response(status_code=303, headers={"location": path, "cache-control": "no-store"})
        if notice:
            _set(answer, _notice_cookie(notice, _NOTICE_LIVES_S))
        return self.kept(answer, secret, told=not notice)

    def kept(self, answer: Response, secret: str = "", *, told: bool = True) -> Response:
        """An answer, with the cookie of a new secret, or the visitor's own where it has none yet."""
        if secret or self.fresh:
            _set(answer, cookies.kept(secret or self.secret))
        if self.notice and told:
            _set(answer, _notice_cookie("", 0))
        return answer

    def to_log_in(self, path: str) -> Response:
        """To the log-in, and from there to `path`."""
        return self.go(f"{LOG_IN}?return_to={quote(path, safe='')}", notice="log-in")


def of(request: Request) -> Visit:
    """The visit that a request is part of. Raises `Unavailable` if whose it is cannot be looked up."""
    error = request.scope.get(REFUSED)
    if error is not None and not isinstance(error, Unauthenticated):
        raise error
    given = cookies.secret_in(request.headers) or ""
    fresh = not is_secret(given)
    who = anybody(request) if cookies.noted(request.scope) else None
    notice = NOTICES.get(request.cookies.get(_NOTICE_COOKIE, ""), "")
    return Visit(new_secret() if fresh else given, fresh, who, notice, address(request.scope))


def wants_json(request: Request) -> bool:
    """Whether a script asks, and not a page."""
    return request.headers.get("accept", "").lower().startswith("application/json")


def _status(error: PatchbayError | None) -> int:
    return next(ERRORS[cls].status for cls in type(error).__mro__ if cls in ERRORS) if error else 200


def _notice_cookie(name: str, lives_s: int) -> str:
    return f"{_NOTICE_COOKIE}={name}; Max-Age={lives_s}; {cookies.ATTRIBUTES}"


def _set(answer: Response, cookie: str) -> None:
    answer.headers.append("set-cookie", cookie)
