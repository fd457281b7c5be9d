"""Who signs in, and for whom an access token speaks.

Passwords and sessions are kept elsewhere, behind a port, under our users' own ids; addresses are ours alone. Tokens are
checked by their signature, and against two things of ours: sessions that were ended, and the moment from which on a
user's sessions count, so that a sign-out or a new password holds at once and not when the last token is over.
"""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from patchbay.core import hand_over, layout, layout_people, store
from patchbay.core.accounts import Accounts
from patchbay.core.layout_people import EndedSession
from patchbay.core.people import People
from patchbay.domain.base import Entity
from patchbay.domain.errors import InvalidInput, RateLimited, Unauthenticated
from patchbay.domain.ids import new_id
from patchbay.domain.people import MAX_PASSWORD_CHARS, checked_password
from patchbay.domain.users import Caller, User
from patchbay.ports import Clock, Grant, Passwords, Proof, Put, Records, Tokens

SESSION_LIVES = timedelta(days=30)
"""Longest that a session can be gone on with; the keeper of the sessions is set up with the same."""
TOKEN_LIVES = timedelta(hours=1)
MAX_TOKEN_CHARS = 8192
MAX_CODE_CHARS = 100
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

    def sign_in(self, email: str, password: str) -> Session:
        """Begin a session. Raises `Unauthenticated`, in the same words whatever is wrong."""
        user = self._known(email)
        if not 0 < len(password) <= MAX_PASSWORD_CHARS:
            raise Unauthenticated(_WRONG)
        # Somebody unknown is asked for all the same: the answer would otherwise come sooner.
        try:
            grant = self.passwords.sign_in(user.id if user else new_id(), password)
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

    def change_password(self, access_token: str, old: str, new: str) -> Session:
        """Set a new password, end all sessions, and begin another.

        Raises `Unauthenticated` for a token that is not good, `InvalidInput` for either password, `RateLimited`.
        """
        user = self.accounts.user(self.caller_of(access_token).tenant_id)
        self._check_new(user, new)
        wrong = InvalidInput("the old password is wrong", field="old_password")
        if not 0 < len(old) <= MAX_PASSWORD_CHARS:
            raise wrong
        try:
            self.passwords.change(access_token, old, new)
        except Unauthenticated:
            raise wrong from None
        self._end_all(user.id)
        return self._session(self.passwords.sign_in(user.id, new), user.id)

    def forgot(self, email: str) -> None:
        """Mail a code to set a new password with. Whether somebody has the address, nobody learns."""
        user = self._known(email)
        if user is None:
            return
        try:
            self.passwords.send_code(user.id, user.email)
        except RateLimited:  # which only those can be whom we know; a code is on its way already
            _log.warning("no more codes are mailed for now", extra={"tenant_id": user.id})

    def reset(self, email: str, code: str, password: str) -> None:
        """Set a new password by a mailed code, and end all sessions. Raises `InvalidInput`, `RateLimited`."""
        user, refused = self._known(email), InvalidInput("the code is wrong, or its time is over", field="code")
        checked_password(password)
        if user is None or not 0 < len(code) <= MAX_CODE_CHARS:
            raise refused
        self._check_new(user, password)
        self.passwords.reset(user.id, code, password)
        self._end_all(user.id)

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
        return Caller(tenant_id=user.id, application_id=application_id, key_id=proof.session_id, plan=user.plan)

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

    def _end_all(self, user_id: str) -> None:
        """End all sessions of a user, and return when the first that counts again can begin.

        Tokens tell the second that their session began in. So sessions count from the next one on.
        """
        now = self.clock.now()
        start = now.replace(microsecond=0) + timedelta(seconds=1)
        store.change(
            self.records,
            User,
            layout.user_key(user_id),
            lambda user: user.model_copy(update={"sessions_from": start}),
            layout.put_user,
        )
        self.passwords.sign_out(user_id)
        self.pause((start - now).total_seconds() + SETTLING_S)


def _bounded(token: str) -> str:
    if not 0 < len(token) <= MAX_TOKEN_CHARS:
        raise Unauthenticated(_REFUSED)
    return token
