"""What all stored nouns share."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict


class Entity(BaseModel):
    """A stored thing: immutable in memory; a changed copy is written under the next version."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="ignore")

    version: int = 0
    """Version as stored; 0 for a thing that is not stored yet. Writers demand the version they read."""


def utc_now() -> datetime:
    """The time now, to the millisecond, as every stored and shown time is."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
