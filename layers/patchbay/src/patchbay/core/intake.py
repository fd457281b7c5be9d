"""Files that pass through this process on their way to the object store, one part at a time.

Most uploads go straight to the store by a link. Some clients post the file itself; it is taken here in blocks, so that
a song of any length costs no more memory than one part.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from patchbay.core.assets import Assets
from patchbay.core.holdings import forget
from patchbay.core.idempotency import UNDER_WAY, Once, write_once
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.errors import Conflict, InvalidInput, NotFound, QuotaExceeded, TooLarge, Unavailable
from patchbay.ports import WriteConflict

PART_BYTES = 8 * 1024**2
HELD_BYTES = 256 * 1024
"""What a file that is whole may hold of memory while others of its form come; a larger one goes to the store."""
MAX_PARTS = 10_000
"""Most parts that S3 makes an object of; every part but the last has at least 5 MiB (S3 user guide, quotas)."""
MEDIA_TYPE = "application/octet-stream"
CLAIM_HELD = timedelta(minutes=5)
"""How long a repetition waits for an arrival that has all bytes and makes the object of them. The store's client gives
up after four tries of 40 s; an arrival that is slower still loses its claim, and finds that out before it answers."""
_MIB = 1024**2


def part_bytes(max_upload_bytes: int) -> int:
    """Size of a part, whole MiB, such that the largest file that is taken fits into `MAX_PARTS`."""
    needed = -(-max_upload_bytes // MAX_PARTS)
    return max(PART_BYTES, -(-needed // _MIB) * _MIB)


def begin(assets: Assets, tenant_id: str, *, name: str = "", keep_until: datetime | None = None) -> "Intake":
    """Begin to take a file. Nothing is stored yet. Raises `InvalidInput` for a time that is over."""
    return Intake(assets, assets.awaited(tenant_id, name=name, keep_until=keep_until))


class Intake:
    """A file on its way in. As a context manager it leaves nothing behind unless `finish` was reached."""

    def __init__(self, assets: Assets, asset: Asset) -> None:
        self._assets, self._asset = assets, asset
        self._objects, self._records = assets.objects, assets.records
        self._part_bytes = part_bytes(assets.limits.max_upload_bytes)
        self._buffer = bytearray()
        self._digest = hashlib.sha256()
        self._upload_id: str | None = None
        self._etags: dict[int, str] = {}
        self._recorded = self._finished = False
        self._claim: Once | None = None
        self.size_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if not self._finished:
            self.abort()

    @property
    def sha256(self) -> str:
        """Hash of what was written so far, in hexadecimal digits."""
        return self._digest.hexdigest()

    def write(self, block: bytes) -> None:
        """Take the next bytes. Raises `TooLarge`, `Unavailable`."""
        self.size_bytes += len(block)
        limit = self._assets.limits.max_upload_bytes
        if self.size_bytes > limit:
            raise TooLarge(f"the file has more than the {limit} bytes that are taken")
        self._digest.update(block)
        self._buffer += block
        while len(self._buffer) > self._part_bytes:
            self._send_part()

    def close(self) -> None:
        """All bytes are here, but `finish` comes later: hold no more than `HELD_BYTES` until then.

        Raises `Unavailable`.
        """
        if self._buffer and (self._upload_id is not None or len(self._buffer) > HELD_BYTES):
            self._send_part()

    def finish(self, once: Once | None = None) -> Asset:
        """The file is whole: make the object, after its record, which whoever hears of the object looks for.

        With `once`, what an earlier arrival of the same request made is given back and these bytes are dropped. The
        key is claimed with the record for a while, and for good when the object is there: whoever writes that claim
        first decides between rivals. Raises `InvalidInput` for an empty file, `Conflict` while another arrival is
        under way, `QuotaExceeded`, `Unavailable`; then nothing is left.
        """
        if not self.size_bytes:
            raise InvalidInput("the file is empty", field="file")
        try:
            return self._finish(once)
        except BaseException:
            self.abort()
            raise

    def abort(self) -> None:
        """Leave nothing behind: no upload, no object, no record. What cannot be removed now is removed by its age."""
        self._finished = True
        self._buffer.clear()
        key = self._asset.key
        if self._upload_id is not None:
            upload_id, self._upload_id = self._upload_id, None
            _try(lambda: self._objects.abort_multipart(key, upload_id))
        if self._recorded and self._is_nobodys():
            # The store may have made the object although its answer never came.
            _try(lambda: self._objects.delete(key))
            _try(lambda: forget(self._records, self._asset.tenant_id, self._asset.id))

    def _finish(self, once: Once | None) -> Asset:
        if once is not None and (earlier := self._made_before(once)) is not None:
            self.abort()
            return earlier
        if self._upload_id is not None and self._buffer:
            self._send_part()
        facts = {"size_bytes": self.size_bytes, "sha256": self.sha256}
        asset = self._asset.model_copy(update=facts)
        recorded = self._record(asset, once)
        if once is not None and not recorded:
            return self._finish(once.looked_up(self._records))
        self._make_object()
        self._confirm()
        self._finished = True
        return asset.model_copy(update={"version": 1})

    def _send_part(self) -> None:
        if self._upload_id is None:
            self._upload_id = self._objects.start_multipart(self._asset.key)
        part = bytes(self._buffer[: self._part_bytes])
        del self._buffer[: self._part_bytes]
        number = len(self._etags) + 1
        self._etags[number] = self._objects.put_part(self._asset.key, self._upload_id, number, part)

    def _record(self, asset: Asset, once: Once | None) -> bool:
        """Write the asset, and claim the key for it. False if a rival has the key now."""
        now = self._assets.clock.now()
        writes = self._assets.holdings.new(asset.tenant_id, asset)
        # Before the write: it may be done although its answer never comes.
        self._recorded, self._claim = True, once.claimed() if once else None
        try:
            made = write_once(self._records, once, asset.id, now, *writes, until=now + CLAIM_HELD)
        except (Conflict, QuotaExceeded):
            self._recorded, self._claim = False, None
            raise
        if made != asset.id:
            self._recorded, self._claim = False, None
        return self._recorded

    def _make_object(self) -> None:
        key = self._asset.key
        if self._upload_id is None:
            self._objects.store(key, bytes(self._buffer), media_type=MEDIA_TYPE)
        else:
            self._objects.complete_multipart(key, self._upload_id, self._etags)
            self._upload_id = None
        self._buffer.clear()

    def _confirm(self) -> None:
        """Claim the key for good. Raises `Conflict` if this arrival was so slow that another one took its place."""
        if self._claim is None:
            return
        try:
            self._records.write(*self._claim.claims(self._asset.id, self._assets.clock.now()))
        except WriteConflict:
            # A repetition that saw the object has confirmed it before us; or this very write was done twice.
            if self._claim.made_now(self._records) != self._asset.id:
                raise Conflict(UNDER_WAY) from None

    def _is_nobodys(self) -> bool:
        """Give the claim up. False if the asset was told to somebody, or may have been: then it stays."""
        if self._claim is None:
            return True
        try:
            self._records.write(self._claim.released(self._assets.clock.now()))
        except WriteConflict:
            with suppress(Unavailable):
                return self._claim.made_now(self._records) != self._asset.id
            return False
        except Unavailable:
            return False
        return True

    def _made_before(self, once: Once) -> Asset | None:
        """What the request made at an earlier arrival; None if there was none, or it died or gave up.

        Raises `Conflict` while the earlier arrival may still be making it.
        """
        if once.made is None:
            return None
        try:
            earlier = self._assets.get(once.tenant_id, once.made)
        except NotFound:
            return None
        if once.until is None:
            return earlier
        now = self._assets.clock.now()
        if earlier.state is AssetState.PENDING and self._objects.stat(earlier.key) is None:
            if now < once.until:
                raise Conflict(UNDER_WAY)
            return None
        try:  # it is whole: say so in its maker's place, who may have died, or may be about to give it up
            self._records.write(*once.claims(earlier.id, now))
        except WriteConflict:
            return self._made_before(once.looked_up(self._records))
        return earlier


def _try(what: Callable[[], None]) -> None:
    """Clean-up goes on past a store that does not answer."""
    with suppress(Unavailable):
        what()
