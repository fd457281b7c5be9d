"""Signals and files for tests of audio code."""

from pathlib import Path

import numpy as np
import soundfile

from gpu_workers.audio.files import AudioFile, Samples

RATE_HZ = 44100


def tones(frames: int, rate_hz: int = RATE_HZ, channels: int = 2) -> Samples:
    """Some partials, each channel its own, well under full scale: (channels, frames)."""
    t = np.arange(frames) / rate_hz
    rows = [
        0.3 * np.sin(2 * np.pi * 220 * (k + 1) * t) + 0.1 * np.sin(2 * np.pi * 1100 * (k + 2) * t)
        for k in range(channels)
    ]
    return np.array(rows, np.float32)


def sound_file(path: Path, samples: Samples, rate_hz: int = RATE_HZ, subtype: str | None = None) -> Path:
    soundfile.write(path, samples.T, rate_hz, subtype)
    return path


def raw_file(path: Path, samples: Samples, rate_hz: int = RATE_HZ) -> AudioFile:
    path.write_bytes(np.ascontiguousarray(samples.T, "<f4").tobytes())
    return AudioFile(path, rate_hz, *samples.shape)
