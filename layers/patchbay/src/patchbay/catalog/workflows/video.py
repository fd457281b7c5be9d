"""Sound under a video, whose picture stays as it is. Its files: `video`, and the new sound as `audio`.

Outputs: `video` in the container that it came in, and the plain values `duration_s` and `turned_down_db`: by how much a
mix was lowered that would have been over full scale.
"""

from patchbay.catalog.models import Shelf
from patchbay.catalog.workflow import Params, StepSpec, Workflow
from patchbay.domain.videos import Underlay

VALUES = ("duration_s", "turned_down_db")


class VideoParams(Underlay, Params):
    """How the new sound goes with the video."""


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
