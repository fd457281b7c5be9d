"""What every measure of loudness has in common: Rec. ITU-R BS.1770-4's weighting of the spectrum, and its gates."""

import numpy as np
import numpy.typing as npt

Energy = npt.NDArray[np.float64]
_OFFSET_LU = -0.691
ABSOLUTE_LUFS = -70.0
_GATE_LU = -10.0
_SHELF_HZ, _SHELF_DB, _SHELF_Q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
_PASS_HZ, _PASS_Q = 38.13547087602444, 0.5003270373238773


def k_weighting(rate_hz: float) -> Energy:
    """Second-order sections (2, 6) of the two filters at any rate over 3,364 Hz, as scipy's `sosfilt` takes them.

    The tables of BS.1770 hold for 48 kHz; these analogue prototypes give them there, and the same curve elsewhere
    (Brummer, "A filter for loudness", 2014: a shelf of 4 dB at 1682 Hz and a high-pass at 38 Hz).
    """
    k = np.tan(np.pi * _SHELF_HZ / rate_hz)
    high = 10 ** (_SHELF_DB / 20)
    middle = high**0.4996667741545416
    a0 = 1 + k / _SHELF_Q + k * k
    b = np.array([high + middle * k / _SHELF_Q + k * k, 2 * (k * k - high), high - middle * k / _SHELF_Q + k * k]) / a0
    a = np.array([1, 2 * (k * k - 1) / a0, (1 - k / _SHELF_Q + k * k) / a0])
    k = np.tan(np.pi * _PASS_HZ / rate_hz)
    a0 = 1 + k / _PASS_Q + k * k
    # BS.1770 gives the high-pass with the numerator 1, -2, 1 whatever the rate.
    high_pass = [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / _PASS_Q + k * k) / a0]
    return np.array([[*b, *a], high_pass])


def lufs(energy: npt.ArrayLike) -> Energy:
    """Loudness of weighted mean squares, the channels' summed."""
    return np.asarray(_OFFSET_LU + 10 * np.log10(np.maximum(energy, 1e-30)))


def integrated_lufs(blocks: Energy) -> float | None:
    """Loudness of weighted mean squares of 400 ms blocks that overlap by three quarters; None if all is silent.

    BS.1770-4, equations 5 to 7: what is under -70 LUFS does not count, nor what is 10 LU under the mean of the rest.
    """
    loud = blocks[lufs(blocks) > ABSOLUTE_LUFS]
    if not len(loud):
        return None
    gated = loud[lufs(loud) > lufs(loud.mean()) + _GATE_LU]
    return float(lufs(gated.mean()))
