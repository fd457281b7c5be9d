"""Instruments out of sines, noise and delay lines. Every function gives mono float32 near full scale."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Mono = npt.NDArray[np.float32]

_BLOCK = 512


def hz(note: float, tuning_cents: float = 0.0) -> float:
    """Frequency of a MIDI note number."""
    return float(440.0 * 2 ** ((note - 69 + tuning_cents / 100) / 12))


def partials(freqs_hz: npt.ArrayLike, levels: npt.ArrayLike, decays: npt.ArrayLike, frames: int, rate_hz: int) -> Mono:
    """Sum of damped sines, each level * exp(-decay t) * sin(2 pi f t); those above 0.45 of the rate are left out.

    z^(a + b) = z^a z^b, so the sum over the partials of blocks is a matrix product, which is much faster than sines.
    """
    f, level, decay = (np.asarray(column, np.float64) for column in (freqs_hz, levels, decays))
    kept = f < 0.45 * rate_hz
    f, level, decay = f[kept], level[kept], decay[kept]
    exponent = (2j * np.pi * f - decay) / rate_hz
    spread = np.exp(exponent[:, None] * np.arange(_BLOCK)) * level[:, None]
    starts = np.exp(exponent[:, None] * (np.arange(-(-frames // _BLOCK)) * _BLOCK))
    out = starts.real.T @ spread.imag + starts.imag.T @ spread.real
    return np.asarray(out.ravel()[:frames], np.float32)


def shaped(x: Mono, rate_hz: int, attack_s: float) -> Mono:
    """`x` with a raised-cosine beginning."""
    frames = min(len(x), max(1, round(attack_s * rate_hz)))
    x[:frames] *= (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, frames))).astype(np.float32)
    return x


def with_vibrato(x: Mono, rate_hz: int, depth_cents: float, speed_hz: float) -> Mono:
    """`x` read at an uneven speed."""
    t = np.arange(len(x)) / rate_hz
    swing_s = depth_cents / 1731.2 / (2 * np.pi * speed_hz)  # 1731.2 = 1200 / ln 2: cents as a share of frequency
    late = np.clip((t - 0.2) / 0.3, 0, 1)
    at = np.arange(len(x)) - swing_s * rate_hz * late * np.cos(2 * np.pi * speed_hz * t)
    return np.interp(at, np.arange(len(x)), x).astype(np.float32)


def piano(f: float, frames: int, rate_hz: int, rng: np.random.Generator) -> Mono:
    """Inharmonic partials that die the sooner the higher they are, in two rates, and a knock of the hammer."""
    k = np.arange(1, 17)
    freqs = k * f * np.sqrt(1 + 3e-4 * k**2)
    levels = np.abs(np.sin(np.pi * k / 8.3)) / k**1.1 * rng.uniform(0.8, 1.2, len(k))
    decays = 0.6 + (f / 400) * 0.8 + 0.35 * k
    out = partials(
        [*freqs, *freqs], [*(0.7 * levels), *(0.3 * levels)], [*(2.5 * decays), *(0.5 * decays)], frames, rate_hz
    )
    knock = min(frames, round(0.02 * rate_hz))
    out[:knock] += (0.25 * rng.standard_normal(knock) * np.exp(-np.arange(knock) / (0.004 * rate_hz))).astype(
        np.float32
    )
    return shaped(0.6 * out, rate_hz, 0.002)


def guitar(f: float, frames: int, rate_hz: int, rng: np.random.Generator) -> Mono:
    """A plucked string: noise round a delay line that averages neighbours (Karplus and Strong, 1983)."""
    period = max(2, round(rate_hz / f - 0.5))
    stretch = f / (rate_hz / (period + 0.5))  # the line holds whole samples; reading faster or slower tunes it
    rounds = int(frames * stretch) // period + 2
    loss = np.float32(0.5 * 0.9985 ** (220 / f * 2))
    line = rng.uniform(-1, 1, period).astype(np.float32)
    line = np.convolve(line, np.full(3, 1 / 3, np.float32), "same").astype(np.float32)
    out = np.empty((rounds, period), np.float32)
    out[0] = line
    last = np.float32(0)
    for number in range(1, rounds):
        shifted = np.concatenate(([last], line[:-1]))
        last = line[-1]
        line = loss * (line + shifted)
        out[number] = line
    flat = out.ravel()
    tuned = np.interp(np.arange(frames) * stretch, np.arange(len(flat)), flat)
    return np.asarray(0.9 * tuned, np.float32)


def organ(f: float, frames: int, rate_hz: int, rng: np.random.Generator) -> Mono:
    """Drawbars, steady, with a slow tremolo."""
    ratios = (0.5, 1, 1.5, 2, 3, 4, 6)
    levels = (0.25, 0.5, 0.2, 0.35, 0.2, 0.15, 0.08)
    out = partials([f * r for r in ratios], levels, [0.0] * len(ratios), frames, rate_hz)
    tremolo = 1 + 0.12 * np.sin(2 * np.pi * (6 * np.arange(frames) / rate_hz + rng.random()))
    return shaped(0.7 * out * tremolo.astype(np.float32), rate_hz, 0.008)


def strings(f: float, frames: int, rate_hz: int, rng: np.random.Generator) -> Mono:
    """Three detuned bowed saws, soft attack, vibrato."""
    out = np.zeros(frames, np.float32)
    for cents in (-7.0, 1.0, 6.0):
        own = f * 2 ** ((cents + rng.uniform(-1, 1)) / 1200)
        k = np.arange(1, 21)
        levels = 1 / k / np.sqrt(1 + (own * k / 2500) ** 4)
        out += with_vibrato(partials(own * k, levels, [0.0] * 20, frames, rate_hz), rate_hz, 9, rng.uniform(4.6, 5.8))
    return shaped(0.3 * out, rate_hz, rng.uniform(0.04, 0.09))


def lead(f: float, frames: int, rate_hz: int, rng: np.random.Generator) -> Mono:
    """Two saws through a filter that closes a little."""
    k = np.arange(1, 25)
    freqs, levels, decays = [], [], []
    for cents in (-5.0, 5.0):
        freqs += [f * 2 ** (cents / 1200) * n for n in k]
        levels += [0.5 / n / np.sqrt(1 + (f * n / 3500) ** 4) for n in k]
        decays += [0.15 + 0.12 * n for n in k]
    out = partials(freqs, levels, decays, frames, rate_hz)
    return shaped(0.7 * with_vibrato(out, rate_hz, 8, rng.uniform(5, 6)), rate_hz, 0.006)


def epiano(f: float, frames: int, rate_hz: int, rng: np.random.Generator) -> Mono:
    """Two operators of frequency modulation (Chowning, 1973): a body, and a bell that fades fast."""
    t = np.arange(frames) / rate_hz
    bright = 1.1 * np.exp(-t * 3) * rng.uniform(0.7, 1.2)
    body = np.sin(2 * np.pi * f * t + bright * np.sin(2 * np.pi * f * t)) * np.exp(-t * (0.8 + f / 900))
    bell = np.sin(2 * np.pi * f * t + 0.6 * np.exp(-t * 8) * np.sin(2 * np.pi * 14 * f * t)) * np.exp(-t * 5)
    return shaped((0.75 * body + 0.2 * bell).astype(np.float32), rate_hz, 0.002)


def bass(f: float, frames: int, rate_hz: int, rng: np.random.Generator) -> Mono:
    """A plucked electric bass."""
    k = np.arange(1, 11)
    levels = rng.uniform(0.8, 1.2, len(k)) / k**1.2
    return shaped(0.7 * partials(f * k, levels, 0.8 + 1.2 * k, frames, rate_hz), rate_hz, 0.005)


Instrument = Callable[[float, int, int, np.random.Generator], Mono]

INSTRUMENTS: dict[str, Instrument] = {
    "piano": piano,
    "guitar": guitar,
    "organ": organ,
    "strings": strings,
    "lead": lead,
    "epiano": epiano,
    "bass": bass,
}
TIMBRES = ("piano", "guitar", "organ", "strings", "lead", "epiano")
RELEASE_S = {"piano": 0.09, "guitar": 0.06, "organ": 0.04, "strings": 0.15, "lead": 0.06, "epiano": 0.08, "bass": 0.05}


def _highpassed(x: npt.NDArray[np.float64], poles: int) -> npt.NDArray[np.float64]:
    for _ in range(poles):
        x = np.diff(x, prepend=0.0) * 0.7
    return x


def drum(name: str, rate_hz: int, rng: np.random.Generator) -> Mono:
    """One stroke of "kick", "snare", "rim", "hat", "open", "ride", "shaker", "clap", "tom" or "crash"."""
    lengths = {"kick": 0.35, "open": 0.4, "ride": 0.7, "crash": 1.6, "tom": 0.3}
    t = np.arange(round(lengths.get(name, 0.22) * rate_hz)) / rate_hz
    noise = rng.standard_normal(len(t))
    if name == "kick":
        low = rng.uniform(46, 58)
        out = np.sin(2 * np.pi * (low * t + 4.2 * (1 - np.exp(-28 * t)))) * np.exp(-t * 9) + 0.1 * noise * np.exp(
            -t * 400
        )
    elif name == "tom":
        out = np.sin(2 * np.pi * (110 * t + 1.5 * (1 - np.exp(-20 * t)))) * np.exp(-t * 10) + 0.05 * noise * np.exp(
            -t * 90
        )
    elif name == "snare":
        skin = np.sin(2 * np.pi * 190 * t) * np.exp(-t * 25) + 0.5 * np.sin(2 * np.pi * 333 * t) * np.exp(-t * 30)
        out = 0.6 * skin + 0.4 * _highpassed(noise, 1) * np.exp(-t * 18)
    elif name == "rim":
        out = (np.sin(2 * np.pi * 1650 * t) + np.sin(2 * np.pi * 420 * t)) * np.exp(-t * 90) * 0.7
    elif name == "clap":
        bursts = sum(np.exp(-np.maximum(t - d, 0) * 60) * (t >= d) for d in (0.0, 0.011, 0.022))
        out = 0.35 * _highpassed(noise, 1) * np.asarray(bursts) * np.exp(-t * 6)
    elif name in {"ride", "crash"}:
        ping = np.sin(2 * np.pi * 3150 * t) + np.sin(2 * np.pi * 4730 * t)
        out = 0.1 * ping * np.exp(-t * 9) + 0.2 * _highpassed(noise, 3) * np.exp(-t * (6 if name == "ride" else 2.5))
    else:
        damping = {"hat": 55, "open": 10, "shaker": 35}[name]
        out = 0.3 * _highpassed(noise, 3) * np.exp(-t * damping)
        if name == "shaker":
            out *= np.clip(t / 0.02, 0, 1)
    return out.astype(np.float32)
