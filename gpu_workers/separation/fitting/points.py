"""What the fit sees of a song: the cues of a part of its bins, and what SI-SDR needs to know of the stems there."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gpu_workers.audio.stft import stft
from gpu_workers.separation.cues import cues
from gpu_workers.separation.fitting.songs import make
from gpu_workers.separation.masking import FFT_FRAMES, HOP_FRAMES, SAMPLE_RATE_HZ

STEMS = ("vocals", "drums", "bass", "other")
_EVERY_FRAME = 2


@dataclass(frozen=True)
class Points:
    """A song at `sampled_bins()` and every second frame.

    With X the mixture and S a stem, both channels at once, a mask m estimates S with <mX, S> = sum m cross and
    <mX, mX> = sum m^2 power, so that SI-SDR needs no signal.
    """

    cues: npt.NDArray[np.float16]
    """(bins, frames, cues)"""
    power: npt.NDArray[np.float32]
    """(bins, frames): |X|^2, times how many bins each stands for."""
    cross: npt.NDArray[np.float32]
    """(stems, bins, frames): Re <X, S>, weighted alike."""
    energy: npt.NDArray[np.float32]
    """(stems,): |S|^2, over the same points; 0 for a silent stem."""


def sampled_bins() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Which bins, and how many each stands for: all below 1.4 kHz, fewer above, where there is less to hear."""
    parts = [(np.arange(0, 128), 1), (np.arange(128, 512, 3), 3), (np.arange(512, 1536, 8), 8)]
    bins = np.concatenate([part for part, _ in parts])
    return bins, np.concatenate([np.full(len(part), weight, np.float32) for part, weight in parts])


def points_of(stems: Mapping[str, npt.NDArray[np.floating]]) -> Points:
    """The points of a song given as stems (2, frames)."""
    signals = np.stack([np.asarray(stems[name], np.float32) for name in STEMS])
    mixture = stft(signals.sum(axis=0), FFT_FRAMES, HOP_FRAMES)
    planes = cues(mixture, HOP_FRAMES / SAMPLE_RATE_HZ, SAMPLE_RATE_HZ / FFT_FRAMES)
    bins, weights = sampled_bins()
    seen = np.stack([plane[::_EVERY_FRAME, bins].T for plane in planes], axis=-1)
    mixture = mixture[:, ::_EVERY_FRAME, bins]
    cross, energy = [], []
    for signal in signals:
        stem = stft(signal, FFT_FRAMES, HOP_FRAMES)[:, ::_EVERY_FRAME, bins]
        cross.append((mixture * stem.conj()).real.sum(axis=0).T * weights[:, None])
        energy.append(((np.abs(stem) ** 2).sum(axis=0).T * weights[:, None]).sum())
    power = (np.abs(mixture) ** 2).sum(axis=0).T * weights[:, None]
    scale = 1.0 / max(float(power.sum()), 1e-12)
    return Points(
        seen.astype(np.float16),
        (power * scale).astype(np.float32),
        (np.stack(cross) * scale).astype(np.float32),
        (np.array(energy) * scale).astype(np.float32),
    )


def points_of_song(generator: str, seed: int) -> Points:
    """The points of a song of the fit. Raises what `songs.make` raises."""
    return points_of(make(generator, seed))
