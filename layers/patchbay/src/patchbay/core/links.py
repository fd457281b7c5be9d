"""Links to people's own accounts at a catalogue of songs: OAuth's authorization codes (RFC 6749, section 4.1) with a
proof key (RFC 7636).

The state is bound to the browser's session that began, so that nobody can be made to link another's account, and is
used up whatever comes of it. Verifier and tokens lie sealed in the table.
"""

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from patchbay.core import layout, layout_links, store
from patchbay.core.hand_over import challenge_of
from patchbay.core.vault import Vault
from patchbay.domain.base import Entity
from patchbay.domain.errors import Forbidden, NotConfigured, NotFound, Unauthenticated, Unavailable
from patchbay.domain.users import hash_secret
from patchbay.ports import Clock, Delete, Put, Records, SongAccounts, SongGrant, WriteConflict

CONSENT_LIVES = timedelta(minutes=10)
MAX_CODE_CHARS = 4096
_SPARE = timedelta(minutes=1)
"""How long before its end an access token is not used any more."""


class Consent(Entity):
    """A link that waits for its owner's consent."""

    tenant_id: str
    session_hash: str
    verifier: str
    """Sealed."""
    redirect_uri: str
    ends_at: datetime


class Link(Entity):
    """A tenant's account elsewhere."""

    tenant_id: str
    catalogue: str
    account_id: str
    account_name: str
    access_token: str
    """Sealed, as is the next."""
    refresh_token: str
    access_ends_at: datetime
    linked_at: datetime


@dataclass(frozen=True, slots=True)
class Links:
    """Links of all tenants to their accounts at one catalogue, where there is one."""

    records: Records
    clock: Clock
    vault: Vault
    accounts: SongAccounts | None

    @property
    def offered(self) -> bool:
        """Whether accounts can be linked here."""
        return self.accounts is not None and bool(self.vault.keys)

    def begin(self, tenant_id: str, session: str, redirect_uri: str) -> str:
        """Where a user consents. `session`: the secret of the browser's session. Raises `NotConfigured`."""
        accounts = self._accounts()
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        consent = Consent(
            tenant_id=tenant_id,
            session_hash=hash_secret(session),
            verifier=self.vault.seal(tenant_id, "verifier", verifier),
            redirect_uri=redirect_uri,
            ends_at=self.clock.now() + CONSENT_LIVES,
        )
        key = layout_links.consent_key(hash_secret(state))
        self.records.write(layout.put(key, "consent", consent, expires=consent.ends_at))
        return accounts.consent_url(state, challenge_of(verifier), redirect_uri)

    def finish(self, tenant_id: str, session: str, state: str, code: str) -> Link:
        """Link the account that consented. Raises `Forbidden`, `NotConfigured`, `CatalogueFailed`."""
        accounts, consent = self._accounts(), self._consent(tenant_id, session, state)
        if not 0 < len(code) <= MAX_CODE_CHARS:
            raise Forbidden("there was no consent")
        verifier = self.vault.open(tenant_id, "verifier", consent.verifier)
        granted = accounts.redeem(code, verifier, consent.redirect_uri)
        account_id, account_name = accounts.owner(granted.access_token)
        now = self.clock.now()
        link = Link(
            version=secrets.randbits(40),  # a number of its own: what was read of the one before cannot replace it
            tenant_id=tenant_id,
            catalogue=accounts.catalogue,
            account_id=account_id,
            account_name=account_name,
            linked_at=now,
            **self._sealed(tenant_id, granted),
        )
        key = layout_links.link_key(tenant_id, accounts.catalogue)
        # In the place of any other: the newest consent counts.
        self.records.write(Put(layout.record(key, "link", link), expected=None))
        return link

    def drop(self, tenant_id: str, session: str, state: str) -> None:
        """Forget a link that its owner did not consent to; nothing happens if it is not known."""
        try:
            self._consent(tenant_id, session, state)
        except Forbidden:
            return

    def get(self, tenant_id: str) -> Link | None:
        """A tenant's link."""
        if self.accounts is None:
            return None
        return store.load(self.records, Link, layout_links.link_key(tenant_id, self.accounts.catalogue))

    def unlink(self, tenant_id: str) -> None:
        """Forget a tenant's tokens; nothing happens if there are none. Raises `NotConfigured`."""
        self.records.write(Delete(layout_links.link_key(tenant_id, self._accounts().catalogue), expected=None))

    def access_token(self, tenant_id: str) -> str:
        """A token that speaks for a tenant at the catalogue. Raises `NotFound`, `CatalogueFailed`, `Unavailable`.

        Where the consent was taken back, the link goes.
        """
        accounts = self._accounts()
        key = layout_links.link_key(tenant_id, accounts.catalogue)
        for _ in store.attempts():
            link = self.get(tenant_id)
            if link is None:
                raise NotFound(f"no account at {accounts.catalogue} is linked; link one in the settings")
            fresh = self.clock.now() < link.access_ends_at - _SPARE
            if fresh and not self.vault.stale(link.access_token):
                return self.vault.open(tenant_id, "access", link.access_token)
            try:
                granted = accounts.refresh(self.vault.open(tenant_id, "refresh", link.refresh_token))
            except Unauthenticated:
                with suppress(WriteConflict):  # linked anew meanwhile: that one stays
                    self.records.write(Delete(key, expected=link.version))
                continue
            renewed = link.model_copy(update=self._sealed(tenant_id, granted))
            try:
                self.records.write(layout.put(key, "link", renewed))
            except WriteConflict:  # linked anew, unlinked, or refreshed by another
                continue
            return granted.access_token
        raise Unavailable("too many changes at once; try again")

    def _accounts(self) -> SongAccounts:
        if self.accounts is None or not self.vault.keys:
            raise NotConfigured("no accounts can be linked here; the operator can set that up")
        return self.accounts

    def _consent(self, tenant_id: str, session: str, state: str) -> Consent:
        """What a state stands for, which is used up by it. Raises `Forbidden`."""
        refused = Forbidden("this is no answer to what was asked here, or it comes too late; begin again")
        key = layout_links.consent_key(hash_secret(state))
        found = store.load(self.records, Consent, key)
        if found is None or (found.tenant_id, found.session_hash) != (tenant_id, hash_secret(session)):
            raise refused
        try:
            self.records.write(Delete(key, expected=found.version))
        except WriteConflict:
            raise refused from None
        if self.clock.now() >= found.ends_at:
            raise refused
        return found

    def _sealed(self, tenant_id: str, granted: SongGrant) -> dict[str, str | datetime]:
        return {
            "access_token": self.vault.seal(tenant_id, "access", granted.access_token),
            "refresh_token": self.vault.seal(tenant_id, "refresh", granted.refresh_token),
            "access_ends_at": self.clock.now() + timedelta(seconds=granted.expires_in_s),
        }
