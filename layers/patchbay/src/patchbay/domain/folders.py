"""Folders: how owners keep their samples apart. Nobody else sees them."""

from datetime import datetime

from patchbay.domain.base import Entity


class Folder(Entity):
    """One folder."""

    number: int
    tenant_id: str
    name: str
    samples: int = 0
    """How many samples are in it; only an empty one can be deleted."""
    created_at: datetime
