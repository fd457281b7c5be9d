"""Stems on their way to disk: which ones, in what sample format, at what gain.

**Peaks over full scale.** A stem can be louder than the mixture it came from. 32-bit float keeps such peaks. In the
integer formats, clipping them would distort and scaling one stem would unbalance the mix, so that all stems of a task
are scaled by one gain, the largest at which none clips (1 for nearly all music): they then sum to the mixture times
that gain. To know the peak first, integer stems are written twice, by way of a float file.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from gpu_workers.audio.encode import BlockWriter
from gpu_workers.audio.files import AudioFile, Samples
from gpu_workers.audio.wav import WavWriter
from patchbay.domain.errors import InvalidInput
from patchbay.domain.stems import left_without, residual_of

SAMPLE_FORMATS: dict[str, int] = {"wav16": 16, "wav24": 24, "wav32f": 32}


def wanted_stems(params: Mapping[str, Any], known: Sequence[str]) -> tuple[str, ...]:
    """The task's stems, each once, in its order. Raises `InvalidInput` for none or one the model has not."""
    wanted = params.get("stems")
    if not isinstance(wanted, Sequence) or isinstance(wanted, str) or not wanted:
        raise InvalidInput("stems has to be a list of stem names.", field="stems")
    offered = (*known, *(residual_of(stem) for stem in known))
    for name in wanted:
        if name not in offered:
            raise InvalidInput(
                f"This model has no stem {str(name)[:40]!r}; it has {', '.join(offered)}.", field="stems"
            )
    return tuple(dict.fromkeys(wanted))


def model_stems(wanted: Sequence[str]) -> tuple[str, ...]:
    """The model's own stems that are needed to make `wanted`."""
    return tuple(dict.fromkeys(left_without(name) or name for name in wanted))


def sample_bits(params: Mapping[str, Any]) -> int:
    """Bits a sample of the outputs, 32 for float. Raises `InvalidInput`."""
    name = params.get("sample_format") or "wav16"
    if name not in SAMPLE_FORMATS:
        raise InvalidInput(f"sample_format has to be one of {', '.join(SAMPLE_FORMATS)}.", field="sample_format")
    return SAMPLE_FORMATS[name]


def write_stems(
    blocks: Iterator[dict[str, Samples]],
    mixture: AudioFile,
    wanted: Sequence[str],
    folder: Path,
    bits: int,
    heartbeat: Callable[[], None],
) -> dict[str, Path]:
    """Write the `wanted` stems from consecutive `blocks` of the model's stems, and what the song is without one.

    Returns the WAV files by stem, in the order wanted.
    """
    targets = {name: folder / f"{name}.wav" for name in wanted}
    scratch = targets if bits == 32 else {name: folder / f"{name}.f32" for name in wanted}
    leaving = {name: stem for name in wanted if (stem := left_without(name))}
    peak, position = 0.0, 0
    with ExitStack() as stack:
        files: dict[str, BlockWriter] = {}
        for name, path in scratch.items():
            if bits == 32:
                wav = WavWriter(path, mixture.sample_rate_hz, mixture.channels, 32, mixture.frames)
                files[name] = stack.enter_context(wav)
            else:
                files[name] = stack.enter_context(RawWriter(path))
        for block in blocks:
            frames = next(iter(block.values())).shape[1]
            for name, stem in leaving.items():
                block[name] = mixture.read(position, frames) - block[stem]
            for name, file in files.items():
                peak = max(peak, float(np.abs(block[name]).max()))
                file.write(block[name])
            position += frames
    if bits != 32:
        gain = min(1.0, 1.0 / peak) if peak else 1.0
        for name in wanted:
            floats = AudioFile(scratch[name], mixture.sample_rate_hz, mixture.channels, mixture.frames)
            _requantize(floats, targets[name], bits, np.float32(gain), heartbeat)
            scratch[name].unlink()
    return targets


class RawWriter:
    """A context manager that writes what `AudioFile` reads."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def write(self, block: Samples) -> None:
        """Append `block` (channels, frames)."""
        self._file.write(np.ascontiguousarray(block.T, dtype="<f4").tobytes())

    def __enter__(self) -> "RawWriter":
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.close()


def _requantize(floats: AudioFile, target: Path, bits: int, gain: np.float32, heartbeat: Callable[[], None]) -> None:
    with WavWriter(target, floats.sample_rate_hz, floats.channels, bits, floats.frames) as writer:
        for block in floats.blocks(1 << 20):
            writer.write(block * gain)
            heartbeat()
