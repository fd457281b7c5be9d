"""The licences that owners can put on their samples.

A price is a matter between the two sides: it is told, and nothing here takes it.
"""

from patchbay.domain.errors import NotFound
from patchbay.domain.licences import Licence, Terms

LICENCES: tuple[Licence, ...] = (
    Licence(
        id=1,
        name="Standard License",
        description="Use in commercial projects up to 1M streams, for a year",
        price=9.99,
        terms=Terms(commercial=True, streaming_limit=1_000_000),
        valid_days=365,
    ),
    Licence(
        id=2,
        name="Unlimited License",
        description="Use in commercial projects without limits",
        price=49.99,
        terms=Terms(commercial=True),
    ),
    Licence(
        id=3,
        name="Royalty-Free License",
        description="Use in any project, for nothing",
        terms=Terms(commercial=True),
    ),
    Licence(
        id=4,
        name="Attribution License",
        description="Use in any project that names the sample and its owner, for nothing",
        terms=Terms(commercial=True, attribution_required=True),
    ),
    Licence(
        id=5,
        name="Personal License",
        description="Use in projects that earn nothing, for nothing",
        terms=Terms(commercial=False),
    ),
)
"""An id never changes its meaning: samples and licences taken tell it. New terms are a new licence."""


def get(licence_id: int) -> Licence:
    """The licence of that number. Raises `NotFound`."""
    for licence in LICENCES:
        if licence.id == licence_id:
            return licence
    raise NotFound(f"there is no licence {licence_id}")
