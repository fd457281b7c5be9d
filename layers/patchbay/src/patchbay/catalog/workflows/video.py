"""Sound under a video, whose picture stays as it is. Its files: `video`, and the new sound as `audio`.

Outputs: `video` in the container that it came in, and the plain values `duration_s` and `turned_down_db`: by how much a
mix was lowered that would have been over full scale.
"""

from typing import Literal

from pydantic import Field

from patchbay.catalog.models import Shelf
from patchbay.catalog.workflow import Params, StepSpec, Workflow
from patchbay.domain.films import MAX_DURATION_S

VALUES = ("duration_s", "turned_down_db")


class VideoParams(Params):
    """How the new sound goes with the video."""

    offset_s: float = Field(
        0.0,
        ge=-MAX_DURATION_S,
        le=MAX_DURATION_S,
        allow_inf_nan=False,
        description="Where the audio begins, seconds from the video's beginning; less than 0 cuts its beginning off",
    )
    gain: float = Field(1.0, ge=0, le=4, allow_inf_nan=False, description="Linear amplitude of the audio")
    keep_original: bool = Field(True, description="Whether the video's own sound stays")
    duck: Literal["none", "music", "original"] = Field(
        "none", description="Which of the two goes down while the other is heard"
    )
    duck_db: float = Field(12.0, ge=0, le=60, allow_inf_nan=False, description="How far it goes down, dB")
    attack_s: float = Field(0.05, ge=0.001, le=5, allow_inf_nan=False, description="Time constant of going down")
    release_s: float = Field(0.5, ge=0.001, le=10, allow_inf_nan=False, description="Time constant of coming back")
    fade_out_s: float = Field(
        1.0, ge=0, le=60, allow_inf_nan=False, description="How long the audio fades where the video's end cuts it off"
    )


def _plan(params: VideoParams, shelf: Shelf) -> tuple[StepSpec, ...]:
    # Written out in full, so that an order that leaves a default out is the same computation as one that names it.
    return (
        StepSpec(
            name="video",
            engine="video",
            compute="cpu",
            outputs=("video", *VALUES),
            values=VALUES,
            params=params.model_dump(mode="json"),
            timeout_s=2 * 3600,
        ),
    )


WORKFLOW = Workflow(
    slug="video",
    name="Video with Sound",
    description="Puts audio under a video, beside its own sound or in its place; the picture is copied as it is.",
    params=VideoParams,
    plan=_plan,
    input="files",
)
