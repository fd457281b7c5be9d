"""How often passwords and codes may be tried, and registrations made. Every way in is counted here.

An operator who lets programs ask more often of the API does not mean those who guess: these bounds are by themselves.
"""

from dataclasses import dataclass

from patchbay.core.limits import Quota, RateLimits
from patchbay.domain.errors import RateLimited
from patchbay.domain.users import hash_secret
from patchbay.ports import Clock, Records

_QUARTER_S = 900
TRIES_OF_ASKER = Quota(60, _QUARTER_S)
"""Passwords that one network address may try, of all accounts together."""
TRIES = Quota(10, _QUARTER_S)
"""Those that one address may try of one account."""
TRIES_OF_ACCOUNT = Quota(100, _QUARTER_S)
"""Those of one account that all addresses may try; far more, or anybody could keep its owner out."""
REGISTRATIONS_OF_ASKER = Quota(20, 3600)


@dataclass(frozen=True, slots=True)
class Tries:
    """Counts of tries. An `asker` is a network address; None where the world does not ask, but we do."""

    records: Records
    clock: Clock
    scale: float = 1.0
    """What the bounds are multiplied with, for those who test on a machine of their own."""

    def password(self, email: str, asker: str | None) -> None:
        """Count a password or a code that is tried, the same whether somebody has the address or nobody.

        Raises `RateLimited`, `Unavailable`.
        """
        name = hash_secret(email.strip().lower())
        if asker is not None:
            self._count("asker", asker, TRIES_OF_ASKER)
            self._count("both", f"{name} {asker}", TRIES)
        self._count("account", name, TRIES_OF_ACCOUNT)

    def registration(self, asker: str) -> None:
        """Count a registration. Raises `RateLimited`, `Unavailable`."""
        self._count("registrations", asker, REGISTRATIONS_OF_ASKER)

    def _count(self, what: str, who: str, quota: Quota) -> None:
        limits = RateLimits(self.records, self.clock, self.scale)
        standing = limits.count("log-in", f"{what}:{who}", quota)
        if standing and standing.exceeded:
            raise RateLimited(f"too many tries; try again in {standing.wait_s} s", retry_after_s=standing.wait_s)
