"""Uploads and imports: bytes come in untrusted, and become assets once they were looked at."""

import hashlib
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from patchbay.core import layout, store
from patchbay.core.holdings import Caps, Holdings, forget
from patchbay.core.idempotency import Once, write_once
from patchbay.domain.assets import Asset, AssetState, incoming_key, parse_upload_key, upload_key
from patchbay.domain.errors import FetchRefused, InvalidInput, NotFound, TooLarge, Unavailable, UnusableAudio
from patchbay.domain.ids import is_id, new_id
from patchbay.domain.users import Plan
from patchbay.ports import Clock, Objects, PresignedPost, Prober, Records, Web, Write, WriteConflict

PART_BYTES = 64 * 1024**2
"""Size of a part of an upload in parts; S3 takes 5 MiB to 5 GiB and at most 10,000 parts."""
FETCH_TIME = timedelta(minutes=14)
"""Longest that an import takes: one call to the web at its limit, its file's way here, and a look at what came."""
_FOUND = ("state", "reason", "audio", "size_bytes", "sha256", "inspected_at", "fetching_until")
"""What a look at the bytes tells of an asset; the rest of it is its owner's."""
NOTHING_UPLOADED = "nothing was uploaded to the upload URL, or the upload was refused"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a stage takes and how long its links live."""

    max_upload_bytes: int = 5 * 1024**3
    max_duration_s: float = 6 * 3600
    upload_ttl_s: int = 900
    link_ttl_s: int = 3600
    kept: timedelta | None = None
    """How long a file is kept for which nothing else is asked; None for as long as nobody deletes it."""
    caps: Mapping[Plan, Caps] = field(default_factory=dict)
    """How much one account may have, by its plan."""


@dataclass(frozen=True, slots=True)
class PartsUpload:
    """An upload in parts: PUT part number n (from 1) of `part_bytes` to `urls[n - 1]`, keep each answer's ETag."""

    upload_id: str
    part_bytes: int
    urls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assets:
    """A tenant's audio files."""

    records: Records
    objects: Objects
    web: Web
    prober: Prober
    clock: Clock
    limits: Limits
    pause: Callable[[float], None] = time.sleep

    @property
    def holdings(self) -> Holdings:
        """What accounts have and may have."""
        return Holdings(self.records, self.limits.caps)

    def awaited(
        self, tenant_id: str, *, name: str = "", source_url: str | None = None, keep_until: datetime | None = None
    ) -> Asset:
        """An asset whose bytes are still to come, not stored yet.

        Raises `FetchRefused` for a URL of the wrong form, `InvalidInput` for a time that is over.
        """
        if source_url is not None:
            self.web.check(source_url)
            name = name or source_url.split("?", maxsplit=1)[0].rsplit("/", 1)[-1]
        asset_id, now = new_id(), self.clock.now()
        return Asset(
            id=asset_id,
            tenant_id=tenant_id,
            key=upload_key(tenant_id, asset_id),
            name=name[:255],
            source_url=source_url,
            created_at=now,
            keep_until=_kept(keep_until, now) or (now + self.limits.kept if self.limits.kept else None),
        )

    def create(
        self,
        tenant_id: str,
        *,
        name: str = "",
        source_url: str | None = None,
        keep_until: datetime | None = None,
        once: Once | None = None,
    ) -> Asset:
        """Store an asset whose bytes are still to come; those of a URL are fetched soon.

        Raises as `awaited`, and `QuotaExceeded`.
        """
        if once and once.made:
            return self.get(tenant_id, once.made)
        asset = self.awaited(tenant_id, name=name, source_url=source_url, keep_until=keep_until)
        made = write_once(self.records, once, asset.id, asset.created_at, *self.holdings.new(tenant_id, asset))
        return asset.model_copy(update={"version": 1}) if made == asset.id else self.get(tenant_id, made)

    def keep(self, tenant_id: str, asset_id: str, until: datetime | None) -> Asset:
        """Keep an asset until then, or until somebody deletes it.

        Raises `NotFound`, `InvalidInput`, `Conflict` for the audio of a sample, which is kept as long as that.
        """
        now = self.clock.now()
        return self._changed(self.get(tenant_id, asset_id), {"keep_until": _kept(until, now)})

    def delete(self, tenant_id: str, asset_id: str) -> None:
        """Forget an asset and its bytes. Jobs that still want the bytes fail and say so.

        Raises `NotFound`, `Conflict` for the audio of a sample, which goes with that.
        """
        # Its time is over first: should this process die in the middle, the sweep finds it and goes on.
        self.remove(self._changed(self.get(tenant_id, asset_id), {"keep_until": self.clock.now()}))

    def remove(self, asset: Asset) -> None:
        """Remove what is left of an asset whose time is over: its bytes, and then the record that tells of them."""
        self._remove_bytes(asset.tenant_id, asset.id)
        forget(self.records, asset.tenant_id, asset.id)

    def remove_orphan(self, tenant_id: str, asset_id: str) -> bool:
        """Remove bytes that came after their asset was gone. False if there is such an asset."""
        asset = store.load(self.records, Asset, layout.asset_key(tenant_id, asset_id))
        if asset is not None and not asset.gone(self.clock.now()):
            return False
        self._remove_bytes(tenant_id, asset_id)
        return True

    def arrived(self, asset: Asset) -> bool:
        """Whether its bytes are there, taken or still where they were sent to."""
        return any(self.objects.stat(key) is not None for key in (asset.key, asset.incoming_key))

    def take(self, tenant_id: str, asset_id: str) -> None:
        """Take an upload from where it was sent to where no upload URL reaches; nothing happens if none was sent.

        The first bytes that are taken stay: what is sent later changes neither what was looked at nor what is looked at
        just now, and is removed. Raises `NotFound`, `Unavailable`.
        """
        asset = self.get(tenant_id, asset_id)
        sent = self.objects.stat(asset.incoming_key)
        if sent is None:
            return
        if asset.state is AssetState.PENDING and not asset.source_url:
            try:
                self.check_size(sent.size_bytes)
            except TooLarge as error:
                self._settled(_rejected(asset, error))
                return
            with suppress(NotFound):  # another has just taken it
                self.objects.copy_new(asset.incoming_key, asset.key)
            if self.objects.stat(asset.key) is None:
                raise Unavailable("the upload is being taken; try again")
        self.objects.delete(asset.incoming_key)

    def _remove_bytes(self, tenant_id: str, asset_id: str) -> None:
        for key in (incoming_key(tenant_id, asset_id), upload_key(tenant_id, asset_id)):
            self.objects.delete(key)

    def _changed(self, asset: Asset, changes: Mapping[str, Any]) -> Asset:
        """An asset with changes, unless it is gone meanwhile. Raises `NotFound`, `Conflict` for a sample's audio."""
        from patchbay.core import in_use  # few requests change a file, and each process would pay for samples

        now, key = self.clock.now(), layout.asset_key(asset.tenant_id, asset.id)

        def change(found: Asset) -> Asset | None:
            in_use.check_free(self.records, asset.id)
            return None if found.gone(now) else found.model_copy(update=changes)

        free = in_use.is_free(asset.id)  # one may be made of it at this very moment
        changed = store.change(self.records, Asset, key, change, lambda new: (layout.put_asset(new), free))
        if changed is None:
            raise _missing(asset.id)
        return changed

    def put_url(self, asset: Asset, *, size_bytes: int | None = None) -> str:
        """Where its bytes are taken by PUT. Raises `TooLarge`."""
        self.check_size(size_bytes or 0)
        return self.objects.presign_put(asset.incoming_key, expires_s=self.limits.upload_ttl_s, size_bytes=size_bytes)

    def post_form(self, asset: Asset) -> PresignedPost:
        """The form by which a browser posts its bytes."""
        limit = self.limits.max_upload_bytes
        return self.objects.presign_post(asset.incoming_key, expires_s=self.limits.upload_ttl_s, max_bytes=limit)

    def begin_parts(self, asset: Asset, size_bytes: int) -> PartsUpload:
        """An upload in parts, for large files and lines that break. Raises `TooLarge`."""
        self.check_size(size_bytes)
        upload_id = self.objects.start_multipart(asset.incoming_key)
        numbers = range(1, -(-max(size_bytes, 1) // PART_BYTES) + 1)
        ttl_s = self.limits.upload_ttl_s
        key = asset.incoming_key
        urls = tuple(self.objects.presign_part(key, upload_id, n, expires_s=ttl_s) for n in numbers)
        return PartsUpload(upload_id, PART_BYTES, urls)

    def complete_parts(self, tenant_id: str, asset_id: str, upload_id: str, etags: Mapping[int, str]) -> Asset:
        """Make the file of its parts. Raises `NotFound`, `InvalidInput`."""
        asset = self.get(tenant_id, asset_id)
        self.objects.complete_multipart(asset.incoming_key, upload_id, etags)
        return asset

    def download_url(self, asset: Asset) -> str:
        """Where its bytes can be read once they were taken, for as long as links live; as a file, never as a page."""
        return self.objects.presign_get(asset.key, expires_s=self.limits.link_ttl_s, as_file=True)

    def get(self, tenant_id: str, asset_id: str) -> Asset:
        """An asset. Raises `NotFound`, for another tenant's too, and from the moment on that its time is over."""
        found = store.load(self.records, Asset, layout.asset_key(tenant_id, asset_id)) if is_id(asset_id) else None
        if found is None or found.gone(self.clock.now()):
            raise _missing(asset_id)
        return found

    def list(self, tenant_id: str, *, limit: int, before: str | None = None) -> list[Asset]:
        """A tenant's assets, newest first; `before` is the last id of the page before."""
        partition, now = layout.asset_key(tenant_id, "")[0], self.clock.now()
        kept: list[Asset] = []
        while len(kept) < limit and (found := self.records.query(partition, limit=limit, before=before)):
            before = found[-1].sk
            assets = (layout.entity(Asset, stored) for stored in found)
            kept += [asset for asset in assets if not asset.gone(now)]
        return kept[:limit]

    def by_url(self, tenant_id: str, url: str) -> Asset | None:
        """The tenant's own upload that a URL of our store points to; None for any other URL, other tenants' included.

        A link to somebody else's object is a URL like any other: it is fetched, and works as long as it is signed.
        """
        key = self.objects.key_of(url)
        owner = parse_upload_key(key) if key else None
        if owner is None or owner[0] != tenant_id:
            return None
        found = store.load(self.records, Asset, layout.asset_key(*owner))
        return None if found is None or found.gone(self.clock.now()) else found

    def inspect(self, tenant_id: str, asset_id: str) -> Asset:
        """Look at the bytes, once, fetching them first if they are at a URL: ready, or rejected with the reason.

        Raises `NotFound` while there are none.
        """
        asset = self.get(tenant_id, asset_id)
        if asset.state is AssetState.PENDING and asset.source_url:
            return self.fetch(tenant_id, asset_id)
        if asset.state is AssetState.REJECTED:
            self._remove_bytes(tenant_id, asset_id)  # the upload URL may have been used again
        if asset.state is not AssetState.PENDING:
            return asset
        info = self.objects.stat(asset.key)
        if info is None:
            self.take(tenant_id, asset_id)
            info = self.objects.stat(asset.key)
        if info is None:
            return self._without_bytes(tenant_id, asset_id)
        with tempfile.TemporaryDirectory(prefix="inspect-") as folder:
            path = Path(folder) / "upload"
            try:
                self.check_size(info.size_bytes)
                self.objects.download(asset.key, path)
                seen = self._looked_at(asset, path)
            except NotFound:
                return self._without_bytes(tenant_id, asset_id)
            except (UnusableAudio, TooLarge) as error:
                seen = _rejected(asset, error)
        return self._settled(seen)

    def _settled(self, seen: Asset) -> Asset:
        """Store what a look found; of what was rejected no bytes stay."""
        settled = self._settle(seen.model_copy(update={"inspected_at": self.clock.now()}))
        if settled.state is AssetState.REJECTED:
            self._remove_bytes(settled.tenant_id, settled.id)
        return settled

    def _without_bytes(self, tenant_id: str, asset_id: str) -> Asset:
        """An asset whose bytes another look has just rejected and removed. Raises `NotFound` if that is not so."""
        asset = self.get(tenant_id, asset_id)
        if asset.state is AssetState.PENDING:
            raise NotFound(NOTHING_UPLOADED)
        return asset

    def fetch(self, tenant_id: str, asset_id: str, *, wait: bool = True) -> Asset:
        """Import an asset's file from its URL, unless another process does: then wait for it, or leave it to that.

        Raises `NotFound`; whatever is wrong with the URL or the file ends in a rejected asset.
        """
        while True:
            asset = self.get(tenant_id, asset_id)
            if asset.state is not AssetState.PENDING or not asset.source_url:
                return asset
            now = self.clock.now()
            if asset.fetching_until is None or asset.fetching_until <= now:
                mine = asset.model_copy(update={"fetching_until": now + FETCH_TIME})
                try:
                    self.records.write(layout.put_asset(mine))
                except WriteConflict:
                    continue
                return self._imported(mine.model_copy(update={"version": asset.version + 1}), asset.source_url)
            if not wait:
                return asset
            self.pause(1.0)

    def _imported(self, asset: Asset, url: str) -> Asset:
        with tempfile.TemporaryDirectory(prefix="fetch-") as folder:
            path = Path(folder) / "download"
            try:
                self.web.fetch(url, path, max_bytes=self.limits.max_upload_bytes)
                seen = self._looked_at(asset, path)
                self.objects.upload(path, asset.key, media_type="application/octet-stream")
            except (UnusableAudio, FetchRefused, TooLarge) as error:
                seen = _rejected(asset, error)
            except Exception:
                self._let_go(asset)
                raise
        return self._settled(seen.model_copy(update={"fetching_until": None}))

    def _let_go(self, asset: Asset) -> None:
        """Another may fetch it at once: the next try would otherwise wait for this one."""
        key, mine = layout.asset_key(asset.tenant_id, asset.id), asset.fetching_until

        def change(stored: Asset) -> Asset | None:
            return stored.model_copy(update={"fetching_until": None}) if stored.fetching_until == mine else None

        with suppress(Unavailable):
            store.change(self.records, Asset, key, change, layout.put_asset)

    def _looked_at(self, asset: Asset, path: Path) -> Asset:
        audio = self.prober.probe(path)
        if audio.duration_s > self.limits.max_duration_s:
            raise UnusableAudio(
                f"{audio.duration_s:.0f} s of audio; at most {self.limits.max_duration_s:.0f} s are taken"
            )
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        changes = {"state": AssetState.READY, "audio": audio, "size_bytes": path.stat().st_size, "sha256": digest}
        return asset.model_copy(update=changes)

    def _settle(self, asset: Asset) -> Asset:
        """Store what a look found, whatever else of the asset was changed meanwhile. The first look counts.

        A file for which its owner's account has no room is rejected.
        """
        now, found = self.clock.now(), {name: getattr(asset, name) for name in _FOUND}
        more: tuple[Write, ...] = ()

        def change(stored: Asset) -> Asset | None:
            nonlocal more
            more = ()
            if stored.gone(now):
                return None
            if stored.state is not AssetState.PENDING:
                return stored
            seen, more = self.holdings.settled(stored.model_copy(update=found))
            return seen

        key = layout.asset_key(asset.tenant_id, asset.id)
        settled = store.change(self.records, Asset, key, change, lambda seen: (layout.put_asset(seen), *more))
        if settled is None:  # deleted while its bytes were looked at, or fetched
            self._remove_bytes(asset.tenant_id, asset.id)
            raise _missing(asset.id)
        return settled

    def check_size(self, size_bytes: int) -> None:
        """Raises `InvalidInput` or `TooLarge` for a file of a size that is not taken."""
        if size_bytes < 0:
            raise InvalidInput("a file cannot have a negative size", field="size_bytes")
        if size_bytes > self.limits.max_upload_bytes:
            raise TooLarge(f"{size_bytes} bytes; at most {self.limits.max_upload_bytes} are taken")


def _kept(until: datetime | None, now: datetime) -> datetime | None:
    """`until` itself. Raises `InvalidInput` for a time that is over."""
    if until is not None and until <= now:
        raise InvalidInput(f"{until.isoformat()} is over; delete the file instead", field="keep_until")
    return until


def _rejected(asset: Asset, why: Exception) -> Asset:
    return asset.model_copy(update={"state": AssetState.REJECTED, "reason": str(why)})


def _missing(asset_id: str) -> NotFound:
    return NotFound(f"there is no asset {asset_id}")
