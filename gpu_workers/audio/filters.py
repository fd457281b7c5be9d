"""Filter banks of the shared spectrogram: mel bands and pitch classes. Made once for each setting."""

from functools import cache

import numpy as np
import numpy.typing as npt

Bank = npt.NDArray[np.float32]

_BREAK_HZ = 1000.0
_LINEAR_HZ = 200 / 3
_LOG_STEP = np.log(6.4) / 27
"""Slaney, "Auditory Toolbox", 1998: 66.7 Hz a mel below 1 kHz, 27 mels for a factor of 6.4 above."""

_A4_HZ = 440.0
_CENTRE_OCTAVE, _OCTAVES_WIDE = 5.0, 2.0
"""Pitch classes count most around five octaves over 27.5 Hz, falling with a deviation of two octaves (Ellis, 2007)."""


def hz_to_mel(hz: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Slaney's mels."""
    f = np.asarray(hz, np.float64)
    above = _BREAK_HZ / _LINEAR_HZ + np.log(np.maximum(f, _BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
    return np.where(f < _BREAK_HZ, f / _LINEAR_HZ, above)


def mel_to_hz(mel: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The inverse of `hz_to_mel`."""
    m = np.asarray(mel, np.float64)
    knee = _BREAK_HZ / _LINEAR_HZ
    return np.where(m < knee, m * _LINEAR_HZ, _BREAK_HZ * np.exp(_LOG_STEP * (np.maximum(m, knee) - knee)))


@cache
def mel_bank(rate_hz: int, fft_frames: int, bands: int) -> Bank:
    """Triangles (bands, bins) over 0 Hz to half of `rate_hz`, each of the same area."""
    edges_hz = mel_to_hz(np.linspace(0, hz_to_mel(rate_hz / 2), bands + 2))
    bins_hz = np.arange(fft_frames // 2 + 1) * rate_hz / fft_frames
    low, centre, high = (edges_hz[k : k + bands, None] for k in range(3))
    triangles = np.minimum((bins_hz - low) / (centre - low), (high - bins_hz) / (high - centre))
    return _constant(np.maximum(triangles, 0) * 2 / (high - low))


@cache
def chroma_bank(rate_hz: int, fft_frames: int, tuning: float) -> Bank:
    """Pitch classes from C (12, bins): each bin's share of each, a bell as wide as the bin, at least a semitone.

    `tuning` is in semitones from A at 440 Hz. Ellis, "Chroma feature analysis and synthesis", 2007.
    """
    a4_hz = _A4_HZ * 2 ** (tuning / 12)
    every = np.arange(1, fft_frames) * rate_hz / fft_frames
    steps = 12 * np.log2(every / (a4_hz / 16))
    steps = np.concatenate(([steps[0] - 18], steps))  # 0 Hz has no pitch: an octave and a half below the first bin
    width = np.concatenate((np.maximum(np.diff(steps), 1), [1]))
    away = (steps - np.arange(12)[:, None] + 6) % 12 - 6
    bells = np.exp(-0.5 * (2 * away / width) ** 2)
    bells /= np.linalg.norm(bells, axis=0)
    bells *= np.exp(-0.5 * ((steps / 12 - _CENTRE_OCTAVE) / _OCTAVES_WIDE) ** 2)
    from_c = np.roll(bells, -3, axis=0)
    return _constant(from_c[:, : fft_frames // 2 + 1])


def _constant(bank: npt.NDArray[np.float64]) -> Bank:
    made = np.ascontiguousarray(bank, np.float32)
    made.flags.writeable = False  # kept for all callers
    return made
