"""Pictures on their way in by link: sent to the object store, then taken from there, looked at, and dropped."""

from dataclasses import dataclass
from typing import Final

from patchbay.domain.errors import InvalidInput, NotFound, TooLarge
from patchbay.domain.ids import is_id, new_id
from patchbay.ports import Objects

MAX_BYTES: Final = 10 * 1024**2
"""Largest picture as it is sent."""


@dataclass(frozen=True, slots=True)
class PictureUploads:
    """A tenant's pictures that nobody has looked at yet."""

    objects: Objects
    ttl_s: int
    """Seconds that an upload link lives."""

    def begin(self, tenant_id: str, size_bytes: int) -> tuple[str, str]:
        """(id of the upload, URL that takes exactly `size_bytes` by PUT). Raises `TooLarge`."""
        if size_bytes > MAX_BYTES:
            raise TooLarge(f"{size_bytes} bytes; a picture has {MAX_BYTES} at most")
        upload_id = new_id()
        key = incoming_key(tenant_id, upload_id)
        return upload_id, self.objects.presign_put(key, expires_s=self.ttl_s, size_bytes=size_bytes)

    def take(self, tenant_id: str, upload_id: str) -> bytes:
        """What was uploaded, once. Raises `InvalidInput` if there is nothing, or it is another tenant's."""
        key = incoming_key(tenant_id, upload_id)
        if not is_id(upload_id) or (there := self.objects.stat(key)) is None:
            raise _nothing()
        try:
            if there.size_bytes > MAX_BYTES:
                raise TooLarge(f"a picture has {MAX_BYTES} bytes at most")
            with self.objects.read(key) as blocks:
                return b"".join(blocks)
        except NotFound:  # taken by another request meanwhile
            raise _nothing() from None
        finally:
            self.objects.delete(key)


def incoming_key(tenant_id: str, upload_id: str) -> str:
    """Object key of a picture that was sent. The tenant is in it, so that nobody takes another's.

    What nobody takes is forgotten with the whole prefix `incoming/`.
    """
    return f"incoming/pictures/{tenant_id}/{upload_id}"


def _nothing() -> InvalidInput:
    return InvalidInput("nothing was uploaded under this id, or it was used; begin an upload again", field="uploadId")
