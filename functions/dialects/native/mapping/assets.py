"""Audio files."""

from typing import Any

from patchbay.core.assets import Assets, PartsUpload
from patchbay.domain.assets import Asset, AssetState

_TOLD = {"id", "name", "state", "reason", "audio", "size_bytes", "sha256", "source_url", "created_at", "keep_until"}


def asset(found: Asset, assets: Assets) -> dict[str, Any]:
    """An asset, with a fresh link where there is something to give."""
    link = assets.download_url(found) if found.state is AssetState.READY else None
    return {**found.model_dump(mode="json", include=_TOLD), "download_url": link}


def parts(begun: PartsUpload) -> dict[str, Any]:
    """An upload in parts."""
    return {"upload_id": begun.upload_id, "part_bytes": begun.part_bytes, "urls": list(begun.urls)}
