"""People as the world sees them: registration, public numbers and names, pictures, and who follows whom."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from patchbay.core import images, layout, layout_people, numbers, store
from patchbay.core.accounts import Accounts, first_writes
from patchbay.core.layout_people import Brought, Claimed
from patchbay.core.marks import mark
from patchbay.domain import people as rules
from patchbay.domain.errors import InvalidInput, NotFound, Taken, Unavailable
from patchbay.domain.ids import new_id
from patchbay.domain.users import User, new_pool_suffix, normal_email
from patchbay.ports import Clock, Objects, Passwords, Put, Records, WriteConflict

KIND = "user"
PICTURE_PX = 512
"""Side of a picture as stored."""
MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class People:
    """All users, to each other."""

    records: Records
    clock: Clock
    accounts: Accounts
    passwords: Passwords
    objects: Objects
    pause: Callable[[float], None] = time.sleep

    def register(
        self,
        email: str,
        password: str,
        user_name: str,
        first_name: str = "",
        last_name: str = "",
        referral_code: str = "",
    ) -> User:
        """A new user who can sign in.

        Raises `InvalidInput` that names the field, `Taken` for an address or a user name that somebody has.
        """
        address, name = normal_email(email), rules.checked_user_name(user_name)
        first = rules.checked_real_name(first_name, "first_name")
        last = rules.checked_real_name(last_name, "last_name")
        rules.checked_password(password, names=(address, name))
        user = User(
            id=new_id(),
            email=address,
            name=f"{first} {last}".strip(),
            application_id=new_id(),
            user_name=name,
            first_name=first,
            last_name=last,
            referred_by=self._referrer(referral_code),
            email_confirmed=False,
            pool_suffix=new_pool_suffix(),
            created_at=self.clock.now(),
        )
        self._check_free(user)
        # The password first: should this process die in between, nobody ever learns of what it made, while a user
        # without a password could not register again.
        self.passwords.create(user.pool_name, address, password)
        try:
            return self._stored(user)
        except Taken:
            self.passwords.remove(user.pool_name)
            raise

    def by_number(self, number: int) -> User:
        """The user of a public number. Raises `NotFound`."""
        found = numbers.find(self.records, KIND, number)
        user = store.load(self.records, User, layout.user_key(found.thing_id)) if found else None
        if user is None:
            raise NotFound(f"there is no user {number}")
        return user

    def by_id(self, tenant_id: str) -> User:
        """The user that a tenant is, with a number and a name from now on. Raises `NotFound`."""
        for _ in store.attempts():
            user = self.accounts.user(tenant_id)
            if user.number:
                return user
            number = numbers.new_number()
            named = _numbered(user, number, user.user_name or f"user{number}")
            try:
                self.records.write(layout.put_user(named), *_claims(named))
            except WriteConflict:
                continue
            return named.model_copy(update={"version": user.version + 1})
        raise Unavailable("too many changes at once; try again")

    def by_ids(self, tenant_ids: Sequence[str]) -> list[User]:
        """Those of some users that there are, in that order."""
        found = self.records.get_many([layout.user_key(tenant_id) for tenant_id in tenant_ids])
        users = {user.id: user for user in (layout.entity(User, stored) for stored in found)}
        there = [users[tenant_id] for tenant_id in tenant_ids if tenant_id in users]
        return [user if user.number else self.by_id(user.id) for user in there]

    def follow(self, tenant_id: str, number: int) -> int:
        """Follow a user; returns how many do now. Repeating it changes nothing. Raises `NotFound`, `InvalidInput`."""
        return self._follow(tenant_id, number, wanted=True)

    def unfollow(self, tenant_id: str, number: int) -> int:
        """Follow a user no more; returns how many still do. Repeating it changes nothing. Raises as `follow`."""
        return self._follow(tenant_id, number, wanted=False)

    def followers(self, users: Sequence[User]) -> list[int]:
        """How many follow each of some users."""
        return self.records.counts([layout_people.followers_key(user.id) for user in users]) if users else []

    def followed(self, viewer: str | None, users: Sequence[User]) -> list[bool]:
        """Whether somebody follows each of some users; nobody known follows none."""
        if viewer is None or not users:
            return [False] * len(users)
        keys = [layout_people.follow_key(viewer, user.id) for user in users]
        there = {stored.key for stored in self.records.get_many(keys)}
        return [key in there for key in keys]

    def referred(self, tenant_id: str, *, limit: int, before: str | None = None) -> list[User]:
        """Users whom a user brought, newest first; `before` is the last id of the page before."""
        if not 0 < limit <= MAX_PAGE:
            raise InvalidInput(f"a page has 1 to {MAX_PAGE} users", field="limit")
        partition = layout_people.brought_key(tenant_id, "")[0]
        return self.by_ids([found.sk for found in self.records.query(partition, limit=limit, before=before)])

    def set_picture(self, tenant_id: str, data: bytes) -> User:
        """Give a user a picture. Raises `InvalidInput` for what is no picture, `TooLarge`, `NotFound`."""
        picture = images.checked(data, PICTURE_PX)
        number = numbers.new_number()
        key = rules.picture_key(self.by_id(tenant_id).id, number)
        self.objects.store(key, picture, media_type=images.MEDIA_TYPE)
        replaced = ""

        def pictured(user: User) -> User:
            nonlocal replaced
            replaced = user.picture_key
            return user.model_copy(update={"picture_key": key, "picture_number": number})

        changed = self._changed(tenant_id, pictured)
        if replaced:
            self.objects.delete(replaced)
        return changed

    def set_instagram(self, tenant_id: str, handle: str) -> User:
        """Tell a user's name at Instagram; empty for none. Raises `InvalidInput`, `NotFound`."""
        return self._update(tenant_id, {"instagram": rules.instagram_handle(handle)})

    def set_names(self, tenant_id: str, first_name: str, last_name: str) -> User:
        """Tell a user's real names; empty for none. Raises `InvalidInput`, `NotFound`."""
        first = rules.checked_real_name(first_name, "first_name")
        last = rules.checked_real_name(last_name, "last_name")
        return self._update(tenant_id, {"first_name": first, "last_name": last, "name": f"{first} {last}".strip()})

    def _update(self, tenant_id: str, changes: Mapping[str, Any]) -> User:
        return self._changed(self.by_id(tenant_id).id, lambda user: user.model_copy(update=changes))

    def _changed(self, tenant_id: str, how: Callable[[User], User]) -> User:
        changed = store.change(self.records, User, layout.user_key(tenant_id), how, layout.put_user)
        if changed is None:
            raise NotFound("there is no such user")
        return changed

    def _follow(self, tenant_id: str, number: int, *, wanted: bool) -> int:
        followed = self.by_number(number)
        if followed.id == tenant_id:
            raise InvalidInput("nobody follows himself", field="user_id")
        key, counter = layout_people.follow_key(tenant_id, followed.id), layout_people.followers_key(followed.id)
        mark(self.records, key, counter, "follow", wanted=wanted, pause=self.pause)
        return self.records.counts([counter])[0]

    def _stored(self, user: User) -> User:
        """Store a new user, all of it or nothing. Raises `Taken`."""
        for _ in store.attempts():
            named = _numbered(user, numbers.new_number(), user.user_name)
            brought = layout_people.brought_key(user.referred_by, user.id)
            marks = [layout.put(brought, "brought", Brought(at=user.created_at))] if user.referred_by else []
            try:
                self.records.write(layout.put_user(named), *first_writes(named), *_claims(named), *marks)
            except WriteConflict:  # a rival has the address or the name, or, once in an age, the number or the code
                self._check_free(user)
                continue
            return named.model_copy(update={"version": 1})
        raise Unavailable("too many changes at once; try again")

    def _check_free(self, user: User) -> None:
        """Raises `Taken`."""
        if self.records.get(layout.email_key(user.email)):
            raise Taken("there is a user with this e-mail address already; sign in", field="email")
        if self.records.get(layout_people.user_name_key(user.user_name)):
            raise Taken(f"the user name {user.user_name} is taken; choose another", field="user_name")

    def _referrer(self, code: str) -> str:
        """Id of the user whose referral code it is; empty without a code. Raises `InvalidInput`."""
        if not code.strip():
            return ""
        normal = rules.normal_referral_code(code)
        found = store.load(self.records, Claimed, layout_people.referral_key(normal)) if normal else None
        if found is None:
            raise InvalidInput("nobody has this referral code; leave it out", field="referral_code")
        return found.user_id


def _numbered(user: User, number: int, name: str) -> User:
    return user.model_copy(update={"number": number, "user_name": name, "referral_code": rules.new_referral_code()})


def _claims(user: User) -> tuple[Put, ...]:
    return numbers.claim(KIND, user.number, user.id, user.id), *layout_people.claims(user)
