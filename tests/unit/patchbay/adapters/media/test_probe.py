import struct
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from patchbay.adapters.media.probe import ChildProber
from patchbay.domain.errors import UnusableAudio

PROBER = ChildProber(cpu_s=20, wall_s=30)


def write_wav(path: Path, seconds: float = 1.0, rate: int = 44100, channels: int = 2) -> Path:
    frames = int(seconds * rate)
    tone = (np.sin(np.arange(frames) / 20)[:, None] * 8000 * np.ones(channels)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(tone.tobytes())
    return path


def test_a_wav_file(tmp_path: Path) -> None:
    info = PROBER.probe(write_wav(tmp_path / "a", 1.5, 48000, 1))
    assert (info.media_type, info.container, info.codec) == ("audio/wav", "wav", "pcm_s16le")
    assert (info.duration_s, info.sample_rate_hz, info.channels) == (1.5, 48000, 1)


@pytest.mark.parametrize(
    ("container", "codec", "media_type"),
    [
        ("mp3", "libmp3lame", "audio/mpeg"),
        ("flac", "flac", "audio/flac"),
        ("ogg", "libopus", "audio/ogg"),
        ("mp4", "aac", "audio/mp4"),
        ("webm", "libopus", "audio/webm"),
    ],
)
def test_formats(tmp_path: Path, container: str, codec: str, media_type: str) -> None:
    path = tmp_path / "upload"
    with av.open(str(path), "w", format=container) as file:
        stream = file.add_stream(codec, rate=48000)
        assert isinstance(stream, av.AudioStream)
        sound = (np.sin(np.arange(48000 * 2) / 30) * 0.3).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(np.stack([sound, sound]), "fltp", "stereo")
        frame.sample_rate = 48000
        resampler = av.AudioResampler(stream.format, "stereo", 48000, frame_size=1024)
        frames = [*resampler.resample(frame), *resampler.resample(None)]
        for packets in [*map(stream.encode, frames), stream.encode(None)]:
            file.mux(packets)
    info = PROBER.probe(path)
    assert info.media_type == media_type
    assert info.duration_s == pytest.approx(2.0, abs=0.1)
    assert info.channels == 2


def test_a_lying_header_is_not_believed(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a", 1.0)
    forged = bytearray(path.read_bytes())
    forged[40:44] = struct.pack("<I", 0xFFFFFFF0)
    path.write_bytes(forged)
    assert PROBER.probe(path).duration_s == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello, this is a text",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 200,
        b"#EXTM3U\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"RIFF\xff\xff\xff\xffWAVE",
        b"fLaC" + b"\0" * 500,
        b"OggS" + b"\xff" * 500,
        b"\0\0\0\x20ftypM4A " + b"\0" * 100,
    ],
)
def test_what_is_not_audio_is_refused_with_words(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "upload"
    path.write_bytes(body)
    with pytest.raises(UnusableAudio) as caught:
        PROBER.probe(path)
    assert len(str(caught.value)) > 15


@pytest.mark.parametrize("tag", [0x1234, 0x0000])
def test_a_codec_that_nobody_knows_is_the_files_fault(tmp_path: Path, tag: int) -> None:
    path = write_wav(tmp_path / "a")
    forged = bytearray(path.read_bytes())
    forged[20:22] = struct.pack("<H", tag)
    path.write_bytes(forged)
    with pytest.raises(UnusableAudio):
        PROBER.probe(path)


def test_the_child_is_held_to_its_time(tmp_path: Path) -> None:
    with pytest.raises(UnusableAudio, match="limits"):
        ChildProber(wall_s=0.01).probe(write_wav(tmp_path / "a"))
