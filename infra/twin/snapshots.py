"""The emulator's state on disk: one file for all services, replaced at once, so that it is always of one instant.

The first line holds a digest of the rest; a file that does not match it is refused. Large byte strings (the content of
Lambda layers) are kept beside it under their own digest, since they hardly ever change.
"""

import hashlib
import json
import logging
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

logger = logging.getLogger("patchbay.snapshots")

LARGE_BYTES = 64 * 1024
_BLOB = "__patchbay_blob__"
_DIGEST_IN_TEXT = re.compile(rb'"([0-9a-f]{64})"')

Encoder = Callable[[Any], Any]
Decoder = Callable[[dict[str, Any]], Any]


class SnapshotFile:
    """Reads and writes `snapshot.json` in a folder. `encode` and `decode` are the emulator's own JSON hooks."""

    def __init__(self, folder: Path, encode: Encoder, decode: Decoder) -> None:
        self.path = folder / "snapshot.json"
        self.blobs = folder / "blobs"
        self._encode = encode
        self._decode = decode

    def write(self, services: Mapping[str, Any], unless: str | None = None) -> str:
        """Save every service's state and give the digest; an equal state is not written again."""
        text = json.dumps(services, default=self._default, separators=(",", ":"), check_circular=False).encode()
        digest = hashlib.blake2b(text, digest_size=16).hexdigest()
        if digest != unless:
            _replace(self.path, digest.encode() + b"\n" + text)
        return digest

    def read(self) -> dict[str, Any]:
        """The state of each service; nothing when there is no snapshot or it is damaged."""
        try:
            digest, _, text = self.path.read_bytes().partition(b"\n")
        except FileNotFoundError:
            return {}
        if hashlib.blake2b(text, digest_size=16).hexdigest().encode() != digest:
            damaged = self.path.with_suffix(".damaged")
            self.path.replace(damaged)
            logger.error("snapshot does not match its digest; set aside as %s", damaged)
            return {}
        services = json.loads(text, object_hook=self._object)
        return services if isinstance(services, dict) else {}

    def prune(self, *folders: Path) -> None:
        """Remove blobs that the snapshot no longer names. At start only: while running, an older one may need them."""
        named = set(_DIGEST_IN_TEXT.findall(self.path.read_bytes())) if self.path.exists() else set()
        for folder in (self.blobs, *folders):
            for file in folder.glob("*"):
                if file.stem.encode() not in named:
                    file.unlink(missing_ok=True)

    def _default(self, value: Any) -> Any:
        if isinstance(value, (bytes, bytearray)) and len(value) >= LARGE_BYTES:
            digest = hashlib.sha256(value).hexdigest()
            target = self.blobs / digest
            if not target.exists():
                self.blobs.mkdir(mode=0o700, exist_ok=True)
                _replace(target, bytes(value))
            return {_BLOB: digest}
        return self._encode(value)

    def _object(self, value: dict[str, Any]) -> Any:
        if _BLOB in value:
            return (self.blobs / value[_BLOB]).read_bytes()
        return self._decode(value)


def _replace(path: Path, data: bytes) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
