"""A chain: separate, then encode every stem."""

from typing import Literal

from pydantic import Field

from patchbay.catalog.models import FOUR_STEMS, SIX_STEMS, Shelf
from patchbay.catalog.workflow import StepSpec, Workflow
from patchbay.catalog.workflows._encoding import EncodingParams, encode
from patchbay.catalog.workflows._isolation import IsolationParams, isolate

_STEMS = {2: ("vocals", "accompaniment"), 4: FOUR_STEMS, 6: SIX_STEMS}


class ChainParams(EncodingParams):
    """Parameters of both steps."""

    model: str | None = Field(
        None, max_length=64, description="Model that separates; the best installed one if left out"
    )
    stems: Literal[2, 4, 6] = Field(4, description="How many stems")


def _plan(params: ChainParams, shelf: Shelf) -> tuple[StepSpec, ...]:
    wanted = _STEMS[params.stems]
    first = isolate(IsolationParams(model=params.model, sample_format="wav24"), shelf, wanted, reported=False)
    return first, encode(params, wanted, after=first.name)


WORKFLOW = Workflow(
    slug="stem-isolation-encoded",
    name="Stems Isolation, then Encoding",
    description="Splits a song into 2, 4 or 6 stems and encodes each in the format asked for.",
    params=ChainParams,
    plan=_plan,
)
