"""Codes by which a session is handed to another program of the same person, once and within a minute.

They are OAuth's authorization codes (RFC 6749, section 4.1) with a proof key (RFC 7636, method S256): who has seen the
code still lacks the verifier. The code is stored as a hash, and the session sealed with a key that only the code gives.
"""

import base64
import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from patchbay.core import layout, layout_people, store
from patchbay.domain.base import Entity
from patchbay.domain.errors import InvalidInput, Unauthenticated
from patchbay.domain.users import hash_secret
from patchbay.ports import Delete, Records, WriteConflict

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

LIVES = timedelta(seconds=60)
MAX_CODE_CHARS = 128
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
"""RFC 7636, section 4.1."""
_NONCE = bytes(12)
"""Each key seals one text."""


class HandOver(Entity):
    """A session on its way to another program."""

    sealed: str
    """The refresh token, AES-256-GCM, Base64."""
    challenge: str
    ends_at: datetime


def offer(records: Records, refresh_token: str, challenge: str, now: datetime) -> str:
    """A code for a session; `challenge` is the SHA-256 of the verifier, Base64url. Raises `InvalidInput`."""
    if not _CHALLENGE.fullmatch(challenge):
        raise InvalidInput("a challenge is the SHA-256 of the verifier in Base64url (S256)", field="code_challenge")
    code = secrets.token_urlsafe(32)
    sealed = base64.b64encode(_cipher(code).encrypt(_NONCE, refresh_token.encode(), None)).decode()
    handed = HandOver(sealed=sealed, challenge=challenge, ends_at=now + LIVES)
    key = layout_people.hand_over_key(hash_secret(code))
    records.write(layout.put(key, "hand_over", handed, expires=handed.ends_at))
    return code


def redeem(records: Records, code: str, verifier: str, now: datetime) -> str:
    """The refresh token of a code, which is used up whatever comes of it. Raises `Unauthenticated`."""
    refused = Unauthenticated("the code is unknown, used or over, or the verifier is not its own")
    if not 0 < len(code) <= MAX_CODE_CHARS:
        raise refused
    key = layout_people.hand_over_key(hash_secret(code))
    found = store.load(records, HandOver, key)
    if found is None:
        raise refused
    try:
        records.write(Delete(key, expected=found.version))
    except WriteConflict:
        raise refused from None
    known = _VERIFIER.fullmatch(verifier) is not None
    if now >= found.ends_at or not known or not hmac.compare_digest(found.challenge, challenge_of(verifier)):
        raise refused
    return _cipher(code).decrypt(_NONCE, base64.b64decode(found.sealed), None).decode()


def challenge_of(verifier: str) -> str:
    """The challenge of a verifier (RFC 7636, section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _cipher(code: str) -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(hashlib.sha256(b"patchbay hand-over\0" + code.encode("utf-8", "surrogatepass")).digest())
