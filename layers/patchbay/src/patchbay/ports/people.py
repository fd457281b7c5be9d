"""Who keeps passwords, and who checks tokens."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Grant:
    """What a sign-in gives: tokens that speak for a user."""

    access_token: str
    refresh_token: str
    expires_in_s: int
    """Seconds until the access token ends."""


class Passwords(Protocol):
    """The keeper of passwords and of the sessions that they open. It knows users by their names there
    (`User.pool_name`) alone, which are meant by `user_id`.
    """

    def create(self, user_id: str, email: str, password: str) -> None:
        """Keep a user's first password; codes go to `email`. Raises `InvalidInput`."""

    def remove(self, user_id: str) -> None:
        """Forget a user; nothing happens if there is none."""

    def sign_in(self, user_id: str, password: str) -> Grant:
        """Begin a session. Raises `Unauthenticated`, in the same time and words whatever is wrong."""

    def refresh(self, refresh_token: str) -> Grant:
        """Go on with a session. Raises `Unauthenticated`."""

    def revoke(self, refresh_token: str) -> None:
        """No more tokens for this session."""

    def sign_out(self, user_id: str) -> None:
        """No more tokens for any session of a user; nothing happens if there is no such user."""

    def change(self, access_token: str, old: str, new: str) -> None:
        """Change a password. Raises `Unauthenticated` for an old one that is wrong, `InvalidInput`, `RateLimited`."""

    def send_code(self, user_id: str, email: str) -> None:
        """Mail the code by which a password is set anew, to a user without one too. Raises `RateLimited`."""

    def pretend_code(self) -> None:
        """Take the time that a code takes, for an address that nobody has. Raises `RateLimited`."""

    def send_proof(self, access_token: str) -> None:
        """Mail a session's user the code that shows whose the address is. Raises `Unauthenticated`, `RateLimited`."""

    def prove(self, access_token: str, code: str) -> None:
        """Take that code. Raises `InvalidInput`, `Unauthenticated`, `RateLimited`."""

    def reset(self, user_id: str, code: str, password: str) -> None:
        """Set a password by a code. Raises `InvalidInput`, `RateLimited`."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What an access token that was checked tells."""

    user_id: str
    session_id: str
    """The same for all tokens of a session, refreshed ones too."""
    began_at: datetime
    """When its user signed in, to the second."""


class Tokens(Protocol):
    """Looks at access tokens without trusting them."""

    def read(self, token: str) -> Proof:
        """What a token tells. Raises `Unauthenticated`; `Unavailable` where the keys to check it cannot be had."""
