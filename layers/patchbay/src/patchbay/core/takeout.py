"""All that is a person's, to be given to them: what they made and did, and their files; no secrets, no mechanics."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from patchbay.core.belongings import Belongings, Belongs, body_of
from patchbay.ports import Inventory, Item, StoredObject

KINDS = {
    "USERS": "account",
    "APPLICATIONS": "applications",
    "KEYS": "api-keys",
    "ASSETS": "files",
    "JOBS": "jobs",
    "STEPS": "steps",
    "GROUPS": "job-groups",
    "TRACKS": "tracks",
    "SAMPLES": "samples",
    "FOLDERS": "folders",
    "LIKES": "likes",
    "FOLLOWS": "follows",
    "REFERRED": "referred",
    "LICENCES": "licences",
    "PROJECTS": "projects",
    "DOCUMENTS": "project-documents",
    "GENERATIONS": "generations",
    "GENERATORS": "models-used",
    "GENERATORLIKES": "models-liked",
    "VIDEOS": "videos",
    "SONGS": "songs",
    "LINKS": "linked-accounts",
    "WALLETS": "credits",
    "CHARGES": "charges",
    "USAGE": "usage",
    "ENDPOINTS": "webhook-endpoints",
    "NOTICES": "webhook-notices",
    "EVENTS": "events",
}
"""Kind of partition -> name of the list that its items are given in. What is not here is not given: marks and indexes
that say nothing else, and whatever opens a door.
"""
_SECRET = frozenset({"secret_hash", "pool_suffix", "access_token", "refresh_token", "key", "sealed"})
_SECRET_IN = frozenset({"USERS", "KEYS", "LINKS"})


@dataclass(frozen=True, slots=True)
class Takeout:
    """What is whose."""

    inventory: Inventory

    def records(self, tenant_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """(list, what is told) of all that a tenant has."""
        belongings = Belongings(tenant_id)
        for item in self.inventory.items():
            belongings.see(item)
        for item in self.inventory.items():
            kind, _, rest = item.pk.partition("#")
            # A mark by which others like or follow is theirs.
            own = rest.split("#")[0] == tenant_id or rest in belongings.things
            if kind in KINDS and own and belongings.of(item) is Belongs.OWN:
                yield KINDS[kind], _told(kind, item)

    def files(self, tenant_id: str) -> Iterator[StoredObject]:
        """All objects of a tenant."""
        for place in Belongings(tenant_id).places():
            yield from self.inventory.objects(place)


def _told(kind: str, item: Item) -> dict[str, Any]:
    body = body_of(item)
    if kind in _SECRET_IN:
        body = {name: value for name, value in body.items() if name not in _SECRET}
    return {"id": item.sk, **body}
