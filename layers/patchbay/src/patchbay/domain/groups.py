"""Jobs ordered together on one file."""

from datetime import datetime
from typing import Any

from patchbay.domain.base import Entity


class JobGroup(Entity):
    """Several jobs of one order. What became of it is told by its jobs; it has no state of its own."""

    id: str
    tenant_id: str
    application_id: str
    dialect: str
    job_ids: tuple[str, ...]
    request: dict[str, Any] = {}
    """What the dialect wants to answer back word for word; opaque to the core."""
    created_at: datetime
