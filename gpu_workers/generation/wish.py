"""A task's parameters, checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from patchbay.domain.errors import InvalidInput

MAX_DURATION_S = 600.0
"""What fits into a worker's memory with room to spare; the catalogue's models promise less."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be generated, and how to choose among what is likely: see the workflow `generate`."""

    prompt: str
    duration_s: float
    seed: int
    temperature: float
    top_k: int
    top_p: float
    guidance: float

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> "Wish":
        """Read a task's parameters. Raises `InvalidInput` that names the one at fault."""
        return cls(
            prompt=_text(params),
            duration_s=_number(params, "duration_s", 1, MAX_DURATION_S),
            seed=round(_number(params, "seed", 0, 2**32 - 1)),
            temperature=_number(params, "temperature", 0.01, 100),
            top_k=round(_number(params, "top_k", 0, 65_536)),
            top_p=_number(params, "top_p", 0.001, 1),
            guidance=_number(params, "guidance", 1, 100),
        )


def _text(params: Mapping[str, Any]) -> str:
    value = params.get("prompt")
    if not isinstance(value, str) or len(value) > 10_000:
        raise InvalidInput("prompt has to be a text of at most 10000 characters", field="prompt")
    return value


def _number(params: Mapping[str, Any], name: str, least: float, most: float) -> float:
    value = params.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
        raise InvalidInput(f"{name} has to be a number from {least:g} to {most:g}", field=name)
    return float(value)
