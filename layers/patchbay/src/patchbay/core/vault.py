"""Secrets of users that have to be had again in plain text: sealed, so that who reads the table learns nothing.

Each is sealed by AES-256-GCM (NIST SP 800-38D) under a key of its tenant's, derived from the stage's by HKDF (RFC
5869), and bound to its tenant and name: moved to another place in the table, it cannot be opened. A stage has a newest
key, which seals, and any older ones, which still open; what an older one sealed is `stale`, and to be sealed anew when
it is next used.
"""

import base64
import binascii
import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from patchbay.domain.errors import NotConfigured, Unavailable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12
_SEALED = re.compile(r"v1\.([0-9a-f]{16})\.([A-Za-z0-9_-]+={0,2})")


class WrongKey(ValueError):
    """What is given as a stage's keys are none."""


@dataclass(frozen=True, slots=True)
class Vault:
    """The keys of a stage, the newest first; by a function, where they may change while this process runs."""

    given: tuple[bytes, ...] | Callable[[], tuple[bytes, ...]] = field(repr=False)

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The keys as they are now."""
        return self.given() if callable(self.given) else self.given

    def seal(self, tenant_id: str, name: str, text: str) -> str:
        """A text that only `open` with the same tenant and name gives back. Raises `NotConfigured`."""
        keys = self.keys
        if not keys:
            raise NotConfigured("secrets cannot be kept here; the operator can set PATCHBAY_VAULT_KEY")
        nonce = secrets.token_bytes(_NONCE_BYTES)
        closed = _cipher(keys[0], tenant_id).encrypt(nonce, text.encode(), _bound(tenant_id, name))
        return f"v1.{_name(keys[0])}.{base64.urlsafe_b64encode(nonce + closed).decode()}"

    def open(self, tenant_id: str, name: str, sealed: str) -> str:
        """The text. Raises `Unavailable` for what was not sealed so, or whose key is not here any more."""
        from cryptography.exceptions import InvalidTag

        gone = Unavailable("a secret that was kept cannot be read any more; give it again")
        found = _SEALED.fullmatch(sealed)
        key = next((key for key in self.keys if found and _name(key) == found[1]), None)
        if found is None or key is None:
            raise gone
        try:
            data = base64.urlsafe_b64decode(found[2])
            return (
                _cipher(key, tenant_id)
                .decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], _bound(tenant_id, name))
                .decode()
            )
        except (InvalidTag, ValueError):
            raise gone from None

    def stale(self, sealed: str) -> bool:
        """Whether another than the newest key sealed it."""
        found, keys = _SEALED.fullmatch(sealed), self.keys
        return bool(keys) and (found is None or found[1] != _name(keys[0]))


def parse_keys(told: str) -> tuple[bytes, ...]:
    """Keys as a setting has them: 32 bytes each, Base64, separated by commas, the newest first. Raises `WrongKey`."""
    keys = []
    for part in filter(None, (part.strip() for part in told.split(","))):
        try:
            key = base64.b64decode(part.replace("-", "+").replace("_", "/"), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != KEY_BYTES:
            raise WrongKey(f"a key of the vault is {KEY_BYTES} random bytes in Base64")
        keys.append(key)
    return tuple(keys)


def _name(key: bytes) -> str:
    """What a key is called in what it sealed; it tells nothing of the key."""
    return hashlib.sha256(b"patchbay vault name\0" + key).hexdigest()[:16]


def _bound(tenant_id: str, name: str) -> bytes:
    return f"{tenant_id}\0{name}".encode()


def _cipher(key: bytes, tenant_id: str) -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return AESGCM(HKDF(SHA256(), KEY_BYTES, None, b"patchbay vault\0" + tenant_id.encode()).derive(key))
