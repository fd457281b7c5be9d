"""Which requests are counted together, and what a client is told of its count."""

import hmac
import ipaddress
import logging
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Scope

from patchbay import bootstrap
from patchbay.core.limits import Quota, Standing
from patchbay.domain.errors import RateLimited, Unavailable
from patchbay.domain.users import Caller

DOOR_HEADER, VIEWER_HEADER = "x-patchbay-door", "x-patchbay-viewer"
V6_SITE_BITS = 64
"""A customer of a provider has at least so many bits of an IPv6 address to himself (RFC 6177)."""
_log = logging.getLogger(__name__)


_ANONYMOUS, _KNOWN, _PREMIUM = Quota(100, 60), Quota(600, 60), Quota(3000, 60)


@dataclass(frozen=True, slots=True)
class Quotas:
    """How many requests a dialect takes from whom."""

    anonymous: Quota = _ANONYMOUS
    """Of one address, where no key came, or none that is good."""
    known: Quota = _KNOWN
    """Of one user, with all of his keys together."""
    premium: Quota = _PREMIUM
    """Of one user of the premium plan."""

    def of(self, who: Caller | None) -> Quota:
        """The quota of a caller, or of nobody known."""
        if who is None:
            return self.anonymous
        return self.known if who.plan == "standard" else self.premium


def told(standing: Standing) -> dict[str, str]:
    """The headers that most services have: the limit, what is left of it, and the Unix time at which it is whole."""
    return {
        "x-ratelimit-limit": str(standing.quota.requests),
        "x-ratelimit-remaining": str(standing.remaining),
        "x-ratelimit-reset": str(standing.resets_at),
    }


def counted(dialect: str, quotas: Quotas, who: Caller | None, scope: Scope) -> Standing | None:
    """Count a request. None where none are counted, or where the store is away: a limit is no reason to fail.

    Raises `Unavailable` where it cannot be told whose address it is.
    """
    return counted_of(dialect, f"user:{who.tenant_id}" if who else f"address:{address(scope)}", quotas.of(who))


def counted_of(what: str, name: str, quota: Quota) -> Standing | None:
    """The same of whoever is called `name`, `user:<id>` or `address:<address>`."""
    try:
        return bootstrap.services().rate_limits.count(what, name, quota)
    except Unavailable:
        _log.warning("request not counted", extra={"dialect": what})
        return None


def refused(standing: Standing) -> RateLimited:
    """What a request that was one too many is told."""
    quota = standing.quota
    rule = f"{quota.requests} requests in {quota.window_s} s are taken"
    return RateLimited(f"{rule}; try again in {standing.wait_s} s", retry_after_s=standing.wait_s)


def address(scope: Scope) -> str:
    """The client's address, of IPv6 the site's.

    Whoever stands between us and the client is not asked, for it could lie; but the stage's own door, which shows that
    it is by its secret.
    """
    host = _through_door(Headers(scope=scope)) or str((scope.get("client") or ("",))[0])
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host[:64] or "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, V6_SITE_BITS), strict=False))
    return str(found)


def came_through_door(scope: Scope) -> bool:
    """Whether `address` is the client's own, and not that of what stands before this. Raises `Unavailable`."""
    return bool(_through_door(Headers(scope=scope)))


def _through_door(headers: Headers) -> str:
    """Whose request it is as the stage's door tells; empty if it did not come through that."""
    shown = headers.get(DOOR_HEADER, "").encode("latin-1")
    if not shown:
        return ""
    # In turn: the one of before is asked for by those alone who show it.
    known = any(hmac.compare_digest(secret.encode(), shown) for secret in bootstrap.services().door_secrets())
    return headers.get(VIEWER_HEADER, "") if known else ""
