"""What can be heard in each bin of a stereo spectrogram without having learned any music: cues of -1 to 1.

All are ratios, so that none depends on how loud a recording is.
"""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter, uniform_filter1d

Spectrum = npt.NDArray[np.complex64]
"""Shape (channels 2, frames, bins)."""
Plane = npt.NDArray[np.float32]
"""Shape (frames, bins)."""

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
)

_TINY = 1e-9


def cues(spectrum: Spectrum, hop_s: float, bin_hz: float) -> list[Plane]:
    """One plane for each of `CUES`.

    steady, steady_long, broad: harmonic against percussive energy by medians along time and frequency (Fitzgerald,
    "Harmonic/percussive separation using median filtering", DAFx 2010), over a short and a long time. centre, side: how
    alike the channels are, and how far to one side (Avendano, "Frequency-domain source identification and
    manipulation in stereo mixes", WASPAA 2003). peak: above the spectrum around it. onset: louder than just before.
    sustained: near its own level over two seconds (what repeats or lasts is accompaniment: Rafii and Pardo, "REPET",
    2013). frame_*: the same for a whole frame.
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
        np.tanh(np.log(power / (loudest + _TINY)) / 8.0 + 1.0),
    ]
    return [np.asarray(plane, np.float32) for plane in planes]


def band_shares(bins: int, bin_hz: float, edges_hz: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """How much each bin belongs to each band: triangles over log frequency, (bins, bands), each row summing to 1."""
    position = np.log(np.maximum(np.arange(bins) * bin_hz, edges_hz[0]))
    return np.stack([np.interp(position, np.log(edges_hz), row) for row in np.eye(len(edges_hz))], axis=1).astype(
        np.float32
    )


def _power(plane: npt.NDArray[np.complex64]) -> Plane:
    squares: Plane = plane.real**2 + plane.imag**2
    return squares


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
