"""What a generator is, and what its inputs may be."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from patchbay.domain.errors import InvalidInput

ParameterType = Literal["text", "number", "boolean", "choice", "audio"]
Category = Literal["music_generation", "stem_separation"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One input of a generator."""

    name: str
    type: ParameterType
    description: str
    param: str = ""
    """What the workflow calls it; empty for audio, which is the job's input file."""
    required: bool = False
    default: str | float | bool | None = None
    """What is taken if it is left out, where that can be told beforehand."""
    least: float | None = None
    most: float | None = None
    whole: bool = False
    """Whether a number has to be an integer."""
    choices: tuple[str, ...] = ()
    max_chars: int | None = None

    def checked(self, value: Any) -> str | float | bool:
        """A value as the workflow takes it. Raises `InvalidInput` whose message names the parameter."""
        match self.type:
            case "text":
                return self._text(value)
            case "number":
                return self._number(value)
            case "boolean" if isinstance(value, bool):
                return value
            case "choice" if isinstance(value, str) and value in self.choices:
                return value
            case "choice":
                raise InvalidInput(f"{self.name} has to be one of: {', '.join(self.choices)}")
        raise InvalidInput(f"{self.name} has to be {'true or false' if self.type == 'boolean' else 'audio'}")

    def _text(self, value: Any) -> str:
        longest = self.max_chars or 0
        if not isinstance(value, str) or len(value) > longest:
            raise InvalidInput(f"{self.name} has to be a text of at most {longest} characters")
        if self.required and not value.strip():
            raise InvalidInput(f"{self.name} is empty")
        return value

    def _number(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidInput(f"{self.name} has to be a number")
        least, most = self.least or 0, math.inf if self.most is None else self.most
        if not least <= value <= most or math.isinf(value):
            raise InvalidInput(f"{self.name} has to be from {least:g} to {most:g}")
        if self.whole and value != int(value):
            raise InvalidInput(f"{self.name} has to be a whole number")
        return int(value) if self.whole else float(value)


def _as_they_are(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return values


@dataclass(frozen=True, slots=True)
class Generator:
    """One thing that generates. A number never changes its meaning: clients keep it."""

    number: int
    name: str
    description: str
    category: Category
    tags: tuple[str, ...]
    added: date
    credits: int
    """What one generation costs; it is free if this is 0."""
    workflow: str
    parameters: tuple[Parameter, ...]
    licence: str
    """Of the model that does the work."""
    max_duration_s: float | None = None
    """Longest audio that it makes; None where that is as long as its input."""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """Parameters of the workflow that are the same in every order."""
    told: Callable[[Mapping[str, Any]], Mapping[str, Any]] = _as_they_are
    """Parameters of the workflow as clients name them -> as it takes them."""

    @property
    def inputs(self) -> tuple[ParameterType, ...]:
        """Types of what it takes, each once."""
        return tuple(dict.fromkeys(parameter.type for parameter in self.parameters))

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name, or None."""
        return next((parameter for parameter in self.parameters if parameter.name == name), None)

    def params(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The workflow's parameters for checked values, by the names of the generator's own parameters."""
        given = {p.param: values[p.name] for p in self.parameters if p.param and p.name in values}
        left_out = {
            p.param: p.default
            for p in self.parameters
            if p.param and p.type != "number" and p.default is not None and p.name not in values
        }
        return {**self.fixed, **self.told({**left_out, **given})}
