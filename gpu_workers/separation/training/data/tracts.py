"""Vocal tracts of chance, from large men to children: formants, nasal and hissing sounds, and syllables of them.

Formants of vowels after Peterson and Barney 1952 and Hillenbrand et al. 1995, rounded, for men; a tract's length
scales them all. Fricatives after the bands in Stevens, "Acoustic Phonetics", 1998.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gpu_workers.separation.training.data.plans import RATE_HZ
from gpu_workers.separation.training.data.vocoder import BIN_HZ, BINS, HOP, Spectra

_VOWELS = {
    "i": (290, 2250, 3000), "I": (400, 1950, 2550), "e": (430, 2050, 2600), "E": (560, 1800, 2500),
    "ae": (680, 1700, 2430), "a": (740, 1250, 2500), "A": (700, 1080, 2450), "O": (580, 860, 2420),
    "o": (470, 830, 2380), "U": (440, 1030, 2250), "u": (310, 820, 2250), "V": (620, 1200, 2400),
    "3": (480, 1350, 1700), "y": (290, 1800, 2150), "oe": (430, 1500, 2200), "@": (500, 1450, 2450),
}  # fmt: skip
VOWELS = tuple(_VOWELS)
_UPPER_HZ = np.concatenate([[3400, 4300, 5300], np.arange(6300, 24_000, 1050)])
"""Those above the third stand still."""
# Voiced consonants: formants, level dB, how much wider their bands are.
_SONORANTS = {
    "m": ((260, 1050, 2200), -9, 2.5), "n": ((280, 1500, 2500), -9, 2.5), "ng": ((280, 1900, 2600), -10, 2.5),
    "l": ((360, 1200, 2700), -5, 1.3), "r": ((400, 1250, 1600), -4, 1.3), "w": ((300, 700, 2200), -4, 1.2),
    "j": ((280, 2250, 3000), -4, 1.2), "v": ((300, 1300, 2400), -12, 1.6), "b": ((220, 900, 2200), -22, 2.0),
    "d": ((220, 1700, 2600), -22, 2.0), "g": ((220, 1900, 2300), -22, 2.0), "z": ((260, 1600, 2500), -14, 2.0),
}  # fmt: skip
# Noise: from Hz, to Hz, level dB over the vowel's own mean, seconds, silence before it in seconds.
_NOISES = {
    "s": (5000, 11_000, -4, 0.11, 0), "sh": (2200, 6500, -4, 0.11, 0), "f": (1500, 12_000, -16, 0.09, 0),
    "th": (3000, 12_000, -18, 0.08, 0), "h": (500, 3500, -14, 0.07, 0), "z": (4500, 10_000, -10, 0.08, 0),
    "v": (1500, 9000, -20, 0.07, 0), "p": (400, 3000, -10, 0.025, 0.06), "t": (3000, 9000, -4, 0.03, 0.05),
    "k": (1300, 4500, -6, 0.035, 0.06), "ch": (2500, 7500, -3, 0.08, 0.05), "ts": (5000, 11_000, -4, 0.07, 0.05),
}  # fmt: skip
ONSETS = ("", "", "h", "m", "n", "l", "r", "w", "j", "v", "b", "d", "g", "z", "s", "sh", "f", "th", "p", "t", "k",
          "ch", "st", "tr", "kl", "pl", "sw", "fr", "br", "gr", "ts")  # fmt: skip
CODAS = ("", "", "", "", "m", "n", "ng", "l", "r", "s", "z", "t", "k", "f")
_FORMANTS = 3
_SIZES = ((0.86, 1.05), (1.08, 1.28), (1.28, 1.45))
"""Scales of men, women and children."""
_PARAMETERS = _FORMANTS + 6
_WIDTH, _VOICE_DB, _NOISE_DB, _LOW_HZ, _HIGH_HZ, _BRIGHT = range(_FORMANTS, _PARAMETERS)
_OFF_DB = -60.0

# Frequencies at which filters are worked out: dense where formants lie.
_GRID_HZ = np.concatenate([np.arange(0, 4000, 32), np.geomspace(4000, RATE_HZ / 2, 60)])


@dataclass(frozen=True)
class Syllable:
    """What is sung on a note: consonants, a vowel that may move to another, a consonant; phonemes by name."""

    onset: tuple[str, ...]
    vowel: str
    glide: str
    coda: str


@dataclass(frozen=True)
class Tract:
    """A singer's throat and habits."""

    scale: float
    """Formants as a multiple of a man's."""
    widths: float
    tilt_db: float
    """Fall of the voice in dB an octave above 300 Hz, what the lips add taken off: 12 less 6 in the books."""
    ring_db: float
    """The singer's formant at 2.9 kHz."""
    hiss_db: float
    """How loud the consonants hiss."""
    colour: npt.NDArray[np.float64]
    """(formants, 2): what tells this throat's first two formants and level from the table, by vowel."""
    air_db: float
    """Level of the highest octave."""


