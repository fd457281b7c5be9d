"""Several files in one ZIP, written as it is sent: it is never whole anywhere."""

import io
import zipfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import IO, Any, Final, cast
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import StreamingResponse

from functions.http import observe
from functions.http.multipart import base_name
from patchbay.domain.errors import TooLarge
from patchbay.ports import Objects

MEDIA_TYPE: Final = "application/zip"
MAX_LAMBDA_BYTES: Final = 4_400_000
"""A Lambda answers with 6 MB at most, and these in Base64 (Lambda quotas)."""
_NOT_IN_NAMES = str.maketrans(dict.fromkeys('<>:"|?*', "_"))


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an archive: an object, under a name that the archive has once."""

    name: str
    key: str
    size_bytes: int
    made_at: datetime


def check_size(entries: Sequence[Entry]) -> None:
    """Raises `TooLarge` where this process cannot answer so much."""
    size = sum(entry.size_bytes for entry in entries)
    if observe.in_lambda() and size > MAX_LAMBDA_BYTES:
        raise TooLarge(f"these are {size} bytes; {MAX_LAMBDA_BYTES} go into one answer here: take fewer, or one by one")


async def written(
    objects: Objects, entries: Sequence[Entry], texts: Sequence[tuple[str, str]] = ()
) -> AsyncIterator[bytes]:
    """The archive in blocks: the files, and texts by their names. Audio is stored as it is: it hardly gets smaller."""
    sink = _Sink()
    with zipfile.ZipFile(cast("IO[bytes]", sink), "w") as archive:
        for entry in entries:
            info = zipfile.ZipInfo(entry.name, entry.made_at.timetuple()[:6])
            large = entry.size_bytes >= zipfile.ZIP64_LIMIT
            with objects.read(entry.key) as blocks, archive.open(info, "w", force_zip64=large) as file:
                for block in blocks:
                    file.write(block)
                    yield sink.taken()
        for name, text in texts:
            archive.writestr(zipfile.ZipInfo(name, entries[-1].made_at.timetuple()[:6]), text)
    yield sink.taken()


def answer(request: Request, blocks: AsyncIterator[bytes], name: str) -> StreamingResponse:
    """An archive as an answer, under a name that `file_name` made. Nothing is read for who wants its head alone."""
    told = {"content-disposition": attachment(name)}
    return StreamingResponse(_nothing() if request.method == "HEAD" else blocks, media_type=MEDIA_TYPE, headers=told)


async def _nothing() -> AsyncIterator[bytes]:
    for block in tuple[bytes, ...]():
        yield block


def attachment(name: str) -> str:
    """What `Content-Disposition` says of a file of a name that `file_name` made.

    Where that is not ASCII it is there twice: for who knows no other form, and as it is (RFC 6266, section 4.3).
    """
    plain = "".join(char if char.isascii() else "_" for char in name)
    told = f'attachment; filename="{plain}"'
    return told if name.isascii() else f"{told}; filename*=UTF-8''{quote(name, safe='')}"


def file_name(name: str, ending: str) -> str:
    """A name for a file that every system takes, with an ending."""
    flat = name.replace("/", "_").replace("\\", "_")
    bare = base_name(flat).translate(_NOT_IN_NAMES).strip(" .") or "audio"
    return bare if bare.lower().endswith(ending.lower()) else bare[:200] + ending


def free(name: str, taken: set[str]) -> str:
    """The name, with a number where it is taken; `taken` has it afterwards."""
    path, number = PurePath(name), 1
    while name.casefold() in taken:
        number += 1
        name = f"{path.stem} ({number}){path.suffix}"
    taken.add(name.casefold())
    return name


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
