"""A tenant's songs: told by catalogues or by their owner, with or without audio.

A catalogue's song is one song of a tenant's, however often it is looked up.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from patchbay.core import layout, layout_songs, store
from patchbay.core.assets import Assets
from patchbay.core.idempotency import Once, write_once
from patchbay.core.layout_songs import FoundSong
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from patchbay.domain.ids import is_id, new_id
from patchbay.domain.songs import Facts, Song
from patchbay.ports import Clock, Delete, Records, WriteConflict

MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class Songs:
    """Songs."""

    records: Records
    assets: Assets
    clock: Clock

    def add(
        self,
        tenant_id: str,
        facts: Facts,
        *,
        asset_id: str | None = None,
        awaits: bool = False,
        once: Once | None = None,
    ) -> Song:
        """A new song, of audio that is the tenant's, or of a new upload that it `awaits`.

        Raises `NotFound` for the audio, `QuotaExceeded`.
        """
        if once and once.made:
            return self.get(tenant_id, once.made)
        if asset_id is not None:
            self.assets.get(tenant_id, asset_id)
        upload = self.assets.awaited(tenant_id, name=facts.title) if awaits else None
        song = self._new(tenant_id, facts, upload.id if upload else asset_id)
        writes = self.assets.holdings.new(tenant_id, upload) if upload else ()
        made = write_once(self.records, once, song.id, song.created_at, layout_songs.put_song(song), *writes)
        return song.model_copy(update={"version": 1}) if made == song.id else self.get(tenant_id, made)

    def found(self, tenant_id: str, facts: Facts) -> Song:
        """The song that a catalogue's is: a new one the first time, later the same with what the catalogue says now."""
        key = layout_songs.found_key(tenant_id, facts)
        for _ in range(store.ATTEMPTS):
            known = store.load(self.records, FoundSong, key)
            if known is not None and (song := self._told(tenant_id, known.song_id, facts)) is not None:
                return song
            # A mark whose song is gone was left behind by a deletion; it is this one's unless a rival was faster.
            song = self._new(tenant_id, facts, None)
            try:
                expected = known.version if known else 0
                self.records.write(layout_songs.put_song(song), *layout_songs.claim(song, expected))
            except WriteConflict:
                continue
            return song.model_copy(update={"version": 1})
        raise Unavailable("too many changes at once; try again")

    def get(self, tenant_id: str, song_id: str) -> Song:
        """A song. Raises `NotFound`."""
        key = layout_songs.song_key(tenant_id, song_id)
        found = store.load(self.records, Song, key) if is_id(song_id) else None
        if found is None:
            raise NotFound(f"there is no track {song_id}")
        return found

    def list(self, tenant_id: str, *, limit: int, before: str | None = None) -> Sequence[Song]:
        """Songs, newest first: `limit` of them, or those after the id `before`."""
        if not 0 < limit <= MAX_PAGE:
            raise InvalidInput(f"a page has 1 to {MAX_PAGE} tracks", field="limit")
        found = self.records.query(layout_songs.song_key(tenant_id, "")[0], limit=limit, before=before)
        return [layout.entity(Song, stored) for stored in found]

    def bring(self, tenant_id: str, song_id: str, asset_id: str) -> Song:
        """Give a song its audio, in the place of what it had. Raises `NotFound`."""

        def brought(song: Song) -> Song:
            same = song.asset_id == asset_id
            return song if same else song.model_copy(update={"asset_id": asset_id, "updated_at": self.clock.now()})

        self.get(tenant_id, song_id)
        key = layout_songs.song_key(tenant_id, song_id)
        changed = store.change(self.records, Song, key, brought, layout_songs.put_song)
        if changed is None:
            raise NotFound(f"there is no track {song_id}")
        return changed

    def audio_of(self, tenant_id: str, track_id: str) -> tuple[Song | None, Asset]:
        """The audio of a song, or an audio file itself, by its id.

        Raises `NotFound`, `Conflict` for a song that has none yet, `InvalidInput` for a file that cannot be used.
        """
        song = store.load(self.records, Song, layout_songs.song_key(tenant_id, track_id)) if is_id(track_id) else None
        if song is not None and song.asset_id is None:
            raise Conflict(f"track {track_id} has no audio yet; download it, or upload it")
        missing = NotFound(f"there is no track {track_id}")
        try:
            asset = self.assets.get(tenant_id, (song.asset_id or "") if song else track_id)
        except NotFound:
            raise Conflict(f"the audio of track {track_id} was deleted; bring it again") if song else missing from None
        if asset.state is AssetState.REJECTED:
            raise InvalidInput(f"the audio of track {track_id} cannot be used: {asset.reason}", field="track_id")
        return song, asset

    def delete(self, tenant_id: str, song_id: str) -> None:
        """Forget a song; its audio stays. Raises `NotFound`."""
        song = self.get(tenant_id, song_id)
        marks = [Delete(put.record.key, expected=None) for put in layout_songs.claim(song)]
        self.records.write(Delete(layout_songs.song_key(tenant_id, song_id), expected=None), *marks)

    def _new(self, tenant_id: str, facts: Facts, asset_id: str | None) -> Song:
        now = self.clock.now()
        return Song(id=new_id(), tenant_id=tenant_id, facts=facts, asset_id=asset_id, created_at=now, updated_at=now)

    def _told(self, tenant_id: str, song_id: str, facts: Facts) -> Song | None:
        def told(song: Song) -> Song:
            # Catalogues tell less of a song in an album's list than where it is asked for by itself.
            fresh = facts if facts.isrc else facts.model_copy(update={"isrc": song.facts.isrc})
            same = song.facts == fresh
            return song if same else song.model_copy(update={"facts": fresh, "updated_at": self.clock.now()})

        key = layout_songs.song_key(tenant_id, song_id)
        return store.change(self.records, Song, key, told, layout_songs.put_song)
