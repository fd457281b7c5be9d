"""How near an estimated signal is to a true one."""

import numpy as np
import numpy.typing as npt


def si_sdr(reference: npt.ArrayLike, estimate: npt.ArrayLike) -> float:
    """Scale-invariant signal-to-distortion ratio in dB, over all channels at once.

    Le Roux, Wisdom, Erdogan, Hershey: "SDR - half-baked or well done?", ICASSP 2019, equation 1, means removed. Both
    have one shape. A silent reference or estimate gives -inf; an exact (scaled) copy is held to 100 dB and over by
    float64's own noise.
    """
    true = np.asarray(reference, np.float64)
    guess = np.asarray(estimate, np.float64)
    if true.shape != guess.shape:
        raise ValueError(f"shapes differ: {true.shape} and {guess.shape}")
    true = (true - true.mean(axis=-1, keepdims=True)).ravel()
    guess = (guess - guess.mean(axis=-1, keepdims=True)).ravel()
    energy = float(true @ true)
    if energy == 0.0 or not guess.any():
        return -np.inf
    target = true * (float(guess @ true) / energy)
    noise = guess - target
    signal_energy, noise_energy = float(target @ target), float(noise @ noise)
    if signal_energy == 0.0:
        return -np.inf
    return float(10 * np.log10(signal_energy / max(noise_energy, signal_energy * 1e-30)))
