"""Who signs in, and for whom an access token speaks.

Passwords and sessions are kept elsewhere, behind a port, under our users' own ids; addresses are ours alone. Tokens are
checked by their signature, and against two things of ours: sessions that were ended, and the moment from which on a
user's sessions count, so that a sign-out or a new password holds at once and not when the last token is over.
"""

import hashlib
import logging
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from patchbay.core import hand_over, layout, layout_people, store
from patchbay.core.accounts import Accounts
from patchbay.core.layout_people import EndedSession, Resetting
from patchbay.core.limits import Quota, RateLimits
from patchbay.core.people import People
from patchbay.core.tries import Tries
from patchbay.domain.base import Entity
from patchbay.domain.errors import Conflict, InvalidInput, RateLimited, Unauthenticated, Unavailable
from patchbay.domain.ids import new_id
from patchbay.domain.people import MAX_PASSWORD_CHARS, checked_password
from patchbay.domain.users import READ, Caller, User, hash_secret, new_pool_suffix, normal_email
from patchbay.ports import Clock, Delete, Grant, Passwords, Proof, Put, Records, Tokens

SESSION_LIVES = timedelta(days=30)
"""Longest that a session can be gone on with; the keeper of the sessions is set up with the same."""
TOKEN_LIVES = timedelta(hours=1)
RESET_REMEMBERED = timedelta(hours=1)
"""How long a reset that came to no end can be gone on with."""
MAX_TOKEN_CHARS = 8192
MAX_CODE_CHARS = 100
CHANGING = timedelta(minutes=2)
"""Longest that the keeper of passwords is waited for, with all tries; no session counts that begins meanwhile."""
CODES, CODES_OF_ASKER = Quota(3, 3600), Quota(20, 3600)
"""Codes mailed to one address, and those that one asker may have mailed."""
SETTLING_S = 0.05
"""By how much the clocks of those who sign tokens may differ from ours."""
_log = logging.getLogger(__name__)
_REFUSED = "the access token is unknown, or its session is over; sign in, or refresh it"
_WRONG = "the e-mail address or the password is wrong"
_OVER = "the refresh token is unknown, or its session is over; sign in"
_REFRESH_TOKEN = re.compile(r"[A-Za-z0-9._=-]+")


class Session(Entity):
    """What somebody has who signed in."""

    access_token: str
    refresh_token: str
    expires_in_s: int
    user: User


