"""The child of `decode`: reads a request from stdin, decodes one file, writes a report to stdout.

Everything here may meet hostile bytes. It limits itself before it opens anything, hands FFmpeg an open file instead of
a name (so that no protocol of FFmpeg's is ever needed), and names the one demuxer and the audio codecs that may run.
"""

import json
import resource
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import av
import av.error
import numpy as np
import soxr
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.packet import Packet

from gpu_workers.audio.files import Samples
from gpu_workers.audio.fold import fold_channels
from patchbay.domain.sniff import AUDIO_CODECS, SNIFF_BYTES, WHITELISTS, demuxer_of, id3_length

_CEILING = 8.0
_INTEGER_SCALE = {"u8": 2.0**7, "s16": 2.0**15, "s32": 2.0**31, "s64": 2.0**63}


class Unusable(Exception):
    """The file breaks a rule; the text is for its owner."""


def limit_self(limits: dict[str, Any], largest_file_bytes: int) -> None:
    """Hand this process's rights to the kernel's care: no core dump, bounded memory, CPU time, file size and files."""
    for what, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, int(limits["memory_bytes"])),
        (resource.RLIMIT_CPU, int(limits["cpu_s"])),
        (resource.RLIMIT_FSIZE, largest_file_bytes),
        (resource.RLIMIT_NOFILE, 32),
    ):
        resource.setrlimit(what, (value, value))


def float_frames(frame: AudioFrame) -> Samples:
    """The frame's samples as (channels, frames) float32, +-1 at full scale."""
    data = frame.to_ndarray()
    if not frame.format.is_planar:
        data = data.reshape(-1, frame.layout.nb_channels).T
    kind = frame.format.name.removesuffix("p")
    if kind in _INTEGER_SCALE:
        offset = 128.0 if kind == "u8" else 0.0
        # Through float64: the subtraction and the division of 32-bit samples are then exact before the rounding.
        return ((data.astype(np.float64) - offset) / _INTEGER_SCALE[kind]).astype(np.float32)
    return np.ascontiguousarray(data, dtype=np.float32)


def _frames_of(packet: "Packet[AudioStream]", *, trim: bool) -> Iterator[tuple[AudioFrame, int]]:
    """The packet's frames, each with the number of its samples that count.

    With `trim`, what is past the packet's own duration is dropped: an MP4 says by the last packet's duration where the
    audio ends, and FFmpeg's decoder gives the whole frame all the same.
    """
    for frame in packet.decode():
        count = frame.samples
        base, frame_base = packet.time_base, frame.time_base
        if trim and base and frame_base and None not in (packet.pts, packet.duration, frame.pts):
            end_s, start_s = ((packet.pts or 0) + (packet.duration or 0)) * base, (frame.pts or 0) * frame_base
            left = round((end_s - start_s) * frame.sample_rate)
            count = left if 0 < left < count else count
        yield frame, count


