"""Pitch classes, modes, chords and keys. All numbers are semitones or MIDI pitches unless said otherwise."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

NAMES: Final = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
SHARPS: Final = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
FLATS: Final = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
_FLAT_SIGNATURES: Final = frozenset({5, 10, 3, 8, 1})
"""Tonics of the major keys that are written with flats."""
_LETTERS: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}

MAJOR: Final = (0, 2, 4, 5, 7, 9, 11)
MODES: Final = ("major", "dorian", "phrygian", "lydian", "mixolydian", "minor")
"""The rotations of the major scale in use, by the degree they start on; the locrian has no stable tonic chord."""
DARK: Final = frozenset({"minor", "dorian", "phrygian"})

QUALITIES: Final[dict[str, tuple[int, ...]]] = {
    "maj": (0, 4, 7),
    "min": (0, 3, 7),
    "dim": (0, 3, 6),
    "sus2": (0, 2, 7),
    "sus4": (0, 5, 7),
    "power": (0, 7),
    "fourth": (0, 5),
    "sixth": (0, 9),
    "add9": (0, 4, 7, 14),
    "madd9": (0, 3, 7, 14),
    "dom7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "min7": (0, 3, 7, 10),
    "m7b5": (0, 3, 6, 10),
    "7sus4": (0, 5, 7, 10),
    "maj9": (0, 4, 7, 11, 14),
    "min9": (0, 3, 7, 10, 14),
    "dom9": (0, 4, 7, 10, 14),
}

PLAIN: Final = {"madd9": "min", "maj9": "maj7", "min9": "min7", "dom9": "dom7"}
"""Chords without their ninths."""

_SYMBOLS: Final = {
    "maj": "", "min": "m", "power": "5", "dom7": "7", "min7": "m7", "madd9": "m(add9)", "min9": "m9", "dom9": "9",
}  # fmt: skip


@cache
def rotation(mode: str) -> tuple[int, ...]:
    """The seven steps above the tonic of a mode of `MODES`, in semitones."""
    degree = MODES.index(mode)
    return tuple(sorted((step - MAJOR[degree]) % 12 for step in MAJOR))


@cache
def scale_of(tonic: int, mode: str) -> tuple[int, ...]:
    """The pitch classes of a mode, tonic first."""
    return tuple((tonic + step) % 12 for step in rotation(mode))


def relative_tonic(tonic: int, mode: str, other: str) -> int:
    """The tonic of the mode `other` that has the same seven notes as `mode` on `tonic`."""
    major = tonic - MAJOR[MODES.index(mode)]
    return (major + MAJOR[MODES.index(other)]) % 12


def parse_key(text: str) -> tuple[int, str]:
    """Tonic and mode of a key such as "A minor", "Bb", "f# Dorian" or "Cm".

    Raises:
        ValueError: the text names no key, or a mode that is not in `MODES`.
    """
    found = re.fullmatch(r"\s*([A-Ga-g])([#b♯♭]?)\s*([A-Za-z]*)\s*", text)
    if not found:
        raise ValueError(f"not a key: {text!r}")
    letter, accidental, word = found.groups()
    aliases = {"": "major", "maj": "major", "ionian": "major", "m": "minor", "min": "minor", "aeolian": "minor"}
    mode = aliases.get(word if word in {"m", "M"} else word.lower(), word.lower())
    mode = "major" if word == "M" else mode
    if mode not in MODES:
        raise ValueError(f"not a mode: {word!r}")
    return (_LETTERS[letter.upper()] + {"#": 1, "♯": 1, "b": -1, "♭": -1}.get(accidental, 0)) % 12, mode


def key_name(tonic: int, mode: str) -> str:
    """A key in words: "A minor", spelled by its signature: "C# minor", but "Db major"."""
    return f"{_spelled(tonic, mode)[tonic % 12]} {mode}"


def names_in(key: str) -> tuple[str, ...]:
    """The names of the twelve pitch classes in a key, with its sharps or flats; sharps where it is a raga."""
    try:
        return _spelled(*parse_key(key))
    except ValueError:
        return SHARPS


def _spelled(tonic: int, mode: str) -> tuple[str, ...]:
    signature = relative_tonic(tonic, mode, "major")
    return NAMES if signature == 0 else FLATS if signature in _FLAT_SIGNATURES else SHARPS


def chord_symbol(root: int, quality: str, bass: int, names: tuple[str, ...] = NAMES) -> str:
    """A chord as players write it: "Am7", "C/E"."""
    slash = "" if bass == root else f"/{names[bass]}"
    return names[root] + _SYMBOLS.get(quality, quality) + slash


def chord_classes(root: int, quality: str) -> tuple[int, ...]:
    """The pitch classes of a chord, root first."""
    return tuple((root + step) % 12 for step in QUALITIES[quality])


def nearest(pitch_class: int, around: float, low: int, high: int) -> int:
    """The pitch of a class nearest to `around` within low..high (a span of at least an octave)."""
    first = low + (pitch_class - low) % 12
    return min(range(first, high + 1, 12), key=lambda pitch: (abs(pitch - around), pitch))


def ladder(classes: tuple[int, ...], low: int, high: int) -> list[int]:
    """Every pitch of the given classes within low..high, upwards."""
    wanted = set(classes)
    return [pitch for pitch in range(low, high + 1) if pitch % 12 in wanted]
