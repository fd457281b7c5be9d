import hashlib
from pathlib import Path

import pytest

from patchbay.core.digests import sha256_of


@pytest.mark.parametrize("size_bytes", [0, 1, 1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1, 3_000_000])
def test_a_file_has_the_digest_of_its_bytes_whatever_its_size(tmp_path: Path, size_bytes: int) -> None:
    data = bytes(n % 251 for n in range(1000)) * (size_bytes // 1000 + 1)
    (tmp_path / "file").write_bytes(data[:size_bytes])
    assert sha256_of(tmp_path / "file") == hashlib.sha256(data[:size_bytes]).hexdigest()
