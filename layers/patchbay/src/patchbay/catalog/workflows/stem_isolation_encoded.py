"""A chain: cut the song, if a part of it is asked for, separate, then encode every stem."""

from dataclasses import replace
from typing import Literal

from pydantic import Field

from patchbay.catalog.models import FOUR_STEMS, SIX_STEMS, Shelf
from patchbay.catalog.workflow import StepSpec, Workflow
from patchbay.catalog.workflows._encoding import EncodingParams, PartParams, encode, trim
from patchbay.catalog.workflows._isolation import IsolationParams, isolate

_STEMS = {2: ("vocals", "accompaniment"), 4: FOUR_STEMS, 6: SIX_STEMS}


class ChainParams(EncodingParams, PartParams):
    """Parameters of all steps."""

    model: str | None = Field(
        None, max_length=64, description="Model that separates; the best installed one if left out"
    )
    stems: Literal[2, 4, 6] = Field(4, description="How many stems")


def _plan(params: ChainParams, shelf: Shelf) -> tuple[StepSpec, ...]:
    wanted = _STEMS[params.stems]
    first = isolate(IsolationParams(model=params.model, sample_format="wav24"), shelf, wanted, reported=False)
    trimmed = trim(params)
    first = replace(first, after=trimmed[0].name) if trimmed else first
    return *trimmed, first, encode(params, wanted, after=first.name)


WORKFLOW = Workflow(
    slug="stem-isolation-encoded",
    name="Stems Isolation, then Encoding",
    description="Splits a song into 2, 4 or 6 stems and encodes each in the format asked for.",
    params=ChainParams,
    plan=_plan,
)
