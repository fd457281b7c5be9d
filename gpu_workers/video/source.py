"""A hostile video file, opened in the limited child. Its pictures are never decoded: only their packets are looked at.

Position 0 is the first picture's time, or the beginning of the sound where that starts more than a tenth of a second
earlier: nothing of what a player shows comes before it. All times of the engine are counted from there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import av.error
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream

from gpu_workers.audio.decode_child import Unusable
from patchbay.domain.films import MAX_SIDE_PX, TAKEN, Container, container_of, demuxer, options
from patchbay.domain.sniff import SNIFF_BYTES

SOUND_BEFORE_S = Fraction(1, 10)
DAMAGED = "The file is damaged, or not what it says it is."


@dataclass(frozen=True, slots=True)
class Source:
    """An open video file."""

    container: Any
    picture: VideoStream
    sound: Any
    """Its audio stream, or None."""
    kind: Container
    """What it can be written as."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What a walk through all packets told. Times are seconds of the file's own clock."""

    zero_ticks: int
    """Position 0, in ticks of the picture's clock."""
    zero_s: Fraction
    end_s: Fraction
    """When the last picture ends."""
    packets: int
    """How many of the picture's packets there are up to the last one that is shown."""


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open a file. Raises `Unusable` for what is no video, or breaks a limit."""
    if not path.is_file():
        raise Unusable("There is no such file.")
    with path.open("rb") as file:
        head = file.read(SNIFF_BYTES)
        file.seek(0)
        name = demuxer(head)
        if name is None:
            raise Unusable(f"The file is not a video of a kind that is taken: {TAKEN}.")
        try:
            with av.open(file, "r", format=name, options=options(name), metadata_errors="ignore") as container:
                picture = _picture(container)
                kind = container_of(head, picture.codec_context.codec.canonical_name)
                if kind is None:
                    codec = picture.codec_context.codec.canonical_name
                    raise Unusable(f"A picture in {codec} is not taken; export the video as H.264, HEVC, VP9 or AV1.")
                yield Source(container, picture, _sound(container), kind)
        except av.error.FFmpegError as error:
            raise Unusable(DAMAGED) from error


def _picture(container: Any) -> VideoStream:
    """The first stream of moving pictures: covers of albums and thumbnails are none."""
    still = Disposition.attached_pic | Disposition.timed_thumbnails
    for stream in container.streams.video:
        if stream.disposition & still or stream.codec_context is None or not stream.time_base:
            continue
        width, height = stream.codec_context.width, stream.codec_context.height
        if not (0 < width <= MAX_SIDE_PX and 0 < height <= MAX_SIDE_PX):
            raise Unusable(f"The picture's size, {width} by {height}, is out of range.")
        found: VideoStream = stream
        return found
    raise Unusable("There is no picture in the file, or it is of a kind that nobody knows.")


def _sound(container: Any) -> Any:
    stream = container.streams.best("audio")
    return None if stream is None or stream.codec_context is None or not stream.time_base else stream


def timing(source: Source, max_duration_s: float) -> Timing:
    """Walk through all packets. Raises `Unusable` for clocks that make no sense, and for what is too long."""
    picture, base = source.picture, source.picture.time_base or Fraction(1)
    streams = [picture] if source.sound is None else [picture, source.sound]
    clock, sound = _Clock(round(max_duration_s / base)), None
    for packet in _packets(source.container, streams):
        if packet.stream_index == picture.index:
            clock.see(packet)
        elif sound is None:
            sound = _heard_from(packet)
    first, last = clock.shown()
    zero = first
    if sound is not None and sound < first * base - SOUND_BEFORE_S:
        zero = round(sound / base)
        clock.check(zero, last)
    return Timing(zero, zero * base, last * base, clock.packets)


class _Clock:
    """The picture's clock as its packets tell it, in ticks."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._first: int | None = None
        self._last = self._end = 0
        self._hidden: list[int] = []
        self._seen = self.packets = 0

    def see(self, packet: "Packet[Any]") -> None:
        """Take a packet's times. Raises `Unusable`."""
        if packet.pts is None:
            raise Unusable(DAMAGED)
        self._seen += 1
        if packet.is_discard:  # only there to be decoded: an edit list leaves it out
            self._hidden.append(packet.pts)
            return
        self.packets = self._seen
        end = packet.pts + max(packet.duration or 0, 0)
        if self._first is None:
            self._first, self._last, self._end = packet.pts, packet.pts, end
        self._first, self._last = min(self._first, packet.pts), max(self._last, packet.pts)
        self._end = max(self._end, end)
        self.check(self._first, self._end)

    def check(self, first: int, last: int) -> None:
        """Raises `Unusable` for what is too long."""
        if last - first > self._longest:
            raise Unusable("The video is longer than we take.")

    def shown(self) -> tuple[int, int]:
        """When the first picture begins and the last one ends. Raises `Unusable`."""
        if self._first is None:
            raise Unusable("There is no picture in the file, or it is damaged beyond use.")
        if any(self._first <= pts <= self._last for pts in self._hidden):
            raise Unusable("The picture is cut in its middle by an edit list; export the video once more.")
        return self._first, self._end


def _packets(container: Any, streams: list[Any]) -> Iterator["Packet[Any]"]:
    """All packets with something in them; a damaged end is the end."""
    packets = container.demux(*streams)
    seen = False
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.error.FFmpegError:
            if not seen:
                raise
            return
        if packet.size:
            seen = True
            yield packet


def packets(source: Source, count: int) -> Iterator["Packet[Any]"]:
    """The picture's first `count` packets in the order that they are stored in."""
    return islice(_packets(source.container, [source.picture]), count)


def _heard_from(packet: "Packet[Any]") -> Fraction:
    """When the sound of a stream's first packet starts, after the samples that only set the decoder going."""
    start = (packet.pts or 0) * packet.time_base
    if not packet.has_sidedata("skip_samples"):
        return start
    told = bytes(packet.get_sidedata("skip_samples"))[:4]
    rate = packet.stream.codec_context.sample_rate
    return start + Fraction(int.from_bytes(told, "little"), rate) if rate else start
