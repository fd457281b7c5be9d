"""Whose the things in the table are: found by walking through all of it, for the export and erasure of a person's data.

An item belongs to a tenant if its key names the tenant, or a thing of the tenant's, or if it is of a kind that says in
its body alone whose it is. Any other item that has the tenant's id in it is somebody else's, and mentions the tenant.
"""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from patchbay.ports import Item

PLACES = (
    "uploads/",
    "incoming/audio/",
    "incoming/pictures/",
    "incoming/videos/",
    "results/",
    "orders/",
    "samples/",
    "images/",
    "projects/",
    "videos/",
)
"""Beginnings of the keys of objects; what follows is the tenant's id."""

_THINGS = frozenset({"ASSETS", "JOBS", "SAMPLES", "PROJECTS", "GENERATIONS", "VIDEOS", "TRACKS", "SONGS"})
"""Partitions of a tenant whose sort keys are ids that other items are found by."""
_NAMED_IN_BODY = frozenset(
    {"EMAILS", "USERNAMES", "REFERRALS", "SECRETS", "NUMBERS", "BROWSERS", "SOCKETS", "TICKETS", "CONSENTS", "TERMS"}
)
"""Kinds of partitions whose items say in their bodies whose they are."""
_OUTLIVE_THINGS = frozenset({"STEPS"})
"""Kinds of partitions whose items stay for a while when the thing that they are found by was deleted."""
_MARKS_OF_THINGS = frozenset({"LIKES"})
"""Kinds of partitions of others whose sort keys may be a thing of the tenant's."""


class Belongs(StrEnum):
    """How an item stands to a tenant."""

    OWN = "own"
    MENTIONS = "mentions"
    NOT = "not"


@dataclass
class Belongings:
    """What is a tenant's. It knows the tenant's things as far as it has seen them: `see` all items first."""

    tenant_id: str
    things: set[str] = field(default_factory=set)

    def see(self, item: Item) -> None:
        """Take note of an item, if it is a thing of the tenant's."""
        if self.finds_others(item):
            self.things.add(item.sk)

    def finds_others(self, item: Item) -> bool:
        """Whether it is a thing of the tenant's: without it, items that belong to it are not known any more."""
        kind, _, rest = item.pk.partition("#")
        return rest == self.tenant_id and kind in _THINGS

    def of(self, item: Item) -> Belongs:
        """How an item stands to the tenant."""
        kind, _, rest = item.pk.partition("#")
        if self.tenant_id in item.pk or self.tenant_id in item.sk or rest in self.things:
            return Belongs.OWN
        if kind in _MARKS_OF_THINGS and item.sk in self.things:
            return Belongs.OWN
        if not any(self.tenant_id in value for value in item.fields.values() if isinstance(value, str)):
            return Belongs.NOT
        own = kind in _OUTLIVE_THINGS and body_of(item).get("tenant_id") == self.tenant_id
        return Belongs.OWN if own or kind in _NAMED_IN_BODY else Belongs.MENTIONS

    def places(self) -> tuple[str, ...]:
        """Beginnings of the keys of the tenant's objects."""
        return tuple(f"{place}{self.tenant_id}/" for place in PLACES)


def body_of(item: Item) -> dict[str, Any]:
    """What an item tells: a record's body, a counter's figures."""
    body = item.fields.get("body")
    if isinstance(body, str):
        told: dict[str, Any] = json.loads(body)
        return told
    return {name: int(value) for name, value in item.fields.items() if not isinstance(value, str)}
