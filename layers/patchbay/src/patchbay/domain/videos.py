"""Videos: a picture that its owner uploaded, the sound that goes under it, and what came of the two."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from patchbay.domain.base import Entity, Part
from patchbay.domain.films import MAX_DURATION_S

MAX_NAME_CHARS = 255


class FilmInfo(Part):
    """What a look at a video's head told. How long it is the file itself says; it is counted when it is rendered."""

    container: str
    """Ending of its file, `mp4`: what it is rendered as, too."""
    codec: str
    """Of its picture."""
    width_px: int
    height_px: int
    duration_s: float | None = None
    """None where the file does not say."""
    sounds: bool = False
    """Whether it has sound of its own."""


class Underlay(Part):
    """How sound goes with a video: where it is heard, how loud, and what gives way to what."""

    offset_s: float = Field(
        0.0,
        ge=-MAX_DURATION_S,
        le=MAX_DURATION_S,
        allow_inf_nan=False,
        description="Where the audio begins, seconds from the video's beginning; less than 0 cuts its beginning off",
    )
    gain: float = Field(1.0, ge=0, le=4, allow_inf_nan=False, description="Linear amplitude of the audio")
    keep_original: bool = Field(True, description="Whether the video's own sound stays")
    duck: Literal["none", "music", "original"] = Field(
        "none", description="Which of the two goes down while the other is heard"
    )
    duck_db: float = Field(12.0, ge=0, le=60, allow_inf_nan=False, description="How far it goes down, dB")
    attack_s: float = Field(0.05, ge=0.001, le=5, allow_inf_nan=False, description="Time constant of going down")
    release_s: float = Field(0.5, ge=0.001, le=10, allow_inf_nan=False, description="Time constant of coming back")
    fade_out_s: float = Field(
        1.0, ge=0, le=60, allow_inf_nan=False, description="How long the audio fades where the video's end cuts it off"
    )


class Sync(Underlay):
    """Which audio goes under a video, and how."""

    audio_id: str


class Video(Entity):
    """One video."""

    id: str
    tenant_id: str
    name: str
    key: str = ""
    """Where its bytes are, once they were taken: no upload URL reaches it."""
    info: FilmInfo | None = None
    """None until its bytes were taken and looked at."""
    size_bytes: int | None = None
    counted_bytes: int | None = None
    """What its owner's account is charged for it; None if nothing is."""
    reason: str | None = None
    """Why the bytes that came last were not taken."""
    sync: Sync | None = None
    render_id: str | None = None
    """The generation that renders it, or has done."""
    rendered: Sync | None = None
    """How that renders it."""
    created_at: datetime
    updated_at: datetime

    @property
    def incoming_key(self) -> str:
        """Where its upload arrives."""
        return f"incoming/videos/{self.tenant_id}/{self.id}"

    @property
    def taken_prefix(self) -> str:
        """Beginning of the keys of all that was taken of its uploads."""
        return f"videos/{self.tenant_id}/{self.id}/"

    def taken_key(self, etag: str) -> str:
        """Where an upload is taken to: each to a place of its own, so that nobody drops another's."""
        return self.taken_prefix + etag.strip('"')
