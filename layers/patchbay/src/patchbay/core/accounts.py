"""Users, applications and API keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from patchbay.core import layout, store
from patchbay.core.idempotency import Once, write_once
from patchbay.core.layout import KeyOfEmail
from patchbay.domain.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unconfirmed,
)
from patchbay.domain.ids import is_id, new_id
from patchbay.domain.users import (
    ALL_SCOPES,
    KEY_PREFIX,
    SCOPES,
    ApiKey,
    Application,
    Caller,
    Plan,
    User,
    hash_secret,
    new_pool_suffix,
    new_secret,
    normal_email,
)
from patchbay.ports import Clock, Put, Records, WriteConflict

DEFAULT_APPLICATION = "Default Application"
MAX_APPLICATIONS = 50
MAX_KEY_CHARS = 256
_MADE = "this request made its key already; its secret cannot be shown again"
_REFUSED = "the API key is missing, unknown, expired or revoked"


@dataclass(frozen=True, slots=True)
class Accounts:
    """Who may do what."""

    records: Records
    clock: Clock

    def ensure_user(self, email: str, name: str = "", *, anyway: bool = False) -> User:
        """The user with that address, made with a default application if there is none.

        Raises `InvalidInput`, and `Unconfirmed` for an account whose owner may be another than the address's, unless
        that is wanted `anyway`.
        """
        address = normal_email(email)
        if found := self.find_user(address):
            if not found.email_confirmed and not anyway:
                raise Unconfirmed(f"who registered with {address} has not shown that the address is theirs")
            return found
        user = self._fresh(address, name)
        try:
            self.records.write(layout.put_user(user), *first_writes(user))
        except WriteConflict:
            faster = self.find_user(address)
            if faster is None:
                raise
            return faster
        return user.model_copy(update={"version": 1})

    def take_over(self, email: str, name: str = "") -> User:
        """A new user with an address that nobody has shown to be his; whoever registered with it keeps all but that.

        Of a confirmed account, or none, as `ensure_user`. Raises `InvalidInput`, `Unavailable`.
        """
        address = normal_email(email)
        for _ in store.attempts():
            old = self.find_user(address)
            if old is None or old.email_confirmed:
                return self.ensure_user(address, name)
            claim = store.load(self.records, KeyOfEmail, layout.email_key(address))
            if claim is None or claim.user_id != old.id:
                continue
            user = self._fresh(address, name)
            # His sessions end with the address; by what he knows of it he cannot begin another.
            left = old.model_copy(update={"email": "", "sessions_from": self.clock.now() + timedelta(seconds=1)})
            moved = layout.put(layout.email_key(address), "email", claim.model_copy(update={"user_id": user.id}))
            try:
                self.records.write(layout.put_user(user), layout.put_user(left), moved, first_writes(user)[1])
            except WriteConflict:
                continue
            return user.model_copy(update={"version": 1})
        raise Unavailable("too many changes at once; try again")

    def _fresh(self, address: str, name: str) -> User:
        return User(
            id=new_id(),
            email=address,
            name=name,
            application_id=new_id(),
            pool_suffix=new_pool_suffix(),
            created_at=self.clock.now(),
        )

    def find_user(self, email: str) -> User | None:
        """The user with that address, or None."""
        claim = store.load(self.records, KeyOfEmail, layout.email_key(normal_email(email)))
        return store.load(self.records, User, layout.user_key(claim.user_id)) if claim else None

    def user(self, tenant_id: str) -> User:
        """The user that a tenant is. Raises `NotFound`."""
        found = store.load(self.records, User, layout.user_key(tenant_id))
        if found is None:
            raise NotFound("the key's user is gone")
        return found

    def applications(self, tenant_id: str) -> list[Application]:
        """A tenant's applications, oldest first."""
        found = self.records.query(layout.application_key(tenant_id, "")[0], limit=100, ascending=True)
        return [layout.entity(Application, stored) for stored in found]

    def application(self, caller: Caller) -> Application:
        """The application that a caller's key belongs to. Raises `NotFound`."""
        key = layout.application_key(caller.tenant_id, caller.application_id)
        if found := store.load(self.records, Application, key):
            return found
        raise NotFound("the key's application is gone")

    def create_application(self, tenant_id: str, name: str, once: Once | None = None) -> Application:
        """One more application. Raises `TooLarge` for one too many."""
        if once and once.made:
            return self.application_of(tenant_id, once.made)
        if len(self.applications(tenant_id)) >= MAX_APPLICATIONS:
            raise TooLarge(f"there can be {MAX_APPLICATIONS} applications at most")
        made = Application(id=new_id(), tenant_id=tenant_id, name=name, created_at=self.clock.now())
        written = write_once(self.records, once, made.id, made.created_at, layout.put_application(made))
        return made.model_copy(update={"version": 1}) if written == made.id else self.application_of(tenant_id, written)

    def application_of(self, tenant_id: str, application_id: str) -> Application:
        """A tenant's application. Raises `NotFound`."""
        key = layout.application_key(tenant_id, application_id)
        found = store.load(self.records, Application, key) if is_id(application_id) else None
        if found is None:
            raise NotFound(f"there is no application {application_id}")
        return found

    def rename_application(self, tenant_id: str, application_id: str, name: str) -> Application:
        """Give an application another name. Raises `NotFound`."""
        key = layout.application_key(tenant_id, application_id)
        changed = store.change(
            self.records, Application, key, lambda a: a.model_copy(update={"name": name}), layout.put_application
        )
        if changed is None:
            raise NotFound(f"there is no application {application_id}")
        return changed

    def key(self, tenant_id: str, key_id: str) -> ApiKey:
        """A tenant's key. Raises `NotFound`."""
        key = store.load(self.records, ApiKey, layout.api_key_key(tenant_id, key_id)) if is_id(key_id) else None
        if key is None:
            raise NotFound(f"there is no key {key_id}")
        return key

    def set_plan(self, tenant_id: str, plan: Plan) -> User:
        """Put a user on a plan, and with him his keys. Raises `NotFound`, `Conflict`; repeating it is safe."""
        key = layout.user_key(tenant_id)
        user = store.change(self.records, User, key, lambda u: u.model_copy(update={"plan": plan}), layout.put_user)
        if user is None:
            raise NotFound("there is no such user")
        before: str | None = None
        while page := self.keys(tenant_id, limit=100, before=before):
            before = page[-1].id
            for each in page:
                if each.plan != plan:
                    self._write(*layout.put_api_key(each.model_copy(update={"plan": plan})))
        return user

    def rotate_key(
        self, tenant_id: str, key_id: str, *, keep_old_for: timedelta = timedelta(), once: Once | None = None
    ) -> tuple[ApiKey, str]:
        """A new key like an old one, which ends after `keep_old_for`.

        Raises `NotFound`, and `Conflict` if it has ended or the request made its key before.
        """
        if once and once.made:
            raise Conflict(_MADE)
        old, now = self.key(tenant_id, key_id), self.clock.now()
        if not old.usable(now):
            raise Conflict(f"key {key_id} has ended; make a new one")
        fresh, secret = self._new_key(old.tenant_id, old.application_id, old.name, old.scopes, old.expires_at, old.plan)
        until = now + keep_old_for
        ends = min(until, old.expires_at) if old.expires_at else until
        changes = {"expires_at": ends} if keep_old_for else {"revoked_at": now}
        claims = once.claims(fresh.id, now) if once else ()
        self._write(*layout.put_api_key(fresh), *layout.put_api_key(old.model_copy(update=changes)), *claims)
        return fresh, secret

    def _new_key(
        self,
        tenant_id: str,
        application_id: str,
        name: str,
        scopes: Sequence[str],
        expires_at: datetime | None,
        plan: Plan,
    ) -> tuple[ApiKey, str]:
        secret = new_secret()
        key = ApiKey(
            id=new_id(),
            tenant_id=tenant_id,
            application_id=application_id,
            name=name,
            prefix=secret[: len(KEY_PREFIX) + 6],
            secret_hash=hash_secret(secret),
            scopes=tuple(scopes),
            plan=plan,
            created_at=self.clock.now(),
            expires_at=expires_at,
        )
        return key, secret

    def create_key(
        self,
        application: Application,
        *,
        name: str = "",
        scopes: Sequence[str] = (ALL_SCOPES,),
        expires_at: datetime | None = None,
        once: Once | None = None,
    ) -> tuple[ApiKey, str]:
        """A new key and its secret, which is nowhere else and cannot be shown again. Raises `InvalidInput`, and
        `Conflict` for a request that made its key before, the secret of which is gone.
        """
        if once and once.made:
            raise Conflict(_MADE)
        if expires_at is not None and expires_at <= self.clock.now():
            raise InvalidInput("that time is over already", field="expires_at")
        if unknown := [scope for scope in scopes if scope not in {ALL_SCOPES, *SCOPES}]:
            raise InvalidInput(f"there is no scope {unknown[0]!r}; there are: {', '.join(SCOPES)}", field="scopes")
        plan = self.user(application.tenant_id).plan
        key, secret = self._new_key(application.tenant_id, application.id, name, scopes, expires_at, plan)
        claims = once.claims(key.id, key.created_at) if once else ()
        self._write(*layout.put_api_key(key), *claims)
        return key, secret

    def keys(self, tenant_id: str, *, limit: int = 1000, before: str | None = None) -> list[ApiKey]:
        """A tenant's keys, newest first, revoked ones included; `before` is the last id of the page before."""
        found = self.records.query(layout.api_key_key(tenant_id, "")[0], limit=limit, before=before)
        return [layout.entity(ApiKey, stored) for stored in found]

    def revoke_key(self, tenant_id: str, key_id: str) -> ApiKey:
        """End a key at once. Raises `NotFound`. Repeating it changes nothing."""
        key = self.key(tenant_id, key_id)
        if key.revoked_at is None:
            key = key.model_copy(update={"revoked_at": self.clock.now()})
            self._write(*layout.put_api_key(key))
        return key

    def _write(self, *writes: Put) -> None:
        try:
            self.records.write(*writes)
        except WriteConflict:
            raise Conflict("another request changed the same key at the same moment; look, and try again") from None

    def authenticate(self, secret: str) -> Caller:
        """Who a key speaks for. Raises `Unauthenticated`, in the same words whatever is wrong with it."""
        if not secret or len(secret) > MAX_KEY_CHARS:
            raise Unauthenticated(_REFUSED)
        key = store.load(self.records, ApiKey, layout.secret_key(hash_secret(secret)))
        if key is None or not key.matches(secret) or not key.usable(self.clock.now()):
            raise Unauthenticated(_REFUSED)
        return Caller(
            tenant_id=key.tenant_id,
            application_id=key.application_id,
            key_id=key.id,
            scopes=key.scopes,
            plan=key.plan,
        )


def first_writes(user: User) -> tuple[Put, Put]:
    """What is written together with a new user: the claim of his address, and his first application."""
    first = Application(id=user.application_id, tenant_id=user.id, name=DEFAULT_APPLICATION, created_at=user.created_at)
    claim = layout.put(layout.email_key(user.email), "email", KeyOfEmail(user_id=user.id))
    return claim, layout.put_application(first)
