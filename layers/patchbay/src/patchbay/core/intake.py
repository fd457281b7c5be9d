"""Files that pass through this process on their way to the object store, one part at a time.

Most uploads go straight to the store by a link. Some clients post the file itself; it is taken here in blocks, so that
a song of any length costs no more memory than one part.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from patchbay.core import layout
from patchbay.core.assets import Assets
from patchbay.core.idempotency import Once
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.errors import InvalidInput, NotFound, TooLarge, Unavailable
from patchbay.ports import Delete, WriteConflict

PART_BYTES = 8 * 1024**2
MAX_PARTS = 10_000
"""Most parts that S3 makes an object of; every part but the last has at least 5 MiB (S3 user guide, quotas)."""
MEDIA_TYPE = "application/octet-stream"
_MIB = 1024**2


def part_bytes(max_upload_bytes: int) -> int:
    """Size of a part, whole MiB, such that the largest file that is taken fits into `MAX_PARTS`."""
    needed = -(-max_upload_bytes // MAX_PARTS)
    return max(PART_BYTES, -(-needed // _MIB) * _MIB)


def begin(assets: Assets, tenant_id: str, *, name: str = "") -> "Intake":
    """Begin to take a file. Nothing is stored yet."""
    return Intake(assets, assets.awaited(tenant_id, name=name))


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

    def finish(self, once: Once | None = None) -> Asset:
        """The file is whole: make the object, after its record, which whoever hears of the object looks for.

        With `once`, what an earlier arrival of the same request made is given back and these bytes are dropped. Raises
        `InvalidInput` for an empty file, `Conflict`, `Unavailable`; then nothing is left.
        """
        if not self.size_bytes:
            raise InvalidInput("the file is empty", field="file")
        if (earlier := self._made_before(once)) is not None:
            self.abort()
            return earlier
        facts = {"size_bytes": self.size_bytes, "sha256": self.sha256}
        asset = self._asset.model_copy(update=facts)
        claims = once.claims(asset.id, asset.created_at) if once else ()
        try:
            self._records.write(layout.put_asset(asset), *claims)
        except WriteConflict:
            if once is None:
                raise
            return self.finish(once.looked_up(self._records))
        self._recorded = True
        try:
            self._make_object()
        except BaseException:
            self.abort()
            raise
        self._finished = True
        return asset.model_copy(update={"version": 1})

    def abort(self) -> None:
        """Leave nothing behind: no upload, no object, no record. What cannot be removed now is removed by its age."""
        self._finished = True
        self._buffer.clear()
        key = self._asset.key
        if self._upload_id is not None:
            upload_id, self._upload_id = self._upload_id, None
            _try(lambda: self._objects.abort_multipart(key, upload_id))
        if self._recorded:
            # The store may have made the object although its answer never came.
            _try(lambda: self._objects.delete(key))
            _try(lambda: self._records.write(Delete(layout.asset_key(self._asset.tenant_id, self._asset.id), None)))

    def _send_part(self) -> None:
        if self._upload_id is None:
            self._upload_id = self._objects.start_multipart(self._asset.key)
        part = bytes(self._buffer[: self._part_bytes])
        del self._buffer[: self._part_bytes]
        number = len(self._etags) + 1
        self._etags[number] = self._objects.put_part(self._asset.key, self._upload_id, number, part)

    def _make_object(self) -> None:
        key = self._asset.key
        if self._upload_id is None:
            self._objects.store(key, bytes(self._buffer), media_type=MEDIA_TYPE)
        else:
            self._send_part()
            self._objects.complete_multipart(key, self._upload_id, self._etags)
            self._upload_id = None
        self._buffer.clear()

    def _made_before(self, once: Once | None) -> Asset | None:
        """What the request made at an earlier arrival, unless that one died before the bytes were stored."""
        if once is None or once.made is None:
            return None
        try:
            earlier = self._assets.get(once.tenant_id, once.made)
        except NotFound:
            return None
        whole = earlier.state is not AssetState.PENDING or self._objects.stat(earlier.key) is not None
        return earlier if whole else None


def _try(what: Callable[[], None]) -> None:
    """Clean-up goes on past a store that does not answer."""
    with suppress(Unavailable):
        what()
