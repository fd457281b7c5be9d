"""Sessions of browsers: a cookie that holds a secret, and the token by which a page shows that it is ours.

The cookie's secret is 256 random bits and stored as a hash, so that nobody who reads the table can be anybody. The
token against forged requests is made of the secret (a synchroniser token without a place of its own): only who has the
cookie's session can have been given it. A visitor who has not signed in has a secret too, that stands for nobody, and
so a token: a log-in can be forged as well.
"""

import base64
import hashlib
import hmac
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from patchbay.core import layout, layout_people, store
from patchbay.core.identity import Identity, caller
from patchbay.domain.base import Entity
from patchbay.domain.errors import Conflict, Forbidden, InvalidInput, RateLimited, Unauthenticated, Unavailable
from patchbay.domain.users import Caller, User, hash_secret
from patchbay.ports import Clock, Delete, Records

LIVES = timedelta(days=30)
RENEWED_AFTER = timedelta(days=1)
"""How old the last sign of life may be before it is written down again."""
BROWSER = "browser"
"""What stands in the place of a key's id where a cookie speaks."""
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_REFUSED = "your session is over; log in again"


class BrowserSession(Entity):
    """What a browser's cookie stands for."""

    tenant_id: str
    began_at: datetime
    ends_at: datetime


def new_secret() -> str:
    """A visitor's secret: 256 random bits."""
    return secrets.token_urlsafe(32)


def is_secret(text: str) -> bool:
    """Whether a cookie's value has the form of a secret."""
    return _SECRET.fullmatch(text) is not None


def form_token(secret: str) -> str:
    """What pages of a session send with whatever changes something. It tells nothing of the secret."""
    digest = hmac.digest(secret.encode(), b"patchbay form token", hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def check_form_token(secret: str, token: str) -> None:
    """Raises `Forbidden` unless the token is the session's."""
    given = token.encode("utf-8", "replace")
    if not is_secret(secret) or not hmac.compare_digest(form_token(secret).encode(), given):
        raise Forbidden("the form is out of date, or did not come from our pages; reload the page and try again")


@dataclass(frozen=True, slots=True)
class Browsers:
    """People who sign in with a browser."""

    records: Records
    clock: Clock
    identity: Identity

    def register(self, email: str, password: str, user_name: str, *, asker: str = "") -> str:
        """A new user, whose session begins; returns the cookie's secret. Raises as `People.register`, `RateLimited`."""
        self.identity.tries.registration(asker)
        user = self.identity.people.register(email, password, user_name)
        if self.identity.verifies:
            with suppress(Conflict, RateLimited, Unavailable):  # it can be asked for again
                self.identity.send_proof(self.identity.sign_in(email, password).access_token)
        return self.begin(user.id)

    def log_in(self, email: str, password: str, *, asker: str = "") -> str:
        """Begin a session; returns the cookie's secret, always a new one. Raises `Unauthenticated`, `RateLimited`.

        `asker`: the network address that asks.
        """
        return self.begin(self.identity.sign_in(email, password, asker=asker).user.id)

    def change_password(self, tenant_id: str, old: str, new: str, *, asker: str = "") -> str:
        """Set a new password, end all sessions, and begin another; returns its secret.

        Raises `InvalidInput` that names `old_password` or `password`, `RateLimited`, `Unavailable`.
        """
        access_token = self._access(tenant_id, old, asker)
        self.identity.change_password(access_token, old, new)
        return self.begin(tenant_id)

    def verify(self, tenant_id: str, password: str, code: str, *, asker: str = "") -> None:
        """Take the code that was mailed to a user. Raises `InvalidInput` that names `old_password` or `code`."""
        access_token = self._access(tenant_id, password, asker)
        self.identity.verify(access_token, self.identity.accounts.user(tenant_id).email, code)

    def send_proof(self, tenant_id: str, password: str, *, asker: str = "") -> None:
        """Mail the code once more. Raises as `verify`, and `Conflict` where none is needed, `RateLimited`."""
        self.identity.send_proof(self._access(tenant_id, password, asker))

    def begin(self, tenant_id: str) -> str:
        """Begin a session of somebody who has shown otherwise who he is."""
        secret, now = new_secret(), self.clock.now()
        session = BrowserSession(tenant_id=tenant_id, began_at=now, ends_at=now + LIVES)
        key = layout_people.browser_key(hash_secret(secret))
        self.records.write(layout.put(key, "browser", session, expires=session.ends_at))
        return secret

    def caller_of(self, secret: str) -> Caller:
        """Who a cookie speaks for. Raises `Unauthenticated`."""
        key = layout_people.browser_key(hash_secret(secret))
        session = store.load(self.records, BrowserSession, key) if is_secret(secret) else None
        now = self.clock.now()
        if session is None or now >= session.ends_at:
            raise Unauthenticated(_REFUSED)
        user = store.load(self.records, User, layout.user_key(session.tenant_id))
        if user is None or (user.sessions_from and session.began_at < user.sessions_from):
            raise Unauthenticated(_REFUSED)
        if session.ends_at - now < LIVES - RENEWED_AFTER:
            self._renew(key, now)
        accounts = self.identity.accounts
        application_id = user.application_id or accounts.applications(user.id)[0].id
        return caller(user, application_id, BROWSER, verifies=self.identity.verifies)

    def log_out(self, secret: str) -> None:
        """End a session at once; nothing happens if it is over."""
        if is_secret(secret):
            self.records.write(Delete(layout_people.browser_key(hash_secret(secret)), expected=None))

    def _access(self, tenant_id: str, password: str, asker: str) -> str:
        """An access token, for what asks for the password once more."""
        email = self.identity.accounts.user(tenant_id).email
        try:
            return self.identity.sign_in(email, password, asker=asker).access_token
        except Unauthenticated:
            raise InvalidInput("the password is wrong", field="old_password") from None

    def _renew(self, key: tuple[str, str], now: datetime) -> None:
        """Who comes back within its time is not asked for a password."""

        def later(session: BrowserSession) -> BrowserSession:
            return session.model_copy(update={"ends_at": max(session.ends_at, now + LIVES)})

        store.change(
            self.records,
            BrowserSession,
            key,
            later,
            lambda session: layout.put(key, "browser", session, expires=session.ends_at),
        )
