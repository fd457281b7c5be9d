"""A look at the heads of videos: what the container says, by few bytes, whatever the bytes do."""

import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest

from patchbay.adapters.media.film_probe import ChildFilmProber
from patchbay.domain.errors import Unavailable, UnusableAudio
from patchbay.domain.films import TAKEN
from patchbay.domain.videos import FilmInfo

PROBER = ChildFilmProber(wall_s=60.0)


def make(path: Path, container: str, codec: str, *, seconds: int = 2, live: bool = False) -> bytes:
    options = {"live": "1"} if live else {}
    with av.open(str(path), "w", format=container, options=options) as file:
        stream = file.add_stream(codec, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(seconds * 25):
            frame = av.VideoFrame(64, 48, "yuv420p")
            frame.pts, frame.time_base = number * 40, Fraction(1, 1000)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path.read_bytes()


class Reads:
    """Bytes at hand, and how often they were asked for."""

    def __init__(self, data: bytes, size_bytes: int | None = None) -> None:
        self.data, self.size_bytes = data, len(data) if size_bytes is None else size_bytes
        self.given: list[int] = []

    def __call__(self, start: int, count: int) -> bytes:
        assert start >= 0
        assert count > 0
        found = self.data[start : start + count]
        self.given.append(len(found))
        return found


def probed(reads: Reads, prober: ChildFilmProber = PROBER) -> FilmInfo:
    return prober.probe(reads, reads.size_bytes)


@pytest.mark.parametrize(
    ("container", "codec", "kind"),
    [
        ("mp4", "libx264", "mp4"),
        ("mp4", "mpeg4", "mp4"),
        ("mov", "libx264", "mov"),
        ("webm", "libvpx", "webm"),
        ("matroska", "libx264", "mkv"),
    ],
)
def test_containers(container: str, codec: str, kind: str, tmp_path: Path) -> None:
    found = probed(Reads(make(tmp_path / "film", container, codec)))
    assert (found.container, found.codec) == (kind, {"libx264": "h264", "libvpx": "vp8", "mpeg4": "mpeg4"}[codec])
    assert (found.width_px, found.height_px, found.sounds) == (64, 48, False)
    assert found.duration_s == pytest.approx(2.0, abs=0.05)


def test_a_file_that_does_not_say_how_long_it_is(tmp_path: Path) -> None:
    """As browsers record it."""
    assert probed(Reads(make(tmp_path / "film", "webm", "libvpx", live=True))).duration_s is None


def test_an_index_at_the_end_of_a_large_file_costs_few_bytes(tmp_path: Path) -> None:
    """A hundred megabytes of picture between the head and the index."""
    data = make(tmp_path / "film", "mp4", "libx264")
    at = data.index(b"mdat") - 4
    box = int.from_bytes(data[at : at + 4], "big")
    assert data.index(b"moov") > at, "the index is behind the pictures"
    filler = (100_000_008).to_bytes(4, "big") + b"free" + bytes(100_000_000)
    reads = Reads(data[: at + box] + filler + data[at + box :])
    assert probed(reads).duration_s == pytest.approx(2.0, abs=0.05)
    assert sum(reads.given) < 2 * 1024**2


@pytest.mark.parametrize(
    "data",
    [b"", b"text" * 99, b"RIFF\0\0\0\0WAVEfmt ", b"\0\0\0\x20ftypisom" + b"\xff" * 4000, b"\x1a\x45\xdf\xa3" * 9],
)
def test_what_is_no_film(data: bytes) -> None:
    with pytest.raises(UnusableAudio):
        probed(Reads(data))


def test_what_is_taken_is_named() -> None:
    with pytest.raises(UnusableAudio) as caught:
        probed(Reads(b"text" * 99))
    assert TAKEN in str(caught.value)


def test_bytes_that_are_not_there_although_the_size_says_so(tmp_path: Path) -> None:
    data = make(tmp_path / "film", "mp4", "libx264")
    with pytest.raises(UnusableAudio):
        probed(Reads(data[:1000], len(data)))


@pytest.mark.parametrize(
    "prober",
    [
        ChildFilmProber(reads=0),
        ChildFilmProber(read_bytes=1000),
        ChildFilmProber(wall_s=0.01),
        ChildFilmProber(memory_bytes=64 * 1024**2, wall_s=60.0),
    ],
)
def test_limits_end_it_in_words(prober: ChildFilmProber, tmp_path: Path) -> None:
    reads = Reads(make(tmp_path / "film", "mp4", "libx264", seconds=1))
    try:
        with pytest.raises(UnusableAudio, match="within the limits"):
            probed(reads, prober)
    except RuntimeError:
        assert prober.memory_bytes < 1024**2 * 100, "too little memory to start with is the machine's trouble"


def test_trouble_of_the_store_is_not_the_files() -> None:
    def away(start: int, count: int) -> bytes:
        raise Unavailable("the object store is busy")

    with pytest.raises(Unavailable):
        PROBER.probe(away, 1000)


@pytest.mark.parametrize("said", [b"[]\n", b"nonsense\n", b'{"at": -5, "count": 1}\n', b'{"at": 0, "count": 0}\n', b""])
def test_a_child_that_was_taken_over_gets_nothing(said: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the child says, it ends in words about the file."""
    evil = tmp_path / "evil.sh"
    evil.write_bytes(
        b"#!/bin/sh\nread line\nprintf '%s' '" + said.replace(b"\n", b"'\necho '") + b"'\nexec sleep 0.2\n"
    )
    evil.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(evil))
    reads = Reads(b"x" * 100)
    read: Callable[[int, int], bytes] = reads
    with pytest.raises(UnusableAudio):
        ChildFilmProber(wall_s=30.0).probe(read, 100)
    assert reads.given == []
