"""The operator's own licensed recordings: a folder with a list of what is in it, by which songs are matched."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import BaseModel, TypeAdapter, ValidationError

from patchbay.core.search.words import words
from patchbay.domain.errors import Unavailable
from patchbay.domain.songs import Facts
from patchbay.ports import Clock, Folder

INDEX = "library.json"
MAX_INDEX_BYTES = 32 * 1024**2
FRESH = timedelta(minutes=1)
"""How long the list is believed before it is read again."""
LINK_S = 3600


class Recording(BaseModel):
    """One entry of the list: a file of the folder, and what it is known by."""

    key: str
    spotify_id: str = ""
    isrc: str = ""
    title: str = ""
    artist: str = ""


_RECORDINGS = TypeAdapter(list[Recording])
_Names = Mapping[tuple[str, str], str]


@dataclass
class Library:
    """The provider `library`. A song is known by its Spotify id, else its ISRC, else its title and artist."""

    folder: Folder
    clock: Clock
    name: str = "library"
    _known: tuple[datetime, _Names] | None = field(default=None, repr=False)

    def find(self, facts: Facts) -> str | None:
        """See `AudioProvider`. Raises `Unavailable` for a list that cannot be read."""
        known = self._names()
        spotify_id = facts.catalogue_id if facts.catalogue == "spotify" else ""
        for name in _names_of(spotify_id, facts.isrc, facts.title, facts.artist):
            if key := known.get(name):
                return self.folder.link(key, expires_s=LINK_S)
        return None

    def _names(self) -> _Names:
        now = self.clock.now()
        if self._known is None or now - self._known[0] >= FRESH:
            self._known = now, _index(self.folder.read(INDEX, max_bytes=MAX_INDEX_BYTES))
        return self._known[1]


def _index(data: bytes) -> _Names:
    """Name -> key; of two recordings of one name the first is taken."""
    try:
        recordings = _RECORDINGS.validate_json(data)
    except ValidationError:
        raise Unavailable(f"the library's {INDEX} is not a list of recordings with keys") from None
    known: dict[tuple[str, str], str] = {}
    for one in recordings:
        for name in _names_of(one.spotify_id, one.isrc, one.title, one.artist):
            known.setdefault(name, one.key)
    return known


def _names_of(spotify_id: str, isrc: str, title: str, artist: str) -> list[tuple[str, str]]:
    """What a recording goes by, the surest first; words are compared without case, accents and punctuation."""
    called = [" ".join(words(text)) for text in (title, artist)]
    names = (("id", spotify_id), ("isrc", isrc.upper()), ("song", "\x00".join(called) if all(called) else ""))
    return [name for name in names if name[1]]
