"""How credits, and what users think of the generators, lie in the table; `layout` lists these keys with all others."""

from datetime import datetime

from patchbay.core import layout
from patchbay.domain.base import Entity
from patchbay.domain.credits import Charge, Wallet
from patchbay.ports import Key, Put

USE_SHARDS = 4
_DIGITS = 9
TAGS, USES = "tags#", "used#"
"""What sort keys begin with in a tenant's opinions."""


class Tagged(Entity):
    """A user's own tags of a generator."""

    tags: tuple[str, ...] = ()


class Used(Entity):
    """When a user last used a generator."""

    at: datetime


def wallet_key(tenant_id: str) -> Key:
    """Key of a tenant's credits."""
    return f"WALLETS#{tenant_id}", "credits"


def charge_key(tenant_id: str, charge_id: str) -> Key:
    """Key of what an order costs."""
    return f"CHARGES#{tenant_id}", charge_id


def opinion_key(tenant_id: str, sort: str, number: int) -> Key:
    """Key of a user's tags of a generator, or of when he used it: `sort` is `TAGS` or `USES`."""
    return f"GENERATORS#{tenant_id}", f"{sort}{number:0{_DIGITS}d}"


def number_of(sort_key: str) -> int:
    """The generator that an opinion is of."""
    return int(sort_key[-_DIGITS:])


def like_key(tenant_id: str, number: int) -> Key:
    """Key of a user's liking a generator."""
    return f"GENERATORLIKES#{tenant_id}", f"{number:0{_DIGITS}d}"


def likes_key(number: int) -> Key:
    """Key of the counter of a generator's likes."""
    return f"GENERATORLIKED#{number}", "count"


def uses_keys(number: int) -> list[Key]:
    """Keys of the counters of a generator's uses: everybody's orders add to them."""
    return [(f"GENERATORUSES#{number}#{shard}", "count") for shard in range(USE_SHARDS)]


def put_wallet(wallet: Wallet) -> Put:
    """Write of a tenant's credits."""
    return layout.put(wallet_key(wallet.tenant_id), "wallet", wallet)


def put_charge(charge: Charge, *, expires: datetime | None = None) -> Put:
    """Write of what an order costs; one that is settled need not be kept for ever."""
    return layout.put(charge_key(charge.tenant_id, charge.id), "charge", charge, expires=expires)


def put_opinion(tenant_id: str, sort: str, number: int, found: Entity) -> Put:
    """Write of a user's tags of a generator, or of when he used it."""
    return layout.put(opinion_key(tenant_id, sort, number), "opinion", found)
