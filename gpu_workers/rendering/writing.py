"""The files of a rendering: the mix, and an archive of the stems."""

import unicodedata
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from gpu_workers.audio.encode import EncodeSettings, open_writer
from gpu_workers.audio.files import Samples
from gpu_workers.rendering.order import Order

_NAME_CHARS = 60
_COPY_BYTES = 1 << 20


def write(
    path: Path, blocks: Iterable[Samples], frames: int, gain: float, order: Order, progress: Callable[[float], None]
) -> None:
    """Write `frames` frames of stereo, times `gain`, in the wanted format."""
    settings = EncodeSettings(
        order.format, order.sample_rate_hz, 2, frames, bit_depth=order.bit_depth, bitrate_kbps=order.bitrate_kbps
    )
    done = 0
    with open_writer(path, settings) as writer:
        for block in blocks:
            writer.write(block if gain == 1 else block * np.float32(gain))
            done += block.shape[1]
            progress(done / frames)


def stem_name(number: int, track_name: str, order: Order) -> str:
    """A file's name, of letters, digits and spaces, whatever the track is called."""
    kept = "".join(char if char.isalnum() or char in "-_" else " " for char in unicodedata.normalize("NFC", track_name))
    return f"{number:03} {' '.join(kept.split())[:_NAME_CHARS]}".strip() + f".{order.format}"


def move_into(archive: zipfile.ZipFile, source: Path, alive: Callable[[], None]) -> None:
    """Move a file into an archive, uncompressed: audio is that already, or hardly can be. The same gives the same."""
    info = zipfile.ZipInfo(source.name, (1980, 1, 1, 0, 0, 0))
    info.file_size = source.stat().st_size
    info.external_attr = 0o644 << 16
    with source.open("rb") as file, archive.open(info, "w") as entry:
        while chunk := file.read(_COPY_BYTES):
            entry.write(chunk)
            alive()
    source.unlink()
