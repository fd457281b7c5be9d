"""Erasing a person: every item and object that is theirs goes, and nothing of anybody else's.

It can die anywhere and be begun again: what says who the person is goes last, and things go after all that is found by
them. What the stage itself writes about things
that go (the search index, events) is found by another walk, until one finds nothing.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from patchbay.core import layout, layout_library, layout_models, layout_people, store
from patchbay.core.belongings import Belongings, Belongs
from patchbay.core.jobs import Jobs
from patchbay.core.marks import mark
from patchbay.domain.base import Entity
from patchbay.domain.errors import Conflict, NotFound, Unavailable
from patchbay.domain.ids import new_id
from patchbay.domain.jobs import Job
from patchbay.domain.steps import Step, StepState
from patchbay.domain.users import ApiKey, User
from patchbay.ports import AddWithin, Clock, Delete, Inventory, Item, Key, Passwords, Records, WriteConflict

NOBODY = "00000000-0000-7000-8000-000000000000"
"""Stands for an erased person in what is others'."""
ROUNDS = 10
SETTLES_S = 5.0
"""What a stage's followers (index, events) take to tell of what went, or a little more."""
LEASES_END_S = 120.0
LETS_GO = timedelta(minutes=15)
"""So long after a job's end a worker may still be at it: it may have been cancelled a moment ago."""
_LAST = frozenset({"USERS", "EMAILS"})
_log = logging.getLogger(__name__)


class Erased(Entity):
    """That somebody was erased, and how much of it; nothing of who it was."""

    items: int
    objects: int
    size_bytes: int
    at: datetime


