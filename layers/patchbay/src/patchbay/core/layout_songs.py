"""How songs lie in the table; `layout` lists these keys with all others."""

from patchbay.core import layout
from patchbay.domain.base import Entity
from patchbay.domain.songs import Facts, Song
from patchbay.ports import Key, Put


class FoundSong(Entity):
    """Which song of a tenant's is a catalogue's."""

    song_id: str


def song_key(tenant_id: str, song_id: str) -> Key:
    """Key of a song."""
    return f"SONGS#{tenant_id}", song_id


def found_key(tenant_id: str, facts: Facts) -> Key:
    """Key of which song a catalogue's is."""
    return f"FOUND#{tenant_id}", f"{facts.catalogue}:{facts.catalogue_id}"


def put_song(song: Song) -> Put:
    """Write of a song."""
    return layout.put(song_key(song.tenant_id, song.id), "song", song)


def claim(song: Song, expected: int = 0) -> tuple[Put, ...]:
    """The write that makes a catalogue's song this one; it fails unless the mark has that version (0: is not there)."""
    if not song.facts.catalogue_id:
        return ()
    mark = FoundSong(version=expected, song_id=song.id)
    return (layout.put(found_key(song.tenant_id, song.facts), "found", mark),)
