"""Generations: jobs whose audio becomes their owner's, to be heard, downloaded and used like an upload."""

from datetime import datetime
from typing import Any, Literal

from patchbay.domain.base import Entity, Part
from patchbay.domain.ids import derived_id
from patchbay.domain.jobs import Job

Kind = Literal["generation", "render", "video"]


class GenerationOutput(Part):
    """One audio file that a generation made, an asset of its owner's now."""

    asset_id: str
    name: str
    """As its job calls it, `mix.wav`."""
    duration_s: float
    format: str
    """Ending of its file, `wav`."""


class Generation(Entity):
    """One generation. How its work stands is told by its job."""

    id: str
    """Its job's as well, so that each is found by the other."""
    tenant_id: str
    kind: Kind
    model_number: int | None = None
    """By which the world knows the model that makes it."""
    inputs: tuple[dict[str, Any], ...] = ()
    """As they were given; opaque to the core."""
    credits: int = 0
    """What it costs: set aside with the order, charged with the end; 0 once they were given back."""
    outputs: tuple[GenerationOutput, ...] = ()
    taken: bool = False
    """Whether its owner has an asset for each file that its job made: what is missing then, he has deleted."""
    settled: bool = False
    """Whether what its job made was taken over, and its credits are settled."""
    reason: str | None = None
    """Why nothing could be taken over of a job that succeeded."""
    created_at: datetime

    def output(self, name: str) -> GenerationOutput | None:
        """The output of that name; one without an ending will do if only one fits."""
        exact = [found for found in self.outputs if found.name == name]
        alike = exact or [found for found in self.outputs if name and found.name.rpartition(".")[0] == name]
        return alike[0] if len(alike) == 1 else None


def output_asset_id(job: Job, name: str) -> str:
    """Id of the asset that a job's output becomes: the same whenever it is taken over."""
    return derived_id(job.created_at, "output", job.id, name)
