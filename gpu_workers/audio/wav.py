"""WAV files written as a stream: exact, the same bytes for the same samples, and over 4 GB as RF64.

libsndfile is not used here because its float WAV header holds the time of writing (PEAK chunk).

**Numbers.** Full scale 1.0 is 2**(bits-1), what decoders divide by, so that a 16-bit file decoded and written again is
the same file. Integers are rounded, not dithered: a silent stem stays silent to the last bit, and n stems sum to the
mixture within (n+1)/2 of a step, where TPDF dither would add noise of half a step RMS to each. What is over full scale
is clipped; who can have such peaks scales first (see `gpu_workers.separation.stems`) or writes 32-bit float.
"""

import struct
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from gpu_workers.audio.files import Samples

_PCM, _FLOAT = 1, 3  # wFormatTag of the RIFF specification
_RIFF_MAX = 0xFFFFFFFF


class WavWriter:
    """A context manager that writes `total_frames` frames, block by block, of 16 or 24-bit PCM or 32-bit float."""

    def __init__(self, path: Path, sample_rate_hz: int, channels: int, bit_depth: int, total_frames: int) -> None:
        if bit_depth not in (16, 24, 32):
            raise ValueError(f"no WAV of {bit_depth} bits")
        self._bits, self._channels, self._left = bit_depth, channels, total_frames
        self._file = path.open("wb")
        self._file.write(wav_header(sample_rate_hz, channels, bit_depth, total_frames))

    def write(self, block: Samples) -> None:
        """Append `block` (channels, frames). Raises ValueError where it is more than was announced."""
        if block.shape[0] != self._channels or block.shape[1] > self._left:
            raise ValueError(f"block {block.shape} for {self._channels} channels, {self._left} frames left")
        self._left -= block.shape[1]
        self._file.write(_pack(np.ascontiguousarray(block.T), self._bits))

    def close(self) -> None:
        """Close the file. Raises ValueError where frames are missing."""
        self._file.close()
        if self._left:
            raise ValueError(f"{self._left} frames were announced and not written")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self._file.close()


def quantize(samples: Samples, bit_depth: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """`samples` as integers of `bit_depth` bits in int32: rounded to the nearest, clipped at full scale."""
    scale = float(2 ** (bit_depth - 1))
    # float64: 24 bits and a sign do not fit float32's 24-bit significand once multiplied and rounded.
    scaled = np.rint(samples.astype(np.float64) * scale)
    integers: np.ndarray[tuple[int, ...], np.dtype[np.int32]] = np.clip(scaled, -scale, scale - 1).astype(np.int32)
    return integers


def _pack(interleaved: Samples, bits: int) -> bytes:
    if bits == 32:
        return interleaved.astype("<f4").tobytes()
    if bits == 16:
        return quantize(interleaved, 16).astype("<i2").tobytes()
    words = quantize(interleaved, 24).astype("<i4").reshape(-1, 1).view(np.uint8)
    return np.ascontiguousarray(words[:, :3]).tobytes()


def wav_header(rate_hz: int, channels: int, bits: int, frames: int) -> bytes:
    """RIFF header for `frames` frames; RF64 (EBU Tech 3306) where 32-bit lengths do not do."""
    frame_bytes = channels * bits // 8
    data_bytes = frames * frame_bytes
    form = struct.pack(
        "<HHIIHH", _FLOAT if bits == 32 else _PCM, channels, rate_hz, rate_hz * frame_bytes, frame_bytes, bits
    )
    fmt = b"fmt " + struct.pack("<I", len(form)) + form
    if bits == 32:  # formats other than PCM need cbSize and a fact chunk
        form += b"\0\0"
        fmt = b"fmt " + struct.pack("<I", len(form)) + form + struct.pack("<4sII", b"fact", 4, min(frames, _RIFF_MAX))
    riff_bytes = 4 + len(fmt) + 8 + data_bytes
    if riff_bytes <= _RIFF_MAX:
        return struct.pack("<4sI4s", b"RIFF", riff_bytes, b"WAVE") + fmt + struct.pack("<4sI", b"data", data_bytes)
    ds64 = struct.pack("<4sIQQQI", b"ds64", 28, riff_bytes + 36, data_bytes, frames, 0)
    head = struct.pack("<4sI4s", b"RF64", _RIFF_MAX, b"WAVE") + ds64 + fmt
    return head + struct.pack("<4sI", b"data", _RIFF_MAX)
