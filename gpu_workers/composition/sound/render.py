"""A score to audio: `render`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from gpu_workers.composition.score import Score
from gpu_workers.composition.sound import curves, fluid, loudness, master, mixer
from gpu_workers.composition.sound.instrument import Stereo

Backend = Literal["own", "fluid"]
_CHUNK = 1 << 18
"""Frames worked on at once; a multiple of 64."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """Audio of a score: `mix` and each stem are (2, frames) float32, and the stems sum to the mix."""

    mix: Stereo
    stems: dict[str, Stereo]
    sample_rate_hz: int
    lufs: float
    """-14 within half a unit; -inf for silence."""
    true_peak_dbtp: float


def _silent(share: float) -> None:
    """Nobody asked for progress."""


def render(
    score: Score,
    *,
    sample_rate_hz: int = 44100,
    backend: Backend = "own",
    progress: Callable[[float], None] = _silent,
    scratch: Path | None = None,
    together: Sequence[Sequence[str]] = (),
) -> Rendering:
    """Play `score`: exactly round(duration_s * sample_rate_hz) frames, the same bytes for the same score.

    `backend` "fluid" plays with FluidSynth what General MIDI has, and the rest, as "own" all, with the synthesiser of
    this package. `progress` is told shares from 0 to 1. With `scratch`, a folder, mix and stems are files there, mapped
    into memory, which keeps long pieces small; they are the caller's to delete. `together` has the names of the parts
    that are to be written as one stem: no sample of their sum goes over the ceiling of the mix, so that it can be
    written in any format at the level at which the stems sum to the mix.

    Raises ValueError for an unknown instrument, backend or a name of two parts; FluidError where FluidSynth is missing
    or fails.
    """
    _check(score, backend, sample_rate_hz)
    where = mixer.stage(score, sample_rate_hz)
    mix = _room("mix", where.frames, scratch, 0)
    stems: dict[str, Stereo] = {}
    for number, part in enumerate(score.parts):
        stem = _room(part.name, where.frames, scratch, number + 1)
        if backend == "fluid" and fluid.plays(part.instrument):
            fluid.dry(part, where, stem)
        else:
            mixer.dry(part, where, stem)
        mixer.finish(part, where, stem)
        mix += stem
        stems[part.name] = stem
        progress(0.9 * (number + 1) / len(score.parts))
    gain = master.curve(
        mix, sample_rate_hz, loop=score.loop, stems=[[stems[name] for name in names] for names in together if names]
    )
    _mastered(mix, stems, gain)
    lufs = loudness.integrated(loudness.weighted_energy(mix, sample_rate_hz), where.frames, sample_rate_hz)
    progress(1.0)
    return Rendering(mix, stems, sample_rate_hz, lufs, loudness.true_peak_dbtp(mix))


def _check(score: Score, backend: str, rate_hz: int) -> None:
    if backend not in ("own", "fluid"):
        raise ValueError(f"no backend {backend!r}; there are: own, fluid")
    if not 22_050 <= rate_hz <= 192_000:
        raise ValueError(f"sample rate {rate_hz} Hz is not between 22050 and 192000")
    names = [part.name for part in score.parts]
    if len(set(names)) != len(names):
        raise ValueError(f"two parts have one name: {', '.join(sorted({n for n in names if names.count(n) > 1}))}")
    if backend == "fluid" and not fluid.available():
        raise fluid.FluidError("the program fluidsynth or its soundfont FluidR3_GM.sf2 is not installed")


def _room(name: str, frames: int, scratch: Path | None, number: int) -> Stereo:
    """Zeros (2, frames), in a file of the folder where there is one."""
    if scratch is None or not frames:
        return np.zeros((2, frames), np.float32)
    safe = "".join(c if c.isalnum() else "_" for c in name)
    return np.memmap(scratch / f"{number:02}_{safe}.f32", np.float32, "w+", shape=(2, frames))


def _mastered(mix: Stereo, stems: dict[str, Stereo], gain: curves.Curve) -> None:
    """Give every stem the gain, and make the mix of them, in place."""
    for start in range(0, mix.shape[1], _CHUNK):
        total = mix[:, start : start + _CHUNK]
        total[:] = 0
        drawn = curves.drawn(gain, start, total.shape[1])
        for stem in stems.values():
            piece = stem[:, start : start + _CHUNK]
            piece *= drawn
            total += piece
