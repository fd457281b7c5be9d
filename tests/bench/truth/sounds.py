"""What is not music: speech, noises, silence. Stereo float32 (2, frames)."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

Stereo = npt.NDArray[np.float32]

_SENTENCES = """
the morning train leaves at seven from platform two and nobody told the driver about the snow on the line
she had kept every letter in a wooden box under the stairs where the damp could not reach them we measure
the level of the river twice a day and write it on the board beside the old bridge prices rose again last
month although fewer people were looking for a house in the city please bring three eggs some flour and a
pinch of salt then wait until the oven is warm
"""
_VOICES = ("en-us", "en-gb", "de", "en-us+f3", "en-gb+m5", "en-us+f4", "es", "en-gb-scotland")


def speech(seed: int, seconds: float, rate_hz: int = 44100) -> Stereo:
    """A voice that talks, of the program espeak-ng. Raises RuntimeError where that is not installed."""
    program = shutil.which("espeak-ng")
    if program is None:
        raise RuntimeError("espeak-ng is not installed: speech cannot be made")
    rng = np.random.default_rng(seed)
    voice, pitch, pace = str(rng.choice(_VOICES)), int(rng.integers(25, 75)), int(rng.integers(130, 190))
    words = rng.choice(_SENTENCES.split(), size=int(seconds * 4) + 8)
    text = " ".join(f"{word}{'.' if rng.random() < 0.08 else ''}" for word in words)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        command = [program, "-v", voice, "-p", str(pitch), "-s", str(pace), "-w", str(path), text]
        subprocess.run(command, check=True, capture_output=True)
        raw = path.read_bytes()
    said_rate = int.from_bytes(raw[24:28], "little")
    said = np.frombuffer(raw[44 : len(raw) - len(raw) % 2], "<i2").astype(np.float64) / 32768
    frames = round(seconds * rate_hz)
    at = np.arange(frames) * said_rate / rate_hz
    mono = np.interp(at % len(said), np.arange(len(said)), said) * rng.uniform(0.5, 1.0)
    return _stereo(mono)


def noise(seed: int, seconds: float, kind: str = "white", rate_hz: int = 44100) -> Stereo:
    """Steady noise of a `kind`: "white", "pink", "brown", or "crowd" (bursts in the bands of voices).

    Raises ValueError for another kind.
    """
    slopes = {"white": 0.0, "pink": 0.5, "brown": 1.0, "crowd": 0.25}
    if kind not in slopes:
        raise ValueError(f"no such noise: {kind!r}")
    rng = np.random.default_rng(seed)
    frames = round(seconds * rate_hz)
    sides = [_coloured(frames, slopes[kind], rate_hz, rng) for _ in range(2)]
    if kind == "crowd":
        sides = [_crowd(side, rate_hz, rng) for side in sides]
    out = np.stack(sides)
    return np.asarray(out / np.max(np.abs(out), initial=1e-9) * rng.uniform(0.1, 0.6), np.float32)


def silence(seconds: float, rate_hz: int = 44100) -> Stereo:
    """Zeros."""
    return np.zeros((2, round(seconds * rate_hz)), np.float32)


def _coloured(frames: int, slope: float, rate_hz: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    spectrum = np.fft.rfft(rng.standard_normal(frames))
    f = np.maximum(np.fft.rfftfreq(frames, 1 / rate_hz), 20.0)
    shaped: npt.NDArray[np.float64] = np.fft.irfft(spectrum / f**slope, frames)
    return shaped


def _crowd(side: npt.NDArray[np.float64], rate_hz: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    frames = len(side)
    spectrum = np.fft.rfft(side)
    f = np.fft.rfftfreq(frames, 1 / rate_hz)
    knots = np.arange(0, frames / rate_hz + 0.2, 0.1)
    out = np.zeros(frames)
    for centre_hz, width_hz in ((350, 250), (800, 400), (1600, 700), (3000, 1200)):
        band = np.fft.irfft(spectrum * np.exp(-(((f - centre_hz) / width_hz) ** 2)), frames)
        out += band * np.interp(np.arange(frames) / rate_hz, knots, rng.uniform(0.3, 1.0, len(knots)) ** 2)
    return out


def _stereo(mono: npt.NDArray[np.float64]) -> Stereo:
    return np.stack([mono, mono]).astype(np.float32)
