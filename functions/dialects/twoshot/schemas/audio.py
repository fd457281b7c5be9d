"""Audio files."""
# ruff: noqa: N815

from typing import Literal

from pydantic import Field

from functions.dialects.twoshot.schemas.licences import Shown
from functions.http import schemas as base


class Audio(base.Body):
    """An audio file."""

    id: str
    name: str
    created: str
    duration: float | None = Field(description="Seconds, once it was looked at")
    bpm: float | None
    scale: str | None
    free: bool
    licenceId: int | None
    sampleId: int | None = Field(description="The sample whose audio it is")
    public: bool
    processing: bool
    error: str | None = Field(description="Why it cannot be used")


class AudioFile(Audio):
    """An audio file with what its bytes say."""

    mediaType: str | None
    sampleRate: int | None = Field(description="Hz")
    channels: int | None
    sizeBytes: int | None


class File(base.Body):
    """Where a file is."""

    audioId: str
    url: str = Field(description="Fresh link; it takes `Range`")
    expiresIn: int = Field(description="Seconds")


class Download(File):
    """Where a file is, and what may be done with it."""

    name: str
    licence: Shown | None


class Bpm(base.Body):
    """How fast it is."""

    audioId: str
    bpm: float | None = Field(description="Beats a minute; null if none was heard")
    processing: bool


class Stem(base.Body):
    """One stem."""

    name: str = Field(examples=["vocals"])
    url: str = Field(description="Fresh link")


class Stems(base.Body):
    """The stems of an audio file. Asking for them starts the separation; ask again until it is over."""

    audioId: str
    jobId: str
    status: Literal["pending", "processing", "completed", "failed"]
    progress: int = Field(description="0 to 100")
    stems: list[Stem]
    error: str | None
