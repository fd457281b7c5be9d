"""Stems that LALAL.AI separates, for its own customers."""

from typing import Literal

from pydantic import Field

from patchbay.catalog.models import Shelf
from patchbay.catalog.vendors import ENGINE, SEPARATION, STEM_SETS
from patchbay.catalog.workflow import Params, StepSpec, Workflow
from patchbay.catalog.workflows._isolation import SampleFormat

TIMEOUT_S = 3 * 3600


class LalalaiParams(Params):
    """How many stems, and how to give them."""

    stems: Literal[2, 4, 6] = Field(
        4,
        description="2: vocals and accompaniment, for one minute there a minute; 4: for three; 6: for six",
    )
    sample_format: SampleFormat = Field("wav16", description="Sample format of the stems")


def _plan(params: LalalaiParams, shelf: Shelf) -> tuple[StepSpec, ...]:
    stems = STEM_SETS[params.stems]
    return (
        StepSpec(
            name="separate",
            engine=ENGINE,
            compute="cpu",
            outputs=stems,
            params={"stems": list(stems), "sample_format": params.sample_format},
            timeout_s=TIMEOUT_S,
        ),
    )


WORKFLOW = Workflow(
    slug=SEPARATION,
    name="Stems by LALAL.AI",
    description="Has LALAL.AI separate a song, by the licence key that you saved in your settings: the song is sent"
    " there, and your minutes there are spent.",
    params=LalalaiParams,
    plan=_plan,
)