@dataclass(frozen=True, slots=True)
class Identity:
    """Sessions of people."""

    records: Records
    clock: Clock
    accounts: Accounts
    people: People
    passwords: Passwords
    tokens: Tokens
    pause: Callable[[float], None] = time.sleep
    verifies: bool = False
    """Whether those who register have to show that their address is theirs, and till then may only look at things."""
    tries_scale: float = 1.0
    """What the bounds of `Tries` are multiplied with."""

    @property
    def tries(self) -> Tries:
        """Counts of passwords and codes that are tried."""
        return Tries(self.records, self.clock, self.tries_scale)

    def sign_in(self, email: str, password: str, *, asker: str | None = None) -> Session:
        """Begin a session. Raises `Unauthenticated`, in the same words whatever is wrong, `RateLimited`.

        `asker`: the network address that asks.
        """
        self.tries.password(email, asker)
        user = self._known(email)
        if not 0 < len(password) <= MAX_PASSWORD_CHARS:
            raise Unauthenticated(_WRONG)
        # Somebody unknown is asked for all the same: the answer would otherwise come sooner.
        try:
            grant = self.passwords.sign_in(user.pool_name if user else _nobody(), password)
        except Unauthenticated:
            raise Unauthenticated(_WRONG) from None
        if user is None:
            raise Unauthenticated(_WRONG)
        return self._session(grant, user.id)

    def refresh(self, refresh_token: str) -> Session:
        """Go on with a session. Raises `Unauthenticated`."""
        grant = self._refreshed(refresh_token)
        return self._session(grant, self.caller_of(grant.access_token).tenant_id)

    def sign_out(self, token: str) -> None:
        """End the session of an access token or a refresh token at once. Raises `Unauthenticated` for neither."""
        try:
            proof = self.tokens.read(_bounded(token))
        except Unauthenticated:
            proof = self.tokens.read(self._refreshed(token).access_token)
            self._end(proof)  # first: once it is revoked, a second try could not get here any more
            self.passwords.revoke(token)
            return
        self._end(proof)

    def change_password(self, access_token: str, old: str, new: str, *, asker: str | None = None) -> Session:
        """Set a new password, end all sessions, and begin another.

        Whatever fails on the way, no session of before counts once the new password is set: first no session at all is
        let count for a while, then the password is changed, then sessions count again from now on. Raises
        `Unauthenticated` for a token that is not good, `InvalidInput` for either password, `RateLimited`; `Unavailable`
        says how to go on.
        """
        user = self.accounts.user(self.caller_of(access_token).tenant_id)
        self._check_new(user, new)
        wrong = InvalidInput("the old password is wrong", field="old_password")
        self.tries.password(user.email, asker)
        # Before anything is written: who mistypes is not to sign out his other devices.
        if not 0 < len(old) <= MAX_PASSWORD_CHARS or not self._is_password(user, old):
            raise wrong
        self._count_sessions_from(user.id, self.clock.now() + CHANGING)
        try:
            self.passwords.change(access_token, old, new)
            self._end_all(user.id)
        except (InvalidInput, RateLimited, Unauthenticated) as error:
            self._count_sessions_from(user.id, user.sessions_from)
            raise wrong from None if isinstance(error, Unauthenticated) else error
        except Unavailable:
            told = "the password may be changed or not, and all sessions are over; sign in again in two minutes"
            raise Unavailable(told) from None
        return self._session(self.passwords.sign_in(user.pool_name, new), user.id)

    def forgot(self, email: str, asker: str = "") -> None:
        """Mail a code to set a new password with. Whether somebody has the address, nobody learns.

        No more are mailed than `CODES`, nor than `CODES_OF_ASKER` for one `asker` (a network address); nobody learns of
        that either.
        """
        user = self._known(email)
        if self._asks_too_often(email, asker):
            return
        try:
            if user is None:
                self.passwords.pretend_code()
            else:
                self.passwords.send_code(user.pool_name, user.email)
        except RateLimited:
            _log.warning("no more codes are mailed for now", extra={"tenant_id": user.id if user else ""})

    def reset(self, email: str, code: str, password: str, *, asker: str | None = None) -> None:
        """Set a new password by a mailed code, and end all sessions; the address is shown to be its user's by that.

        Should it fail after the code was taken, which `Unavailable` says, the same once more ends the sessions. Raises
        `InvalidInput`, `RateLimited`.
        """
        self.tries.password(email, asker)
        user, refused = self._known(email), InvalidInput("the code is wrong, or its time is over", field="code")
        checked_password(password)
        if user is None or not 0 < len(code) <= MAX_CODE_CHARS:
            raise refused
        self._check_new(user, password)
        key, begun = layout_people.reset_key(user.id), Resetting(code_hash=hash_secret(f"{user.id} {code}"))
        before = store.load(self.records, Resetting, key)
        self.records.write(
            Put(layout.record(key, "reset", begun, expires_at=self._in(RESET_REMEMBERED)), expected=None)
        )
        confirmed: dict[str, Any] = {"email_confirmed": True}
        try:
            self.passwords.reset(user.pool_name, code, password)
        except (InvalidInput, RateLimited):
            # The code may be used up by a try that could not end the sessions: who knows the new password goes on. He
            # has not shown that the address is his.
            again = before is not None and before.code_hash == begun.code_hash
            if not again or not self._is_password(user, password):
                self.records.write(Delete(key, expected=None))
                raise
            confirmed = {}
        try:
            self._end_all(user.id, **confirmed)
        except Unavailable:
            raise Unavailable("the new password is set, but sessions may go on; send the same once more") from None
        with suppress(Unavailable):  # by itself, so that an answer that gets lost before leaves the way open
            self.records.write(Delete(key, expected=None))

    def send_proof(self, access_token: str) -> None:
        """Mail the code that shows whose the address is. Raises `Unauthenticated`, `Conflict` where none is needed,
        `RateLimited`.
        """
        user = self.accounts.user(self.caller_of(access_token).tenant_id)
        if not self.verifies:
            raise Conflict("addresses are not verified here")
        if user.email_confirmed:
            raise Conflict("the address is verified already")
        if self._asks_too_often(user.email, ""):
            raise RateLimited("enough codes were mailed for now; try again in an hour", retry_after_s=CODES.window_s)
        self.passwords.send_proof(access_token)

    def verify(self, access_token: str, email: str, code: str) -> User:
        """Take the code that was mailed to a session's user. Repeating it, once it was taken, changes nothing.

        Raises `Unauthenticated`, `InvalidInput` for the code, or an address that is not the user's, `RateLimited`.
        """
        user = self.accounts.user(self.caller_of(access_token).tenant_id)
        if normal_email(email) != user.email:
            raise InvalidInput("this is not the address of who is signed in", field="email")
        if user.email_confirmed:
            return user
        if not self.verifies or not 0 < len(code) <= MAX_CODE_CHARS:
            raise InvalidInput("the code is wrong, or its time is over", field="code")
        self.passwords.prove(access_token, code)
        return self._changed(user.id, {"email_confirmed": True})

    def hand_over(self, refresh_token: str, challenge: str) -> str:
        """A code by which another program gets into this session (see `exchange`); it lives a minute.

        `challenge`: Base64url of the SHA-256 of a verifier that the other program has made up and keeps to itself
        (RFC 7636, S256). Raises `Unauthenticated`, `InvalidInput`.
        """
        session = self.refresh(refresh_token)
        return hand_over.offer(self.records, session.refresh_token, challenge, self.clock.now())

    def exchange(self, code: str, verifier: str) -> Session:
        """The session that a code of `hand_over` stands for, once. Raises `Unauthenticated`."""
        return self.refresh(hand_over.redeem(self.records, code, verifier, self.clock.now()))

    def caller_of(self, access_token: str) -> Caller:
        """Who an access token speaks for. Raises `Unauthenticated`, in the same words whatever is wrong with it."""
        proof = self.tokens.read(_bounded(access_token))
        ended, key = layout_people.ended_key(proof.user_id, proof.session_id), layout.user_key(proof.user_id)
        found = {stored.key: stored for stored in self.records.get_many([key, ended])}
        if ended in found or key not in found:
            raise Unauthenticated(_REFUSED)
        user = layout.entity(User, found[key])
        if user.sessions_from and proof.began_at < user.sessions_from:
            raise Unauthenticated(_REFUSED)
        application_id = user.application_id or self.accounts.applications(user.id)[0].id
        return caller(user, application_id, proof.session_id, verifies=self.verifies)

    def _known(self, email: str) -> User | None:
        try:
            return self.accounts.find_user(email)
        except InvalidInput:
            return None

    def _session(self, grant: Grant, user_id: str) -> Session:
        return Session(
            access_token=grant.access_token,
            refresh_token=grant.refresh_token,
            expires_in_s=grant.expires_in_s,
            user=self.people.by_id(user_id),
        )

    def _refreshed(self, refresh_token: str) -> Grant:
        if not 0 < len(refresh_token) <= MAX_TOKEN_CHARS or not _REFRESH_TOKEN.fullmatch(refresh_token):
            raise Unauthenticated(_OVER)
        try:
            return self.passwords.refresh(refresh_token)
        except Unauthenticated:
            raise Unauthenticated(_OVER) from None

    def _check_new(self, user: User, password: str) -> None:
        checked_password(password, names=(user.email, user.user_name))

    def _end(self, proof: Proof) -> None:
        """End one session. The mark lives as long as a token of it could be had or used."""
        now, key = self.clock.now(), layout_people.ended_key(proof.user_id, proof.session_id)
        until = int((now + SESSION_LIVES + TOKEN_LIVES).timestamp())
        mark = layout.record(key, "ended", EndedSession(at=now), expires_at=until)
        self.records.write(Put(mark, expected=None))

    def _end_all(self, user_id: str, **changes: Any) -> None:
        """End all sessions of a user, and return when the first that counts again can begin.

        Tokens tell the second that their session began in. So sessions count from the next one on. What counts is our
        word: that tokens are refreshed no more where they are made comes on top, and may fail.
        """
        now = self.clock.now()
        start = now.replace(microsecond=0) + timedelta(seconds=1)
        user = self._changed(user_id, {"sessions_from": start, **changes})
        try:
            self.passwords.sign_out(user.pool_name)
        except Unavailable:
            _log.warning("sessions are over, but not where they are kept", extra={"tenant_id": user_id})
        self.pause((start - now).total_seconds() + SETTLING_S)

    def _count_sessions_from(self, user_id: str, start: datetime | None) -> None:
        self._changed(user_id, {"sessions_from": start})

    def _changed(self, user_id: str, changes: Mapping[str, Any]) -> User:
        key = layout.user_key(user_id)
        changed = store.change(
            self.records, User, key, lambda user: user.model_copy(update=dict(changes)), layout.put_user
        )
        if changed is None:
            raise Unauthenticated(_REFUSED)
        return changed

    def _in(self, time: timedelta) -> int:
        return int((self.clock.now() + time).timestamp())

    def _is_password(self, user: User, password: str) -> bool:
        try:
            self.passwords.sign_in(user.pool_name, password)
        except Unauthenticated:
            return False
        return True

    def _asks_too_often(self, email: str, asker: str) -> bool:
        """Count a wish for a code, the same whether somebody has the address or nobody."""
        limits = RateLimits(self.records, self.clock)
        name = hashlib.sha256(email.strip().lower().encode("utf-8", "surrogatepass")).hexdigest()
        counts = [limits.count("codes", f"mail:{name}", CODES)]
        if asker:
            counts.append(limits.count("codes", f"asker:{asker}", CODES_OF_ASKER))
        return any(standing is not None and standing.exceeded for standing in counts)


def caller(user: User, application_id: str, key_id: str, *, verifies: bool) -> Caller:
    """Who signed in; where addresses are to be verified, and his is not, he may only look at things."""
    told = Caller(tenant_id=user.id, application_id=application_id, key_id=key_id, plan=user.plan)
    if user.email_confirmed or not verifies:
        return told
    return told.model_copy(update={"scopes": (READ,), "unconfirmed": True})


def _nobody() -> str:
    """A name that nobody has, of the usual length."""
    return f"{new_id()}.{new_pool_suffix()}"


def _bounded(token: str) -> str:
    if not 0 < len(token) <= MAX_TOKEN_CHARS:
        raise Unauthenticated(_REFUSED)
    return token
