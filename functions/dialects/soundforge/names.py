"""Ids and paths that tell what they are of, so that nothing needs to be stored to find it again.

A stem's id is its job's, with the stem's place among the results in the digit of the version: a job's id is of
version 7 (RFC 9562), its stems' have 8 to f there.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, unquote

from patchbay.domain.errors import NotFound
from patchbay.domain.ids import is_id
from patchbay.domain.jobs import Output

_AT = 14
"""Place of the version's digit."""
_FIRST, _MOST = 8, 8
_PATH = re.compile(r"/?(?:files/)?(stems|downloads|uploads)/([0-9a-f-]{36})/([^/\x00-\x1f]{1,300})")
Place = Literal["stems", "downloads", "uploads"]


@dataclass(frozen=True, slots=True)
class FilePath:
    """A path under `/files`, read."""

    place: Place
    owner_id: str
    """The job of stems, the track of downloads, the audio of uploads."""
    name: str


def stem_id(job_id: str, place: int) -> str:
    """Id of the stem at a place, from 0, among a job's results."""
    if not 0 <= place < _MOST:
        raise ValueError(f"a job has {_MOST} stems at most")
    return f"{job_id[:_AT]}{_FIRST + place:x}{job_id[_AT + 1 :]}"


def parse_stem_id(text: str) -> tuple[str, int]:
    """(job id, place) of a stem. Raises `NotFound` for what is no such id."""
    digit = text[_AT : _AT + 1]
    job_id = f"{text[:_AT]}7{text[_AT + 1 :]}"
    if digit not in set("89abcdef") or not is_id(job_id):
        raise NotFound(f"there is no stem {text}")
    return job_id, int(digit, 16) - _FIRST


def files_of(outputs: Sequence[Output]) -> list[Output]:
    """A job's stems in order."""
    return [output for output in outputs if output.key][:_MOST]


def path_of(place: Place, owner_id: str, name: str) -> str:
    """A file's path under this address."""
    return f"/files/{place}/{owner_id}/{quote(name.replace('/', '_'), safe=' ()')}"


def parse_told(path: str) -> FilePath:
    """What a path is of as `path_of` tells it, in percent-encoding. Raises `NotFound`."""
    return parse_path(unquote(path))


def parse_path(path: str) -> FilePath:
    """What a path is of, which the server has decoded. Raises `NotFound`."""
    found = _PATH.fullmatch(path)
    if found is None or not is_id(found[2]):
        raise NotFound(f"there is no file {path}")
    place: Place = found[1]  # type: ignore[assignment]
    return FilePath(place, found[2], found[3])
