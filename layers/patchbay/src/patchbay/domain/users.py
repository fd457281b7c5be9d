"""People, their applications, and the keys that speak for them.

A user is the tenant: everything else is stored under the user's id. An application groups keys and signs webhooks.
"""

import hashlib
import hmac
import re
import secrets
from datetime import datetime
from typing import Literal

from pydantic import ConfigDict

from patchbay.domain.base import Entity
from patchbay.domain.errors import Forbidden, InvalidInput

KEY_PREFIX = "pb_"
ALL_SCOPES = "*"
READ, WRITE = "read", "write"
Plan = Literal["standard", "premium", "operator"]
"""What a user pays for, as far as it shows in quotas; the operator of a stage stores and orders without bounds."""
SCOPES = (READ, WRITE)
"""What a key may be held to: looking at things, and making, changing or ending them."""
_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,255}")


class User(Entity):
    """A person, known by e-mail address in every dialect. `id` is the tenant id."""

    id: str
    email: str
    name: str = ""
    plan: Plan = "standard"
    application_id: str = ""
    """The application that speaks for it where it signs in; empty for users of old."""
    number: int = 0
    """By which the world knows it; 0 until somebody asks."""
    user_name: str = ""
    first_name: str = ""
    last_name: str = ""
    verified: bool = False
    """Whether the operator vouches for who it is."""
    featured: bool = False
    instagram: str = ""
    soundcloud_url: str = ""
    picture_key: str = ""
    """Object key of its picture, a checked JPEG."""
    picture_number: int = 0
    referral_code: str = ""
    """What those give at registration whom it brought."""
    referred_by: str = ""
    """Id of the user who brought it."""
    sessions_from: datetime | None = None
    """Sessions that began before are over: then a password changed."""
    email_confirmed: bool = True
    """Whether its address was shown to be its own; one that an operator gave is taken to be."""
    budget_monthly_usd: float | None = None
    """What its jobs may cost in a month; 0: no bound; None: as its plan has it."""
    budget_daily_usd: float | None = None
    """The same of a day."""
    pool_suffix: str = ""
    """What nobody can guess of its name where passwords are kept; empty for users of old."""
    created_at: datetime

    @property
    def pool_name(self) -> str:
        """Its name where passwords are kept: from an id, which others may know, nobody gets to it."""
        return f"{self.id}.{self.pool_suffix}" if self.pool_suffix else self.id


class Application(Entity):
    """One program or use of a user."""

    id: str
    tenant_id: str
    name: str
    created_at: datetime


class ApiKey(Entity):
    """An API key as stored: only its hash, and the few first characters by which its owner tells it from others."""

    id: str
    tenant_id: str
    application_id: str
    name: str = ""
    prefix: str
    secret_hash: str
    scopes: tuple[str, ...] = (ALL_SCOPES,)
    plan: Plan = "standard"
    """Its user's, so that a request need not look for it."""
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def usable(self, now: datetime) -> bool:
        """Whether the key may be used at `now`."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def matches(self, secret: str) -> bool:
        """Whether `secret` is this key, compared in constant time."""
        return hmac.compare_digest(self.secret_hash, hash_secret(secret))


class Caller(Entity):
    """Who is asking, once a credential was accepted."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    tenant_id: str
    application_id: str
    key_id: str
    """The API key, or the session that a sign-in began."""
    scopes: tuple[str, ...] = (ALL_SCOPES,)
    plan: Plan = "standard"
    unconfirmed: bool = False
    """Whether it may only look at things until its e-mail address is verified."""

    def require(self, scope: str) -> None:
        """Raises `Forbidden` if the key does not carry `scope`."""
        if self.unconfirmed and scope not in self.scopes:
            raise Forbidden("verify your e-mail address first, by the code that was mailed to you")
        if ALL_SCOPES not in self.scopes and scope not in self.scopes:
            raise Forbidden(f"this key may only {' and '.join(self.scopes) or 'do nothing'}; this takes {scope!r}")


def new_secret() -> str:
    """A fresh API key: a visible prefix and 256 random bits."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def new_pool_suffix() -> str:
    """128 random bits."""
    return secrets.token_hex(16)


def id_of_pool_name(name: str) -> str:
    """The id of the user who has a name where passwords are kept."""
    return name.partition(".")[0]


def is_token(credential: str) -> bool:
    """Whether a credential has the form of an access token (a JWT: two objects in Base64url), and not of a key."""
    return credential.startswith("eyJ") and credential.count(".") == 2


def hash_secret(secret: str) -> str:
    """SHA-256 of a key, hex. The key is 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def normal_email(email: str) -> str:
    """The address as it is looked up: trimmed, lower case. Raises `InvalidInput` for what is no address."""
    text = email.strip().lower()
    if not _EMAIL.fullmatch(text):
        raise InvalidInput(f"{email!r} is not an e-mail address", field="email")
    return text
