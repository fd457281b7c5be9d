"""Instruments of a voice's source and a body that stands still, and beds of noise: what is no voice for all that.

Breath, rough pulses, glides and vibrato are not what makes a voice. Bows, reeds, brass and synthesisers have them as
well, and a network that hears voices only with them takes every clean voice for an instrument.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfilt

from gpu_workers.separation.fitting.programs import Key
from gpu_workers.separation.training.data import singing, vocoder
from gpu_workers.separation.training.data.plans import RATE_HZ, Mono, Stereo, fitted
from gpu_workers.separation.training.data.singing import Sung
from gpu_workers.separation.training.data.vocoder import BIN_HZ, BINS, HOP

_LINES = 4
"""Notes that sound at once, at the most."""
BEDS = ("hiss", "crackle", "hum", "surf")


def play(rng: np.random.Generator, keys: Sequence[Key], seconds: float) -> Mono:
    """The keys on an instrument of chance: mono, (frames,), peak 1 or silent."""
    frames = round(seconds * RATE_HZ) // HOP + 1
    habits, throat, body = singing.random_habits(rng), singing.random_throat(rng), _body(rng)
    darkens_db, swing = rng.uniform(0, 12), rng.choice([0.0, 0.0, 0.0, rng.uniform(0.1, 0.5)])
    sway_hz, air = rng.uniform(0.2, 4), float(rng.choice([0.0, 0.0, rng.uniform(0, 0.3)]))
    octaves = np.log2(np.maximum(np.arange(BINS) * BIN_HZ, 200) / 200)
    out = np.zeros(frames * HOP, np.float32)
    for notes in lines_of(keys):
        level = singing.level_curve(rng, notes, habits, frames, float(rng.uniform(0.0, 0.03)))
        pitch_hz = singing.pitch_curve(rng, notes, habits, frames)
        bright = level + swing * np.sin(2 * np.pi * sway_hz * np.arange(frames) * HOP / RATE_HZ)
        shade = np.outer((1 - bright) * darkens_db * np.log(10) / 20, octaves)
        noisy = np.broadcast_to((air * np.clip(octaves / 5, 0, 1)).astype(np.float32), (frames, BINS))
        out += vocoder.sound(rng, (body - shade).astype(np.float32), noisy, pitch_hz, level, throat)
    out = fitted(out, round(seconds * RATE_HZ))
    return np.asarray(out / max(float(np.abs(out).max()), 1e-9), np.float32)


def lines_of(keys: Sequence[Key]) -> list[list[Sung]]:
    """The keys as lines of one note at a time, each key in the first line that is free by then.

    Keys that find four lines sounding are left out.
    """
    lines: list[list[Sung]] = []
    for key in sorted(keys, key=lambda key: (key.start_s, -key.pitch)):
        free = next((line for line in lines if line[-1].end_s <= key.start_s + 0.03), None)
        if free is None and len(lines) < _LINES:
            lines.append(free := [])
        if free is None:
            continue
        first = not free or key.start_s - free[-1].end_s > 0.1
        free.append(Sung(key.start_s, max(key.length_s, 0.05), float(key.pitch), first))
    return lines


def _body(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Natural logarithm of a gain for each bin: a slope, and up to seven resonances that stand where they stand."""
    hz = np.maximum(np.arange(BINS) * BIN_HZ, 60)
    body_db = -rng.uniform(0, 12) * np.log2(np.maximum(hz, 200) / 200)
    for _ in range(int(rng.integers(0, 8))):
        centre_hz, width = np.exp(rng.uniform(np.log(150), np.log(7000))), rng.uniform(0.05, 0.6)
        body_db += rng.uniform(-8, 18) * np.exp(-((np.log2(hz / centre_hz) / width) ** 2))
    return np.asarray((body_db - body_db.max()) * np.log(10) / 20)


def bed(rng: np.random.Generator, seconds: float) -> tuple[str, Stereo]:
    """(kind, (2, frames) of peak 1): tape hiss, a record's crackle, mains hum, or the surf of a street or a crowd."""
    kind, frames = str(rng.choice(BEDS)), round(seconds * RATE_HZ)
    noise = rng.standard_normal((2, frames))
    noise[1] = noise[0] * (alike := rng.uniform(0, 1)) + noise[1] * np.sqrt(1 - alike**2)
    t = np.arange(frames) / RATE_HZ
    if kind == "crackle":
        noise *= rng.random((1, frames)) < rng.uniform(5, 80) / RATE_HZ
    if kind == "hum":
        numbers = np.arange(1, int(rng.integers(3, 16)))[:, None]
        tone = (np.sin(2 * np.pi * numbers * float(rng.choice([50, 60])) * t) / numbers).sum(axis=0)
        noise = 0.1 * noise + tone
    if kind == "surf":
        count = max(4, int(seconds * rng.uniform(0.2, 2)))
        noise *= np.exp(np.interp(t, np.linspace(0, seconds, count), rng.normal(0, 0.8, count)))
    edges = (
        float(np.exp(rng.uniform(np.log(30), np.log(800)))),
        float(np.exp(rng.uniform(np.log(2000), np.log(18_000)))),
    )
    out = noise if kind == "hum" else sosfilt(butter(1, edges, "bandpass", fs=RATE_HZ, output="sos"), noise)
    return kind, np.asarray(out / max(float(np.abs(out).max()), 1e-9), np.float32)
