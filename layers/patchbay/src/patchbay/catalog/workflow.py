"""What a workflow is. Each file of `workflows/` declares one; schema, state machine and documents follow from it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from patchbay.catalog.models import Shelf
from patchbay.domain.errors import InvalidInput
from patchbay.domain.tasks import ComputeClass


class Params(BaseModel):
    """Base of every workflow's parameters: unknown names are refused, so that a typing error never passes silently."""

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class StepSpec:
    """One step of a workflow, for one job's parameters."""

    name: str
    engine: str
    compute: ComputeClass
    outputs: tuple[str, ...]
    """Names of what it makes."""
    values: tuple[str, ...] = ()
    """Those of them that are plain values, not files."""
    model: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    after: str | None = None
    """The step whose outputs are its inputs; None for the job's own file."""
    takes: tuple[str, ...] = ()
    """Which of those outputs; all of them if this is empty."""
    timeout_s: int = 3600
    weight: float = 1.0
    """Its share of the job's time, relative to the other steps."""
    reported: bool = True
    """Whether its outputs are results of the job."""


@dataclass(frozen=True)
class Workflow:
    """One thing that can be ordered."""

    slug: str
    name: str
    description: str
    params: type[Params]
    plan: Callable[[Any, Shelf], tuple[StepSpec, ...]]
    """(parameters, shelf) -> steps. Raises `InvalidInput` where they do not fit what is served."""
    input: Literal["needed", "optional", "none", "files"] = "needed"
    """Whether it works on a file; one that does not makes something of its parameters alone. `files`: on those, any
    number of them, that the order names.
    """
    plan_with_input: Callable[[Any, Shelf], tuple[StepSpec, ...]] | None = None
    """The plan of an order that gives a file where that is optional; `plan` is then of one that gives none."""

    def parse(self, given: Mapping[str, Any]) -> Params:
        """Check parameters. Raises `InvalidInput` naming the first field at fault."""
        try:
            return self.params.model_validate(dict(given))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = ".".join(str(part) for part in first["loc"])
            if first["type"] == "extra_forbidden":
                known = ", ".join(self.params.model_fields) or "none"
                message = f"workflow {self.slug!r} has no parameter {name!r}; it takes: {known}"
            else:
                message = f"parameter {name!r}: {first['msg'][0].lower()}{first['msg'][1:]}"
            raise InvalidInput(message, field=name) from None

    def steps(self, params: Params, shelf: Shelf, *, has_input: bool) -> tuple[StepSpec, ...]:
        """The plan of an order that gives a file, or gives none. Raises as `plan` does."""
        plan = self.plan_with_input if has_input and self.plan_with_input else self.plan
        return plan(params, shelf)

    def outputs(self, params: Params, shelf: Shelf) -> tuple[str, ...]:
        """Names of the results that a job with these parameters will have."""
        return tuple(name for step in self.plan(params, shelf) if step.reported for name in step.outputs)

    def files(self, params: Params, shelf: Shelf, *, has_input: bool) -> tuple[str, ...]:
        """Names of the results that are files, of a job that is given one or none."""
        steps = [step for step in self.steps(params, shelf, has_input=has_input) if step.reported]
        return tuple(name for step in steps for name in step.outputs if name not in step.values)


_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def check_slug(slug: str) -> str:
    """`slug` itself. Raises ValueError if it could not stand in a URL or a state machine."""
    if not _SLUG.fullmatch(slug):
        raise ValueError(f"{slug!r} is not a slug")
    return slug
