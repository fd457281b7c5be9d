"""Loudness and peaks by Rec. ITU-R BS.1770-4 and EBU Tech 3342, gathered while the audio goes by."""

from dataclasses import dataclass
from functools import cache
from typing import cast

import numpy as np
import numpy.typing as npt
import soxr
from scipy.signal import firwin, sosfilt

from gpu_workers.audio.files import Samples
from gpu_workers.audio.loudness import ABSOLUTE_LUFS, integrated_lufs, k_weighting, lufs

_RANGE_GATE_LU = -20.0
_STEP_S = 0.1
_GATING_STEPS, _SHORT_STEPS = 4, 30
"""Blocks of 0.4 s that overlap by three quarters; 3 s for the loudness range."""

_OVERSAMPLING = 4
_TAPS_A_PHASE = 12
"""As many as annex 2 has."""

_PEAK_FRAMES = 2048

_LOWEST_HZ, _RAISED_HZ = 22_050, 44_100
"""Audio of a lower rate is weighted at the first whole multiple of it from the second on: below 3,364 Hz there is no
filter for the shelf, and at 8 kHz the bilinear transform bends it by 0.6 LU of white noise.
"""


@dataclass(frozen=True)
class Loudness:
    """What a meter would show. None: silence, or shorter than a block."""

    integrated_lufs: float | None
    range_lu: float | None
    true_peak_dbtp: float | None
    sample_peak_dbfs: float | None


class LoudnessMeter:
    """Blocks (channels, n) of 1 or 2 channels are added in turn; a channel that is there twice counts twice."""

    def __init__(self, rate_hz: int, channels: int) -> None:
        """Any rate from 1 Hz."""
        weighted_hz = rate_hz if rate_hz >= _LOWEST_HZ else -(-_RAISED_HZ // rate_hz) * rate_hz
        self._raiser = None if weighted_hz == rate_hz else soxr.ResampleStream(rate_hz, weighted_hz, channels)
        self._sections = k_weighting(weighted_hz)
        self._state = np.zeros((len(self._sections), channels, 2))
        self._step = round(weighted_hz * _STEP_S)
        self._partial_frames, self._partial_energy = 0, 0.0
        self._steps: list[npt.NDArray[np.float64]] = []
        self._sample_peak = self._true_peak = 0.0
        # From 88.2 kHz on, the samples are close enough for half as many between them (annex 2, note 1).
        self._oversampling = _OVERSAMPLING if rate_hz < 80_000 else _OVERSAMPLING // 2
        self._tail = np.zeros((channels, _TAPS_A_PHASE - 1), np.float32)

    def add(self, block: Samples) -> None:
        """The next frames."""
        if not block.shape[1]:
            return
        self._add_peaks(block)
        self._weigh(block)

    def result(self) -> Loudness:
        """Of all that was added; nothing may be added after it."""
        if self._raiser:
            self._weigh(np.zeros_like(self._tail[:, :0]), last=True)
            self._raiser = None
        if self._tail.any():
            self._add_peaks(np.zeros_like(self._tail))
        energy = np.concatenate(self._steps) if self._steps else np.zeros(0)
        return Loudness(
            integrated_lufs(_means(energy, _GATING_STEPS)),
            _range(_means(energy, _SHORT_STEPS)),
            _db(max(self._true_peak, self._sample_peak)),
            _db(self._sample_peak),
        )

    def _weigh(self, block: Samples, *, last: bool = False) -> None:
        if self._raiser:
            block = self._raiser.resample_chunk(np.ascontiguousarray(block.T), last=last).T
        if not block.shape[1]:  # at first the raiser keeps all
            return
        weighted, self._state = sosfilt(self._sections, block.astype(np.float64), axis=1, zi=self._state)
        self._add_energy(np.einsum("cn,cn->n", weighted, weighted))

    def _add_energy(self, energy: npt.NDArray[np.float64]) -> None:
        """Mean squares of whole steps; what is left over waits for the next block."""
        missing = self._step - self._partial_frames
        if len(energy) < missing:
            self._partial_frames += len(energy)
            self._partial_energy += float(energy.sum())
            return
        first = self._partial_energy + float(energy[:missing].sum())
        whole = (len(energy) - missing) // self._step * self._step
        steps = energy[missing : missing + whole].reshape(-1, self._step).sum(axis=1)
        self._steps.append(np.concatenate(([first], steps)) / self._step)
        rest = energy[missing + whole :]
        self._partial_frames, self._partial_energy = len(rest), float(rest.sum())

    def _add_peaks(self, block: Samples) -> None:
        joined = np.concatenate((self._tail, block), axis=1)
        self._tail = joined[:, -(_TAPS_A_PHASE - 1) :].copy()
        self._sample_peak = max(self._sample_peak, float(np.abs(block).max()))
        phases = interpolator(self._oversampling)
        most = float(np.abs(phases).sum(axis=1).max())
        for begin in range(0, block.shape[1], _PEAK_FRAMES):
            for channel in joined[:, begin : begin + _PEAK_FRAMES + _TAPS_A_PHASE - 1]:
                # What lies between samples exceeds them by no more than `most`: quiet passages need no looking at.
                if float(np.abs(channel).max()) * most > self._true_peak:
                    self._true_peak = max(self._true_peak, *(_largest(channel, taps) for taps in phases))


def _largest(channel: Samples, taps: npt.NDArray[np.float32]) -> float:
    between = np.convolve(channel, taps, "valid")
    return max(float(between.max()), -float(between.min()))


@cache
def interpolator(factor: int) -> npt.NDArray[np.float32]:
    """Taps (`factor`, 12) of the phases of a low-pass that puts `factor` samples where one was."""
    taps = firwin(factor * _TAPS_A_PHASE, 1 / factor, window=("kaiser", 6.0)) * factor
    phases = taps.reshape(_TAPS_A_PHASE, factor).T.astype(np.float32)
    phases.flags.writeable = False  # kept for all callers
    return cast(npt.NDArray[np.float32], phases)


def _means(energy: npt.NDArray[np.float64], steps: int) -> npt.NDArray[np.float64]:
    if len(energy) < steps:
        return np.zeros(0)
    means: npt.NDArray[np.float64] = np.lib.stride_tricks.sliding_window_view(energy, steps).mean(axis=1)
    return means


def _range(blocks: npt.NDArray[np.float64]) -> float | None:
    """EBU Tech 3342: from the 10th to the 95th percentile of what is not 20 LU below the mean."""
    loud = blocks[lufs(blocks) > ABSOLUTE_LUFS]
    if not len(loud):
        return None
    levels = lufs(loud[lufs(loud) > lufs(loud.mean()) + _RANGE_GATE_LU])
    low, high = np.quantile(levels, (0.1, 0.95))
    return float(high - low)


def _db(peak: float) -> float | None:
    return float(20 * np.log10(peak)) if peak > 0 else None
