"""Songs: what is known of a recording, and its audio once somebody has brought it."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from patchbay.domain.base import Entity, Part

MAX_TEXT_CHARS = 400


class Facts(Part):
    """What a catalogue, or its owner, tells of a song."""

    title: str = Field(min_length=1, max_length=MAX_TEXT_CHARS)
    artist: str = Field("", max_length=MAX_TEXT_CHARS)
    album: str = Field("", max_length=MAX_TEXT_CHARS)
    art_url: str = Field("", max_length=2048)
    duration_s: float | None = Field(None, ge=0, le=24 * 3600, allow_inf_nan=False)
    isrc: str = Field("", max_length=12)
    """International Standard Recording Code (ISO 3901), by which catalogues know the same recording."""
    catalogue: str = Field("", max_length=32)
    """The catalogue that it is from; empty if its owner told it."""
    catalogue_id: str = Field("", max_length=128)
    url: str = Field("", max_length=2048)
    """Its page in the catalogue."""


class Listing(Part):
    """What an address in a catalogue is of."""

    kind: Literal["track", "album", "playlist"]
    title: str
    songs: tuple[Facts, ...]


class Song(Entity):
    """One recording in somebody's collection."""

    id: str
    tenant_id: str
    facts: Facts
    asset_id: str | None = None
    """Its audio, once there is some."""
    created_at: datetime
    updated_at: datetime

    @property
    def label(self) -> str:
        """As files of it are called."""
        return f"{self.facts.artist} - {self.facts.title}" if self.facts.artist else self.facts.title
