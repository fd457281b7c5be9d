"""One stem, in one or several formats, with or without what is left of the song."""

from typing import Self

from pydantic import Field, model_validator

from patchbay.catalog.models import SIX_STEMS, Shelf
from patchbay.catalog.workflow import Params, StepSpec, Workflow
from patchbay.catalog.workflows._encoding import EncodingParams, encode
from patchbay.catalog.workflows._formats import Formats
from patchbay.catalog.workflows._isolation import IsolationParams, isolate
from patchbay.domain.errors import InvalidInput
from patchbay.domain.stems import ACCOMPANIMENT, residual_of

STEMS = (*SIX_STEMS, ACCOMPANIMENT)


class StemParams(Params):
    """What to take out of the song, and how to give it."""

    stem: str = Field("vocals", max_length=32, description=f"One of {', '.join(STEMS)}")
    formats: Formats = Field(("wav",), min_length=1, max_length=6, description="One result in each")
    residual: bool = Field(False, description="Whether to give what is left of the song without the stem as well")
    shared_with: tuple[str, ...] = Field(
        (), max_length=16, description="Stems that other jobs want of the same file: then all share one separation"
    )
    model: str | None = Field(
        None, max_length=64, description="Model that separates; the best installed one if left out"
    )

    @model_validator(mode="after")
    def known(self) -> Self:
        """Raises `InvalidInput` for a stem that no model could have."""
        names = [*STEMS, *(residual_of(stem) for stem in STEMS)]
        if self.stem not in STEMS:
            raise InvalidInput(f"there is no stem {self.stem!r}; there are: {', '.join(STEMS)}", field="stem")
        if unknown := [stem for stem in self.shared_with if stem not in names]:
            raise InvalidInput(f"there is no stem {unknown[0]!r}", field="shared_with")
        return self

    @property
    def wanted(self) -> tuple[str, ...]:
        """The stems that are results."""
        return (self.stem, residual_of(self.stem)) if self.residual else (self.stem,)


def _plan(params: StemParams, shelf: Shelf) -> tuple[StepSpec, ...]:
    # In one order whoever asks, so that jobs that share a separation order the very same one.
    separated = tuple(sorted({*params.wanted, *params.shared_with}))
    first = isolate(IsolationParams(model=params.model, sample_format="wav24"), shelf, separated, reported=False)
    asked = EncodingParams.model_construct
    return first, *(
        encode(asked(format=name), params.wanted, after=first.name, one_of_many=True) for name in params.formats
    )


WORKFLOW = Workflow(
    slug="single-stem",
    name="One Stem",
    description="Takes one stem out of a song, in the formats asked for, and on request what is left without it.",
    params=StemParams,
    plan=_plan,
)
