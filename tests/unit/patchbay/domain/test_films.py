"""Which videos are taken, and what they are rendered as."""

import pytest

from patchbay.domain.films import CONTAINERS, container_of, demuxer

MP4, QUICKTIME = b"\0\0\0\x20ftypisom", b"\0\0\0\x14ftypqt  "
MKV, WEBM = b"\x1a\x45\xdf\xa3\x01matroska", b"\x1a\x45\xdf\xa3\x01\x42\x82\x84webm"


@pytest.mark.parametrize(
    ("head", "codec", "kind"),
    [
        (MP4, "h264", "mp4"),
        (MP4, "av1", "mp4"),
        (MP4, "prores", "mov"),
        (MP4, "vp8", None),
        (QUICKTIME, "h264", "mov"),
        (QUICKTIME, "prores", "mov"),
        (QUICKTIME, "av1", None),
        (WEBM, "vp9", "webm"),
        (WEBM, "h264", "mkv"),
        (MKV, "vp9", "mkv"),
        (MKV, "h264", "mkv"),
        (MKV, "flv1", None),
    ],
)
def test_a_picture_stays_in_a_container_that_holds_it(head: bytes, codec: str, kind: str | None) -> None:
    found = container_of(head, codec)
    assert (found.extension if found else None) == kind


@pytest.mark.parametrize(
    "head", [b"", b"RIFF\0\0\0\0WAVE", b"OggS", b"fLaC", b"ID3", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"]
)
def test_audio_and_others_are_no_videos(head: bytes) -> None:
    assert demuxer(head) is None


def test_browsers_containers_hold_what_browsers_play() -> None:
    assert CONTAINERS["webm"].sound == "libopus"
    assert CONTAINERS["mp4"].sound == "aac"
    assert set(CONTAINERS["webm"].pictures) <= set(CONTAINERS["mkv"].pictures)
