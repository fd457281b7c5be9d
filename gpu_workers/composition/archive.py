"""The parts of a piece, each in a file of its own, as one archive that is written as it goes."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gpu_workers.audio.files import BLOCK_FRAMES, Samples
from gpu_workers.audio.wav import wav_header
from gpu_workers.composition.groups import grouped
from gpu_workers.composition.score import Score
from gpu_workers.composition.sound import Rendering

BITS = 32
"""Of floats: nothing is rounded, so the files sum to the mix."""
_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest that an archive can tell: the same piece is to be the same bytes."""


def names(score: Score) -> dict[str, str]:
    """Name of each part -> name of its file: `<stem>-<instrument>.wav`, counted where an instrument plays twice."""
    found: dict[str, str] = {}
    taken: dict[str, int] = {}
    for stem, parts in grouped(score).items():
        for part in parts:
            plain = f"{stem}-{part.instrument}"
            taken[plain] = taken.get(plain, 0) + 1
            found[part.name] = f"{plain}-{taken[plain]}.wav" if taken[plain] > 1 else f"{plain}.wav"
    return found


def write(score: Score, sound: Rendering, path: Path, progress: Callable[[float], None]) -> None:
    """Write the archive, stored and not packed, block by block. `progress` is told shares from 0 to 1."""
    files = names(score)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number, (part, name) in enumerate(files.items()):
            with archive.open(zipfile.ZipInfo(name, _DATE), "w", force_zip64=True) as file:
                stem = sound.stems[part]
                file.write(wav_header(sound.sample_rate_hz, 2, BITS, stem.shape[1]))
                for at in range(0, stem.shape[1], BLOCK_FRAMES):
                    file.write(_interleaved(stem[:, at : at + BLOCK_FRAMES]))
                    progress((number + at / stem.shape[1]) / len(files))
    progress(1.0)


def _interleaved(block: Samples) -> bytes:
    return np.ascontiguousarray(block.T, "<f4").tobytes()
