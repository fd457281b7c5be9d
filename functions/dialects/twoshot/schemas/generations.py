"""Generations and renders."""
# ruff: noqa: N815

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from functions.dialects.twoshot.schemas.common import Body
from functions.dialects.twoshot.schemas.projects import Envelope, ProjectData
from functions.http import schemas as base
from patchbay.catalog.workflows.render import LONGEST_S
from patchbay.domain.samples import MAX_NAME_CHARS

Status = Literal["pending", "processing", "completed", "failed", "cancelled"]
_ASKED = "what the quality asks for if left out"


class RenderOptions(Body):
    """How a project is to be rendered."""

    format: Literal["wav", "flac", "mp3", "m4a", "ogg"] = "wav"
    quality: Literal["low", "medium", "high"] = Field(
        "high", description="Care taken of stretching and resampling; bits of a lossless file, bit rate of a lossy one"
    )
    startTime: float | None = Field(None, ge=0, le=LONGEST_S, allow_inf_nan=False, description="Seconds; 0 if left out")
    endTime: float | None = Field(
        None, gt=0, le=LONGEST_S, allow_inf_nan=False, description="Seconds; the project's end if left out"
    )
    bitDepth: Literal[16, 24, 32] | None = Field(
        None, description="Of wav (32 is float) and flac; 24 in high quality, else 16, if left out"
    )
    bitrate: int | None = Field(None, ge=16, le=512, description=f"Of mp3, m4a and ogg, kbit/s; {_ASKED}")
    sampleRate: int | None = Field(None, ge=8000, le=192_000, description="Hz; 44100 if left out")
    loudnessTarget: float | None = Field(
        None, ge=-40, le=-5, allow_inf_nan=False, description="LUFS; the mix as it is if left out"
    )
    stems: bool = Field(False, description="Whether to give each track by itself too, in a ZIP")

    @model_validator(mode="before")
    @classmethod
    def _told(cls, given: Any) -> Any:
        """Options without those that are null, as many programs write what they leave out."""
        if not isinstance(given, dict):
            return given
        return {name: v for name, v in given.items() if v is not None or name not in RenderOptions.model_fields}


class RenderData(RenderOptions, Envelope, ProjectData):
    """A document that need not be saved, and how it is to be rendered."""

    name: Annotated[str, Field(max_length=MAX_NAME_CHARS, description="Of the audio files")] = ""


class Started(base.Body):
    """Work that was taken on. `GET /generation/{jobId}` tells how it stands."""

    jobId: str
    status: Status
    estimatedCompletion: str = Field(description="A guess", examples=["2024-01-15T10:35:00Z"])


class ModelName(base.Body):
    """The model that makes it."""

    id: int
    name: str


class Output(base.Body):
    """Audio that was made: yours, to be had at `/audio/{audioId}` and to be used in projects."""

    audioId: str
    name: str = Field(description="The `outputName` of a clip that uses it", examples=["mix.wav"])
    duration: float = Field(description="Seconds")
    format: str = Field(examples=["wav"])


class File(base.Body):
    """Another file that was made."""

    name: str = Field(examples=["arrangement.png"])
    mediaType: str
    url: str = Field(description="Fresh link")


class Generation(base.Body):
    """How a generation, a render or a video stands."""

    id: str
    type: Literal["generation", "render", "video"]
    status: Status
    progress: int = Field(description="0 to 100")
    created: str
    completed: str | None
    estimatedCompletion: str | None = Field(description="A guess, until it is over")
    model: ModelName | None = Field(description="Null for what no model makes")
    inputs: list[dict[str, Any]] = Field(description="As they were given; told to their owner alone")
    outputs: list[Output] = Field(description="Once it is completed")
    files: list[File] = Field(description="What else was made; told to its owner alone, as long as it is kept")
    error: str | None
    creditsUsed: int | None = Field(
        description="Told to its owner alone; 0 once they were given back, because nothing came of it. They are not "
        "where your account had no room for the audio, or you have deleted it"
    )
