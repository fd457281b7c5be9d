"""The object store in a dictionary."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from patchbay.domain.errors import InvalidInput, NotFound
from patchbay.ports import ObjectInfo, PresignedPost

BASE = "https://objects.test/media"


class FakeObjects:
    """Objects by key; `links` counts the links made, so that two links to one object differ."""

    def __init__(self) -> None:
        self.stored: dict[str, tuple[bytes, str]] = {}
        self.uploads: dict[str, tuple[str, dict[int, bytes]]] = {}
        self.links = 0

    def put(self, key: str, data: bytes, media_type: str = "application/octet-stream") -> None:
        """What an uploader does with a presigned URL."""
        self.stored[key] = (data, media_type)

    def presign_put(self, key: str, *, expires_s: int, size_bytes: int | None = None) -> str:
        return self._link("PUT", key, expires_s, f"&size={size_bytes}" if size_bytes is not None else "")

    def presign_post(self, key: str, *, expires_s: int, max_bytes: int) -> PresignedPost:
        assert expires_s > 0
        return PresignedPost(BASE, {"key": key, "policy": f"max={max_bytes}"})

    def presign_get(self, key: str, *, expires_s: int, as_file: bool = False) -> str:
        return self._link("GET", key, expires_s, "&as_file" if as_file else "")

    def start_multipart(self, key: str) -> str:
        upload_id = f"upload-{len(self.uploads) + 1}"
        self.uploads[upload_id] = (_checked(key), {})
        return upload_id

    def presign_part(self, key: str, upload_id: str, number: int, *, expires_s: int) -> str:
        assert 1 <= number <= 10_000
        return self._link("PUT", key, expires_s, f"&partNumber={number}&uploadId={upload_id}")

    def put_part(self, key: str, upload_id: str, number: int, data: bytes) -> str:
        assert 1 <= number <= 10_000
        if upload_id not in self.uploads or self.uploads[upload_id][0] != key:
            raise InvalidInput("there is no such upload", field="upload_id")
        self.uploads[upload_id][1][number] = data
        return _etag(data)

    def abort_multipart(self, key: str, upload_id: str) -> None:
        self.uploads.pop(upload_id, None)

    def complete_multipart(self, key: str, upload_id: str, etags: Mapping[int, str]) -> None:
        key_of_it, parts = self.uploads.get(upload_id, ("", {}))
        # As S3 does it: of the parts that are named, which need not be all that were sent.
        if key_of_it != key or not etags or {n: _etag(parts[n]) for n in etags if n in parts} != dict(etags):
            raise InvalidInput("the parts do not fit", field="etags")
        self.stored[key] = (b"".join(parts[n] for n in sorted(etags)), "application/octet-stream")
        del self.uploads[upload_id]

    def key_of(self, url: str) -> str | None:
        if not url.startswith(BASE + "/"):
            return None
        return unquote(urlsplit(url).path.removeprefix(urlsplit(BASE).path + "/"))

    def stat(self, key: str) -> ObjectInfo | None:
        if key not in self.stored:
            return None
        data, media_type = self.stored[key]
        return ObjectInfo(len(data), media_type, _etag(data))

    def keys(self, prefix: str) -> list[str]:
        return sorted(key for key in self.stored if key.startswith(prefix))

    def download(self, key: str, path: Path) -> None:
        path.write_bytes(self._data(key))

    def upload(self, path: Path, key: str, *, media_type: str) -> None:
        with path.open("rb") as file:
            self.stored[_checked(key)] = (file.read(), media_type)

    def store(self, key: str, data: bytes, *, media_type: str) -> None:
        self.stored[_checked(key)] = (data, media_type)

    def copy(self, source: str, key: str) -> None:
        media_type = self.stored[source][1] if source in self.stored else ""
        self.stored[_checked(key)] = (self._data(source), media_type)

    def copy_new(self, source: str, key: str) -> bool:
        if key in self.stored:
            return False
        self.stored[_checked(key)] = (self._data(source), "application/octet-stream")
        return True

    def read(self, key: str) -> AbstractContextManager[Iterator[bytes]]:
        data = self._data(key)

        @contextmanager
        def blocks() -> Iterator[Iterator[bytes]]:
            yield (data[at : at + 65536] for at in range(0, len(data), 65536))

        return blocks()

    def read_range(self, key: str, start: int, count: int) -> bytes:
        return self._data(key)[start : start + count]

    def delete(self, key: str) -> None:
        self.stored.pop(key, None)

    def _data(self, key: str) -> bytes:
        if key not in self.stored:
            raise NotFound(f"there is no object {key}")
        return self.stored[key][0]

    def _link(self, method: str, key: str, expires_s: int, more: str = "") -> str:
        assert expires_s > 0
        self.links += 1
        return f"{BASE}/{quote(_checked(key))}?X-Amz-Method={method}&X-Amz-Expires={expires_s}&n={self.links}{more}"


def _etag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


def _checked(key: str) -> str:
    """Every object belongs to a tenant."""
    place, _, rest = key.partition("/")
    assert place in {"uploads", "results", "samples", "images", "orders", "projects", "videos", "incoming"}, key
    assert "/" in rest
    return key
