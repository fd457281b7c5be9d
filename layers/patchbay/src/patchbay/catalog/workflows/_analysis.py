"""What the analysis workflows share."""

from patchbay.catalog.workflow import StepSpec

DETECTION = "music_detection.json"
"""The output of a step that looks for nothing but music."""
VALUES = ("bpm", "key", "duration_s", "loudness_lufs")


def analyse(features: tuple[str, ...], outputs: tuple[str, ...]) -> StepSpec:
    """The step that looks for `features`."""
    return StepSpec(
        name="analyse",
        engine="analysis",
        compute="cpu",
        outputs=outputs,
        values=tuple(name for name in outputs if name in VALUES),
        params={"features": list(features)},
        timeout_s=3600,
    )
