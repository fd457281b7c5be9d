"""What is in a recording: tempo, key, chords, loudness, form."""

from pydantic import Field

from patchbay.catalog.models import Shelf
from patchbay.catalog.workflow import Params, StepSpec, Workflow
from patchbay.catalog.workflows._analysis import DETECTION, VALUES, analyse
from patchbay.domain.features import FEATURES, Feature


class AnalysisParams(Params):
    """What to look for."""

    features: tuple[Feature, ...] = Field(FEATURES, min_length=1, description="What to look for; all of it if left out")


def _plan(params: AnalysisParams, shelf: Shelf) -> tuple[StepSpec, ...]:
    # In the catalogue's order, whatever the caller's: the same wishes are the same computation.
    wanted = tuple(feature for feature in FEATURES if feature in params.features)
    if wanted == ("music_detection",):
        return (analyse(wanted, (DETECTION,)),)
    return (analyse(wanted, ("analysis", *VALUES)),)


WORKFLOW = Workflow(
    slug="audio-analysis",
    name="Audio Analysis",
    description="Tempo, beats, key, chords, loudness, form and spectral features, as a JSON file and plain values.",
    params=AnalysisParams,
    plan=_plan,
)
