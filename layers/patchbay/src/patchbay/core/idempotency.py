"""Requests that are to be done once, however often they arrive.

A client names a request by a key of its own. What the request makes is written in one transaction with the key's
record, so that a repetition, after a crash or at the same moment, finds the thing and makes no second; the answer is
kept beside it as soon as it was given. The draft "The Idempotency-Key HTTP Header Field" of the IETF has the header.
"""

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from patchbay.core import layout, store
from patchbay.core.budgets import check_budget, is_of_budgets
from patchbay.core.holdings import check_room
from patchbay.domain.base import Entity
from patchbay.domain.errors import Conflict, InvalidInput, Unavailable
from patchbay.ports import AddWithin, Clock, Put, Records, Write, WriteConflict

KEPT = timedelta(hours=24)
MAX_ANSWER_BYTES = 200_000
FIELD = "Idempotency-Key"
UNDER_WAY = "another request with the same key is under way; try again"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class IdempotencyMismatch(Conflict):
    """The key stands for another request."""


class Answered(Entity):
    """An answer as it was given. Answers that hold what is stored nowhere else are not kept."""

    status: int
    headers: dict[str, str] = {}
    body: str = ""
    """Base64."""


class OnceRecord(Entity):
    """What a key stands for."""

    fingerprint: str
    made: str | None = None
    """Id of the thing that the request made."""
    until: datetime | None = None
    """While the thing is being made, if that takes more than one write: when that is over at the latest."""
    answer: Answered | None = None
    created_at: datetime

    def free(self, now: datetime) -> bool:
        """Whether any request may have the key: its day is over, or what was begun under it was given up."""
        return now - self.created_at >= KEPT or (self.made is None and self.answer is None)


@dataclass(frozen=True, slots=True)
class Once:
    """A request that carries a key, on its way through the core."""

    tenant_id: str
    name: str
    fingerprint: str
    made: str | None = None
    """Id of what an earlier arrival of the request made."""
    expected: int = 0
    """Version of the key's record as it was found."""
    until: datetime | None = None
    """When that arrival is over at the latest; None if the thing is whole."""

    def claims(self, made: str, now: datetime, *, until: datetime | None = None) -> tuple[Put, ...]:
        """What to write together with the thing that the request makes.

        With `until` the thing is not whole yet: the same is to be written without it, on `claimed`, when it is.
        """
        claim = OnceRecord(version=self.expected, fingerprint=self.fingerprint, made=made, until=until, created_at=now)
        return (_put(self.tenant_id, self.name, claim),)

    def claimed(self) -> "Once":
        """As it is after its `claims` were written."""
        return replace(self, expected=self.expected + 1)

    def released(self, now: datetime) -> Put:
        """What to write when that which was claimed is given up. The record stays, or versions would come again."""
        return _put(
            self.tenant_id,
            self.name,
            OnceRecord(version=self.expected, fingerprint=self.fingerprint, created_at=now),
        )

    def made_now(self, records: Records) -> str | None:
        """Id of what the key stands for as it is stored now."""
        found = store.load(records, OnceRecord, layout.once_key(self.tenant_id, self.name))
        return found.made if found else None

    def refreshed(self, records: Records) -> "Once":
        """With what a rival of the same key made meanwhile; the same if none did. Raises `IdempotencyMismatch`."""
        found = store.load(records, OnceRecord, layout.once_key(self.tenant_id, self.name))
        if found is None or found.made is None or found.version == self.expected:
            return self
        if found.fingerprint != self.fingerprint:
            raise _mismatch()
        return replace(self, made=found.made, expected=found.version, until=found.until)

    def looked_up(self, records: Records) -> "Once":
        """With what a rival of the same key made just now. Raises `IdempotencyMismatch`, `Conflict` if none did."""
        fresh = self.refreshed(records)
        if fresh is self:
            raise Conflict(UNDER_WAY)
        return fresh


def write_once(
    records: Records, once: Once | None, made: str, now: datetime, *writes: Write, until: datetime | None = None
) -> str:
    """Write a new thing, together with the key of the request that makes it, if it has one.

    `until`: see `Once.claims`. Returns the id of what the request made: `made`, or what a rival with the same key made
    a moment before; then nothing was written. An account's figures may be changed by others at the same moment: then it
    is tried again. Raises `WriteConflict`, `IdempotencyMismatch`, `Conflict`, `Unavailable`, `QuotaExceeded`,
    `BudgetExceeded`.
    """
    shared = [write for write in writes if isinstance(write, AddWithin)]
    for _ in store.attempts():
        try:
            records.write(*writes, *(once.claims(made, now, until=until) if once else ()))
        except WriteConflict:
            if not shared:
                if once is None:
                    raise
                return once.looked_up(records).made or made
            if once and (rival := once.refreshed(records)) is not once:
                return rival.made or made
            for charge in shared:
                (check_budget if is_of_budgets(charge) else check_room)(records, charge)
            continue
        return made
    raise Unavailable("too many changes at once; try again")


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The keys of a tenant's requests."""

    records: Records
    clock: Clock

    def begin(self, tenant_id: str, key: str, fingerprint: str) -> tuple[Once, Answered | None]:
        """A request, and its answer if it was answered before.

        Raises `InvalidInput` for a key of a wrong form, `IdempotencyMismatch` for one that stands for another request.
        """
        if not _KEY.fullmatch(key):
            raise InvalidInput("an idempotency key has 1 to 255 printable characters and no spaces", field=FIELD)
        name = hashlib.sha256(key.encode()).hexdigest()
        found = store.load(self.records, OnceRecord, layout.once_key(tenant_id, name))
        if found is None:
            return Once(tenant_id, name, fingerprint), None
        if found.free(self.clock.now()):
            return Once(tenant_id, name, fingerprint, expected=found.version), None
        if found.fingerprint != fingerprint:
            raise _mismatch()
        return Once(tenant_id, name, fingerprint, found.made, found.version, found.until), found.answer

    def keep(self, once: Once, answer: Answered) -> None:
        """Keep the answer that the request was given. The first one stays."""
        if len(answer.body) > MAX_ANSWER_BYTES:
            return
        key = layout.once_key(once.tenant_id, once.name)

        now = self.clock.now()
        fresh = OnceRecord(fingerprint=once.fingerprint, answer=answer, created_at=now)

        def with_answer(found: OnceRecord) -> OnceRecord:
            if found.free(now):  # the store drops what expired when it finds the time
                return fresh.model_copy(update={"version": found.version})
            same = found.fingerprint == once.fingerprint and found.answer is None
            return found.model_copy(update={"answer": answer}) if same else found

        kept = store.change(self.records, OnceRecord, key, with_answer, lambda r: _put(once.tenant_id, once.name, r))
        if kept is None:  # the request made nothing that was written with the key
            try:
                self.records.write(_put(once.tenant_id, once.name, fresh))
            except WriteConflict:
                return


def _put(tenant_id: str, name: str, found: OnceRecord) -> Put:
    return layout.put(layout.once_key(tenant_id, name), "once", found, expires=found.created_at + KEPT)


def _mismatch() -> IdempotencyMismatch:
    return IdempotencyMismatch(f"this {FIELD} was used for another request; take a new one")
