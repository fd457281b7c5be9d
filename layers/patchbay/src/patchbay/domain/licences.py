"""Licences: on what terms others may use a sample, and who took one."""

from datetime import datetime
from typing import Literal

from patchbay.domain.base import Entity, Part


class Terms(Part):
    """What a licence allows, and asks for."""

    commercial: bool
    streaming_limit: int | None = None
    """Most streams of what was made with it; None for any number."""
    attribution_required: bool = False


class Licence(Part):
    """One licence that owners can put on their samples. Its price is told to who takes it; nothing here collects it."""

    id: int
    name: str
    description: str
    price: float = 0.0
    currency: str = "USD"
    terms: Terms
    valid_days: int | None = None
    """How long it is good for once it was taken; None for ever."""


class LicenceApplication(Entity):
    """A licence that a user took for one sample, in the words it had then. There is one for each user and sample."""

    id: str
    tenant_id: str
    asset_id: str
    """The sample's audio."""
    licence_id: int
    status: Literal["approved"] = "approved"
    """Nobody has to be asked: the sample's owner agreed by putting the licence on it."""
    terms: Terms
    created_at: datetime
    valid_until: datetime | None = None
    """None for ever."""

    def valid(self, now: datetime) -> bool:
        """Whether it is still good."""
        return self.valid_until is None or now < self.valid_until
