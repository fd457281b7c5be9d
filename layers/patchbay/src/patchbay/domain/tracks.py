"""Tracks: wishes for a piece of music, and what was composed of them, again and again."""

from datetime import datetime
from typing import Any

from patchbay.domain.base import Entity, Part
from patchbay.domain.errors import InvalidInput, NotFound


class Composition(Part):
    """One composition of a track: the job that makes it, and the one that makes its stems, once they are wanted."""

    job_id: str
    stems_job_id: str | None = None


class Track(Entity):
    """One track. What became of a composition is told by its job."""

    id: str
    tenant_id: str
    application_id: str
    title: str = ""
    params: dict[str, Any] = {}
    """What it is to be like, as parameters of the workflow `compose`; a composition may be ordered with others."""
    request: dict[str, Any] = {}
    """What the dialect wants to answer back word for word; opaque to the core."""
    compositions: tuple[Composition, ...] = ()
    created_at: datetime

    @property
    def composed(self) -> int:
        """How often it was composed: the number of the latest composition, counted from 1; 0 before the first."""
        return len(self.compositions)

    def composition(self, number: int | None = None) -> Composition:
        """A composition by its number, the latest without one. Raises `NotFound`; `InvalidInput` for a number below 1.

        Number 0 is the track before its first composition, and so means nothing that could be given.
        """
        wanted = self.composed if number is None else number
        if wanted < 1 and number is not None:
            raise InvalidInput("compositions are counted from 1", field="version")
        if not 1 <= wanted <= self.composed:
            told = f"there is no composition {wanted} of track {self.id}" if wanted else f"track {self.id} has none yet"
            raise NotFound(told)
        return self.compositions[wanted - 1]


def add(track: Track, job_id: str) -> Track:
    """The track with one more composition."""
    return track.model_copy(update={"compositions": (*track.compositions, Composition(job_id=job_id))})


def with_stems(track: Track, number: int, job_id: str) -> Track:
    """The track with the job that makes the stems of composition `number`."""
    changed = list(track.compositions)
    changed[number - 1] = changed[number - 1].model_copy(update={"stems_job_id": job_id})
    return track.model_copy(update={"compositions": tuple(changed)})
