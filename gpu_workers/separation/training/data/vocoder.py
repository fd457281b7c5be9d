"""A voice from its parts: glottal pulses and breath through a filter that changes in time.

Source and filter as in Fant, "Acoustic Theory of Speech Production", 1960; the filter is applied frame by frame in the
frequency domain with its minimum phase (Oppenheim and Schafer, "Discrete-Time Signal Processing", the cepstral way).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft

from gpu_workers.separation.training.data.plans import RATE_HZ, Mono

HOP = 512
FFT = 2048
BINS = FFT // 2 + 1
BIN_HZ = RATE_HZ / FFT
_WINDOW = 1024
_CHUNK = 256
"""Frames worked on at once."""

Curve = npt.NDArray[np.float64]
"""(frames,), one value for each HOP samples."""
Spectra = npt.NDArray[np.float32]
"""(frames, BINS)"""

_FRACTIONS, _TAPS = 64, 16


def _pulse_table() -> npt.NDArray[np.float64]:
    """A pulse between samples: (fractions, taps) of a windowed sinc."""
    at = np.arange(_TAPS) - _TAPS / 2 + 1 - np.arange(_FRACTIONS)[:, None] / _FRACTIONS
    return np.asarray(0.9 * np.sinc(0.9 * at) * np.cos(np.pi * at / (_TAPS + 2)) ** 2)


_PULSES = _pulse_table()


@dataclass(frozen=True)
class Throat:
    """How a voice's source behaves."""

    jitter: float = 0.005
    """Deviation of a period as a share of it."""
    shimmer: float = 0.05
    """Deviation of a pulse's height as a share of it."""
    creak: float = 0.0
    """By how much every second pulse is weaker, 0 to 1."""
    breath: float = 0.02
    """Share of noise in the power of voiced sound at low frequencies."""
    airy_hz: float = 6000.0
    """Above this, voiced sound is mostly noise."""


def sound(
    rng: np.random.Generator, log_filter: Spectra, noisy: Spectra, pitch_hz: Curve, level: Curve, throat: Throat
) -> Mono:
    """(frames * HOP,) of a voice.

    `log_filter`: natural logarithm of the filter's gain; `noisy`: share of noise in each bin's power (1 where there is
    no voice); `pitch_hz` above 0 throughout; `level` multiplies.
    """
    frames = len(pitch_hz)
    length = frames * HOP
    pulses = _pulse_train(rng, pitch_hz, length, throat)
    noise = rng.standard_normal(length).astype(np.float32)
    airy = 1 / (1 + np.exp(-(np.arange(BINS) * BIN_HZ - throat.airy_hz) / 1200))
    breath = (throat.breath + (1 - throat.breath) * 0.9 * airy).astype(np.float32)
    out = np.zeros(length + FFT + _WINDOW, np.float32)
    pad = _WINDOW // 2
    pulses, noise = (np.pad(x, (pad, _WINDOW)) for x in (pulses, noise))
    window = np.hanning(_WINDOW + 1)[:-1].astype(np.float32) * (2 * HOP / _WINDOW)
    heard = np.flatnonzero(level > 1e-4)
    for chunk in np.array_split(heard, max(1, -(-len(heard) // _CHUNK))):
        if not len(chunk):
            continue
        share = 1 - (1 - noisy[chunk]) * (1 - breath)
        picked = chunk[:, None] * HOP + np.arange(_WINDOW)
        voiced = fft.rfft(pulses[picked] * window, FFT) * np.sqrt(1 - share)
        voiced += fft.rfft(noise[picked] * window, FFT) * np.sqrt(share)
        voiced *= _minimum_phase(log_filter[chunk]) * level[chunk, None].astype(np.float32)
        for frame, piece in zip(chunk, fft.irfft(voiced, FFT), strict=True):
            out[frame * HOP : frame * HOP + FFT] += piece
    return out[pad : pad + length]


def _pulse_train(rng: np.random.Generator, pitch_hz: Curve, length: int, throat: Throat) -> Mono:
    """Pulses of the power of white noise of deviation 1."""
    hz = np.interp(np.arange(length), np.arange(len(pitch_hz)) * HOP, pitch_hz)
    phase = np.cumsum(hz) / RATE_HZ
    whole = np.arange(1, int(phase[-1]) + 1) if length else np.zeros(0)
    at = np.interp(whole, phase, np.arange(length))
    if not len(at):
        return np.zeros(length, np.float32)
    period = RATE_HZ / hz[at.astype(np.int64)]
    at = at + period * throat.jitter * rng.standard_normal(len(at))
    height = np.sqrt(period) * (1 + throat.shimmer * rng.standard_normal(len(at)))
    height[1::2] *= 1 - throat.creak
    start = np.floor(at).astype(np.int64)
    fraction = ((at - start) * _FRACTIONS).astype(np.int64)
    places = (start[:, None] + np.arange(_TAPS) - _TAPS // 2 + 1).clip(0, length - 1)
    train = np.bincount(places.ravel(), (_PULSES[fraction] * height[:, None]).ravel(), length)
    return np.asarray(train, np.float32)


def _minimum_phase(log_filter: Spectra) -> npt.NDArray[np.complex64]:
    """The filters with their minimum phase."""
    cepstrum = fft.irfft(log_filter, FFT)
    cepstrum[:, 1 : FFT // 2] *= 2
    cepstrum[:, FFT // 2 + 1 :] = 0
    logarithm = fft.rfft(cepstrum, FFT)
    out = np.empty(logarithm.shape, np.complex64)
    # By hand: in single precision these are a tenth of the time of a complex exponential.
    level, angle = np.exp(logarithm.real), np.ascontiguousarray(logarithm.imag)
    out.real, out.imag = level * np.cos(angle), level * np.sin(angle)
    return out
