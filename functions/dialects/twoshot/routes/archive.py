"""Several audio files in one ZIP, with the licences that they are under."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final

from functions.dialects.twoshot.routes import files
from functions.http import archive
from functions.http.archive import Entry
from patchbay import bootstrap
from patchbay.domain.assets import Asset
from patchbay.domain.samples import Sample

LICENCES: Final = "licences.json"
_ENDINGS = {"mov": ".m4a", "matroska": ".mkv", "asf": ".wma"}
"""Container -> ending, where the two are not called the same."""


@dataclass(frozen=True, slots=True)
class Licensed:
    """One file of an archive, and the licence that it is under."""

    entry: Entry
    licence: dict[str, Any] | None


def entries(tenant_id: str, found: Sequence[tuple[Sample | None, Asset]]) -> list[Licensed]:
    """The files of an archive, each under a name of its own.

    Raises `NotFound` and `Conflict` for audio that cannot be had, `TooLarge` where this process cannot answer so much.
    """
    made: list[Licensed] = []
    taken = {LICENCES}
    for sample, asset in found:
        told = files.download(tenant_id, sample, asset)
        name = archive.free(archive.file_name(told["name"], _ending(asset)), taken)
        made.append(Licensed(Entry(name, asset.key, asset.size_bytes or 0, asset.created_at), told["licence"]))
    archive.check_size([one.entry for one in made])
    return made


def written(chosen: Sequence[Licensed]) -> AsyncIterator[bytes]:
    """The archive in blocks."""
    told = {one.entry.name: one.licence for one in chosen}
    texts = [(LICENCES, json.dumps(told, indent=2, ensure_ascii=False))]
    return archive.written(bootstrap.services().objects, [one.entry for one in chosen], texts)


def _ending(asset: Asset) -> str:
    """The ending that a file's bytes ask for."""
    container = asset.audio.container if asset.audio else ""
    return _ENDINGS.get(container, f".{container}" if container else PurePath(asset.name).suffix)
