"""Digests of files, whatever their size."""

import hashlib
from pathlib import Path

_BLOCK_BYTES = 1024 * 1024


def sha256_of(path: Path) -> str:
    """A file's SHA-256, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
