"""Audio files that a tenant brought: awaited, then ready or rejected with the reason."""

from datetime import datetime
from enum import StrEnum

from patchbay.domain.base import Entity, Part
from patchbay.domain.ids import is_id

_TAKEN, _INCOMING = "uploads/", "incoming/audio/"


class AssetState(StrEnum):
    """`PENDING` until the bytes were looked at."""

    PENDING = "pending"
    READY = "ready"
    REJECTED = "rejected"


class AudioInfo(Part):
    """What a look at the bytes told."""

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

    @property
    def incoming_key(self) -> str:
        """Where an upload of its bytes arrives. From there they are taken to `key`, which no upload URL reaches."""
        return incoming_key(self.tenant_id, self.id)

    counted_bytes: int | None = None
    """What its owner's account is charged for it; None if nothing is."""

    def gone(self, now: datetime) -> bool:
        """Whether its time is over, though its record may still be there."""
        return self.keep_until is not None and self.keep_until <= now


def upload_key(tenant_id: str, asset_id: str) -> str:
    """Object key of an upload that was taken. The tenant is part of the key, so no link to one tells another's."""
    return f"{_TAKEN}{tenant_id}/{asset_id}"


def incoming_key(tenant_id: str, asset_id: str) -> str:
    """Object key that upload URLs point to. The tenant is part of it, so no signature for one reaches another's."""
    return f"{_INCOMING}{tenant_id}/{asset_id}"


def parse_upload_key(key: str) -> tuple[str, str] | None:
    """(tenant id, asset id) of an `upload_key`, or None for any other key."""
    return _owner(key, _TAKEN)


def parse_incoming_key(key: str) -> tuple[str, str] | None:
    """(tenant id, asset id) of an `incoming_key`, or None for any other key."""
    return _owner(key, _INCOMING)


def result_prefix(tenant_id: str, fingerprint: str) -> str:
    """Where the outputs of one computation lie: the same computation always writes the same objects."""
    return f"results/{tenant_id}/{fingerprint}/"


def order_prefix(tenant_id: str) -> str:
    """Where the lists and documents lie that a tenant's jobs work on."""
    return f"orders/{tenant_id}/"


def _owner(key: str, place: str) -> tuple[str, str] | None:
    ids = key.removeprefix(place).split("/")
    return (ids[0], ids[1]) if key.startswith(place) and len(ids) == 2 and all(map(is_id, ids)) else None