@dataclass
class Found:
    """What is a person's, or was."""

    items: Counter[str] = field(default_factory=Counter)
    """By kind of partition."""
    mentions: int = 0
    """Items of others that name the person."""
    objects: int = 0
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Erasure:
    """Erases people."""

    records: Records
    inventory: Inventory
    passwords: Passwords
    jobs: Jobs
    clock: Clock
    pause: Callable[[float], None] = time.sleep

    def look(self, tenant_id: str) -> Found:
        """What would go."""
        found, belongings = Found(), self._belongings(tenant_id)
        for item in self.inventory.items():
            how = belongings.of(item)
            if how is Belongs.OWN:
                found.items[item.pk.partition("#")[0]] += 1
            found.mentions += how is Belongs.MENTIONS
        for place in belongings.places():
            for each in self.inventory.objects(place):
                found.objects += 1
                found.size_bytes += each.size_bytes
        return found

    def erase(self, tenant_id: str, told: Callable[[str], None] = lambda what: None) -> Found:
        """Erase a user, and tell what is being done. Raises `NotFound`; `Unavailable` if it has to be begun again."""
        user = store.load(self.records, User, layout.user_key(tenant_id))
        if user is None:
            raise NotFound("there is no such user")
        told("closing the account")
        self._close(user)
        belongings = self._belongings(tenant_id)
        told("ending what is under way")
        self._end_jobs(tenant_id)
        found = Found()
        for number in range(1, ROUNDS + 1):
            told(f"removing, round {number}")
            if not self._round(belongings, found):
                break
            self.pause(SETTLES_S)
            for item in self.inventory.items():  # things that were made meanwhile
                belongings.see(item)
        else:
            raise Unavailable("there is always something new; look for what still writes, then begin again")
        self._finish(user, found)
        return found

    def _belongings(self, tenant_id: str) -> Belongings:
        found = Belongings(tenant_id)
        for item in self.inventory.items():
            found.see(item)
        return found

    def _close(self, user: User) -> None:
        """Nobody gets in any more: no password, no key, no session."""
        self.passwords.remove(user.pool_name)
        now = self.clock.now()
        store.change(
            self.records,
            User,
            layout.user_key(user.id),
            lambda u: u.model_copy(update={"sessions_from": now}),
            layout.put_user,
        )
        keys = [layout.secret_key(key.secret_hash) for page in self._pages_of_keys(user.id) for key in page]
        self.inventory.drop(keys)

    def _pages_of_keys(self, tenant_id: str) -> Iterator[list[ApiKey]]:
        before: str | None = None
        while page := self.records.query(layout.api_key_key(tenant_id, "")[0], limit=100, before=before):
            before = page[-1].sk
            yield [layout.entity(ApiKey, stored) for stored in page]

    def _end_jobs(self, tenant_id: str) -> None:
        """Cancel what is not over, and wait until no worker has a step of it: what it stores would stay."""
        left: list[str] = []
        since = self.clock.now() - LETS_GO
        before: str | None = None
        while page := self.records.query(layout.job_key(tenant_id, "")[0], limit=100, before=before):
            before = page[-1].sk
            for job in (layout.entity(Job, stored) for stored in page):
                if not job.state.terminal:
                    with suppress(Conflict, NotFound):
                        self.jobs.cancel(tenant_id, job.id)
                if job.completed_at is None or job.completed_at > since:
                    left.append(job.id)
        waited_s = 0.0
        while left and waited_s < LEASES_END_S:
            left = [job_id for job_id in left if self._in_hand(job_id)]
            if left:
                self.pause(SETTLES_S)
                waited_s += SETTLES_S
        if left:
            raise Unavailable(f"a worker still has job {left[0]} in hand; end it, then begin again")

    def _in_hand(self, job_id: str) -> bool:
        now = self.clock.now()
        steps = (layout.entity(Step, r) for r in self.records.query(layout.step_key(job_id, 0)[0], limit=100))
        return any(s.state is StepState.LEASED and s.leased_until is not None and s.leased_until > now for s in steps)

    def _round(self, belongings: Belongings, found: Found) -> bool:
        """Remove what there is; whether there was anything."""
        before = found.items.total(), found.mentions, found.objects
        for place in belongings.places():
            self.inventory.drop_objects(self._counted(found, place))
        things: list[Key] = []
        self.inventory.drop(self._dropped(belongings, found, things))
        self.inventory.drop(things)
        return before != (found.items.total(), found.mentions, found.objects)

    def _counted(self, found: Found, place: str) -> Iterator[str]:
        for each in self.inventory.objects(place):
            found.objects += 1
            found.size_bytes += each.size_bytes
            yield each.key

    def _dropped(self, belongings: Belongings, found: Found, things: list[Key]) -> Iterator[Key]:
        """Keys of what is to go; those that are to go after it are added to `things`.

        Marks that somebody else's counter counts go here, and mentions are blotted out.
        """
        for item in self.inventory.items():
            how = belongings.of(item)
            kind = item.pk.partition("#")[0]
            if how is Belongs.MENTIONS and self.inventory.swap(item, _blotted(item, belongings.tenant_id)):
                found.mentions += 1
            if how is not Belongs.OWN or kind in _LAST:
                continue
            found.items[kind] += 1
            if kind == "COSTS":
                self._kept_for_the_stage(item, belongings.tenant_id)
            elif item.pk.endswith(f"#{belongings.tenant_id}") and (counter := _counter(kind, item.sk)):
                mark(self.records, item.key, counter, kind.lower(), wanted=False, pause=self.pause)
            elif belongings.finds_others(item):
                things.append(item.key)
            else:
                yield item.key

    def _kept_for_the_stage(self, item: Item, tenant_id: str) -> None:
        """What was spent stays spent: it becomes nobody's, once. What was changed or taken meanwhile the next round
        looks at again.
        """
        amounts = {name: int(value) for name, value in item.fields.items() if not isinstance(value, str)}
        others = item.pk, item.sk.replace(tenant_id, NOBODY)
        with suppress(WriteConflict):
            self.records.write(AddWithin(others, amounts), Delete(item.key, expected=None, figures=amounts))

    def _finish(self, user: User, found: Found) -> None:
        """The last that says who it was goes, and that it did is noted."""
        now = self.clock.now()
        note = Erased(items=found.items.total(), objects=found.objects, size_bytes=found.size_bytes, at=now)
        last: Iterable[Key] = [layout.user_key(user.id), *([layout.email_key(user.email)] if user.email else [])]
        self.records.write(
            *(Delete(key, expected=None) for key in last), layout.put(("ERASED", new_id()), "erased", note)
        )
        _log.info("a user was erased", extra={"items": note.items, "objects": note.objects})


def _counter(kind: str, sort_key: str) -> Key | None:
    """What counts a mark of that kind."""
    if kind == "LIKES":
        return layout_library.likes_key(sort_key)
    if kind == "FOLLOWS":
        return layout_people.followers_key(sort_key)
    return layout_models.likes_key(int(sort_key)) if kind == "GENERATORLIKES" else None


def _blotted(item: Item, tenant_id: str) -> Item:
    fields = {n: v.replace(tenant_id, NOBODY) if isinstance(v, str) else v for n, v in item.fields.items()}
    return Item(item.pk, item.sk, fields)
