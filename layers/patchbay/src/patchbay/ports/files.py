"""Objects, and looks at what is in them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from patchbay.domain.assets import AudioInfo
from patchbay.domain.videos import FilmInfo


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What the store knows of an object."""

    size_bytes: int
    media_type: str
    etag: str


@dataclass(frozen=True, slots=True)
class PresignedPost:
    """A form upload: post `fields` and then the file (as `file`) to `url`."""

    url: str
    fields: Mapping[str, str]


class Objects(Protocol):
    """The object store. Keys always begin with the tenant's prefix."""

    def presign_put(self, key: str, *, expires_s: int, size_bytes: int | None = None) -> str:
        """URL that takes the object by PUT; with `size_bytes` only a body of exactly that length."""

    def presign_post(self, key: str, *, expires_s: int, max_bytes: int) -> PresignedPost:
        """Form that takes the object by POST, up to `max_bytes`."""

    def presign_get(self, key: str, *, expires_s: int, as_file: bool = False) -> str:
        """URL that gives the object; `as_file` as a download of no kind, whatever kind its uploader said it is of."""

    def start_multipart(self, key: str) -> str:
        """Begin an upload in parts; returns its id."""

    def presign_part(self, key: str, upload_id: str, number: int, *, expires_s: int) -> str:
        """URL that takes part `number` (from 1) by PUT."""

    def put_part(self, key: str, upload_id: str, number: int, data: bytes) -> str:
        """Send part `number` (from 1); returns its ETag. Raises `InvalidInput` if there is no such upload."""

    def complete_multipart(self, key: str, upload_id: str, etags: Mapping[int, str]) -> None:
        """Make the object of its parts. Raises `InvalidInput` if they do not fit."""

    def abort_multipart(self, key: str, upload_id: str) -> None:
        """Drop an upload and its parts; nothing happens if there is none."""

    def key_of(self, url: str) -> str | None:
        """The key that a URL of this store points to, or None for any other URL."""

    def stat(self, key: str) -> ObjectInfo | None:
        """The object's facts, or None."""

    def keys(self, prefix: str) -> list[str]:
        """Keys of all objects that begin so; for what are few."""

    def download(self, key: str, path: Path) -> None:
        """Copy the object to a file. Raises `NotFound`."""

    def upload(self, path: Path, key: str, *, media_type: str) -> None:
        """Copy a file to the object, whatever its size."""

    def store(self, key: str, data: bytes, *, media_type: str) -> None:
        """Make the object of bytes at hand."""

    def copy(self, source: str, key: str) -> None:
        """Make the object of another one, whatever its size, by the store itself. Raises `NotFound`."""

    def copy_new(self, source: str, key: str) -> bool:
        """The same, of no kind, where there is no such object yet; False if there is one, or will be in a moment.

        Of several at once one makes it. Raises `NotFound`.
        """

    def read(self, key: str) -> AbstractContextManager[Iterator[bytes]]:
        """The object in blocks. Raises `NotFound`."""

    def read_range(self, key: str, start: int, count: int) -> bytes:
        """`count` bytes of the object from `start` on; fewer, or none, where it ends before. Raises `NotFound`."""

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens if there is none."""


class Folder(Protocol):
    """Files of the operator's own."""

    def read(self, name: str, *, max_bytes: int) -> bytes:
        """A file whole. Raises `Unavailable` if it cannot be had, or is larger."""

    def link(self, name: str, *, expires_s: int) -> str:
        """An address that gives a file."""


class Prober(Protocol):
    """Looks at audio files without trusting them."""

    def probe(self, path: Path) -> AudioInfo:
        """What the file is. Raises `UnusableAudio`."""


class FilmProber(Protocol):
    """Looks at the heads of video files without trusting them."""

    def probe(self, read: Callable[[int, int], bytes], size_bytes: int) -> FilmInfo:
        """What a file is, of which `read(start, count)` gives bytes. Raises `UnusableAudio`."""
