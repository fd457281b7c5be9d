"""The child of `probe`: limits itself, opens one file with the one demuxer that its bytes call for, and counts.

Durations are counted from the packets, never taken from the header, which may say anything.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any

import av
import av.error

from patchbay.domain.sniff import AUDIO_CODECS, SNIFF_BYTES, WHITELISTS, demuxer_of, id3_length, media_type_of

_DECODED_PACKETS = 64
"""So many packets may pass without a single decodable one before the file is called damaged."""


class Unusable(Exception):
    """The file breaks a rule; the text is for its owner."""


def look(path: Path) -> dict[str, Any]:
    """The facts of `AudioInfo`. Raises `Unusable`."""
    with path.open("rb") as file:
        tag = id3_length(file.read(SNIFF_BYTES))
        file.seek(tag)
        head = file.read(SNIFF_BYTES)
        demuxer = demuxer_of(head)
        if demuxer is None:
            raise Unusable("the file is not audio of a known format")
        file.seek(0)
        whitelist = WHITELISTS.get(demuxer, demuxer)
        options = {"protocol_whitelist": "none", "format_whitelist": whitelist, "codec_whitelist": AUDIO_CODECS}
        try:
            with av.open(file, format=demuxer, options=options, metadata_errors="ignore") as container:
                return {"media_type": media_type_of(demuxer, head), "container": demuxer, **_count(container)}
        except av.error.FFmpegError:
            raise Unusable("the file is damaged, or not what it says it is") from None


def _count(container: Any) -> dict[str, Any]:
    stream = container.streams.best("audio")
    if stream is None or stream.codec_context is None:  # the latter for a codec nobody knows
        raise Unusable("there is no audio in the file")
    stream.codec_context.thread_count = 1
    duration_s, frames, tried = 0.0, 0, 0
    try:
        for packet in container.demux(stream):
            duration_s += float((packet.duration or 0) * packet.time_base) if packet.time_base else 0.0
            if frames == 0 and tried < _DECODED_PACKETS:
                tried += 1
                frames += _decoded(packet)
    except av.error.FFmpegError:
        pass  # a damaged end: what came before it counts
    context = stream.codec_context
    if frames == 0 or duration_s <= 0 or not context.sample_rate:
        raise Unusable("there is no audio in the file, or it is damaged beyond use")
    return {
        "codec": context.name,
        "duration_s": round(duration_s, 3),
        "sample_rate_hz": context.sample_rate,
        "channels": context.channels,
    }


def _decoded(packet: Any) -> int:
    try:
        return sum(frame.samples for frame in packet.decode())
    except av.error.FFmpegError:
        return 0


def main() -> None:
    """Read a request from stdin, write the report to stdout."""
    request = json.load(sys.stdin)
    for what, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, int(request["memory_bytes"])),
        (resource.RLIMIT_CPU, int(request["cpu_s"])),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(what, (value, value))
    try:
        report = look(Path(request["path"]))
    except Unusable as error:
        report = {"unusable": str(error)}
    except MemoryError:
        report = {"unusable": "the file cannot be read within the limits set for uploads"}
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    main()
