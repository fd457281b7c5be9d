"""The level of a finished piece: as loud as others, and nowhere over full scale."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import soxr
from scipy.signal import sosfilt

from gpu_workers.audio.files import Samples
from gpu_workers.audio.loudness import integrated_lufs, k_weighting

TARGET_LUFS, CEILING_DBTP = -14.0, -1.0
"""Where streaming services put music (AES TD1008), with room for what a lossy encoder adds."""
_EDGE_S = 0.01
_STEP_S, _GATING_STEPS = 0.1, 4
_OVERSAMPLING = 4


def finish(piece: Samples, rate_hz: int) -> None:
    """Give a piece (channels, frames) its level and soft ends, in place. Silence stays silent.

    One gain for all of it: to `TARGET_LUFS`, or to where its highest peak meets `CEILING_DBTP` if that is less.
    """
    edge = min(round(_EDGE_S * rate_hz), piece.shape[1] // 2)
    rise = (np.sin(np.linspace(0, np.pi / 2, edge, endpoint=False)) ** 2).astype(np.float32)
    piece[:, :edge] *= rise
    piece[:, piece.shape[1] - edge :] *= rise[::-1]
    peak = true_peak(piece, rate_hz)
    if peak > 0:
        loudness = integrated(piece, rate_hz)
        wanted = 10 ** ((TARGET_LUFS - loudness) / 20) if loudness is not None else 1.0
        piece *= np.float32(min(wanted, 10 ** (CEILING_DBTP / 20) / peak))


def integrated(piece: Samples, rate_hz: int) -> float | None:
    """LUFS by BS.1770-4 of audio of 8 kHz or more; None for silence and for less than 0.4 s."""
    step = round(_STEP_S * rate_hz)
    sections = k_weighting(rate_hz)
    state = np.zeros((len(sections), len(piece), 2))
    energy: list[npt.NDArray[np.float64]] = []
    for block in _blocks(piece, 100 * step):
        weighted, state = sosfilt(sections, block.astype(np.float64), axis=1, zi=state)
        whole = weighted.shape[1] // step * step
        energy.append(np.square(weighted[:, :whole]).sum(axis=0).reshape(-1, step).mean(axis=1))
    steps = np.concatenate(energy)
    if len(steps) < _GATING_STEPS:
        return None
    return integrated_lufs(np.convolve(steps, np.full(_GATING_STEPS, 1 / _GATING_STEPS), "valid"))


def true_peak(piece: Samples, rate_hz: int) -> float:
    """Greatest absolute value, between the samples too (BS.1770-4, annex 2: four times oversampled)."""
    fine = soxr.ResampleStream(rate_hz, _OVERSAMPLING * rate_hz, len(piece), dtype="float32")
    highest = float(np.abs(piece).max(initial=0.0))
    for block in _blocks(piece, 1 << 18):
        highest = max(highest, float(np.abs(fine.resample_chunk(np.ascontiguousarray(block.T))).max(initial=0.0)))
    last = fine.resample_chunk(np.zeros((0, len(piece)), np.float32), last=True)
    return max(highest, float(np.abs(last).max(initial=0.0)))


def _blocks(piece: Samples, frames: int) -> Iterator[Samples]:
    for start in range(0, piece.shape[1], frames):
        yield piece[:, start : start + frames]
