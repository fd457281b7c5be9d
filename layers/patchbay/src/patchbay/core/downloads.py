"""The audio of songs, from those who may give it, encoded as its owner wants it.

A download is a job like any other: its input is what a provider named, and its result the encoded file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from patchbay.core.idempotency import Once
from patchbay.core.jobs import Jobs, Order
from patchbay.core.songs import Songs
from patchbay.domain.assets import AssetState
from patchbay.domain.errors import InvalidInput, NotFound
from patchbay.domain.jobs import Job
from patchbay.domain.songs import Song
from patchbay.ports import AudioProvider

Quality = Literal["lossless", "high", "medium", "low"]
WORKFLOW = "audio-encoder"
ENCODINGS: Mapping[Quality, Mapping[str, Any]] = {
    "lossless": {"format": "flac"},
    "high": {"format": "mp3", "bitrate_kbps": 320},
    "medium": {"format": "mp3", "bitrate_kbps": 192},
    "low": {"format": "mp3", "bitrate_kbps": 96},
}


@dataclass(frozen=True, slots=True)
class Downloads:
    """Downloads of a tenant's songs."""

    songs: Songs
    jobs: Jobs
    providers: Sequence[AudioProvider]

    def order(
        self, order: Order, song: Song, quality: Quality, *, audio_url: str | None = None, once: Once | None = None
    ) -> Job:
        """Order a song's audio: what the song has, else what is at `audio_url`, else what a provider gives.

        It becomes the audio of a song that has none; a song that has some keeps it, as nobody has looked at the new
        one yet. `order` says who asks and how it is told; what it is about is filled in. Raises `InvalidInput`.
        """
        if once and once.made:
            job = self.jobs.get(order.tenant_id, once.made)
        else:
            filled = replace(order, workflow=WORKFLOW, params=ENCODINGS[quality], **self._source(song, audio_url))
            job = self.jobs.submit(filled, once)
        # A repetition too: the first arrival may have died before it.
        if job.input_asset_id and not self._has_audio(song):
            self.songs.bring(song.tenant_id, song.id, job.input_asset_id)
        return job

    def _has_audio(self, song: Song) -> bool:
        """Whether its audio is there: bytes that were found good, or were not looked at yet."""
        try:
            asset = self.songs.assets.get(song.tenant_id, song.asset_id or "")
        except NotFound:
            return False
        pending = asset.state is AssetState.PENDING
        return asset.state is AssetState.READY or (pending and self.songs.assets.arrived(asset))

    def _source(self, song: Song, audio_url: str | None) -> dict[str, Any]:
        if audio_url:
            return {"input_url": audio_url}
        if song.asset_id and self._usable(song.tenant_id, song.asset_id):
            return {"input_asset_id": song.asset_id}
        for provider in self.providers:
            if url := provider.find(song.facts):
                return {"input_url": url}
        asked = ", ".join(provider.name for provider in self.providers)
        why = f"asked were: {asked}" if asked else "the operator has set up none"
        told = f"no provider here has the audio of {song.label!r} ({why}); give an audio_url, or upload the file"
        raise InvalidInput(told, field="url")

    def _usable(self, tenant_id: str, asset_id: str) -> bool:
        try:
            return self.songs.assets.get(tenant_id, asset_id).state is not AssetState.REJECTED
        except NotFound:
            return False
