import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.domain.sniff import demuxer_of, id3_length, media_type_of

# MPEG-1 Layer III, 128 kbit/s, 44.1 kHz: 417 bytes a frame (ISO 11172-3, 2.4.3.1).
_MP3_FRAME = b"\xff\xfb\x90\x00" + bytes(413)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"RIFF\0\0\0\0WAVEfmt ", "wav"),
        (b"RF64\xff\xff\xff\xffWAVEds64", "wav"),
        (b"JUNK\0\0\0\0WAVE", None),
        (b"FORM\0\0\0\0AIFF", "aiff"),
        (b"fLaC", "flac"),
        (b"OggS", "ogg"),
        (b"\0\0\0\x20ftypM4A ", "mov"),
        (b"\x1a\x45\xdf\xa3", "matroska"),
        (b"\xff\xf1\x50\x80", "aac"),
        (_MP3_FRAME * 4, "mp3"),
        (b"damage" * 20 + _MP3_FRAME * 4, "mp3"),
        (_MP3_FRAME + b"text", None),
        (b"#EXTM3U\n", None),
        (b"ffconcat version 1.0", None),
        (b"", None),
    ],
)
def test_demuxer_of(head: bytes, name: str | None) -> None:
    assert demuxer_of(head) == name


def test_id3_length_counts_header_and_footer() -> None:
    assert id3_length(b"ID3\4\0\0\0\0\1\0") == 10 + 128
    assert id3_length(b"ID3\4\0\x10\0\0\1\0") == 20 + 128
    assert id3_length(b"RIFF") == 0


@given(st.binary(max_size=2000))
def test_any_bytes_get_an_answer(head: bytes) -> None:
    demuxer_of(head)
    assert id3_length(head) >= 0


@pytest.mark.parametrize(
    ("demuxer", "head", "media_type"),
    [
        ("wav", b"RIFF", "audio/wav"),
        ("mp3", b"", "audio/mpeg"),
        ("mov", b"\0\0\0\x20ftypM4A ", "audio/mp4"),
        ("matroska", b"\x1a\x45\xdf\xa3 webm", "audio/webm"),
        ("matroska", b"\x1a\x45\xdf\xa3 matroska", "audio/x-matroska"),
    ],
)
def test_media_types(demuxer: str, head: bytes, media_type: str) -> None:
    assert media_type_of(demuxer, head) == media_type
