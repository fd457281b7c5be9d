"""Video files: which containers are taken, with which pictures, and what sound goes into each."""

from dataclasses import dataclass

from patchbay.domain.sniff import AUDIO_CODECS, WHITELISTS, demuxer_of

MAX_STREAMS = 32
MAX_SIDE_PX = 16_384
MAX_DURATION_S = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Container:
    """One kind of file, under the names that FFmpeg's muxer and a file's owner know it by."""

    extension: str
    muxer: str
    media_type: str
    sound: str
    """FFmpeg's encoder of its sound."""
    pictures: tuple[str, ...]
    """Codecs of pictures that it holds."""


_CODECS = f"{AUDIO_CODECS},mpeg4"
"""What may be decoded of a film: its sound. MPEG-4 Part 2 alone tells the picture's size nowhere but in the picture."""
MP4 = Container("mp4", "mp4", "video/mp4", "aac", ("h264", "hevc", "av1", "vp9", "mpeg4"))
MOV = Container(
    "mov", "mov", "video/quicktime", "aac", ("h264", "hevc", "mpeg4", "prores", "dnxhd", "mjpeg", "mpeg2video")
)
WEBM = Container("webm", "webm", "video/webm", "libopus", ("vp8", "vp9", "av1"))
MKV = Container(
    "mkv",
    "matroska",
    "video/x-matroska",
    "libopus",
    ("h264", "hevc", "av1", "vp8", "vp9", "mpeg4", "prores", "mjpeg", "mpeg2video", "ffv1", "theora"),
)
CONTAINERS: dict[str, Container] = {kind.extension: kind for kind in (MP4, MOV, WEBM, MKV)}
TAKEN = "MP4, QuickTime (MOV), WebM and Matroska (MKV)"


def options(name: str) -> dict[str, str]:
    """What FFmpeg is told with a film that its demuxer `name` is to read: nothing else is opened, nor decoded."""
    return {
        "protocol_whitelist": "none",
        "format_whitelist": WHITELISTS[name],
        "codec_whitelist": _CODECS,
        "max_streams": str(MAX_STREAMS),
    }


def demuxer(head: bytes) -> str | None:
    """FFmpeg's demuxer of a video file that starts with `head`; None for what is not taken."""
    name = demuxer_of(head)
    return name if name in {"mov", "matroska"} else None


def container_of(head: bytes, codec: str) -> Container | None:
    """The container that takes the picture of a file as it is: the file's own, or the nearest; None if none does."""
    if demuxer(head) == "matroska":
        kinds = (WEBM, MKV) if b"webm" in head[:64] else (MKV,)
    else:
        kinds = (MOV,) if head[8:12] == b"qt  " else (MP4, MOV)
    return next((kind for kind in kinds if codec in kind.pictures), None)
