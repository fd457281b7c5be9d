"""Write audio as wav, flac, mp3, m4a (AAC), ogg (Vorbis) or opus from a stream of blocks, in bounded memory.

FFmpeg (PyAV) encodes mp3 (libmp3lame, LGPL), AAC and Opus; libsndfile encodes FLAC and Vorbis. Samples over full scale
are clipped in every integer format (see `wav`); the lossy ones take them as they are, and their decoders clip.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import av
import numpy as np
import soundfile
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream

from gpu_workers.audio.files import BLOCK_FRAMES, Samples
from gpu_workers.audio.wav import WavWriter, quantize
from patchbay.domain.formats import Format

AV_SAMPLE_FORMATS = {"libmp3lame": "fltp", "aac": "fltp", "libopus": "flt"}
"""What each of FFmpeg's encoders takes."""
_AV_CODECS = {"mp3": ("mp3", "libmp3lame"), "m4a": ("ipod", "aac"), "opus": ("opus", "libopus")}
_OPUS_CHANNEL_KBPS = 255
_DEFAULT_KBPS = {"mp3": 256, "m4a": 256, "opus": 160}

# libvorbis, vorbis_encode_init_vbr at 44.1 kHz stereo: nominal kbit/s at quality -0.1, 0, 0.1 ... 1.0.
_VORBIS_KBPS = (45, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 500)


@dataclass(frozen=True, slots=True)
class EncodeSettings:
    """What is to be written. `bit_depth` counts for wav and flac (32: float, wav only), `bitrate_kbps` for the rest."""

    format: Format
    sample_rate_hz: int
    channels: int
    total_frames: int
    bit_depth: int = 16
    bitrate_kbps: int | None = None


class BlockWriter(Protocol):
    """What takes blocks (channels, frames) of float32."""

    def write(self, block: Samples) -> None:
        """Append a block."""


def open_writer(path: Path, settings: EncodeSettings) -> AbstractContextManager[BlockWriter]:
    """A context that writes `path`; leaving it finishes the file."""
    if settings.format == "wav":
        return WavWriter(path, settings.sample_rate_hz, settings.channels, settings.bit_depth, settings.total_frames)
    if settings.format in _AV_CODECS:
        return _av_writer(path, settings)
    return _sndfile_writer(path, settings)


def write_wav(path: Path, samples: Samples, sample_rate_hz: int, bit_depth: int = 16) -> None:
    """Write `samples` (channels, frames), all in memory, as a WAV file."""
    with WavWriter(path, sample_rate_hz, samples.shape[0], bit_depth, samples.shape[1]) as writer:
        writer.write(samples)


class _SndfileWriter:
    def __init__(self, file: soundfile.SoundFile, bits: int | None) -> None:
        self._file, self._bits = file, bits

    def write(self, block: Samples) -> None:
        for start in range(0, block.shape[1], BLOCK_FRAMES):  # longer Vorbis writes overflow libsndfile's stack
            part = block[:, start : start + BLOCK_FRAMES].T
            if self._bits is None:
                self._file.write(np.ascontiguousarray(part))
            else:
                self._file.write(quantize(part, self._bits) << (32 - self._bits))


@contextmanager
def _sndfile_writer(path: Path, settings: EncodeSettings) -> Iterator[BlockWriter]:
    vorbis = settings.format == "ogg"
    subtype = "VORBIS" if vorbis else f"PCM_{settings.bit_depth}"
    with soundfile.SoundFile(
        path,
        "w",
        settings.sample_rate_hz,
        settings.channels,
        subtype,
        format="OGG" if vorbis else "FLAC",
        compression_level=1.0 - vorbis_quality(settings) if vorbis else None,
    ) as file:
        yield _SndfileWriter(file, None if vorbis else settings.bit_depth)


def vorbis_quality(settings: EncodeSettings) -> float:
    """Libsndfile's quality 0 to 1 for a bit rate, counted per channel and per second as for 44.1 kHz stereo."""
    if settings.bitrate_kbps is None:
        return 0.6
    share = settings.channels / 2 * min(settings.sample_rate_hz / 44100, 1.0)
    quality = float(np.interp(settings.bitrate_kbps / share, _VORBIS_KBPS, np.linspace(-0.1, 1.0, len(_VORBIS_KBPS))))
    return max(quality, 0.0)


def audio_frame(block: Samples, sample_format: str, sample_rate_hz: int, position: int) -> AudioFrame:
    """A block (channels, frames) of one or two channels as FFmpeg's encoders take it, at frame `position`."""
    data = np.ascontiguousarray(block, dtype=np.float32)
    if sample_format == "flt":
        data = np.ascontiguousarray(data.T).reshape(1, -1)
    frame = AudioFrame.from_ndarray(data, sample_format, "stereo" if block.shape[0] == 2 else "mono")
    frame.sample_rate, frame.pts = sample_rate_hz, position
    return frame


class _AvWriter:
    def __init__(self, container: av.container.OutputContainer, stream: AudioStream, settings: EncodeSettings) -> None:
        self._container, self._stream, self._settings = container, stream, settings
        self._sample_format = AV_SAMPLE_FORMATS[_AV_CODECS[settings.format][1]]
        self._position = 0

    def write(self, block: Samples) -> None:
        frame = audio_frame(block, self._sample_format, self._settings.sample_rate_hz, self._position)
        self._position += block.shape[1]
        self._container.mux(self._stream.encode(frame))


@contextmanager
def _av_writer(path: Path, settings: EncodeSettings) -> Iterator[BlockWriter]:
    container_format, codec = _AV_CODECS[settings.format]
    # bitexact: no random Ogg serial number, no time of writing, so that the same samples give the same bytes
    with av.open(str(path), "w", format=container_format, options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream(codec, rate=settings.sample_rate_hz)
        assert isinstance(stream, AudioStream)
        stream.codec_context.layout = "stereo" if settings.channels == 2 else "mono"
        stream.codec_context.format = AV_SAMPLE_FORMATS[codec]
        kbps = settings.bitrate_kbps or _DEFAULT_KBPS[settings.format]
        if settings.format == "opus":  # RFC 6716, section 2.1.1: at most 510 kbit/s, which libopus halves for mono
            kbps = min(kbps, _OPUS_CHANNEL_KBPS * settings.channels)
        stream.codec_context.bit_rate = 1000 * kbps
        yield _AvWriter(container, stream, settings)
        container.mux(stream.encode(None))
