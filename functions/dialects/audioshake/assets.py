"""Assets in the words of the AudioShake APIs."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from patchbay.domain.assets import Asset, AssetState

MEDIA_TYPES: Mapping[str, str] = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "aiff": "audio/aiff",
    "aif": "audio/aiff",
    "aac": "audio/aac",
    "m4a": "audio/mp4",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "webm": "audio/webm",
    "mkv": "audio/x-matroska",
    "wma": "audio/x-ms-wma",
    "json": "application/json",
}
"""Ending of a name -> media type."""
UNKNOWN = "application/octet-stream"
_ENDINGS = {"mov": "m4a", "matroska": "mkv", "asf": "wma"}
"""Container -> ending, where the two are not called the same."""


def kind(asset: Asset) -> tuple[str, str]:
    """(format, media type): what the bytes are, or, until somebody looked at them, what the name's ending says."""
    named = ending(urlsplit(asset.source_url).path) if asset.source_url else ""
    told = ending(asset.name) or named
    if asset.audio is None:
        return told, MEDIA_TYPES.get(told, UNKNOWN)
    container = asset.audio.container
    same = MEDIA_TYPES.get(told) == asset.audio.media_type
    return told if same else _ENDINGS.get(container, container), asset.audio.media_type


def ending(name: str) -> str:
    """The ending of a file's name, one of `MEDIA_TYPES` or empty."""
    found = name.rpartition(".")[2].lower()
    return found if found in MEDIA_TYPES else ""


def asset(found: Asset, link: str) -> dict[str, Any]:
    """An asset as it is answered to an upload. `link` is a fresh link to its bytes."""
    fmt, media_type = kind(found)
    return {
        "id": found.id,
        "name": found.name,
        "fileType": media_type,
        "format": fmt,
        "link": None if found.state is AssetState.REJECTED else link,
    }


def stated(found: Asset, link: str) -> dict[str, Any]:
    """An asset with what became of it."""
    return {**asset(found, link), "status": found.state.value, "reason": found.reason}
