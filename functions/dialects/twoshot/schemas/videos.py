"""Videos."""
# ruff: noqa: N815

from typing import Literal

from pydantic import Field

from functions.dialects.twoshot.schemas.common import Body
from functions.dialects.twoshot.schemas.generations import Status
from functions.http import schemas as base
from patchbay.core.videos import MAX_BYTES
from patchbay.domain.films import MAX_DURATION_S
from patchbay.domain.videos import MAX_NAME_CHARS


class NewVideo(Body):
    """A video that is to be uploaded."""

    name: str = Field(min_length=1, max_length=MAX_NAME_CHARS)
    sizeBytes: int | None = Field(
        None, ge=1, description=f"If told, the upload URL takes exactly so many bytes; {MAX_BYTES} at most"
    )


class Made(base.Body):
    """A new video."""

    id: str
    uploadUrl: str = Field(description="PUT the file here: MP4, QuickTime, WebM or Matroska")
    expiresIn: int = Field(description="Seconds")


class Ducking(base.Body):
    """One sound goes down while another is heard: while its level, over 10 ms, is above -40 dB of full scale."""

    target: Literal["music", "original"] = Field(
        "music", description="What goes down: the new audio, or the video's own sound"
    )
    amount: float = Field(12.0, ge=0, le=60, allow_inf_nan=False, description="How far, dB")
    attack: float = Field(0.05, ge=0.001, le=5, allow_inf_nan=False, description="Seconds to go 63 % of the way down")
    release: float = Field(0.5, ge=0.001, le=10, allow_inf_nan=False, description="Seconds to come 63 % of the way up")


class Sync(Body):
    """Which audio goes under a video. What is left out is as usual, whatever was said before."""

    audioId: str = Field(
        min_length=1, max_length=64, description="Yours, or of a public sample; what a generation made, too"
    )
    offset: float = Field(
        0.0,
        ge=-MAX_DURATION_S,
        le=MAX_DURATION_S,
        allow_inf_nan=False,
        description="Where the audio begins, seconds from the video's beginning; less than 0 cuts its beginning off",
    )
    gain: float = Field(1.0, ge=0, le=4, allow_inf_nan=False, description="Linear amplitude of the audio")
    keepOriginal: bool = Field(True, description="Whether the video's own sound stays")
    ducking: Ducking | bool | None = Field(None, description="True: the new audio goes down by 12 dB")
    fadeOut: float = Field(
        1.0, ge=0, le=60, allow_inf_nan=False, description="Seconds of fading where the video's end cuts the audio off"
    )
    name: str | None = Field(None, min_length=1, max_length=MAX_NAME_CHARS, description="A new name")


class Media(base.Body):
    """What a look at the file told."""

    container: str = Field(examples=["mp4"])
    codec: str = Field(examples=["h264"])
    width: int
    height: int
    duration: float | None = Field(description="Seconds, as the file says; null where it does not")
    hasSound: bool
    sizeBytes: int


class Rendering(base.Body):
    """The rendering that was ordered last."""

    jobId: str
    status: Status
    progress: int = Field(description="0 to 100")
    error: str | None
    outdated: bool = Field(description="Whether the video was changed since it was ordered")


class Video(base.Body):
    """A video."""

    id: str
    name: str
    created: str
    updated: str
    media: Media | None = Field(description="Null until the file was looked at")
    error: str | None = Field(description="Why the file that came last was not taken")
    audioId: str | None
    offset: float
    gain: float
    keepOriginal: bool
    ducking: Ducking | None
    fadeOut: float
    render: Rendering | None


class Download(base.Body):
    """Where the rendered video is."""

    videoId: str
    name: str
    mediaType: str
    sizeBytes: int | None
    url: str = Field(description="Fresh link; it takes `Range`")
    expiresIn: int = Field(description="Seconds")


class Gone(base.Body):
    """What was deleted."""

    id: str
