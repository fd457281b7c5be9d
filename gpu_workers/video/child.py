"""The child of `remux`: reads a request from stdin, does it to one hostile video, writes a report to stdout.

Requests: `look` (what the file is), `sound` (decode its sound), `mux` (write its picture, as it is, beside new sound).
"""

import json
import sys
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from gpu_workers.audio.decode_child import Unusable, answer, limit_self, written
from gpu_workers.audio.encode import AV_SAMPLE_FORMATS, audio_frame
from gpu_workers.audio.files import AudioFile
from gpu_workers.video.sound import TimedDecoder
from gpu_workers.video.source import DAMAGED, Source, opened, packets, timing
from patchbay.domain.films import CONTAINERS, Container

AHEAD_S = Fraction(1, 2)
"""How far sound is written ahead of the picture that it goes with."""
_BLOCK_FRAMES = 4096
_KBPS = {"aac": 256, "libopus": 160}
_MACHINE = (28,)
"""errno values of trouble with our own disk, which no file is to blame for: ENOSPC."""


def look(request: Mapping[str, Any]) -> dict[str, Any]:
    """What the file is. Raises `Unusable`."""
    with opened(Path(request["source"])) as source:
        found = timing(source, request["limits"]["duration_s"])
        return {
            "kind": source.kind.extension,
            "sounds": source.sound is not None,
            "zero_ticks": found.zero_ticks,
            "zero_s": [found.zero_s.numerator, found.zero_s.denominator],
            "length_s": float(found.end_s - found.zero_s),
            "packets": found.packets,
        }


def sound(request: dict[str, Any]) -> dict[str, Any]:
    """Decode the file's sound from position 0 on. Raises `Unusable`."""
    return written(TimedDecoder(request, Fraction(*request["zero_s"])), request)


def mux(request: Mapping[str, Any]) -> dict[str, Any]:
    """Write the picture beside new sound. Raises `Unusable`."""
    told = request["audio"]
    audio = AudioFile(Path(told["path"]), told["sample_rate_hz"], told["channels"], told["frames"])
    with opened(Path(request["source"])) as source:
        kind = CONTAINERS[request["kind"]]
        # bitexact: no time of writing, no random numbers, so that the same work gives the same bytes
        options = {"fflags": "+bitexact", **({"movflags": "+faststart"} if kind.muxer in {"mp4", "mov"} else {})}
        try:
            with av.open(request["target"], "w", format=kind.muxer, options=options) as target:
                beside = _Sound(target, kind, audio, request["gain"])
                copied = _copy(source, target, request, beside)
        except (FFmpegError, ValueError) as error:
            if isinstance(error, OSError) and error.errno in _MACHINE:
                raise RuntimeError("no space left") from error
            raise Unusable(DAMAGED) from error
    return {"packets": copied}


def _copy(source: Source, target: OutputContainer, request: Mapping[str, Any], beside: "_Sound") -> int:
    """Copy the picture's packets, the sound always a little ahead; how many there were."""
    picture = _picture_like(source.picture, target)
    copied, zero_ticks = 0, request["zero_ticks"]
    for packet in packets(source, request["packets"]):
        if packet.pts is None:
            raise Unusable(DAMAGED)
        packet.pts -= zero_ticks
        if packet.dts is not None:
            packet.dts -= zero_ticks
        stored = packet.pts if packet.dts is None else packet.dts
        beside.write_to(stored * packet.time_base + AHEAD_S)
        packet.stream = picture
        target.mux(packet)
        copied += 1
    beside.finish()
    return copied


def _picture_like(template: VideoStream, target: OutputContainer) -> VideoStream:
    """The picture's stream with all that its own says: codec, colours, rotation, shape of its pixels."""
    made = target.add_stream_from_template(template, opaque=True)
    if target.format.name in {"mp4", "mov"} and template.codec_tag in {"hvc1", "hev1", "avc1", "avc3"}:
        made.codec_context.codec_tag = template.codec_tag  # players of some makers want the one that they wrote
    return made


class _Sound:
    """The new sound, encoded as far as it is asked for."""

    def __init__(self, target: OutputContainer, kind: Container, audio: AudioFile, gain: float) -> None:
        stream = target.add_stream(kind.sound, rate=audio.sample_rate_hz)
        assert isinstance(stream, AudioStream)
        stream.codec_context.layout = "stereo" if audio.channels == 2 else "mono"
        stream.codec_context.format = AV_SAMPLE_FORMATS[kind.sound]
        stream.codec_context.bit_rate = 1000 * _KBPS[kind.sound]
        self._target, self._stream, self._audio, self._gain = target, stream, audio, gain
        self._codec, self._done = kind.sound, 0

    def write_to(self, until_s: Fraction) -> None:
        """Encode and write up to a position."""
        audio = self._audio
        end = min(round(until_s * audio.sample_rate_hz), audio.frames)
        while self._done < end:
            block = audio.read(self._done, min(_BLOCK_FRAMES, audio.frames - self._done)) * self._gain
            frame = audio_frame(block, AV_SAMPLE_FORMATS[self._codec], audio.sample_rate_hz, self._done)
            self._target.mux(self._stream.encode(frame))
            self._done += block.shape[1]

    def finish(self) -> None:
        """Write the rest."""
        self.write_to(Fraction(self._audio.frames, self._audio.sample_rate_hz))
        self._target.mux(self._stream.encode(None))


_WORK = {"look": look, "sound": sound, "mux": mux}


def main() -> int:
    """Entry point."""
    request = json.load(sys.stdin)
    limit_self(request["limits"], int(request["target_bytes"]))
    return answer(lambda: _WORK[request["work"]](request))


if __name__ == "__main__":
    sys.exit(main())
