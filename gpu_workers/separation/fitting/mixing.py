"""What a mixing desk does to a track, at random: equaliser, drive, room, width, compression, place."""

import numpy as np
from scipy.signal import butter, fftconvolve, sosfilt

from gpu_workers.separation.fitting.programs import RATE_HZ, Mono, Stereo, fitted


def placed(mono: Mono, where: float) -> Stereo:
    """Mono to a place from left (-1) to right (1), by equal power."""
    angle = (where + 1) * np.pi / 4
    return np.stack([mono * np.cos(angle), mono * np.sin(angle)])


def widened(stereo: Stereo, width: float) -> Stereo:
    """The difference of the sides times `width`."""
    middle, side = (stereo[0] + stereo[1]) / 2, width * (stereo[0] - stereo[1]) / 2
    return np.stack([middle + side, middle - side])


def equalised(rng: np.random.Generator, stereo: Stereo, strength_db: float = 5.0) -> Stereo:
    """Three broad bands raised or lowered by up to `strength_db` each."""
    out = stereo.copy()
    for _ in range(3):
        low_hz = float(np.exp(rng.uniform(np.log(60), np.log(6000))))
        sections = butter(1, (low_hz, min(low_hz * rng.uniform(1.5, 6), 18000)), "bandpass", fs=RATE_HZ, output="sos")
        out += (10 ** (rng.uniform(-strength_db, strength_db) / 20) - 1) * sosfilt(sections, stereo)
    return out


def in_room(rng: np.random.Generator, stereo: Stereo, wet: float, length_s: float) -> Stereo:
    """With a room of decaying noise, its own on each side, at `wet` of the sound's energy."""
    t = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    out = stereo.copy()
    for side in range(2):
        tail = sosfilt(
            butter(1, (150, rng.uniform(3000, 9000)), "bandpass", fs=RATE_HZ, output="sos"),
            rng.standard_normal(len(t)) * np.exp(-6.9 * t / length_s),
        )
        tail = np.concatenate([np.zeros(round(rng.uniform(0, 0.03) * RATE_HZ)), tail])
        echo = fftconvolve(stereo.mean(axis=0), tail / np.sqrt(np.sum(tail**2)))
        out[side] += wet * fitted(echo, stereo.shape[1])
    return out


def compressed(stereo: Stereo, ratio: float, over_s: float = 0.03) -> Stereo:
    """Louder than the mean level by `ratio` less, the sides alike."""
    length = round(over_s * RATE_HZ)
    window = np.exp(-np.arange(4 * length) / length)
    power = fftconvolve((stereo**2).mean(axis=0), window / window.sum())[: stereo.shape[1]]
    above = np.sqrt(np.maximum(power, 0) / (np.mean(stereo**2) + 1e-12))
    squeezed: Stereo = stereo * np.maximum(above, 1.0) ** (1 / ratio - 1)
    return squeezed


def driven(mono: Mono, amount: float) -> Mono:
    """Soft clipping; 0 leaves the sound alone."""
    if amount <= 0:
        return mono
    peak = np.abs(mono).max() + 1e-9
    clipped: Mono = np.tanh(mono / peak * (1 + amount)) * peak
    return clipped


def at_level(stereo: Stereo, level_db: float) -> Stereo:
    """Scaled to an RMS level in dB; silence stays silence."""
    rms = np.sqrt(np.mean(stereo**2))
    scaled: Stereo = stereo * (10 ** (level_db / 20) / rms) if rms > 1e-9 else stereo
    return scaled
