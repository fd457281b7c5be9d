from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from infra.twin.spool import CHUNK, Spool, SpoolFull


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def joined(source: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in source])


async def test_gives_back_what_it_took(tmp_path: Path) -> None:
    body = bytes(range(256)) * (CHUNK // 100)
    with Spool(tmp_path / "new", len(body)) as spool:
        await spool.fill(chunks(body[:1000], b"", body[1000:]))
        assert spool.size == len(body)
        assert spool.head(300) == body[:300]
        assert await joined(spool.read()) == body
        assert await joined(spool.read(5, CHUNK + 7)) == body[5 : CHUNK + 7]
    assert list((tmp_path / "new").iterdir()) == []


async def test_stops_at_its_limit(tmp_path: Path) -> None:
    with Spool(tmp_path, 10) as spool:
        await spool.fill(chunks(b"x" * 10))
        with pytest.raises(SpoolFull):
            await spool.fill(chunks(b"x"))


@pytest.mark.parametrize("at", [0, 1, CHUNK - 5, CHUNK - 1, CHUNK, 2 * CHUNK + 3])
async def test_finds_across_chunks(tmp_path: Path, at: int) -> None:
    with Spool(tmp_path, 4 * CHUNK) as spool:
        await spool.fill(chunks(b"." * at + b"needle" + b"." * 100))
        assert await spool.find(b"needle", 0) == at
        assert await spool.find(b"needle", at) == at
        assert await spool.find(b"needle", at + 1) == -1


def test_needs_its_block(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="with block"):
        Spool(tmp_path, 1).head(1)
