"""Uploads without a length, kept on disk until their length is known."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

CHUNK = 256 * 1024


class SpoolFull(Exception):
    """The body is longer than allowed."""


class Spool:
    """A temporary file that is gone when the block ends."""

    def __init__(self, folder: Path, largest: int) -> None:
        self._folder = folder
        self._largest = largest
        self._file: BinaryIO | None = None
        self.size = 0

    def __enter__(self) -> Self:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Without a name, so that nothing stays behind even after a kill.
        self._file = tempfile.TemporaryFile(dir=self._folder)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._opened.close()

    @property
    def _opened(self) -> BinaryIO:
        if self._file is None:
            raise ValueError("a spool is used inside its with block")
        return self._file

    async def fill(self, chunks: AsyncIterator[bytes]) -> None:
        """Take the whole body. Raises SpoolFull beyond the limit."""
        async for chunk in chunks:
            self.size += len(chunk)
            if self.size > self._largest:
                raise SpoolFull
            # In a thread: a slow disk must not hold up the other requests.
            await asyncio.to_thread(self._opened.write, chunk)
        await asyncio.to_thread(self._opened.flush)

    def head(self, length: int) -> bytes:
        """The first bytes."""
        return os.pread(self._opened.fileno(), length, 0)

    async def read(self, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from start to end, a chunk at a time."""
        position, stop = start, self.size if end is None else end
        while position < stop:
            length = min(CHUNK, stop - position)
            chunk = await asyncio.to_thread(os.pread, self._opened.fileno(), length, position)
            if not chunk:
                return
            position += len(chunk)
            yield chunk

    async def find(self, needle: bytes, start: int) -> int:
        """Where the needle first stands at or after start; -1 when it does not."""
        tail, position = b"", start
        async for chunk in self.read(start):
            window = tail + chunk
            found = window.find(needle)
            if found >= 0:
                return position - len(tail) + found
            position += len(chunk)
            tail = window[-(len(needle) - 1) :]
        return -1
