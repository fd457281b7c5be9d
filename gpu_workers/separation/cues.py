"""What can be heard in each bin of a stereo spectrogram without having learned any music: cues of -1 to 1.

All are ratios, so that none depends on how loud a recording is.
"""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d, median_filter, uniform_filter1d

from gpu_workers.separation.masking import Plane, Spectrum

CUES = (
    "one",
    "steady",
    "steady_long",
    "broad",
    "centre",
    "side",
    "peak",
    "onset",
    "sustained",
    "frame_broad",
    "frame_low",
    "loud",
    "in_phase",
    "centre_around",
    "in_phase_around",
    "attacked",
    "gliding",
    "comb",
    "frame_comb",
    "frame_middle",
    "repeated",
)

_TINY = 1e-9


def cues(spectrum: Spectrum, hop_s: float, bin_hz: float) -> list[Plane]:
    """One plane for each of `CUES`.

    steady, steady_long, broad: harmonic against percussive energy by medians along time and frequency (Fitzgerald,
    "Harmonic/percussive separation using median filtering", DAFx 2010), over a short and a long time. centre, side: how
    alike the channels are, and how far to one side (Avendano, "Frequency-domain source identification and
    manipulation in stereo mixes", WASPAA 2003). peak: above the spectrum around it. onset: louder than just before.
    sustained: near its own level over two seconds (what repeats or lasts is accompaniment: Rafii and Pardo, "REPET",
    2013). in_phase: as centre, but opposed channels count as apart. *_around: over the neighbourhood. attacked,
    gliding, comb, repeated: see the functions below. frame_*: the same for a whole frame.
    """
    left, right = spectrum
    power_left, power_right = _power(left), _power(right)
    power = power_left + power_right + _TINY
    level = np.sqrt(power)
    log_level = np.log(level)
    along_time = _median_time(level, _odd(0.2 / hop_s))
    along_time_long = _median_time(level, _odd(0.6 / hop_s))
    along_bins = _median_bins(level, _odd(400.0 / bin_hz))
    cross = 2.0 * np.abs(left * np.conj(right))
    before = np.concatenate([log_level[:2], log_level[:-2]])
    around = uniform_filter1d(log_level, _odd(600.0 / bin_hz), axis=1, mode="nearest")
    held = uniform_filter1d(log_level, _odd(2.0 / hop_s), axis=0, mode="nearest")
    onset = np.tanh((log_level - before) / 2)
    broad = np.tanh(np.log((along_bins + _TINY) / (along_time + _TINY)) / 2)
    low = power[:, : int(150.0 / bin_hz)].sum(axis=1, keepdims=True) / power.sum(axis=1, keepdims=True)
    weight = np.sqrt(level)
    frame_onset = (onset * weight).sum(axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)
    frame_broad = (broad * weight).sum(axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)
    loudest = uniform_filter1d(power, _odd(1.0 / hop_s), axis=0, mode="nearest").max(axis=1, keepdims=True)
    planes = [
        np.ones_like(level),
        -broad,
        np.tanh(np.log((along_time_long + _TINY) / (along_time + _TINY))),
        np.tanh(np.log((along_bins + _TINY) / level)),
        2.0 * cross / power - 1.0,
        np.abs(power_left - power_right) / power,
        np.tanh((log_level - around) / 2),
        onset,
        np.tanh((log_level - held) / 2),
        np.broadcast_to(np.tanh(3.0 * frame_broad + 3.0 * frame_onset), level.shape),
        np.broadcast_to(2.0 * low - 1.0, level.shape),
        np.tanh(np.log(power / np.maximum(loudest, _TINY)) / 8.0 + 1.0),
    ]
    planes += _around(left, right, power, hop_s, bin_hz)
    planes += [_attacked(onset, hop_s, bin_hz), _gliding(level, along_time, hop_s)]
    planes += _sung(log_level - around, planes[12], power, bin_hz, hop_s)
    planes.append(_repeated(log_level, hop_s))
    return [np.asarray(plane, np.float32) for plane in planes]


def _around(
    left: npt.NDArray[np.complex64], right: npt.NDArray[np.complex64], power: Plane, hop_s: float, bin_hz: float
) -> list[Plane]:
    """in_phase of each bin; centre_around and in_phase_around over a third of a second and 100 Hz."""
    in_phase = 2.0 * (left.real * right.real + left.imag * right.imag)
    alike = 2.0 * np.abs(left * np.conj(right))
    wide = np.maximum(_smooth(power, 0.3 / hop_s, 100.0 / bin_hz), _TINY)
    planes = [
        in_phase / power,
        2.0 * _smooth(alike, 0.3 / hop_s, 100.0 / bin_hz) / wide - 1.0,
        _smooth(in_phase, 0.3 / hop_s, 100.0 / bin_hz) / wide,
    ]
    # A running mean leaves a little of what was loud before: in silence a ratio may then be anything.
    return [np.clip(plane, -1, 1).astype(np.float32) for plane in planes]


