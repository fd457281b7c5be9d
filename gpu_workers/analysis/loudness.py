"""Loudness and peaks by Rec. ITU-R BS.1770-4 and EBU Tech 3342, gathered while the audio goes by."""

from dataclasses import dataclass
from functools import cache
from typing import cast

import numpy as np
import numpy.typing as npt
import soxr
from scipy.signal import firwin, lfilter

from gpu_workers.audio.files import Samples

_OFFSET_LU = -0.691
_ABSOLUTE_LUFS = -70.0
_GATE_LU, _RANGE_GATE_LU = -10.0, -20.0
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
        self._stages = k_weighting(weighted_hz)
        self._states = [np.zeros((channels, 2)) for _ in self._stages]
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
            _integrated(_means(energy, _GATING_STEPS)),
            _range(_means(energy, _SHORT_STEPS)),
            _db(max(self._true_peak, self._sample_peak)),
            _db(self._sample_peak),
        )

    def _weigh(self, block: Samples, *, last: bool = False) -> None:
        if self._raiser:
            block = self._raiser.resample_chunk(np.ascontiguousarray(block.T), last=last).T
        if not block.shape[1]:  # at first the raiser keeps all; `lfilter` forgets its state over nothing
            return
        weighted: npt.NDArray[np.float64] = block.astype(np.float64)
        for number, (b, a) in enumerate(self._stages):
            weighted, self._states[number] = lfilter(b, a, weighted, axis=1, zi=self._states[number])
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


def k_weighting(rate_hz: float) -> list[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """Numerators and denominators of the two filters at any rate.

    The tables of BS.1770 hold for 48 kHz; these analogue prototypes give them there, and the same curve elsewhere
    (Brummer, "A filter for loudness", 2014: a shelf of 4 dB at 1682 Hz and a high-pass at 38 Hz).
    """
    shelf_hz, shelf_db, shelf_q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    pass_hz, pass_q = 38.13547087602444, 0.5003270373238773
    k = np.tan(np.pi * shelf_hz / rate_hz)
    high = 10 ** (shelf_db / 20)
    middle = high**0.4996667741545416
    a0 = 1 + k / shelf_q + k * k
    b = np.array([high + middle * k / shelf_q + k * k, 2 * (k * k - high), high - middle * k / shelf_q + k * k]) / a0
    a = np.array([1, 2 * (k * k - 1) / a0, (1 - k / shelf_q + k * k) / a0])
    k = np.tan(np.pi * pass_hz / rate_hz)
    a0 = 1 + k / pass_q + k * k
    return [(b, a), (np.array([1.0, -2.0, 1.0]), np.array([1, 2 * (k * k - 1) / a0, (1 - k / pass_q + k * k) / a0]))]


def _means(energy: npt.NDArray[np.float64], steps: int) -> npt.NDArray[np.float64]:
    if len(energy) < steps:
        return np.zeros(0)
    means: npt.NDArray[np.float64] = np.lib.stride_tricks.sliding_window_view(energy, steps).mean(axis=1)
    return means


def _lufs(energy: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return _OFFSET_LU + 10 * np.log10(np.maximum(energy, 1e-30))


def _integrated(blocks: npt.NDArray[np.float64]) -> float | None:
    """BS.1770-4, equations 5 to 7."""
    loud = blocks[_lufs(blocks) > _ABSOLUTE_LUFS]
    if not len(loud):
        return None
    gated = loud[_lufs(loud) > _lufs(loud.mean()) + _GATE_LU]
    return float(_lufs(gated.mean()))


def _range(blocks: npt.NDArray[np.float64]) -> float | None:
    """EBU Tech 3342: from the 10th to the 95th percentile of what is not 20 LU below the mean."""
    loud = blocks[_lufs(blocks) > _ABSOLUTE_LUFS]
    if not len(loud):
        return None
    levels = _lufs(loud[_lufs(loud) > _lufs(loud.mean()) + _RANGE_GATE_LU])
    low, high = np.quantile(levels, (0.1, 0.95))
    return float(high - low)


def _db(peak: float) -> float | None:
    return float(20 * np.log10(peak)) if peak > 0 else None
