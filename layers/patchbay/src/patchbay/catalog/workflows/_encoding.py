"""What the encoding workflows share."""

from typing import Any, Literal

from pydantic import Field

from patchbay.catalog.workflow import Params, StepSpec

AudioFormat = Literal["wav", "flac", "mp3", "m4a", "ogg", "opus"]


class EncodingParams(Params):
    """Parameters of an audio encode. What is left out stays as the source has it, or at the format's default."""

    format: AudioFormat = Field("mp3", description="Container and codec of the result")
    sample_rate_hz: int | None = Field(None, ge=8000, le=192000, description="Sample rate of the result, Hz")
    bitrate_kbps: int | None = Field(None, ge=16, le=512, description="Bit rate of a lossy result, kbit/s")
    bit_depth: Literal[16, 24, 32] | None = Field(None, description="Bits a sample of a lossless result; 32 is float")
    channels: Literal[1, 2] | None = Field(None, description="1 for mono, 2 for stereo")


def encode(params: EncodingParams, outputs: tuple[str, ...], *, after: str | None) -> StepSpec:
    """The step that encodes every input into the format asked for."""
    asked: dict[str, Any] = {
        name: value for name in EncodingParams.model_fields if (value := getattr(params, name)) is not None
    }
    return StepSpec(
        name="encode",
        engine="encoding",
        compute="cpu",
        outputs=outputs,
        params=asked,
        after=after,
        timeout_s=3600,
        weight=1.0,
    )
