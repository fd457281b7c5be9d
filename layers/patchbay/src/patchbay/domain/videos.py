"""Videos: a picture that its owner uploaded, the sound that goes under it, and what came of the two."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from patchbay.domain.base import Entity

MAX_NAME_CHARS = 255


class FilmInfo(BaseModel):
    """What a look at a video's head told. How long it is the file itself says; it is counted when it is rendered."""

    model_config = ConfigDict(defer_build=True, frozen=True)

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


class Sync(BaseModel):
    """Which audio goes under a video, and how."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    audio_id: str
    offset_s: float = 0.0
    """Where its beginning is, from the video's; less than 0: its beginning is cut off."""
    gain: float = 1.0
    """Linear amplitude."""
    keep_original: bool = True
    duck: Literal["none", "music", "original"] = "none"
    """Which of the two goes down while the other is heard."""
    duck_db: float = 12.0
    attack_s: float = 0.05
    release_s: float = 0.5
    fade_out_s: float = 1.0
    """How long it fades where the video's end cuts it off."""


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

    def taken_key(self, etag: str) -> str:
        """Where an upload is taken to: each to a place of its own, so that nobody drops another's."""
        name = etag.strip('"')
        return f"videos/{self.tenant_id}/{self.id}/{name}"
