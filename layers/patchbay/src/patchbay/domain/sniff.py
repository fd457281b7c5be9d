"""Which demuxer may open an upload, told from its first bytes alone.

FFmpeg's own probing is never asked: it also recognises playlists, concat scripts and image sequences, which name other
files and URLs. What is not on this list is not opened.
"""

SNIFF_BYTES = 128 * 1024
"""How much of a file's start `demuxer_of` needs, ID3 tag not counted."""

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (8, b"WAVE", "wav"),
    (0, b"riff\x2e\x91\xcf\x11", "w64"),
    (8, b"AIFF", "aiff"),
    (8, b"AIFC", "aiff"),
    (0, b"caff", "caf"),
    (0, b".snd", "au"),
    (0, b"fLaC", "flac"),
    (0, b"OggS", "ogg"),
    (0, b"\x1a\x45\xdf\xa3", "matroska"),
    (4, b"ftyp", "mov"),
    (4, b"moov", "mov"),
    (4, b"mdat", "mov"),
    (4, b"wide", "mov"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (0, b"wvpk", "wv"),
)

WHITELISTS = dict.fromkeys(("mov", "matroska"), "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm")
"""Demuxers that FFmpeg knows by a list of names, which a whitelist must match as a whole; others by their own."""

AUDIO_CODECS = (
    "aac,alac,flac,mp3,mp3float,mp2,mp2float,mp1,mp1float,opus,libopus,vorbis,libvorbis,wavpack,ac3,eac3,wmav1,wmav2,"
    "wmapro,wmalossless,adpcm_ima_wav,adpcm_ms,adpcm_ima_qt,amrnb,amrwb,pcm_s8,pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,"
    "pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be,pcm_alaw,pcm_mulaw"
)
"""FFmpeg's decoders that may run on an upload; the many others were never meant for hostile bytes."""

_MEDIA_TYPES = {
    "wav": "audio/wav",
    "w64": "audio/x-w64",
    "aiff": "audio/aiff",
    "caf": "audio/x-caf",
    "au": "audio/basic",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "matroska": "audio/x-matroska",
    "mov": "audio/mp4",
    "asf": "audio/x-ms-wma",
    "wv": "audio/x-wavpack",
    "aac": "audio/aac",
    "mp3": "audio/mpeg",
}

_RIFF_HEADS = (b"RIFF", b"RF64", b"RIFX", b"BW64")

# ISO/IEC 11172-3 and 13818-3, Layer III: kbit/s by bitrate index, for MPEG-1 and for MPEG-2/2.5.
_KBPS_V1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBPS_V2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES_HZ = (44100, 48000, 32000)
_MP3_FRAMES_IN_A_ROW = 3


def id3_length(head: bytes) -> int:
    """Bytes of the ID3v2 tag at the start of `head`, 0 without one (id3.org, ID3v2.4 section 3.1)."""
    if len(head) < 10 or head[:3] != b"ID3":
        return 0
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size + (10 if head[5] & 0x10 else 0)


def demuxer_of(head: bytes) -> str | None:
    """The name of the FFmpeg demuxer that may open a file which starts (after any ID3 tag) with `head`, or None."""
    for offset, magic, name in _MAGIC:
        if head[offset : offset + len(magic)] == magic and (name != "wav" or head[:4] in _RIFF_HEADS):
            return name
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:  # ADTS: sync word with layer bits 00
        return "aac"
    return "mp3" if _holds_mp3(head) else None


def _holds_mp3(head: bytes) -> bool:
    """Whether three whole Layer III frames follow each other anywhere in `head`: damaged files start anywhere."""
    start = head.find(b"\xff")
    while start >= 0:
        position, frames = start, 0
        while (length := _mp3_frame_bytes(head[position : position + 4])) > 0:
            frames += 1
            position += length
            if frames >= _MP3_FRAMES_IN_A_ROW or (position >= len(head) and frames):
                return True
        start = head.find(b"\xff", start + 1)
    return False


def _mp3_frame_bytes(header: bytes) -> int:
    """Length in bytes of the Layer III frame with this 4-byte header, 0 if it is none."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return 0
    version = header[1] >> 3 & 3  # 3: MPEG-1, 2: MPEG-2, 0: MPEG-2.5, 1: reserved
    bitrate, rate = header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or bitrate in (0, 15) or rate == 3:
        return 0
    padding = header[2] >> 1 & 1
    if version == 3:
        return 144_000 * _KBPS_V1[bitrate] // _RATES_HZ[rate] + padding
    return 72_000 * _KBPS_V2[bitrate] // (_RATES_HZ[rate] >> (1 if version == 2 else 2)) + padding


def media_type_of(demuxer: str, head: bytes) -> str:
    """The media type of a file that `demuxer` opens and that starts with `head`."""
    if demuxer == "matroska" and b"webm" in head[:64]:
        return "audio/webm"
    return _MEDIA_TYPES[demuxer]
