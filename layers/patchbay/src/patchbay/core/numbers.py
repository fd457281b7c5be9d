"""Public numbers, for languages that name things by integers: random, unique of a kind, exact in every client."""

import secrets

from patchbay.core import layout, store
from patchbay.core.layout import Numbered
from patchbay.ports import Put, Records

FEWEST, MOST = 10**6, 2**53 - 1
"""JavaScript tells integers apart up to 2^53 - 1 (ECMA-262, Number.MAX_SAFE_INTEGER)."""


def new_number() -> int:
    """A number that nothing has, as good as surely: its claim finds out. It does not tell how many things there are."""
    return FEWEST + secrets.randbelow(MOST - FEWEST + 1)


def claim(kind: str, number: int, tenant_id: str, thing_id: str) -> Put:
    """The write by which a number becomes a thing's; it fails if another has it."""
    return layout.put(layout.number_key(kind, number), "number", Numbered(tenant_id=tenant_id, thing_id=thing_id))


def find(records: Records, kind: str, number: int) -> Numbered | None:
    """The thing of a number, or None."""
    if not 0 < number <= MOST:
        return None
    return store.load(records, Numbered, layout.number_key(kind, number))
