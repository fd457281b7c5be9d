"""Basses with patches of chance: strings plucked, slapped and bowed upright, synthesisers, sub and gliding 808s."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfilt

from gpu_workers.separation.fitting.programs import Key
from gpu_workers.separation.training.data import patches
from gpu_workers.separation.training.data.plans import RATE_HZ, Mono, hz_of

Player = Callable[[np.random.Generator, Sequence[Key], float], Mono]


def play(rng: np.random.Generator, keys: Sequence[Key], seconds: float) -> tuple[str, Mono]:
    """(kind, mono of peak 1) of a bass of chance."""
    kind = str(rng.choice(list(KINDS)))
    sound = _driven(rng, KINDS[kind](rng, keys, seconds).astype(np.float64))
    low_hz = float(np.exp(rng.uniform(np.log(600), np.log(9000))))
    dark = sosfilt(butter(1, low_hz, fs=RATE_HZ, output="sos"), sound)
    return kind, (dark / max(float(np.abs(dark).max()), 1e-9)).astype(np.float32)


def _driven(rng: np.random.Generator, sound: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    amount = float(rng.choice([0.0, 0.0, 0.5, 2.0, 6.0]))
    return np.tanh(sound * (1 + amount)) if amount else sound


def _string(rng: np.random.Generator, keys: Sequence[Key], seconds: float, slope: float = 0.0) -> Mono:
    """A thick string, plucked at one place: its partials, the higher ones sooner gone."""
    place, stiff = rng.uniform(0.05, 0.4), np.exp(rng.uniform(np.log(1e-5), np.log(4e-4)))
    slope, fall = slope or rng.uniform(1.0, 2.2), rng.uniform(0.4, 1.2)
    t60_s, release_s = float(np.exp(rng.uniform(np.log(0.6), np.log(8)))), rng.uniform(0.02, 0.15)
    numbers = np.arange(1, 33)
    levels = np.abs(np.sin(np.pi * numbers * place)) / numbers**slope

    def voice(hz: float, held: int, hard: float) -> npt.NDArray[np.float64]:
        tail = round(release_s * RATE_HZ)
        partials = hz * numbers * np.sqrt(1 + stiff * numbers**2)
        heard = partials < 12_000
        soft = levels * (0.5 + 0.5 * hard) ** np.minimum(numbers - 1, 8)
        out = patches.decaying(partials[heard], soft[heard], (t60_s / numbers**fall)[heard], held + tail)
        out[:60] *= np.linspace(0, 1, 60)
        out[held:] *= np.linspace(1, 0, tail) ** 2
        return out

    return patches.play(patches.Patch("string", voice), keys, seconds)


def _slapped(rng: np.random.Generator, keys: Sequence[Key], seconds: float) -> Mono:
    """Short and bright, with the click of the string on the frets."""
    short = [Key(k.start_s, k.length_s * rng.uniform(0.4, 0.9), k.pitch, k.velocity) for k in keys]
    sound = _string(rng, short, seconds, slope=rng.uniform(0.6, 1.1)).astype(np.float64)
    clicks = np.zeros(len(sound))
    for key in short:
        start = round(key.start_s * RATE_HZ)
        count = min(900, len(sound) - start)
        if count > 0:
            clicks[start : start + count] += rng.standard_normal(count) * np.exp(-np.arange(count) / 150)
    band = butter(2, (1200, float(rng.uniform(3000, 7000))), "bandpass", fs=RATE_HZ, output="sos")
    return np.asarray(sound + rng.uniform(0.02, 0.2) * sosfilt(band, clicks), np.float32)


def _picked(rng: np.random.Generator, keys: Sequence[Key], seconds: float) -> Mono:
    """A string going round a delay line, the body of the instrument over it."""
    sound = patches.play(patches.plucked(rng), keys, seconds).astype(np.float64)
    low = sosfilt(butter(2, float(rng.uniform(150, 700)), fs=RATE_HZ, output="sos"), sound)
    return np.asarray(sound * rng.uniform(0, 0.3) + low / max(float(np.abs(low).max()), 1e-9), np.float32)


def _patched(make: Callable[[np.random.Generator], patches.Patch]) -> Player:
    def play_patch(rng: np.random.Generator, keys: Sequence[Key], seconds: float) -> Mono:
        return patches.play(make(rng), keys, seconds)

    return play_patch


def _gliding(rng: np.random.Generator, keys: Sequence[Key], seconds: float) -> Mono:
    """One oscillator that glides from note to note: a sub, an 808 or a saw through a filter that opens."""
    frames = round(seconds * RATE_HZ)
    glide_s = float(rng.choice([0.0, 0.02, 0.06, 0.15]))
    kind = str(rng.choice(["sine", "808", "808", "saw", "square"]))
    decay_s = float(np.exp(rng.uniform(np.log(0.25), np.log(2.5)))) if kind == "808" else 9.0
    pitch, level = np.zeros(frames), np.zeros(frames)
    ordered = sorted(keys, key=lambda key: key.start_s)
    starts = [min(round(key.start_s * RATE_HZ), frames) for key in ordered]
    if not ordered:
        return np.zeros(frames, np.float32)
    before = hz_of(ordered[0].pitch)
    pitch[:] = before
    for key, start, later in zip(ordered, starts, [*starts[1:], frames], strict=True):
        hz, t = hz_of(key.pitch), np.arange(later - start) / RATE_HZ
        pitch[start:later] = hz + (before - hz) * np.exp(-t / glide_s) if glide_s else hz
        if kind == "808":
            pitch[start:later] *= 1 + rng.uniform(0.5, 3) * np.exp(-t / 0.012)
        held = min(round(key.length_s * RATE_HZ), later - start)
        shape = np.exp(-t / decay_s) * np.minimum(t / 0.004, 1) * key.velocity / 127
        shape[held:] *= np.exp(-t[: len(t) - held] / 0.02)
        level[start:later] = shape
        before = hz
    smoothed = sosfilt(butter(1, 200, fs=RATE_HZ, output="sos"), level)
    turn = patches.phase_of(pitch, frames)
    tone = _oscillator(rng, kind, turn)
    return np.asarray(tone * smoothed, np.float32)


def _oscillator(rng: np.random.Generator, kind: str, turn: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    if kind in {"sine", "808"}:
        return np.sin(2 * np.pi * turn) + rng.uniform(0, 0.15) * np.sin(4 * np.pi * turn)
    numbers = np.arange(1, 60)
    corner = rng.uniform(3, 20)
    levels = (1 / numbers if kind == "saw" else (numbers % 2) / numbers) / (1 + (numbers / corner) ** 2)
    table = patches.table_of(levels, np.full(59, -np.pi / 2))
    off = rng.uniform(0, 0.006) * bool(rng.integers(2))
    return patches.lookup(table, turn) + (patches.lookup(table, turn * (1 + off)) if off else 0.0)


KINDS: dict[str, Player] = {
    "string": _string, "picked": _picked, "slapped": _slapped, "gliding": _gliding,
    "wavetable": _patched(patches.wavetable), "fm": _patched(partial(patches.fm, low=True)),
}  # fmt: skip
