"""Bodies about what is on offer."""

from typing import Any, Literal

from pydantic import Field

from functions.dialects.native.schemas.common import NEXT
from functions.http.schemas import Body


class Model(Body):
    """A model that engines can load."""

    name: str = Field(description="Its name, as workflows take it for `model`")
    title: str = Field(description="What it is, in words")
    kind: Literal["separation", "generation"] = Field(description="What it is for")
    engine: str = Field(description="The engine that loads it")
    version: str = Field(description="Its version")
    stems: list[str] = Field(description="What it separates a song into; empty for a generator")
    melody: bool = Field(description="Whether it can be given a melody to follow, as the job's input")
    min_length_s: float | None = Field(description="The shortest music that it generates, seconds; null if it does not")
    max_length_s: float | None = Field(description="The longest music that it generates, seconds; null if it does not")
    licence: str = Field(description="Licence of the model and its weights")
    commercial_use: bool = Field(description="Whether the licence allows use for money")
    available: bool = Field(description="Whether it may run here: weights installed, licence allowed")


class ModelPage(Body):
    """Models."""

    models: list[Model] = Field(description="By name")
    next_cursor: str | None = Field(description=NEXT)


class WorkflowStep(Body):
    """One step of a workflow."""

    name: str = Field(description="What it does")
    engine: str = Field(description="The engine that does it")
    model: str | None = Field(description="The model it takes here; null for a step without one")
    licence: str | None = Field(description="Licence of that model")
    compute: str = Field(description="The class of machine it runs on, see `compute`")
    usd_per_hour: float = Field(description="What such a machine costs while it works, in US dollars")


class Workflow(Body):
    """One thing that can be ordered."""

    slug: str = Field(description="Its name in an order")
    name: str = Field(description="Its name for people")
    description: str = Field(description="What it does")
    input: Literal["needed", "optional", "none"] = Field(description="Whether an order of it gives an audio file")
    params: dict[str, Any] = Field(description="JSON Schema of its parameters")
    available: bool = Field(description="Whether it can be ordered here")
    reason: str | None = Field(description="What stands in the way, where it is not available")
    outputs: list[str] = Field(description="Results that it makes if no parameter is given")
    steps: list[WorkflowStep] = Field(
        description="How it is done if no parameter is given. A job costs the seconds that its steps ran, see the job"
    )


class Compute(Body):
    """One class of machine."""

    name: str = Field(description="`light`, `cpu` or `gpu`")
    vcpus: int = Field(description="Processors")
    memory_mib: int = Field(description="Memory in MiB")
    gpus: int = Field(description="Graphics processors")
    usd_per_hour: float = Field(description="What it costs while it works, in US dollars")


class WorkflowPage(Body):
    """Workflows."""

    workflows: list[Workflow] = Field(description="By name")
    compute: list[Compute] = Field(description="The classes of machine that steps run on, with their prices")
    next_cursor: str | None = Field(description=NEXT)
