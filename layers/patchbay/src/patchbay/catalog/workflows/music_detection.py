"""Where in a recording there is music."""

from patchbay.catalog.workflow import Params, Workflow
from patchbay.catalog.workflows._analysis import DETECTION, analyse

WORKFLOW = Workflow(
    slug="music-detection",
    name="Music Detection",
    description="The stretches of a recording in which there is music, with a confidence each, as a JSON file.",
    params=Params,
    plan=lambda params, shelf: (analyse(("music_detection",), (DETECTION,)),),
)
