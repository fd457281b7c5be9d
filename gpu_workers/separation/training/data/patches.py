"""Instruments of our own with patches of chance: wavetables, FM, plucked strings, bars and bells, blown and bowed.

A patch is drawn once for a part; its notes then differ by pitch, velocity and chance, as an instrument's do.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from gpu_workers.separation.fitting.programs import Key
from gpu_workers.separation.training.data.plans import RATE_HZ, Mono, fitted, hz_of, lay

Voice = Callable[[float, int, float], npt.NDArray[np.float64]]
"""A note: frequency Hz, frames until it is let go, velocity 0 to 1 -> mono, its release included."""

_TABLE = 4096


@dataclass(frozen=True)
class Patch:
    """A voice and the name of its kind."""

    kind: str
    voice: Voice


def play(patch: Patch, keys: Sequence[Key], seconds: float) -> Mono:
    """The keys on a patch: mono, (frames,), peak 1 or silent."""
    out = np.zeros(round(seconds * RATE_HZ))
    for key in keys:
        start, held = round(key.start_s * RATE_HZ), max(round(key.length_s * RATE_HZ), 256)
        if start >= len(out):
            continue
        hardness = key.velocity / 127
        sound = patch.voice(hz_of(key.pitch), min(held, len(out) - start), hardness)
        lay(out, sound * hardness**1.4, start)
    return (out / max(float(np.abs(out).max()), 1e-9)).astype(np.float32)


def phase_of(hz: npt.ArrayLike, frames: int, turn: float = 0.0) -> npt.NDArray[np.float64]:
    """Phase in periods of a tone whose frequency is one number or one for each frame."""
    return np.asarray(turn + np.cumsum(np.broadcast_to(np.asarray(hz, np.float64), (frames,))) / RATE_HZ)


def table_of(levels: npt.ArrayLike, phases: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """One period of harmonics 1, 2, 3 ... with these levels and phases (radians), of RMS 0.35."""
    gains = np.asarray(levels, np.float64)
    spectrum = np.zeros(_TABLE // 2 + 1, np.complex128)
    spectrum[1 : len(gains) + 1] = gains * np.exp(1j * np.asarray(phases)[: len(gains)])
    wave: npt.NDArray[np.float64] = np.fft.irfft(spectrum)
    return wave * (0.35 / max(float(np.sqrt(np.mean(wave**2))), 1e-12))


def lookup(table: npt.NDArray[np.float64], phase: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The table at a phase in periods, by the nearest point."""
    return np.asarray(table[(phase * _TABLE).astype(np.int64) & (_TABLE - 1)])


@dataclass(frozen=True)
class Envelope:
    """Attack, decay to a sustained level, release; seconds and a share. A sustain of 0 dies away."""

    attack_s: float
    decay_s: float
    sustain: float
    release_s: float

    def drawn(self, held: int) -> npt.NDArray[np.float64]:
        """Level at each frame, release included."""
        tail = max(round(self.release_s * RATE_HZ), 64)
        t = np.arange(held + tail) / RATE_HZ
        level = self.sustain + (1 - self.sustain) * np.exp(-np.maximum(t - self.attack_s, 0) / self.decay_s)
        level *= np.minimum(t / max(self.attack_s, 5e-4), 1)
        level[held:] *= np.linspace(1, 0, tail) ** 2
        return level


