"""Samples: pieces of audio in a tenant's library, prepared once, and shown to all if their owner wants it."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from patchbay.domain.base import Entity
from patchbay.domain.errors import InvalidInput

MAX_PEAKS = 200
MAX_NAME_CHARS = 200
MAX_TAGS = 20
MAX_TAG_CHARS = 40
_JOINERS = "\u200c\u200d"
"""Zero width non-joiner and joiner: words and pictures of several characters are spelt with them."""


class SampleState(StrEnum):
    """`PROCESSING` until the sample's audio was listened to."""

    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"


class Sample(Entity):
    """One sample. Its audio is an asset of the same owner; what is known of the audio comes from its preparation."""

    id: str
    """Its preparation job's as well, so that each is found by the other."""
    number: int
    """By which the world knows it."""
    tenant_id: str
    asset_id: str
    name: str
    public: bool = False
    """Whether everybody finds and hears it, or its owner alone."""
    scale: str = ""
    """Tonic and mode, "A Minor"; empty if unknown."""
    bpm: float | None = None
    duration_s: float | None = None
    tags: tuple[str, ...] = ()
    folder_number: int | None = None
    art_key: str = ""
    """Object key of its picture, a JPEG."""
    art_number: int = 0
    licence_id: int | None = None
    free: bool = False
    """Whether it has a licence, and that has no price."""
    state: SampleState = SampleState.PROCESSING
    reason: str | None = None
    """Why its preparation failed, in words for its owner."""
    job_id: str | None = None
    """The job that prepares or prepared it."""
    preview_key: str = ""
    """Object key of its preview, a short MP3."""
    peaks: tuple[float, ...] = ()
    """Greatest absolute value in each of at most `MAX_PEAKS` equal stretches of the audio, full scale 1."""
    popularity: int = 0
    """Binary digits of the number of its likes: changes rarely, so that it can be sorted by."""
    created_at: datetime
    updated_at: datetime

    @property
    def shown(self) -> bool:
        """Whether everybody may find and hear it: it is public, and what it holds was looked at."""
        return self.public and self.state is SampleState.READY

    def visible_to(self, viewer: str | None) -> bool:
        """Whether a tenant, or somebody nobody knows, may find and hear it."""
        return self.shown or viewer == self.tenant_id


def sample_prefix(tenant_id: str, sample_id: str) -> str:
    """Where a sample's own objects lie. Unlike results they stay as long as it does."""
    return f"samples/{tenant_id}/{sample_id}/"


def tidy_name(text: str, *, field: str = "name") -> str:
    """A name as it is stored: in Unicode's normal form C, with single spaces. Raises `InvalidInput`."""
    name = _tidy(text)
    if not name.strip(_JOINERS) or len(name) > MAX_NAME_CHARS:
        raise InvalidInput(f"a name has 1 to {MAX_NAME_CHARS} characters", field=field)
    return name


def tidy_tags(texts: Sequence[str]) -> tuple[str, ...]:
    """Tags as they are stored: small letters, without a hash sign before them, each once. Raises `InvalidInput`."""
    tags = tuple(dict.fromkeys(_tidy(_tidy(text).lstrip("# ").lower()) for text in texts))
    if len(tags) > MAX_TAGS:
        raise InvalidInput(f"a sample has at most {MAX_TAGS} tags", field="tags")
    if any(not tag.strip(_JOINERS) or len(tag) > MAX_TAG_CHARS for tag in tags):
        raise InvalidInput(f"a tag has 1 to {MAX_TAG_CHARS} characters", field="tags")
    return tags


def _tidy(text: str) -> str:
    """Characters that cannot be seen are taken for spaces: controls, changes of direction, halves of pairs."""
    seen = (" " if unicodedata.category(c)[0] == "C" and c not in _JOINERS else c for c in text[:4096])
    return " ".join(unicodedata.normalize("NFC", "".join(seen)).split())