def random_tract(rng: np.random.Generator) -> Tract:
    """A tract of any size."""
    return Tract(
        float(rng.choice([rng.uniform(*size) for size in _SIZES], p=[0.45, 0.45, 0.1])),
        float(rng.uniform(0.6, 2.0)), float(rng.uniform(3.0, 9.0)),
        float(rng.choice([0.0, rng.uniform(0, 12)])), float(rng.uniform(-8, 6)),
        rng.normal(1, 0.06, (len(VOWELS), 2)), float(rng.uniform(-20, 0)),
    )  # fmt: skip


def random_words(rng: np.random.Generator, count: int) -> list[Syllable]:
    """Syllables of a language of chance: its own choice of vowels and consonants, words that come again."""
    vowels = rng.choice(VOWELS, int(rng.integers(2, 9)), replace=False)
    onsets, codas = rng.choice(ONSETS, int(rng.integers(3, 14))), rng.choice(CODAS, int(rng.integers(2, 7)))
    words = []
    for _ in range(max(4, count // 2)):
        vowel, glide = (str(v) for v in rng.choice(vowels, 2))
        if rng.random() < 0.65:
            glide = vowel
        words.append(Syllable(_split(str(rng.choice(onsets))), vowel, glide, str(rng.choice(codas))))
    return [words[int(rng.integers(len(words)))] for _ in range(count)]


def _split(onset: str) -> tuple[str, ...]:
    """The phonemes of an onset such as "st"."""
    if onset in _NOISES or onset in _SONORANTS or not onset:
        return (onset,) if onset else ()
    return (onset[0], onset[1:])


@dataclass
class Track:
    """Points in time that parameters move between."""

    tract: Tract
    times_s: list[float]
    points: list[npt.NDArray[np.float64]]

    def add(self, time_s: float, point: npt.NDArray[np.float64]) -> None:
        """A point not before those added."""
        last = self.times_s[-1] if self.times_s else -1.0
        self.times_s.append(max(time_s, last + 1e-4))
        self.points.append(point)


def track(tract: Tract) -> Track:
    """Nothing sung yet."""
    return Track(tract, [], [])


def onset_s(syllable: Syllable) -> float:
    """How long before its note a syllable begins."""
    return sum(_length_s(name) for name in syllable.onset)


def _length_s(name: str) -> float:
    if name in _NOISES and name not in {"z", "v"}:
        return _NOISES[name][3] + _NOISES[name][4] + 0.01
    return 0.07 if name else 0.0


def sing(where: Track, syllable: Syllable, start_s: float, end_s: float, loud: float) -> None:
    """Add a syllable whose vowel lasts from `start_s` to about `end_s`; `loud` 0 to 1 brightens it."""
    length_s = end_s - start_s
    squeeze = min(1.0, 0.4 * length_s / max(onset_s(syllable), 1e-3))
    at_s = start_s - onset_s(syllable) * squeeze
    for name in syllable.onset:
        _consonant(where, name, syllable.vowel, at_s, _length_s(name) * squeeze, loud)
        at_s += _length_s(name) * squeeze
    tail_s = min(_length_s(syllable.coda), 0.3 * length_s)
    vowel, glide = (_vowel(where.tract, name, loud) for name in (syllable.vowel, syllable.glide))
    where.add(start_s + 0.02, vowel)
    where.add(start_s + 0.55 * (length_s - tail_s), vowel)
    where.add(max(end_s - tail_s - 0.02, start_s + 0.03), glide)
    if syllable.coda:
        _consonant(where, syllable.coda, syllable.glide, end_s - tail_s, tail_s, loud)


def breathe(where: Track, start_s: float, length_s: float, level_db: float) -> None:
    """A breath taken between phrases."""
    for share, level in ((0.0, _OFF_DB), (0.5, level_db), (0.9, level_db - 3), (1.0, _OFF_DB)):
        point = _vowel(where.tract, "@", 0.3)
        point[[_VOICE_DB, _NOISE_DB, _LOW_HZ, _HIGH_HZ]] = (_OFF_DB, level, 700 * where.tract.scale, 7000)
        where.add(start_s + share * length_s, point)


def _vowel(tract: Tract, name: str, loud: float) -> npt.NDArray[np.float64]:
    formants = np.array(_VOWELS[name], np.float64) * tract.scale
    formants[:2] *= tract.colour[VOWELS.index(name)]
    return np.concatenate([formants, [1.0, 0.0, _OFF_DB, 500.0, 3500.0, loud]])


def _consonant(where: Track, name: str, vowel: str, at_s: float, length_s: float, loud: float) -> None:
    point = _vowel(where.tract, vowel, loud)
    if name in _SONORANTS:
        formants, level_db, wider = _SONORANTS[name]
        point[:3] = np.array(formants) * where.tract.scale
        point[[_WIDTH, _VOICE_DB]] = (wider, level_db)
    if name in _NOISES:
        low_hz, high_hz, level_db, _, _ = _NOISES[name]
        scale = where.tract.scale**0.5
        point[[_NOISE_DB, _LOW_HZ, _HIGH_HZ]] = (level_db + where.tract.hiss_db, low_hz * scale, high_hz * scale)
    if name not in _SONORANTS:
        point[_VOICE_DB] = _OFF_DB
    silence = _NOISES[name][4] / _length_s(name) * length_s if name in _NOISES and _NOISES[name][4] else 0.0
    if silence:
        quiet = point.copy()
        quiet[[_VOICE_DB, _NOISE_DB]] = _OFF_DB
        where.add(at_s, quiet)
        where.add(at_s + silence, quiet)
        where.add(at_s + silence + 0.002, point)
    else:
        where.add(at_s + 0.2 * length_s, point)
    where.add(at_s + 0.85 * length_s, point)


def filters(where: Track, frames: int) -> tuple[Spectra, Spectra]:
    """(logarithm of the filter, share of noise), each (frames, BINS)."""
    tract, grid = where.tract, _GRID_HZ
    times = np.arange(frames) * HOP / RATE_HZ
    points: Sequence[npt.NDArray[np.float64]] = where.points or [_vowel(tract, "@", 0.5)]
    known = np.stack(points)
    curves = np.stack([np.interp(times, where.times_s or [0.0], known[:, p]) for p in range(_PARAMETERS)], axis=1)
    moved = curves.astype(np.float32)[:, :, None]
    squares = (grid**2).astype(np.float32)
    log_power = np.broadcast_to(_upper(tract, squares), (frames, len(grid))).copy()
    for number in range(_FORMANTS):
        centre = moved[:, number]
        width = (50 + 0.045 * centre) * tract.widths * moved[:, _WIDTH]
        log_power -= _pole(squares, centre, width)
    octaves = np.log2(np.maximum(grid, 150) / 300).astype(np.float32)
    tilt_db = np.maximum(octaves, 0) * (tract.tilt_db * (1.5 - moved[:, _BRIGHT]))
    ring_db = tract.ring_db * np.exp(-(((grid - 2900) / 500) ** 2))
    shape_db = (ring_db + tract.air_db * np.clip((grid - 8000) / 8000, 0, 1)).astype(np.float32)
    voice = log_power * np.float32(10 / np.log(10)) + shape_db - tilt_db + moved[:, _VOICE_DB]
    voice = np.exp(np.clip(voice, -90, 40) * np.float32(np.log(10) / 10))
    steep = 1 / (1 + (moved[:, _LOW_HZ] / np.maximum(squares**0.5, 20)) ** 6)
    hiss = steep / (1 + (squares**0.5 / moved[:, _HIGH_HZ]) ** 6)
    hiss = hiss * 10 ** ((moved[:, _NOISE_DB] + 3) / 10) + np.float32(1e-9)
    total = voice + hiss
    return (np.log(total) / 2) @ _TO_BINS, (hiss / total) @ _TO_BINS


def _upper(tract: Tract, squares: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Logarithm of the power of the poles that stand still. They go on past what is heard, as a tube's do."""
    centres = (_UPPER_HZ * tract.scale)[:, None]
    poles = _pole(squares, centres, (60 + 0.08 * centres) * tract.widths)
    return np.asarray(-poles.sum(axis=0), np.float32)


def _pole(
    squares: npt.NDArray[np.float32], centre: npt.NDArray[np.floating], width: npt.NDArray[np.floating]
) -> npt.NDArray[np.floating]:
    """Logarithm of a resonance's loss of power at the squares of frequencies."""
    ratio = squares / centre**2
    return np.asarray(np.log((1 - ratio) ** 2 + ratio * (width / centre) ** 2 + 1e-6))


def _to_bins() -> npt.NDArray[np.float32]:
    """(grid, BINS): the straight lines that lead from the grid to the vocoder's bins."""
    bins = np.arange(BINS) * BIN_HZ
    return np.stack([np.interp(bins, _GRID_HZ, row) for row in np.eye(len(_GRID_HZ))]).astype(np.float32)


_TO_BINS = _to_bins()
