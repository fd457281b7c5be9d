"""What a sample library wants to know of a piece of audio, and the beginning of it to listen to."""

from pydantic import Field

from patchbay.catalog.models import Shelf
from patchbay.catalog.workflow import Params, StepSpec, Workflow
from patchbay.catalog.workflows._analysis import VALUES, analyse

BITRATE_KBPS = 128


class PreparationParams(Params):
    """How long the preview is."""

    preview_s: float = Field(30.0, ge=1, le=120, description="Longest preview, seconds; a longer sample is faded out")


def _plan(params: PreparationParams, shelf: Shelf) -> tuple[StepSpec, ...]:
    return (
        analyse(("tempo", "key", "peaks"), ("analysis", *VALUES)),
        StepSpec(
            name="preview",
            engine="encoding",
            compute="cpu",
            outputs=("preview",),
            params={"format": "mp3", "bitrate_kbps": BITRATE_KBPS, "first_s": params.preview_s},
            timeout_s=3600,
        ),
    )


WORKFLOW = Workflow(
    slug="sample-preparation",
    name="Sample Preparation",
    description="Tempo, key, duration and peaks of a sample, and a short MP3 of its beginning.",
    params=PreparationParams,
    plan=_plan,
)
