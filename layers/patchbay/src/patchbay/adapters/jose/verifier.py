"""Access tokens, checked as RFC 8725 ("JSON Web Token Best Current Practices") and Cognito's guide want it."""

import logging
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from patchbay.domain.errors import Unauthenticated, Unavailable
from patchbay.domain.ids import is_id
from patchbay.domain.users import id_of_pool_name
from patchbay.ports import Clock, Proof

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

ALGORITHM = "RS256"
KEYS_LIVE = timedelta(hours=12)
"""How long keys are trusted without another look: one that is withdrawn is out of use then."""
LOOK_AGAIN = timedelta(minutes=5)
"""Least time between two looks for a key that is not known: anybody can make up names of keys."""
_REFUSED = "the access token is not valid here, or its time is over; sign in, or refresh it"
_log = logging.getLogger(__name__)
_KEY_ID = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(slots=True)
class JwtVerifier:
    """The tokens port, for tokens of one issuer to one client."""

    issuer: str
    client_id: str
    fetch_keys: Callable[[], Mapping[str, Any]]
    """The issuer's JSON Web Key Set as it is now. Raises `Unavailable`."""
    clock: Clock
    _keys: "KeySet | None" = field(default=None, init=False)
    _looked_at: datetime = field(default=datetime.min.replace(tzinfo=UTC), init=False)

    def read(self, token: str) -> Proof:
        """See `Tokens`."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        now = self.clock.now()
        try:
            decoded = jwt.decode(token, lambda found: self._key(found.headers().get("kid"), now), [ALGORITHM])
            self._rules(now).validate(decoded.claims)
            return self._proof(decoded.claims)
        except (JoseError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise Unauthenticated(_REFUSED) from error

    def _rules(self, now: datetime) -> Any:
        from joserfc.jwt import JWTClaimsRegistry

        needed = ("iss", "client_id", "token_use", "exp", "username", "origin_jti", "auth_time")
        rules: Any = {name: {"essential": True} for name in needed}
        return JWTClaimsRegistry(now=math.floor(now.timestamp()), **rules)

    def _proof(self, claims: Mapping[str, Any]) -> Proof:
        """What claims in force tell. Raises ValueError where they were made by, for or of somebody else."""
        told = [claims[name] for name in ("iss", "client_id", "token_use")]
        if told != [self.issuer, self.client_id, "access"] or claims.get("aud", self.client_id) != self.client_id:
            raise ValueError("by, for or of another use")
        user_id, session_id, began = claims["username"], claims["origin_jti"], claims["auth_time"]
        user_id = id_of_pool_name(user_id) if isinstance(user_id, str) else ""
        if not is_id(user_id) or not isinstance(session_id, str) or not session_id:
            raise ValueError("no user of ours")
        if type(began) is not int:
            raise ValueError("no time")
        return Proof(user_id, session_id, datetime.fromtimestamp(began, UTC))

    def _key(self, key_id: object, now: datetime) -> Any:
        """The key of that name. Raises `InvalidKeyIdError`, `Unavailable`."""
        from joserfc.errors import InvalidKeyIdError

        if not isinstance(key_id, str) or not _KEY_ID.fullmatch(key_id):
            raise InvalidKeyIdError
        found = self._named(key_id)
        if now - self._looked_at >= (KEYS_LIVE if found else LOOK_AGAIN):
            self._look(now)
            found = self._named(key_id)
        if found is None:
            raise InvalidKeyIdError
        return found

    def _named(self, key_id: str) -> Any:
        return next((key for key in self._keys or () if key.kid == key_id and key.key_type == "RSA"), None)

    def _look(self, now: datetime) -> None:
        """Fetch the keys; those at hand go on to be used where that fails, until the next look."""
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        try:
            self._keys = KeySet.import_key_set(self.fetch_keys())  # type: ignore[arg-type]
        except (JoseError, Unavailable, KeyError, TypeError, ValueError) as error:
            if self._keys is None:
                raise Unavailable("tokens cannot be checked right now; try again") from error
            _log.exception("the keys of %s cannot be had", self.issuer)
        self._looked_at = now
