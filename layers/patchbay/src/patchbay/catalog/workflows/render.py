"""An arrangement of clips on tracks as it sounds. Its files: the arrangement, and each source under its name there.

Outputs: `mix.<format>`; `arrangement.png`, a picture of what plays when; with `stems` `stems.zip`, each track by
itself; and the plain values `duration_s`, `peak_db` and `loudness_lufs`, of the mix.
"""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from patchbay.catalog.models import Shelf
from patchbay.catalog.workflow import Params, StepSpec, Workflow
from patchbay.domain.errors import InvalidInput
from patchbay.domain.formats import BIT_DEPTHS, check_encoding

ARRANGEMENT = "arrangement"
"""Name of the file that is the arrangement, JSON of `patchbay.domain.arrangement`; no source may be called so."""
MIX, PICTURE, STEMS = "mix", "arrangement.png", "stems.zip"
VALUES = ("duration_s", "peak_db", "loudness_lufs")
LONGEST_S = 6 * 3600.0
BIT_DEPTH, SAMPLE_RATE_HZ = 16, 44100


class RenderParams(Params):
    """How to render an arrangement."""

    format: Literal["wav", "flac", "mp3", "m4a", "ogg"] = Field("wav", description="Container and codec of the mix")
    bit_depth: Literal[16, 24, 32] | None = Field(
        None, description="Bits a sample of a lossless mix; 32 is float, which alone goes over full scale; 16 if unset"
    )
    bitrate_kbps: int | None = Field(
        None, ge=16, le=512, description="Bit rate of a lossy mix, kbit/s; what the quality asks for if unset"
    )
    sample_rate_hz: int = Field(SAMPLE_RATE_HZ, ge=8000, le=192000, description="Sample rate of the mix, Hz")
    quality: Literal["draft", "standard", "high"] = Field(
        "standard", description="How much care is taken of stretching, resampling and lossy encoding"
    )
    start_s: float = Field(
        0.0, ge=0, le=LONGEST_S, allow_inf_nan=False, description="Where in the arrangement to begin, seconds"
    )
    end_s: float | None = Field(
        None, gt=0, le=LONGEST_S, allow_inf_nan=False, description="Where to end, seconds; at the end if left out"
    )
    loudness_lufs: float | None = Field(
        None, ge=-40, le=-5, allow_inf_nan=False, description="Loudness of the mix, LUFS; as it comes if left out"
    )
    stems: bool = Field(False, description="Whether to give each track by itself as well, in a ZIP")

    @model_validator(mode="after")
    def goes_together(self) -> Self:
        """Raises `InvalidInput` naming the first field that does not fit the others."""
        names = {"format", "bit_depth", "bitrate_kbps", "sample_rate_hz"}
        check_encoding(self.model_dump(include=names))
        if self.end_s is not None and self.end_s <= self.start_s:
            raise InvalidInput(f"the end, {self.end_s:g} s, is not after the start, {self.start_s:g} s", field="end_s")
        return self


def _plan(params: RenderParams, shelf: Shelf) -> tuple[StepSpec, ...]:
    # Written out in full, so that an order that leaves a default out is the same computation as one that names it.
    wishes: dict[str, Any] = params.model_dump(mode="json")
    if params.format in BIT_DEPTHS:
        wishes["bit_depth"] = params.bit_depth or BIT_DEPTH
    return (
        StepSpec(
            name="render",
            engine="rendering",
            compute="cpu",
            outputs=(f"{MIX}.{params.format}", PICTURE, *((STEMS,) if params.stems else ()), *VALUES),
            values=VALUES,
            params={name: value for name, value in wishes.items() if value is not None},
            timeout_s=2 * 3600,
        ),
    )


WORKFLOW = Workflow(
    slug="render",
    name="Rendering",
    description="Renders an arrangement of clips on tracks: the mix, a picture of it, and each track by itself.",
    params=RenderParams,
    plan=_plan,
    input="files",
)
