"""What the walk through a video's packets tells, and what it refuses."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from gpu_workers.audio.decode_child import Unusable
from gpu_workers.video.source import Timing, opened, timing
from tests.unit.gpu_workers.video.films import Film, make, unsteady

SHORT = Film(pictures=30, clap_s=0.4)


def walked(path: Path, longest_s: float = 3600.0) -> Timing:
    with opened(path) as source:
        return timing(source, longest_s)


@pytest.mark.parametrize(
    ("film", "zero_s", "length_s"),
    [
        (SHORT, 0.0, 1.2),
        (replace(SHORT, starts_s=2.0), 2.0, 1.2),
        (replace(SHORT, starts_s=10.0, format="matroska", sound="libopus"), 10.0, 1.2),
        (replace(SHORT, sound_starts_s=0.5), 0.0, 1.2),
        (replace(SHORT, starts_s=0.08, sound_starts_s=0.0), 0.08, 1.2),
        (replace(SHORT, starts_s=0.5, sound_starts_s=0.0), 0.0, 1.7),
        (replace(SHORT, sound=None, at=unsteady), 0.0, unsteady(29) + 0.04),
    ],
)
def test_position_0_is_the_first_picture_unless_sound_comes_well_before(
    film: Film, zero_s: float, length_s: float, tmp_path: Path
) -> None:
    found = walked(make(tmp_path / "film", film))
    assert float(found.zero_s) == pytest.approx(zero_s, abs=0.0015)
    assert float(found.end_s - found.zero_s) == pytest.approx(length_s, abs=0.045)
    assert found.packets == 30


def test_position_0_is_a_tick_of_the_pictures_clock(tmp_path: Path) -> None:
    """So that all pictures move by whole ticks."""
    path = make(tmp_path / "film", replace(SHORT, starts_s=0.5, sound_starts_s=0.0123))
    with opened(path) as source:
        found = timing(source, 60)
        assert found.zero_s == found.zero_ticks * (source.picture.time_base or Fraction(0))


def test_containers_are_those_that_the_picture_came_in(tmp_path: Path) -> None:
    kinds = {
        "mp4": SHORT,
        "mov": replace(SHORT, format="mov"),
        "webm": replace(SHORT, format="webm", picture="libvpx", sound="libopus"),
        "mkv": replace(SHORT, format="matroska"),
    }
    for ending, film in kinds.items():
        with opened(make(tmp_path / ending, film)) as source:
            assert source.kind.extension == ending


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nothing" * 99,
        b"\x1a\x45\xdf\xa3" + bytes(400),
        b"\0\0\0\x20ftypisom" + b"\xff" * 4000,
        b"#EXTM3U\nhttp://example.org/a.ts\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"RIFF\x24\0\0\0AVI LIST",
    ],
)
def test_what_is_no_film_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "film"
    path.write_bytes(data)
    with pytest.raises(Unusable) as caught:
        walked(path)
    assert str(tmp_path) not in str(caught.value)
    with pytest.raises(Unusable):
        walked(tmp_path / "not there")


def test_a_torn_mp4_has_no_index(tmp_path: Path) -> None:
    path = make(tmp_path / "film", SHORT)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(Unusable):
        walked(path)


def test_a_film_that_is_too_long_by_its_packets(tmp_path: Path) -> None:
    path = make(tmp_path / "film", SHORT)
    walked(path, 1.25)
    with pytest.raises(Unusable, match="longer"):
        walked(path, 1.0)


def test_a_clock_that_jumps_is_too_long_whatever_the_header_says(tmp_path: Path) -> None:
    path = make(tmp_path / "film", replace(SHORT, sound=None, at=lambda n: n * 0.04 + (30_000 if n > 20 else 0)))
    with pytest.raises(Unusable, match="longer"):
        walked(path, 6 * 3600)
    far = make(tmp_path / "far", replace(SHORT, starts_s=5.0, sound_starts_s=0.0))
    walked(far, 6.5)
    with pytest.raises(Unusable, match="longer"):
        walked(far, 3.0)


def test_sound_without_a_picture(tmp_path: Path) -> None:
    film = make(tmp_path / "film", SHORT)
    path = tmp_path / "sound"
    with av.open(str(film)) as given, av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream_from_template(given.streams.audio[0], opaque=True)
        for packet in given.demux(audio=0):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    with pytest.raises(Unusable, match="no picture"):
        walked(path)


def test_a_picture_that_is_of_no_kind_that_is_taken(tmp_path: Path) -> None:
    """Matroska holds everything."""
    with av.open(str(tmp_path / "film"), "w", format="matroska") as out:
        stream = out.add_stream("mpeg1video", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(5):
            frame = av.VideoFrame(64, 48, "yuv420p")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with pytest.raises(Unusable, match="mpeg1video is not taken"):
        walked(tmp_path / "film")


def test_a_cut_in_the_middle_is_told(tmp_path: Path) -> None:
    from gpu_workers.video.source import _Clock

    class Packet:
        def __init__(self, pts: int | None, *, hidden: bool = False) -> None:
            self.pts, self.duration, self.is_discard = pts, 1, hidden

    def seen(*packets: Packet) -> _Clock:
        clock = _Clock(1000)
        for packet in packets:
            clock.see(packet)  # type: ignore[arg-type]
        return clock

    before = seen(Packet(-2, hidden=True), Packet(0), Packet(-1, hidden=True), Packet(1), Packet(2, hidden=True))
    assert before.shown() == (0, 2)
    assert before.packets == 4, "what comes after the last shown picture is not copied"
    with pytest.raises(Unusable, match="edit list"):
        seen(Packet(0), Packet(5, hidden=True), Packet(9)).shown()
    with pytest.raises(Unusable, match="no picture"):
        seen(Packet(5, hidden=True)).shown()
    with pytest.raises(Unusable, match="damaged"):
        seen(Packet(None))
