"""Open sockets, and which jobs they listen to.

A socket is opened with a credential, and listens to jobs of its owner's alone. It is told of nothing any more once that
credential is revoked or over, whichever it was. Whoever comes to a job late is told how it stands: the mark is written
before the job is read, so that no change falls between the two.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from patchbay.core import layout, layout_people, layout_sockets, store
from patchbay.core.accounts import Accounts
from patchbay.core.browsers import BrowserSession
from patchbay.core.identity import Identity
from patchbay.core.jobs import Jobs
from patchbay.core.limits import Quota, RateLimits
from patchbay.domain.base import Entity
from patchbay.domain.errors import Conflict, NotFound, RateLimited, Unauthenticated, Unavailable
from patchbay.domain.jobs import Job
from patchbay.domain.users import ApiKey, Caller, User, hash_secret, is_token
from patchbay.ports import Clock, Delete, Key, Put, Record, Records, SocketWire, Write, WriteConflict

LIVES = timedelta(hours=2)
"""Longest that a socket stays open (API Gateway's quota)."""
TICKET_LIVES = timedelta(minutes=1)
MAX_JOBS = 50
"""Jobs that one socket listens to at once."""
MAX_LISTENERS = 200
"""Sockets that are told of one job."""
JOINS = Quota(60, 60)
"""How often one user may join, over all of his sockets."""
MAX_TOKEN_CHARS = 8192
_TICKET = "pbt_"
_REFUSED = "the token is unknown, or its time is over"


class Opener(Entity):
    """Who opened a socket, and by what, so that it can be looked up whether that is still good."""

    tenant_id: str
    key_id: str = ""
    """The API key, or the session of an access token."""
    browser_hash: str = ""
    """Hash of the cookie's secret, where it was a browser's session."""
    at: datetime


class Socket(Entity):
    """One open socket."""

    id: str
    opener: Opener
    jobs: tuple[str, ...] = ()
    opened_at: datetime

    @property
    def tenant_id(self) -> str:
        """Whose it is."""
        return self.opener.tenant_id

    @property
    def ends_at(self) -> datetime:
        """When it is over at the latest."""
        return self.opened_at + LIVES


class Listener(Entity):
    """That a socket listens."""

    opener: Opener


class Ticket(Entity):
    """What lets a page open a socket, once."""

    opener: Opener
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Sockets:
    """Sockets of all tenants."""

    records: Records
    clock: Clock
    accounts: Accounts
    identity: Identity
    jobs: Jobs
    wire: SocketWire

    def ticket(self, tenant_id: str, *, key_id: str = "", browser: str = "") -> str:
        """What a page can open a socket with within a minute, so that no key needs to be known to it.

        `key_id`: the key or session of who asks; `browser`: the secret of his cookie, if he asks with one. The socket
        lives no longer than these.
        """
        secret, now = _TICKET + secrets.token_urlsafe(32), self.clock.now()
        opener = Opener(
            tenant_id=tenant_id, key_id=key_id, browser_hash=hash_secret(browser) if browser else "", at=now
        )
        ticket = Ticket(opener=opener, ends_at=now + TICKET_LIVES)
        key = layout_sockets.ticket_key(hash_secret(secret))
        self.records.write(layout.put(key, "ticket", ticket, expires=ticket.ends_at))
        return secret

    def open(self, connection_id: str, token: str) -> Socket:
        """Note an open socket of whom a key, an access token or a ticket stands for. Raises `Unauthenticated`."""
        socket = Socket(id=connection_id, opener=self._opener(token), opened_at=self.clock.now())
        self.records.write(_put(socket))
        return socket

    def close(self, connection_id: str) -> None:
        """Forget a socket and what it listened to; nothing happens if it is not known. Raises `Unavailable`."""
        for _ in store.attempts():
            socket = self._load(connection_id)
            if socket is None:
                return
            marks: list[Write] = [
                Delete(layout_sockets.listener_key(job_id, connection_id), expected=None) for job_id in socket.jobs
            ]
            try:
                self.records.write(*marks, Delete(layout_sockets.socket_key(connection_id), expected=socket.version))
            except WriteConflict:  # it joins at this moment, or another closes it too
                continue
            return
        raise Unavailable("too many changes at once; try again")

    def join(self, connection_id: str, job_id: str) -> Job:
        """Listen to a job.

        Raises `NotFound`, for another's too, `Unauthenticated`, `Conflict` for too many jobs, `RateLimited`.
        """
        socket = self._open(connection_id)
        standing = RateLimits(self.records, self.clock).count("sockets", f"joins:{socket.tenant_id}", JOINS)
        if standing and standing.exceeded:
            told = f"{JOINS.requests} joins in {JOINS.window_s} s are taken; try again in {standing.wait_s} s"
            raise RateLimited(told, retry_after_s=standing.wait_s)
        if not self._good(socket.opener)[0]:
            self.close(connection_id)
            raise Unauthenticated("what the socket was opened with is not good any more; open another")
        self.jobs.get(socket.tenant_id, job_id)
        if job_id not in socket.jobs:
            socket = self._change(connection_id, job_id, listens=True)
        return self.jobs.get(socket.tenant_id, job_id)

    def leave(self, connection_id: str, job_id: str) -> None:
        """Listen no more. Raises `Unauthenticated`."""
        if job_id in self._open(connection_id).jobs:
            self._change(connection_id, job_id, listens=False)

    def listens(self, connection_id: str, job_id: str) -> bool:
        """Whether a socket listens to a job."""
        socket = self._load(connection_id)
        return socket is not None and job_id in socket.jobs

    def listeners(self, job_id: str) -> Sequence[str]:
        """The sockets that listen to a job. Those that were opened with what is not good any more are forgotten."""
        found = self.records.query(layout_sockets.listener_key(job_id, "")[0], limit=MAX_LISTENERS)
        good = self._good(*(layout.entity(Listener, stored).opener for stored in found))
        for stored, is_good in zip(found, good, strict=True):
            if not is_good:
                self._forget(stored.sk, job_id)
        return [stored.sk for stored, is_good in zip(found, good, strict=True) if is_good]

    def send(self, connection_id: str, data: bytes, *, job_id: str = "") -> None:
        """Send to a socket, of a job that it listens to; one that is gone is forgotten. Raises `Unavailable`."""
        try:
            self.wire.send(connection_id, data)
        except NotFound:
            self._forget(connection_id, job_id)

    def _forget(self, connection_id: str, job_id: str) -> None:
        """Close a socket; a mark that its record does not know of goes too, or it would be found at each event."""
        self.close(connection_id)
        if job_id:
            self.records.write(Delete(layout_sockets.listener_key(job_id, connection_id), expected=None))

    def _good(self, *openers: Opener) -> list[bool]:
        """Of each whether what it opened a socket with is still good, by one read of all."""
        keys = list(dict.fromkeys(key for opener in openers for key in _looked_up(opener)))
        found = {stored.key: stored for stored in self.records.get_many(keys)} if keys else {}
        return [_is_good(opener, found, self.clock.now()) for opener in openers]

    def _opener(self, token: str) -> Opener:
        if not 0 < len(token) <= MAX_TOKEN_CHARS:
            raise Unauthenticated(_REFUSED)
        if token.startswith(_TICKET):
            return self._redeemed(token)
        caller: Caller = self.identity.caller_of(token) if is_token(token) else self.accounts.authenticate(token)
        caller.require("read")
        return Opener(tenant_id=caller.tenant_id, key_id=caller.key_id, at=self.clock.now())

    def _redeemed(self, token: str) -> Opener:
        key = layout_sockets.ticket_key(hash_secret(token))
        ticket = store.load(self.records, Ticket, key)
        if ticket is None or self.clock.now() >= ticket.ends_at:
            raise Unauthenticated(_REFUSED)
        try:
            self.records.write(Delete(key, expected=ticket.version))
        except WriteConflict:
            raise Unauthenticated(_REFUSED) from None
        if not self._good(ticket.opener)[0]:
            raise Unauthenticated(_REFUSED)
        return ticket.opener

    def _load(self, connection_id: str) -> Socket | None:
        return store.load(self.records, Socket, layout_sockets.socket_key(connection_id))

    def _open(self, connection_id: str) -> Socket:
        socket = self._load(connection_id)
        if socket is None or self.clock.now() >= socket.ends_at:
            raise Unauthenticated("the socket is over; open another")
        return socket

    def _change(self, connection_id: str, job_id: str, *, listens: bool) -> Socket:
        """Write what a socket listens to, with the job's mark of it."""
        for _ in store.attempts():
            socket = self._open(connection_id)
            rest = tuple(each for each in socket.jobs if each != job_id)
            if listens and len(rest) >= MAX_JOBS:
                raise Conflict(f"a socket listens to {MAX_JOBS} jobs at most; leave one, or open another")
            changed = socket.model_copy(update={"jobs": (*rest, job_id) if listens else rest})
            key = layout_sockets.listener_key(job_id, connection_id)
            mark = layout.record(
                key, "listener", Listener(opener=socket.opener), expires_at=int(socket.ends_at.timestamp())
            )
            try:
                self.records.write(_put(changed), Put(mark, None) if listens else Delete(key, None))
            except WriteConflict:
                continue
            return changed
        raise Conflict("too many changes at once; try again")


def _put(socket: Socket) -> Put:
    return layout.put(layout_sockets.socket_key(socket.id), "socket", socket, expires=socket.ends_at)


def _looked_up(opener: Opener) -> list[Key]:
    """Keys of all that tells whether an opener is still good."""
    keys = [layout.user_key(opener.tenant_id)]
    if opener.browser_hash:
        keys.append(layout_people.browser_key(opener.browser_hash))
    if opener.key_id:
        keys.append(layout.api_key_key(opener.tenant_id, opener.key_id))
        keys.append(layout_people.ended_key(opener.tenant_id, opener.key_id))
    return keys


def _is_good(opener: Opener, found: Mapping[Key, Record], now: datetime) -> bool:
    if opener.key_id:
        if stored := found.get(layout.api_key_key(opener.tenant_id, opener.key_id)):
            return layout.entity(ApiKey, stored).usable(now)
        if layout_people.ended_key(opener.tenant_id, opener.key_id) in found:
            return False
    if opener.browser_hash:
        session = found.get(layout_people.browser_key(opener.browser_hash))
        if session is None or now >= layout.entity(BrowserSession, session).ends_at:
            return False
    stored = found.get(layout.user_key(opener.tenant_id))
    if stored is None:
        return False
    sessions_from = layout.entity(User, stored).sessions_from
    return sessions_from is None or opener.at >= sessions_from
