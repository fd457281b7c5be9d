"""Passwords in a dictionary, and sessions whose tokens are signed as Cognito signs them."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from patchbay.domain.errors import InvalidInput, Unauthenticated, Unavailable
from patchbay.ports import Grant
from tests.fakes.clock import FakeClock

ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Fake"
CLIENT = "client-of-tests"
TOKEN_S = 3600


@cache
def signing_key(name: str = "key-1") -> RSAKey:
    """A private key; making one takes its time, so each is made once."""
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"}, private=True)


def signed(claims: dict[str, Any], key: RSAKey | None = None) -> str:
    """A token of some claims."""
    key = key or signing_key()
    return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)


@dataclass
class FakeSession:
    user_id: str
    began_at: datetime
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


class FakePasswords:
    """Codes are in `mailed`, by address. `down`: nothing answers."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.passwords: dict[str, str] = {}
        self.sessions: dict[str, FakeSession] = {}
        self.codes: dict[str, str] = {}
        self.mailed: list[tuple[str, str]] = []
        self.emails: dict[str, str] = {}
        self.proofs: dict[str, str] = {}
        self.pretended = 0
        self.fetches = 0
        self.down = False

    def create(self, user_id: str, email: str, password: str) -> None:
        self._check_up()
        self.passwords[user_id] = password
        self.emails[user_id] = email

    def remove(self, user_id: str) -> None:
        self._check_up()
        self.passwords.pop(user_id, None)

    def sign_in(self, user_id: str, password: str) -> Grant:
        self._check_up()
        if self.passwords.get(user_id) != password:
            raise Unauthenticated("wrong")
        refresh_token = f"refresh-{uuid.uuid4()}"
        self.sessions[refresh_token] = FakeSession(user_id, self.clock.now())
        return self._grant(refresh_token)

    def refresh(self, refresh_token: str) -> Grant:
        self._check_up()
        if refresh_token not in self.sessions:
            raise Unauthenticated("over")
        return self._grant(refresh_token)

    def revoke(self, refresh_token: str) -> None:
        self._check_up()
        self.sessions.pop(refresh_token, None)

    def sign_out(self, user_id: str) -> None:
        self._check_up()
        self.sessions = {token: each for token, each in self.sessions.items() if each.user_id != user_id}

    def change(self, access_token: str, old: str, new: str) -> None:
        self._check_up()
        user_id = str(jwt.decode(access_token, signing_key(), ["RS256"]).claims["username"])
        if self.passwords.get(user_id) != old:
            raise Unauthenticated("wrong")
        self.passwords[user_id] = new

    def send_code(self, user_id: str, email: str) -> None:
        self._check_up()
        self.passwords.setdefault(user_id, str(uuid.uuid4()))
        self.codes[user_id] = code = str(100000 + len(self.mailed))
        self.mailed.append((email, code))

    def pretend_code(self) -> None:
        self._check_up()
        self.pretended += 1

    def send_proof(self, access_token: str) -> None:
        self._check_up()
        user_id = str(jwt.decode(access_token, signing_key(), ["RS256"]).claims["username"])
        self.proofs[user_id] = code = str(200000 + len(self.mailed))
        self.mailed.append((self.emails[user_id], code))

    def prove(self, access_token: str, code: str) -> None:
        self._check_up()
        user_id = str(jwt.decode(access_token, signing_key(), ["RS256"]).claims["username"])
        if self.proofs.pop(user_id, None) != code:
            raise InvalidInput("wrong", field="code")

    def reset(self, user_id: str, code: str, password: str) -> None:
        self._check_up()
        if self.codes.get(user_id) != code:
            raise InvalidInput("wrong", field="code")
        del self.codes[user_id]
        self.passwords[user_id] = password

    def claims(self, session: FakeSession) -> dict[str, Any]:
        """What an access token of a session says, issued now."""
        now = int(self.clock.now().timestamp())
        return {
            "sub": str(uuid.uuid4()),
            "iss": ISSUER,
            "client_id": CLIENT,
            "origin_jti": session.id,
            "token_use": "access",
            "scope": "aws.cognito.signin.user.admin",
            "auth_time": int(session.began_at.timestamp()),
            "exp": now + TOKEN_S,
            "iat": now,
            "jti": str(uuid.uuid4()),
            "username": session.user_id,
        }

    def published_keys(self) -> dict[str, Any]:
        """The public halves of the keys, as the issuer publishes them."""
        self.fetches += 1
        self._check_up()
        return dict(KeySet([signing_key()]).as_dict(private=False))

    def _grant(self, refresh_token: str) -> Grant:
        return Grant(signed(self.claims(self.sessions[refresh_token])), refresh_token, TOKEN_S)

    def _check_up(self) -> None:
        if self.down:
            raise Unavailable("the sign-in service did not answer; try again")