def envelope(rng: np.random.Generator, *, struck: bool) -> Envelope:
    """One of chance: for what is struck or plucked, or for what is held."""
    if struck:
        return Envelope(float(rng.uniform(0.0005, 0.008)), _between(rng, 0.08, 2.5), 0.0, _between(rng, 0.02, 0.5))
    attack_s = _between(rng, 0.005, 0.4)
    return Envelope(attack_s, _between(rng, 0.05, 1.0), float(rng.uniform(0.3, 1.0)), _between(rng, 0.03, 0.6))


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _levels(rng: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
    """Harmonics of a random shape: a slope, a comb of odd or spread ones, humps."""
    numbers = np.arange(1, count + 1)
    levels = numbers ** -rng.uniform(0.3, 2.2)
    shape = rng.random()
    if shape < 0.25:
        levels = levels * np.where(numbers % 2 == 0, rng.uniform(0, 0.4), 1.0)
    elif shape < 0.45:  # the comb of a pulse of some width
        levels = levels * np.abs(np.sin(np.pi * numbers * rng.uniform(0.05, 0.5)))
    elif shape < 0.6:  # drawbars
        levels = np.where(np.isin(numbers, (1, 2, 3, 4, 6, 8, 10, 12, 16)), rng.uniform(0, 1, count), 0.0) + 1e-4
    return np.asarray(levels * np.exp(rng.normal(0, rng.uniform(0, 0.8), count)), np.float64)


def wavetable(rng: np.random.Generator) -> Patch:
    """Harmonics that darken as the note goes on, several detuned together: strings, organs, synthesisers, pads."""
    levels, phases = _levels(rng, 128), rng.uniform(0, 2 * np.pi, 128)
    struck = bool(rng.random() < 0.45)
    loud, bright = envelope(rng, struck=struck), envelope(rng, struck=bool(rng.random() < 0.7))
    cut_hz, opened = _between(rng, 300, 6000), _between(rng, 1.5, 12)
    voices, detune = int(rng.choice([1, 1, 2, 3, 5])), _between(rng, 0.0008, 0.012)
    depth = 0.0 if struck or rng.random() < 0.5 else _between(rng, 0.001, 0.012)
    sway_hz, noise = rng.uniform(3.5, 7), float(rng.choice([0, 0, 0.01, 0.04]))
    scoop = float(rng.choice([0, 0, 0.01, 0.03]))

    def voice(hz: float, held: int, hard: float) -> npt.NDArray[np.float64]:
        numbers = np.arange(1, max(2, min(128, int(17_000 / hz))) + 1)
        dark = levels[: len(numbers)] / (1 + (numbers * hz / (cut_hz * (0.6 + 0.8 * hard))) ** 2)
        wide = levels[: len(numbers)] / (1 + (numbers * hz / (cut_hz * opened)) ** 4)
        level = loud.drawn(held)
        t = np.arange(len(level)) / RATE_HZ
        mix = bright.drawn(held)
        mix = fitted(mix, len(t)) * (0.4 + 0.6 * hard)
        pitch = hz * (1 + depth * np.sin(2 * np.pi * sway_hz * t + rng.uniform(0, 6)) * np.minimum(t * 3, 1))
        pitch = pitch * (1 - scoop * np.exp(-t * 30))
        first, second = table_of(dark, phases), table_of(wide, phases)
        out = np.zeros(len(t))
        for off in np.linspace(-1, 1, voices) if voices > 1 else (0.0,):
            turn = phase_of(pitch * (1 + detune * off), len(t), rng.random())
            out += lookup(first, turn) * (1 - mix) + lookup(second, turn) * mix
        return (out / voices + noise * rng.standard_normal(len(t))) * level

    return Patch("wavetable", voice)


def fm(rng: np.random.Generator, *, low: bool = False) -> Patch:
    """Two or three sines that bend one another's phase: electric pianos, bells, brass, basses (`low`)."""
    ratio = float(rng.choice([0.5, 1, 1, 2, 3] if low else [0.5, 1, 1, 1, 2, 3, 4, 5, 7, 1.41, 3.5, 2.76, 14]))
    index, second = _between(rng, 0.3, 2.5 if low else 6), float(rng.choice([0, 0, 0.5, 1.0])) * _between(rng, 0.3, 2)
    loud, bright = envelope(rng, struck=bool(rng.random() < 0.6)), envelope(rng, struck=bool(rng.random() < 0.8))
    other = float(rng.choice([1, 2, 3, 0.5]))

    def voice(hz: float, held: int, hard: float) -> npt.NDArray[np.float64]:
        level = loud.drawn(held)
        turn = 2 * np.pi * phase_of(hz, len(level))
        deep = fitted(bright.drawn(held), len(level)) * index * (0.3 + 0.9 * hard) * min(1.0, 4000 / (hz * ratio))
        bent = deep * np.sin(ratio * turn) + second * np.sin(other * turn)
        return np.asarray(0.5 * np.sin(turn + bent) * level)

    return Patch("fm", voice)


def decaying(
    hz: npt.NDArray[np.float64], levels: npt.NDArray[np.float64], t60_s: npt.NDArray[np.float64], frames: int
) -> npt.NDArray[np.float64]:
    """A sum of sines that fall by 60 dB in `t60_s` each.

    One is a power z**(a m + b) = (z**m)**a z**b, so that the sum is a product of matrices.
    """
    inner = int(np.ceil(np.sqrt(frames)))
    outer = -(-frames // inner)
    steps = (2j * np.pi * hz - np.log(1000.0) / t60_s) / RATE_HZ
    coarse = -1j * levels * np.exp(np.outer(np.arange(outer) * inner, steps))
    fine = np.exp(np.outer(steps, np.arange(inner)))
    total = coarse.real @ fine.real - coarse.imag @ fine.imag
    return np.asarray(total.reshape(-1)[:frames])


def plucked(rng: np.random.Generator) -> Patch:
    """A string after Karplus and Strong (1983), with a place of plucking, damping and a stiff or soft pick."""
    t60_s, damping = _between(rng, 0.4, 6), rng.uniform(0.02, 0.5)
    place, softness = rng.uniform(0.08, 0.5), _between(rng, 1500, 14_000)
    release_s, pick = _between(rng, 0.02, 0.25), rng.uniform(0, 0.25)

    def voice(hz: float, held: int, hard: float) -> npt.NDArray[np.float64]:
        frames = held + round(release_s * RATE_HZ)
        period = RATE_HZ / hz - damping
        whole = max(2, int(period))
        part = period - whole
        burst = np.zeros(frames)
        count = min(whole, frames)
        burst[:count] = rng.uniform(-1, 1, count)
        pole = np.exp(-2 * np.pi * min(softness * (0.4 + 0.9 * hard), 20_000) / RATE_HZ)
        burst = lfilter([1 - pole], [1, -pole], burst)
        behind = max(1, int(whole * place))
        if behind < frames:
            burst[behind:] -= 0.7 * burst[:-behind]
        kept = 10 ** (-3 / (hz * t60_s))
        taps = np.convolve([1 - damping, damping], [1 - part, part]) * kept
        feedback = np.zeros(whole + 3)
        feedback[0] = 1.0
        feedback[whole : whole + 3] = -taps
        sound = lfilter([1.0], feedback, burst)
        sound = sound / (np.abs(sound[: 4 * whole]).max() + 1e-9) * 0.7
        sound[: min(300, frames)] += (
            pick * rng.standard_normal(min(300, frames)) * np.exp(-np.arange(300) / 60)[:frames]
        )
        tail = frames - held
        sound[held:] *= np.linspace(1, 0, tail) ** 2
        return np.asarray(sound)

    return Patch("plucked", voice)


def struck(rng: np.random.Generator) -> Patch:
    """Modes of bars, bells, plates and stiff strings: pianos, mallets, chimes."""
    count = int(rng.integers(3, 11))
    if rng.random() < 0.5:  # a stiff string
        numbers = np.arange(1, count + 1)
        ratios = numbers * np.sqrt(1 + _between(rng, 1e-5, 3e-3) * numbers**2)
    else:
        ratios = np.concatenate([[1.0], np.sort(rng.uniform(1.5, 12, count - 1))])
    levels = ratios ** -rng.uniform(0.3, 1.8) * rng.uniform(0.3, 1, count)
    t60_s, fall = _between(rng, 0.3, 5), rng.uniform(0.2, 1.0)
    rings, knock = bool(rng.random() < 0.5), rng.uniform(0, 0.15)
    release_s = _between(rng, 0.03, 0.4)

    def voice(hz: float, held: int, hard: float) -> npt.NDArray[np.float64]:
        tail = round((0.6 * t60_s if rings else release_s) * RATE_HZ)
        heard = ratios * hz < 16_000
        soft = levels * (0.3 + 0.7 * hard) ** np.minimum(ratios - 1, 4)
        t = np.arange(held + tail) / RATE_HZ
        out = decaying(ratios[heard] * hz, soft[heard], t60_s / ratios[heard] ** fall, len(t))
        out[: min(400, len(t))] += (knock * rng.standard_normal(400) * np.exp(-np.arange(400) / 80))[: len(t)]
        out *= np.minimum(t / 0.001, 1)
        out[held:] *= np.linspace(1, 0, tail) ** (1 if rings else 2)
        return out * 0.4

    return Patch("struck", voice)


def blown(rng: np.random.Generator) -> Patch:
    """Few harmonics with breath and vibrato: flutes, reeds, horns, whistles."""
    levels, phases = _levels(rng, 24), np.zeros(24)
    breath, colour = _between(rng, 0.01, 0.25), _between(rng, 1.5, 8)
    depth, sway_hz = _between(rng, 0.001, 0.015), rng.uniform(4, 6.5)
    loud = Envelope(_between(rng, 0.02, 0.15), 0.3, float(rng.uniform(0.6, 1)), _between(rng, 0.04, 0.2))
    fades = rng.uniform(0, 0.4)

    def voice(hz: float, held: int, hard: float) -> npt.NDArray[np.float64]:
        level = loud.drawn(held)
        t = np.arange(len(level)) / RATE_HZ
        sway = np.sin(2 * np.pi * sway_hz * t + rng.uniform(0, 6)) * np.minimum(t * 2.5, 1)
        numbers = np.arange(1, max(2, min(24, int(16_000 / hz))) + 1)
        table = table_of(levels[: len(numbers)] * (0.5 + hard) ** (numbers - 1.0) * 0.9 ** (numbers - 1.0), phases)
        tone = lookup(table, phase_of(hz * (1 + depth * sway), len(t)))
        air = lfilter([1.0], [1, -1.6, 0.75], rng.standard_normal(len(t))) * 0.1
        swelling = 1 - fades + fades * (1 + sway) / 2
        puff = 1 + colour * np.exp(-t / 0.03)
        return np.asarray((tone * swelling + breath * air * puff) * level)

    return Patch("blown", voice)


KINDS: tuple[Callable[[np.random.Generator], Patch], ...] = (
    wavetable, wavetable, wavetable, fm, fm, plucked, plucked, struck, blown,
)  # fmt: skip


def random_patch(rng: np.random.Generator) -> Patch:
    """A patch of any kind."""
    return KINDS[int(rng.integers(len(KINDS)))](rng)