def _attacked(onset: Plane, hop_s: float, bin_hz: float) -> Plane:
    """How sharp the sharpest rise of the neighbourhood (200 Hz) was in the last 0.15 s."""
    rise = uniform_filter1d(onset, _odd(200.0 / bin_hz), axis=1, mode="nearest")
    back = _odd(0.15 / hop_s)
    attacked: Plane = maximum_filter1d(rise, back, axis=0, origin=back // 2, mode="nearest")
    return attacked


def _gliding(level: Plane, along_time: Plane, hop_s: float) -> Plane:
    """Steadier with the neighbouring bins than the steadiest of them is: a partial with vibrato or a slide."""
    best = _median_time(maximum_filter1d(level, 5, axis=1, mode="nearest"), _odd(0.2 / hop_s))
    steadiest = maximum_filter1d(along_time, 5, axis=1, mode="nearest")
    gliding: Plane = np.tanh(2.0 * np.log((best + _TINY) / (steadiest + _TINY)) - 1.0)
    return gliding


def _sung(rise: Plane, in_phase: Plane, power: Plane, bin_hz: float, hop_s: float) -> list[Plane]:
    """comb: how well a bin fits the harmonics of the pitch that leads in the middle (harmonic summation: Klapuri,
    "Multiple fundamental frequency estimation by summing harmonic amplitudes", ISMIR 2006). frame_comb: how clear that
    pitch is. frame_middle: how much of 300 to 5000 Hz is in phase.
    """
    low, high, bins = int(200.0 / bin_hz), int(5000.0 / bin_hz), rise.shape[1]
    comb = _combs(bins, bin_hz)
    peaks = np.clip(rise[:, low:high], 0, 3) * np.clip(in_phase[:, low:high], 0, 1)
    strength = uniform_filter1d(peaks @ comb[:, low:high].T, _odd(0.1 / hop_s), axis=0, mode="nearest")
    clear = strength.max(axis=1, keepdims=True)
    share = np.exp(8.0 * (strength - clear) / (clear + _TINY))
    share /= share.sum(axis=1, keepdims=True)
    fits = np.tanh(share @ np.maximum(comb, 0) * 20.0)
    band = slice(int(300.0 / bin_hz), high)
    middle = (in_phase[:, band] * power[:, band]).sum(axis=1, keepdims=True) / power[:, band].sum(axis=1, keepdims=True)
    return [
        2.0 * fits - 1.0,
        np.broadcast_to(np.tanh(clear), rise.shape),
        np.broadcast_to(middle, rise.shape),
    ]


def _combs(bins: int, bin_hz: float) -> Plane:
    """A row for each pitch from 100 to 800 Hz, a third of a semitone apart: harmonics above zero, the gaps below."""
    pitches_hz = 100.0 * 2 ** (np.arange(109) / 36)
    number = np.arange(bins) * bin_hz / pitches_hz[:, None]
    off_hz = np.abs(number - np.round(number)) * pitches_hz[:, None]
    width_hz = np.maximum(1.2 * bin_hz, 0.015 * np.arange(bins) * bin_hz)
    tooth = np.exp(-0.5 * (off_hz / width_hz) ** 2) * (np.round(number) >= 1) * (np.round(number) <= 20)
    comb = tooth / np.sqrt(np.maximum(np.round(number), 1.0))
    gaps = comb - comb.mean(axis=1, keepdims=True)
    scaled: Plane = (gaps / np.sqrt((gaps**2).sum(axis=1, keepdims=True))).astype(np.float32)
    return scaled


def _repeated(log_level: Plane, hop_s: float) -> Plane:
    """Above or below the mean of the frames that sound most alike, a second or more away (REPET-SIM: Rafii and Pardo,
    "Music/voice separation using the similarity matrix", ISMIR 2012).
    """
    frames, bins = log_level.shape
    pooled = log_level[:, : bins // 16 * 16].reshape(frames, -1, 16).mean(axis=2)
    pooled = pooled - pooled.mean(axis=1, keepdims=True)
    pooled /= np.sqrt((pooled**2).sum(axis=1, keepdims=True)) + _TINY
    apart = np.abs(np.subtract.outer(np.arange(frames), np.arange(frames))) * hop_s >= 1.0
    weights = np.exp(40.0 * (pooled @ pooled.T - 1.0)) * apart + 1e-6
    weights /= weights.sum(axis=1, keepdims=True)
    repeated: Plane = np.tanh((log_level - weights.astype(np.float32) @ log_level) / 2)
    return repeated


def band_shares(bins: int, bin_hz: float, edges_hz: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """How much each bin belongs to each band: triangles over log frequency, (bins, bands), each row summing to 1."""
    position = np.log(np.maximum(np.arange(bins) * bin_hz, edges_hz[0]))
    return np.stack([np.interp(position, np.log(edges_hz), row) for row in np.eye(len(edges_hz))], axis=1).astype(
        np.float32
    )


def _power(plane: npt.NDArray[np.complex64]) -> Plane:
    squares: Plane = plane.real**2 + plane.imag**2
    return squares


def _smooth(plane: npt.NDArray[np.floating], frames: float, bins: float) -> Plane:
    along = uniform_filter1d(plane, _odd(frames), axis=0, mode="nearest")
    smooth: Plane = uniform_filter1d(along, _odd(bins), axis=1, mode="nearest")
    return smooth


def _odd(length: float) -> int:
    return max(round(length) | 1, 3)


def _median_bins(plane: Plane, size: int) -> Plane:
    """Median along frequency. As one long line: scipy's one-dimensional filter is eight times as fast, and lines touch
    each other only at 0 Hz and at the top.
    """
    filtered: Plane = median_filter(plane.ravel(), size, mode="nearest").reshape(plane.shape)
    return filtered


def _median_time(plane: Plane, size: int) -> Plane:
    """Median along time; lines of neighbouring bins touch at the block's ends, which overlap-add fades out."""
    turned = np.ascontiguousarray(plane.T)
    filtered: Plane = median_filter(turned.ravel(), size, mode="nearest").reshape(turned.shape).T
    return filtered
