"""The child of `film_probe`: limits itself, opens one video by the bytes that its parent gives it, and reports.

No decoder of pictures may run: what is told is what the container says.
"""

import io
import json
import resource
import sys
from typing import Any

import av
import av.error
from av.stream import Disposition

from patchbay.domain.films import MAX_DURATION_S, MAX_SIDE_PX, TAKEN, container_of, demuxer, options
from patchbay.domain.sniff import SNIFF_BYTES

_BLOCK_BYTES = 256 * 1024
_BLOCKS = 64
"""Blocks that are kept: FFmpeg goes back and forth between them."""


class Unusable(Exception):
    """The file breaks a rule; the text is for its owner."""


class Remote(io.RawIOBase):
    """The file, as far as the parent gives it."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__()
        self._size, self._at = size_bytes, 0
        self._blocks: dict[int, bytes] = {}

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Where the next byte is read from."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go elsewhere."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, of one block."""
        number, inside = divmod(self._at, _BLOCK_BYTES)
        if size <= 0 or self._at >= self._size:
            return b""
        found = self._block(number)[inside : inside + size]
        self._at += len(found)
        return found

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            while len(self._blocks) >= _BLOCKS:
                del self._blocks[next(iter(self._blocks))]
            self._blocks[number] = _asked(number * _BLOCK_BYTES, _BLOCK_BYTES)
        return self._blocks[number]


def _asked(start: int, count: int) -> bytes:
    sys.stdout.write(json.dumps({"at": start, "count": count}) + "\n")
    sys.stdout.flush()
    length = int.from_bytes(sys.stdin.buffer.read(8), "big")
    return sys.stdin.buffer.read(length)


def look(file: Remote) -> dict[str, Any]:
    """The facts of `FilmInfo`. Raises `Unusable`."""
    head = b""
    while len(head) < SNIFF_BYTES and (more := file.read(SNIFF_BYTES - len(head))):
        head += more
    file.seek(0)
    name = demuxer(head)
    if name is None:
        raise Unusable(f"it is no video of a kind that is taken: {TAKEN}")
    try:
        with av.open(file, format=name, options=options(name), metadata_errors="ignore") as container:
            return _facts(container, head)
    except av.error.FFmpegError:
        raise Unusable("it is damaged, or not what it says it is") from None


def _facts(container: Any, head: bytes) -> dict[str, Any]:
    still = Disposition.attached_pic | Disposition.timed_thumbnails
    pictures = [s for s in container.streams.video if not s.disposition & still and s.codec_context is not None]
    if not pictures:
        raise Unusable("there is no picture in it, or one of a kind that nobody knows")
    context = pictures[0].codec_context
    codec = context.codec.canonical_name
    kind = container_of(head, codec)
    if kind is None:
        raise Unusable(f"a picture in {codec} is not taken; export it as H.264, HEVC, VP9 or AV1")
    if not (0 < context.width <= MAX_SIDE_PX and 0 < context.height <= MAX_SIDE_PX):
        raise Unusable(f"the picture's size, {context.width} by {context.height}, is out of range")
    duration_s = (container.duration or 0) / av.time_base
    if duration_s > MAX_DURATION_S:
        raise Unusable(f"it has {duration_s:.0f} s; at most {MAX_DURATION_S:.0f} s are taken")
    sound = container.streams.best("audio")
    return {
        "container": kind.extension,
        "codec": codec,
        "width_px": context.width,
        "height_px": context.height,
        "duration_s": round(duration_s, 3) if duration_s > 0 else None,
        "sounds": sound is not None and sound.codec_context is not None,
    }


def main() -> None:
    """Read a request from stdin, then ask for bytes, then write the report to stdout."""
    request = json.loads(sys.stdin.buffer.readline())
    for what, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, int(request["memory_bytes"])),
        (resource.RLIMIT_CPU, int(request["cpu_s"])),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(what, (value, value))
    try:
        report = look(Remote(int(request["size_bytes"])))
    except Unusable as error:
        report = {"unusable": str(error)}
    except MemoryError:
        report = {"unusable": "it cannot be read within the limits set for uploads"}
    sys.stdout.write(json.dumps(report) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
