"""What the encoding workflows share."""

from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from patchbay.catalog.workflow import Params, StepSpec
from patchbay.domain.errors import InvalidInput
from patchbay.domain.formats import Format, check_encoding


class EncodingParams(Params):
    """Parameters of an audio encode. What is left out stays as the source has it, or at the format's default."""

    format: Format = Field("mp3", description="Container and codec of the result")
    sample_rate_hz: int | None = Field(None, ge=8000, le=192000, description="Sample rate of the result, Hz")
    bitrate_kbps: int | None = Field(None, ge=16, le=512, description="Bit rate of a lossy result, kbit/s")
    bit_depth: Literal[16, 24, 32] | None = Field(None, description="Bits a sample of a lossless result; 32 is float")
    channels: Literal[1, 2] | None = Field(None, description="1 for mono, 2 for stereo")

    @model_validator(mode="after")
    def goes_together(self) -> Self:
        """Raises `InvalidInput` now rather than after the work that comes before the encoding."""
        check_encoding(self.model_dump(include=set(EncodingParams.model_fields)))
        return self


TRIMMED: Final = "input"
LONGEST_S: Final = 6 * 3600.0


class PartParams(Params):
    """The part of the input that is to be worked on."""

    input_start_s: float = Field(
        0.0, ge=0, le=LONGEST_S, allow_inf_nan=False, description="What of the input is before, seconds, is left out"
    )
    input_end_s: float | None = Field(
        None, gt=0, le=LONGEST_S, allow_inf_nan=False, description="What of the input is after, seconds, is left out"
    )

    @model_validator(mode="after")
    def is_a_part(self) -> Self:
        """Raises `InvalidInput` for an end that comes before the start."""
        if self.input_end_s is not None and self.input_end_s <= self.input_start_s:
            raise InvalidInput("the part of the input ends before it begins", field="input_end_s")
        return self

    @property
    def is_all(self) -> bool:
        """Whether the whole input is meant."""
        return self.input_start_s == 0 and self.input_end_s is None


def trim(params: PartParams) -> tuple[StepSpec, ...]:
    """The step that cuts the job's input down to a part of it, which others then take as `TRIMMED`; none for all."""
    if params.is_all:
        return ()
    end = {} if params.input_end_s is None else {"end_s": params.input_end_s}
    return (
        StepSpec(
            name="trim",
            engine="encoding",
            compute="cpu",
            outputs=(TRIMMED,),
            params={"format": "wav", "bit_depth": 32, "start_s": params.input_start_s, **end},
            timeout_s=3600,
            weight=0.5,
            reported=False,
        ),
    )


def encode(
    params: EncodingParams, inputs: tuple[str, ...], *, after: str | None, one_of_many: bool = False
) -> StepSpec:
    """The step that encodes `inputs` into the format asked for.

    `one_of_many`: there are such steps for other formats too, so that its name and its outputs' names tell the format.
    """
    asked: dict[str, Any] = {
        name: value for name in EncodingParams.model_fields if (value := getattr(params, name)) is not None
    }
    outputs = tuple(f"{name}.{params.format}" for name in inputs) if one_of_many else inputs
    return StepSpec(
        name=f"encode-{params.format}" if one_of_many else "encode",
        engine="encoding",
        compute="cpu",
        outputs=outputs,
        params={**asked, "format_in_names": True} if one_of_many else asked,
        after=after,
        takes=inputs if after else (),
        timeout_s=3600,
        weight=1.0,
    )