class Decoder:
    """One upload's way through demuxer, decoder, fold-down and resampler, to blocks of the output format."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.limits: dict[str, Any] = request["limits"]
        self.wanted_rate: int | None = request["sample_rate_hz"]
        self.allowed_rates: list[int] = request["allowed_rates_hz"]
        self.channels: int = request["channels"] or 0
        self.damaged = 0
        self.samples = 0
        self.rate = 0
        self._source_rate = 0
        self._frames_in = 0
        self._frames_out = 0
        self._resampler: soxr.ResampleStream | None = None

    def blocks(self, file: BinaryIO) -> Iterator[Samples]:
        """Decode `file`. Yields (channels, frames) float32 at the output rate."""
        for frame, count in self._frames(file):
            yield from self._take(frame, count)
        yield from self._flush()

    def _frames(self, file: BinaryIO) -> Iterator[tuple[AudioFrame, int]]:
        head = file.read(SNIFF_BYTES)
        tag = id3_length(head)
        file.seek(tag)
        demuxer = demuxer_of(file.read(SNIFF_BYTES))
        file.seek(0)
        if demuxer is None:
            raise Unusable("The file is not audio of a format we know.")
        whitelist = WHITELISTS.get(demuxer, demuxer)
        options = {"protocol_whitelist": "none", "format_whitelist": whitelist, "codec_whitelist": AUDIO_CODECS}
        try:
            with av.open(file, "r", format=demuxer, options=options, metadata_errors="ignore") as container:
                stream = container.streams.best("audio")
                if stream is None or stream.codec_context is None:  # the latter for a codec nobody knows
                    raise Unusable("There is no audio in the file.")
                stream.codec_context.thread_count = 1
                for packet in self._packets(container.demux(stream)):
                    try:
                        yield from _frames_of(packet, trim=demuxer == "mov")
                    except MemoryError:
                        raise
                    except av.error.FFmpegError:  # mostly InvalidDataError: the next packet may well be whole
                        self.damaged += 1
        except av.error.FFmpegError as error:
            raise Unusable("The file is damaged, or not what it says it is.") from error

    def _packets(self, packets: Iterator[Any]) -> Iterator[Any]:
        """The packets up to the end, or to damage that the demuxer cannot pass."""
        try:
            yield from packets
        except MemoryError:
            raise
        except av.error.FFmpegError:
            self.damaged += 1

    def _take(self, frame: AudioFrame, samples: int) -> Iterator[Samples]:
        """The first `samples` of one decoded frame, held to the limits, as output blocks."""
        yield from self._begin(frame)
        yield from self._feed(self._data(frame, samples))

    def _begin(self, frame: AudioFrame) -> Iterator[Samples]:
        """Hold a frame to the limits, and get ready for its sample rate; what that lets out of the resampler."""
        limits, count = self.limits, frame.layout.nb_channels
        if not 0 < count <= limits["channels"] or not 1000 <= frame.sample_rate <= limits["sample_rate_hz"]:
            raise Unusable("The file's number of channels or sample rate is out of range.")
        self.samples += frame.samples * count
        if self.samples > limits["samples"]:
            raise Unusable("The file is longer than we take.")
        if frame.sample_rate != self._source_rate:  # at the start, and between the links of a chained Ogg file
            yield from self._flush()
            self._start(frame.sample_rate, count)

    def _data(self, frame: AudioFrame, samples: int) -> Samples:
        """The first `samples` of a frame, cleaned and folded to the output's channels, at their own rate."""
        data = float_frames(frame)[:, :samples]
        np.nan_to_num(data, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        names = [channel.name for channel in frame.layout.channels]
        return fold_channels(np.clip(data, -_CEILING, _CEILING), names, self.channels)

    def _feed(self, data: Samples) -> Iterator[Samples]:
        """Samples at the source's rate, as output blocks."""
        self._frames_in += data.shape[1]
        if self._resampler is not None:
            data = self._resampler.resample_chunk(np.ascontiguousarray(data.T)).T
        yield from self._emit(data)

    def _start(self, source_rate: int, source_channels: int) -> None:
        """Settle the output format by the first frame, and make a resampler if one is needed."""
        if not self.rate:
            self.rate = self.wanted_rate or nearest_rate(source_rate, self.allowed_rates)
            self.channels = self.channels or min(source_channels, 2)
        self._source_rate, self._frames_in, self._frames_out = source_rate, 0, 0
        self._resampler = None
        if source_rate != self.rate:
            self._resampler = soxr.ResampleStream(source_rate, self.rate, self.channels, "float32", "VHQ")

    def _flush(self) -> Iterator[Samples]:
        """The resampler's rest, so that exactly round(frames * rate / source rate) frames have come out."""
        if self._resampler is None:
            return
        rest = self._resampler.resample_chunk(np.zeros((0, self.channels), np.float32), last=True).T
        missing = round(self._frames_in * self.rate / self._source_rate) - self._frames_out
        yield from self._emit(np.pad(rest[:, :missing], ((0, 0), (0, max(missing - rest.shape[1], 0)))))

    def _emit(self, block: Samples) -> Iterator[Samples]:
        self._frames_out += block.shape[1]
        if block.shape[1]:
            # A resampler may ring over the ceiling, never far.
            yield block


def nearest_rate(source_hz: int, allowed_hz: list[int]) -> int:
    """`source_hz` if nothing else is asked, otherwise the lowest allowed rate that loses nothing, else the highest."""
    if not allowed_hz:
        return source_hz
    return min((rate for rate in allowed_hz if rate >= source_hz), default=max(allowed_hz))


def decode_to(request: dict[str, Any]) -> dict[str, int]:
    """Do one request. Returns the report. Raises `Unusable`, or what the machine itself has wrong."""
    return written(Decoder(request), request)


def written(decoder: Decoder, request: dict[str, Any]) -> dict[str, int]:
    """Decode a request's source into its target. Returns and raises as `decode_to`."""
    limits, source, first_s = request["limits"], Path(request["source"]), request.get("first_s")
    if not source.is_file():
        raise Unusable("There is no such file.")
    frames, cut, skipped, start_s = 0, False, 0, request.get("start_s", 0.0)
    with source.open("rb") as file, Path(request["target"]).open("wb") as target:
        for decoded in decoder.blocks(file):
            late = min(round(start_s * decoder.rate) - skipped, decoded.shape[1])
            skipped, whole = skipped + late, decoded[:, late:]
            left = whole.shape[1] if first_s is None else max(round(first_s * decoder.rate), 1) - frames
            cut = left < whole.shape[1]
            block = whole[:, :left]
            frames += block.shape[1]
            if frames > limits["duration_s"] * decoder.rate:
                raise Unusable("The file is longer than we take.")
            target.write(np.ascontiguousarray(block.T, dtype="<f4").tobytes())
            if cut:
                break
    if frames == 0 and skipped:
        length_s = skipped / decoder.rate
        raise Unusable(f"The file is {length_s:.2f} s long, and the part that is asked for begins after that.")
    if frames == 0:
        raise Unusable("There is no audio in the file, or it is damaged beyond use.")
    return {
        "sample_rate_hz": decoder.rate,
        "channels": decoder.channels,
        "frames": frames,
        "damaged_packets": decoder.damaged,
        "cut": cut,
    }


def answer(work: Callable[[], Mapping[str, Any]]) -> int:
    """Do a child's work and write its report, which says whether the file or the machine is at fault."""
    report: Mapping[str, Any]
    try:
        report = work()
    except Unusable as error:
        report = {"unusable": str(error)}
    except MemoryError:
        report = {"unusable": "The file cannot be decoded within the limits set for uploads."}
    except Exception as error:  # noqa: BLE001 - the parent raises it again
        report = {"broken": f"{type(error).__name__}: {error}"}
    with suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(report))
        sys.stdout.flush()
    return 0


def main() -> int:
    """Entry point."""
    request = json.load(sys.stdin)
    limits = request["limits"]
    rate = request["sample_rate_hz"] or limits["sample_rate_hz"]
    limit_self(limits, int(limits["duration_s"] * rate * 2 * 4) + 65536)
    return answer(lambda: decode_to(request))


if __name__ == "__main__":
    sys.exit(main())
