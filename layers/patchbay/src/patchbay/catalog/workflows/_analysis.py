"""What the analysis workflows share."""

from patchbay.catalog.workflow import StepSpec

DETECTION = "music_detection.json"
"""The output of a step that looks for nothing but music."""


def analyse(features: tuple[str, ...], outputs: tuple[str, ...]) -> StepSpec:
    """The step that looks for `features`."""
    return StepSpec(
        name="analyse",
        engine="analysis",
        compute="cpu",
        outputs=outputs,
        params={"features": list(features)},
        timeout_s=3600,
    )
