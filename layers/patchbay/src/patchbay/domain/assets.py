"""Audio files that a tenant brought: awaited, then ready or rejected with the reason."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from patchbay.domain.base import Entity
from patchbay.domain.ids import is_id


class AssetState(StrEnum):
    """`PENDING` until the bytes were looked at."""

    PENDING = "pending"
    READY = "ready"
    REJECTED = "rejected"


class AudioInfo(BaseModel):
    """What a look at the bytes told."""

    model_config = ConfigDict(frozen=True)

    media_type: str
    """Sniffed from the bytes, never what the uploader said."""
    container: str
    codec: str
    duration_s: float
    sample_rate_hz: int
    channels: int


class Asset(Entity):
    """One uploaded or imported file."""

    id: str
    tenant_id: str
    key: str
    """Where its bytes are (or will be) in the object store."""
    name: str = ""
    state: AssetState = AssetState.PENDING
    reason: str | None = None
    """Why it was rejected, in words for its owner."""
    audio: AudioInfo | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    source_url: str | None = None
    """Where its bytes are to be fetched from, if nobody uploads them."""
    fetching_until: datetime | None = None
    """While they are being fetched: when that is over at the latest."""
    created_at: datetime
    inspected_at: datetime | None = None
    keep_until: datetime | None = None
    """When it and its bytes are to be forgotten; None if it is kept until somebody deletes it."""

    def gone(self, now: datetime) -> bool:
        """Whether its time is over, though its record may still be there."""
        return self.keep_until is not None and self.keep_until <= now


def upload_key(tenant_id: str, asset_id: str) -> str:
    """Object key of an upload. The tenant is part of the key, so no signature for one can reach another's bytes."""
    return f"uploads/{tenant_id}/{asset_id}"


def parse_upload_key(key: str) -> tuple[str, str] | None:
    """(tenant id, asset id) of an upload's object key, or None for any other key."""
    parts = key.split("/")
    if len(parts) == 3 and parts[0] == "uploads" and is_id(parts[1]) and is_id(parts[2]):
        return parts[1], parts[2]
    return None


def result_prefix(tenant_id: str, fingerprint: str) -> str:
    """Where the outputs of one computation lie: the same computation always writes the same objects."""
    return f"results/{tenant_id}/{fingerprint}/"


def order_prefix(tenant_id: str) -> str:
    """Where the lists and documents lie that a tenant's jobs work on."""
    return f"orders/{tenant_id}/"
