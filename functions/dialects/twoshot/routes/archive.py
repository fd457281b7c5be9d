"""Several audio files in one ZIP, written as it is sent: it is never whole anywhere."""

import io
import json
import zipfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import IO, Any, Final, cast

from functions.dialects.twoshot.routes import files
from functions.http import observe
from functions.http.multipart import base_name
from patchbay import bootstrap
from patchbay.domain.assets import Asset
from patchbay.domain.errors import TooLarge
from patchbay.domain.samples import Sample

LICENCES: Final = "licences.json"
MAX_LAMBDA_BYTES: Final = 4_400_000
"""A Lambda answers with 6 MB at most, and these in Base64 (Lambda quotas)."""
_ENDINGS = {"mov": ".m4a", "matroska": ".mkv", "asf": ".wma"}
"""Container -> ending, where the two are not called the same."""
_NOT_IN_NAMES = str.maketrans(dict.fromkeys('<>:"|?*', "_"))


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an archive."""

    name: str
    asset: Asset
    licence: dict[str, Any] | None


def entries(tenant_id: str, found: Sequence[tuple[Sample | None, Asset]]) -> list[Entry]:
    """The files of an archive, each under a name of its own.

    Raises `NotFound` and `Conflict` for audio that cannot be had, `TooLarge` where this process cannot answer so much.
    """
    made: list[Entry] = []
    taken = {LICENCES}
    for sample, asset in found:
        told = files.download(tenant_id, sample, asset)
        name = _free(_file_name(told["name"], asset), taken)
        taken.add(name.casefold())
        made.append(Entry(name, asset, told["licence"]))
    size = sum(entry.asset.size_bytes or 0 for entry in made)
    if observe.in_lambda() and size > MAX_LAMBDA_BYTES:
        raise TooLarge(f"these are {size} bytes; {MAX_LAMBDA_BYTES} go into one answer here: take fewer, or one by one")
    return made


async def written(chosen: Sequence[Entry]) -> AsyncIterator[bytes]:
    """The archive in blocks. Audio is stored as it is: it hardly gets smaller."""
    objects, sink = bootstrap.services().objects, _Sink()
    with zipfile.ZipFile(cast("IO[bytes]", sink), "w") as archive:
        for entry in chosen:
            size, info = entry.asset.size_bytes or 0, _info(entry.name, entry.asset)
            large = size >= zipfile.ZIP64_LIMIT
            with objects.read(entry.asset.key) as blocks, archive.open(info, "w", force_zip64=large) as file:
                for block in blocks:
                    file.write(block)
                    yield sink.taken()
        told = {entry.name: entry.licence for entry in chosen}
        archive.writestr(_info(LICENCES, chosen[-1].asset), json.dumps(told, indent=2, ensure_ascii=False))
    yield sink.taken()


def _file_name(name: str, asset: Asset) -> str:
    """A name for a file, with the ending that its bytes ask for."""
    container = asset.audio.container if asset.audio else ""
    ending = _ENDINGS.get(container, f".{container}" if container else PurePath(asset.name).suffix)
    bare = base_name(name.replace("/", "_").replace("\\", "_")).translate(_NOT_IN_NAMES).strip(" .") or "audio"
    return bare if bare.lower().endswith(ending.lower()) else bare[:200] + ending


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number where it is taken."""
    path, number = PurePath(name), 1
    while name.casefold() in taken:
        number += 1
        name = f"{path.stem} ({number}){path.suffix}"
    return name


def _info(name: str, asset: Asset) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, asset.created_at.timetuple()[:6])


class _Sink(io.RawIOBase):
    """What was written and not sent yet. It cannot be gone back in, so sizes come after the files."""

    def __init__(self) -> None:
        super().__init__()
        self._blocks: list[bytes] = []

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, block: Any, /) -> int:
        """Take the next bytes."""
        self._blocks.append(bytes(block))
        return len(block)

    def taken(self) -> bytes:
        """What came since the last time."""
        found = b"".join(self._blocks)
        self._blocks.clear()
        return found
