"""Registered webhook endpoints, and the secrets that notices are signed with.

Where the stage has a key for its vault, the secrets lie sealed in the table. What was put there before it had one, or
under an older one, is sealed anew when it is next used.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from patchbay.core import layout, store
from patchbay.core.idempotency import Once, write_once
from patchbay.core.vault import Vault
from patchbay.domain.errors import Conflict, FetchRefused, InvalidInput, NotFound, TooLarge, Unavailable
from patchbay.domain.ids import is_id, new_id
from patchbay.domain.webhooks import (
    EVENT_TYPES,
    MAX_EARLIER,
    SECRET_PREFIX,
    TERMINAL_EVENTS,
    Endpoint,
    SigningSecret,
    new_signing_secret,
)
from patchbay.ports import Clock, Delete, Put, Records, Web, WriteConflict

MAX_ENDPOINTS = 20
_WILDCARDS = ("*", "job.*", "asset.*", "budget.*")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """A tenant's receivers."""

    records: Records
    web: Web
    clock: Clock
    vault: Vault = field(default_factory=lambda: Vault(()))

    def create(
        self,
        tenant_id: str,
        url: str,
        events: Sequence[str] = TERMINAL_EVENTS,
        description: str = "",
        once: Once | None = None,
    ) -> tuple[Endpoint, str]:
        """Register a receiver; it gets a secret of its own. Raises `InvalidInput`, `TooLarge` for one too many."""
        if once and once.made:
            endpoint = self.get(tenant_id, once.made)
            return endpoint, self._secret(tenant_id, endpoint.id).current
        self._check(url, events)
        if len(self.list(tenant_id)) >= MAX_ENDPOINTS:
            raise TooLarge(f"there can be {MAX_ENDPOINTS} webhook endpoints at most; delete one first")
        now, secret = self.clock.now(), new_signing_secret()
        endpoint = Endpoint(
            id=new_id(), tenant_id=tenant_id, url=url, events=tuple(events), description=description, created_at=now
        )
        writes = [layout.put_endpoint(endpoint), self._put(tenant_id, endpoint.id, SigningSecret(current=secret))]
        made = write_once(self.records, once, endpoint.id, now, *writes)
        if made != endpoint.id:
            return self.get(tenant_id, made), self._secret(tenant_id, made).current
        return endpoint.model_copy(update={"version": 1}), secret

    def list(self, tenant_id: str) -> list[Endpoint]:
        """A tenant's endpoints, oldest first."""
        found = self.records.query(layout.endpoint_key(tenant_id, "")[0], limit=MAX_ENDPOINTS * 2, ascending=True)
        return [layout.entity(Endpoint, stored) for stored in found]

    def get(self, tenant_id: str, endpoint_id: str) -> Endpoint:
        """An endpoint. Raises `NotFound`."""
        key = layout.endpoint_key(tenant_id, endpoint_id)
        found = store.load(self.records, Endpoint, key) if is_id(endpoint_id) else None
        if found is None:
            raise NotFound(f"there is no webhook endpoint {endpoint_id}")
        return found

    def change(
        self,
        tenant_id: str,
        endpoint_id: str,
        *,
        url: str | None = None,
        events: Sequence[str] | None = None,
        description: str | None = None,
        enabled: bool | None = None,
    ) -> Endpoint:
        """Change what is given; `enabled` brings a disabled endpoint back. Raises `InvalidInput`, `NotFound`."""
        old = self.get(tenant_id, endpoint_id)
        self._check(url or old.url, events if events is not None else old.events)
        changes: dict[str, object] = {
            name: value
            for name, value in {"url": url, "events": events and tuple(events), "description": description}.items()
            if value is not None
        }
        if enabled is True:
            changes |= {"disabled_at": None, "disabled_reason": None}
        elif enabled is False and old.disabled_at is None:
            changes |= {"disabled_at": self.clock.now(), "disabled_reason": "switched off by its owner"}
        return self._change(tenant_id, endpoint_id, changes)

    def disable(self, tenant_id: str, endpoint_id: str, reason: str) -> None:
        """Send nothing there any more, until its owner switches it on again."""
        try:
            if self.get(tenant_id, endpoint_id).disabled_at is None:
                self._change(tenant_id, endpoint_id, {"disabled_at": self.clock.now(), "disabled_reason": reason})
        except NotFound:
            return

    def delete(self, tenant_id: str, endpoint_id: str) -> None:
        """Forget an endpoint and its secret. Raises `NotFound`."""
        self.get(tenant_id, endpoint_id)
        keys = layout.endpoint_key(tenant_id, endpoint_id), layout.signing_key(tenant_id, endpoint_id)
        self.records.write(*(Delete(key, expected=None) for key in keys))

    def endpoint_secret(self, tenant_id: str, endpoint_id: str) -> SigningSecret:
        """The secret of an endpoint. Raises `NotFound`."""
        self.get(tenant_id, endpoint_id)
        return self._secret(tenant_id, endpoint_id)

    def secret_of(self, tenant_id: str, owner_id: str) -> SigningSecret:
        """The secret of an endpoint or application that is known to be there."""
        return self._secret(tenant_id, owner_id)

    def application_secret(self, tenant_id: str, application_id: str) -> SigningSecret:
        """The secret of an application, made when first asked for."""
        return self._secret(tenant_id, application_id)

    def rotate(self, tenant_id: str, owner_id: str, once: Once | None = None) -> SigningSecret:
        """Give an application or endpoint a new secret; the old one signs too, for a day.

        Raises `Conflict` where so many were replaced within a day that one of them would have to end early.
        """
        for _ in range(store.ATTEMPTS):
            old, now = self._secret(tenant_id, owner_id), self.clock.now()
            if once and once.made:
                return old
            if len(old.valid(now)) > MAX_EARLIER:
                raise Conflict(
                    f"{MAX_EARLIER} secrets were replaced within a day and are still good; wait for one to end"
                )
            new = old.rotated(new_signing_secret(), now)
            try:
                self.records.write(self._put(tenant_id, owner_id, new), *(once.claims(owner_id, now) if once else ()))
            except WriteConflict:
                once = once.refreshed(self.records) if once else None
                continue
            return new.model_copy(update={"version": old.version + 1})
        raise Unavailable("too many changes at once; try again")

    def _secret(self, tenant_id: str, owner_id: str) -> SigningSecret:
        key = layout.signing_key(tenant_id, owner_id)
        if found := store.load(self.records, SigningSecret, key):
            return self._opened(tenant_id, owner_id, found)
        made = SigningSecret(current=new_signing_secret())
        try:
            self.records.write(self._put(tenant_id, owner_id, made))
        except WriteConflict:
            return self._secret(tenant_id, owner_id)
        return made.model_copy(update={"version": 1})

    def _opened(self, tenant_id: str, owner_id: str, found: SigningSecret) -> SigningSecret:
        """A secret as it is used. Raises `Unavailable` for one whose key the stage has no more."""
        name = _sealed_as(owner_id)

        def opened(kept: str) -> str:
            return kept if kept.startswith(SECRET_PREFIX) else self.vault.open(tenant_id, name, kept)

        plain = found.replaced(opened)
        if any(self.vault.stale(kept) for kept in found.all):
            with suppress(WriteConflict):  # another did the same, or put a new secret in its place
                self.records.write(self._put(tenant_id, owner_id, plain))
                return plain.model_copy(update={"version": found.version + 1})
        return plain

    def _put(self, tenant_id: str, owner_id: str, secret: SigningSecret) -> Put:
        """Sealed, where there is a key."""
        kept, name = secret, _sealed_as(owner_id)
        if self.vault.keys:
            kept = secret.replaced(lambda plain: self.vault.seal(tenant_id, name, plain))
        return layout.put(layout.signing_key(tenant_id, owner_id), "signing", kept)

    def _change(self, tenant_id: str, endpoint_id: str, changes: dict[str, object]) -> Endpoint:
        key = layout.endpoint_key(tenant_id, endpoint_id)
        changed = store.change(
            self.records,
            Endpoint,
            key,
            lambda e: e.model_copy(update=changes) if changes else e,
            layout.put_endpoint,
        )
        if changed is None:
            raise NotFound(f"there is no webhook endpoint {endpoint_id}")
        return changed

    def _check(self, url: str, events: Sequence[str]) -> None:
        try:
            self.web.check(url)
        except FetchRefused as error:
            raise InvalidInput(str(error), field="url") from None
        known = (*EVENT_TYPES, *_WILDCARDS)
        if not events:
            raise InvalidInput(f"name at least one event; there are: {', '.join(known)}", field="events")
        if unknown := [name for name in events if name not in known]:
            raise InvalidInput(f"there is no event {unknown[0]!r}; there are: {', '.join(known)}", field="events")


def _sealed_as(owner_id: str) -> str:
    """What the vault binds a secret to, beside its tenant."""
    return f"signing {owner_id}"
