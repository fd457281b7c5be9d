"""The melody of an input, as MusicGen takes it: for each step the strongest of twelve pitch classes, and no other.

Copet et al., "Simple and Controllable Music Generation" (2023), section 2.3: windows of 2**14 samples, a quarter apart,
of which the largest chroma alone is kept. The authors take drums and bass out first; here the input is taken as it is,
so one voice or instrument alone serves best.
"""

from functools import cache

import numpy as np
import torch
from transformers.audio_utils import chroma_filter_bank

from gpu_workers.audio.files import AudioFile, Samples
from patchbay.domain.errors import UnusableAudio

WINDOW_FRAMES = 2**14
STEP_FRAMES = WINDOW_FRAMES // 4
_SILENT_RMS = 1e-4


def check_audible(audio: AudioFile) -> None:
    """Raises `UnusableAudio` where nothing in the input is louder than -80 dBFS."""
    if all(float(np.sqrt(np.mean(np.square(block)))) < _SILENT_RMS for block in audio.blocks()):
        raise UnusableAudio("The melody is silent.")


def chroma(audio: AudioFile, start: int, frames: int, classes: int) -> torch.Tensor:
    """The melody (1, steps, classes) of `frames` frames from `start` on; the input begins anew where it is over.

    `audio` is mono, at the model's rate.
    """
    sound = torch.from_numpy(np.pad(_looped(audio, start, frames)[0], (0, max(0, WINDOW_FRAMES - frames))))
    window = torch.hann_window(WINDOW_FRAMES)
    spectrum = torch.stft(sound, WINDOW_FRAMES, STEP_FRAMES, window=window, pad_mode="reflect", return_complex=True)
    strongest = (_filters(audio.sample_rate_hz, classes) @ spectrum.abs().square()).argmax(dim=0)
    return torch.nn.functional.one_hot(strongest, classes)[None].float()


def _looped(audio: AudioFile, start: int, frames: int) -> Samples:
    pieces, at, left = [], start % audio.frames, frames
    while left:
        piece = audio.read(at, min(left, audio.frames - at))
        pieces.append(piece)
        left, at = left - piece.shape[1], 0
    return np.concatenate(pieces, axis=1)


@cache
def _filters(rate_hz: int, classes: int) -> torch.Tensor:
    """(classes, frequencies)."""
    found = chroma_filter_bank(num_frequency_bins=WINDOW_FRAMES, num_chroma=classes, sampling_rate=rate_hz, tuning=0.0)
    return torch.from_numpy(found).float()
