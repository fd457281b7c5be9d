"""Short-time Fourier transform and its inverse, float32, in numpy's layout."""

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.signal import get_window

from gpu_workers.audio.files import Samples


def stft(samples: Samples, fft_frames: int, hop_frames: int) -> npt.NDArray[np.complex64]:
    """Spectrogram (channels, frames, bins) of `samples` (channels, n) under a periodic Hann window.

    Frame t is centred on sample t * hop; the signal is taken as zero outside, so that any length will do.
    """
    half = fft_frames // 2
    count = -(-samples.shape[1] // hop_frames) + 1
    padded = np.zeros((samples.shape[0], (count - 1) * hop_frames + fft_frames), np.float32)
    padded[:, half : half + samples.shape[1]] = samples
    view = np.lib.stride_tricks.sliding_window_view(padded, fft_frames, axis=1)[:, ::hop_frames]
    window = get_window("hann", fft_frames).astype(np.float32)
    spectrum: npt.NDArray[np.complex64] = fft.rfft(view * window, axis=-1)
    return spectrum


def inverse_stft(spectrum: npt.NDArray[np.complex64], fft_frames: int, hop_frames: int, frames: int) -> Samples:
    """The signal (channels, `frames`) nearest to `spectrum` in the least-squares sense.

    Griffin and Lim, "Signal estimation from modified short-time Fourier transform", 1984, equation 6. `hop_frames`
    has to divide `fft_frames`.
    """
    window = get_window("hann", fft_frames).astype(np.float32)
    pieces = fft.irfft(spectrum, fft_frames, axis=-1) * window
    channels, count, _ = pieces.shape
    ratio = fft_frames // hop_frames
    out = np.zeros((channels, count + ratio - 1, hop_frames), np.float32)
    norm = np.zeros((count + ratio - 1, hop_frames), np.float32)
    parts = pieces.reshape(channels, count, ratio, hop_frames)
    squares = (window**2).reshape(ratio, hop_frames)
    for k in range(ratio):
        out[:, k : k + count] += parts[:, :, k]
        norm[k : k + count] += squares[k]
    half = fft_frames // 2
    signal = (out / np.maximum(norm, 1e-8)).reshape(channels, -1)
    return np.ascontiguousarray(signal[:, half : half + frames])
