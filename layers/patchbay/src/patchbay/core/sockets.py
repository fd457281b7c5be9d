"""Open sockets, and which jobs they listen to.

A socket is opened with a credential, and listens to jobs of its owner's alone. Whoever comes to a job late is told how
it stands: the mark is written before the job is read, so that no change falls between the two.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from patchbay.core import layout, layout_sockets, store
from patchbay.core.accounts import Accounts
from patchbay.core.identity import Identity
from patchbay.core.jobs import Jobs
from patchbay.domain.base import Entity
from patchbay.domain.errors import Conflict, NotFound, Unauthenticated
from patchbay.domain.jobs import Job
from patchbay.domain.users import Caller, hash_secret, is_token
from patchbay.ports import Clock, Delete, Put, Records, SocketWire, Write, WriteConflict

LIVES = timedelta(hours=2)
"""Longest that a socket stays open (API Gateway's quota)."""
TICKET_LIVES = timedelta(minutes=1)
MAX_JOBS = 50
"""Jobs that one socket listens to at once."""
MAX_LISTENERS = 200
"""Sockets that are told of one job."""
MAX_TOKEN_CHARS = 8192
_TICKET = "pbt_"
_REFUSED = "the token is unknown, or its time is over"


class Socket(Entity):
    """One open socket."""

    id: str
    tenant_id: str
    jobs: tuple[str, ...] = ()
    opened_at: datetime

    @property
    def ends_at(self) -> datetime:
        """When it is over at the latest."""
        return self.opened_at + LIVES


class Listener(Entity):
    """That a socket listens."""


class Ticket(Entity):
    """What lets a page open a socket, once."""

    tenant_id: str
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

    def ticket(self, tenant_id: str) -> str:
        """What a page can open a socket with within a minute, so that no key needs to be known to it."""
        secret = _TICKET + secrets.token_urlsafe(32)
        ticket = Ticket(tenant_id=tenant_id, ends_at=self.clock.now() + TICKET_LIVES)
        key = layout_sockets.ticket_key(hash_secret(secret))
        self.records.write(layout.put(key, "ticket", ticket, expires=ticket.ends_at))
        return secret

    def open(self, connection_id: str, token: str) -> Socket:
        """Note an open socket of whom a key, an access token or a ticket stands for. Raises `Unauthenticated`."""
        socket = Socket(id=connection_id, tenant_id=self._owner(token), opened_at=self.clock.now())
        self.records.write(_put(socket))
        return socket

    def close(self, connection_id: str) -> None:
        """Forget a socket and what it listened to; nothing happens if it is not known."""
        if socket := self._load(connection_id):
            marks: list[Write] = [
                Delete(layout_sockets.listener_key(job_id, connection_id), expected=None) for job_id in socket.jobs
            ]
            self.records.write(*marks, Delete(layout_sockets.socket_key(connection_id), expected=None))

    def join(self, connection_id: str, job_id: str) -> Job:
        """Listen to a job. Raises `NotFound`, for another's too, `Unauthenticated`, `Conflict` for too many."""
        socket = self._open(connection_id)
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
        """The sockets that listen to a job."""
        found = self.records.query(layout_sockets.listener_key(job_id, "")[0], limit=MAX_LISTENERS)
        return [stored.sk for stored in found]

    def send(self, connection_id: str, data: bytes) -> None:
        """Send to a socket; one that is gone is forgotten. Raises `Unavailable`."""
        try:
            self.wire.send(connection_id, data)
        except NotFound:
            self.close(connection_id)

    def _owner(self, token: str) -> str:
        if not 0 < len(token) <= MAX_TOKEN_CHARS:
            raise Unauthenticated(_REFUSED)
        if token.startswith(_TICKET):
            return self._redeemed(token)
        caller: Caller = self.identity.caller_of(token) if is_token(token) else self.accounts.authenticate(token)
        caller.require("read")
        return caller.tenant_id

    def _redeemed(self, token: str) -> str:
        key = layout_sockets.ticket_key(hash_secret(token))
        ticket = store.load(self.records, Ticket, key)
        if ticket is None or self.clock.now() >= ticket.ends_at:
            raise Unauthenticated(_REFUSED)
        try:
            self.records.write(Delete(key, expected=ticket.version))
        except WriteConflict:
            raise Unauthenticated(_REFUSED) from None
        return ticket.tenant_id

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
            mark = layout.record(key, "listener", Listener(), expires_at=int(socket.ends_at.timestamp()))
            try:
                self.records.write(_put(changed), Put(mark, None) if listens else Delete(key, None))
            except WriteConflict:
                continue
            return changed
        raise Conflict("too many changes at once; try again")


def _put(socket: Socket) -> Put:
    return layout.put(layout_sockets.socket_key(socket.id), "socket", socket, expires=socket.ends_at)
