"""Keys, chords, progressions and voicings: what is played, as pitch classes and MIDI note numbers."""

from dataclasses import dataclass

import numpy as np

NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
"""Pitch classes from C; always sharps, so that names compare as text."""

KEYS = tuple(f"{name} {mode}" for mode in ("major", "minor") for name in NAMES)

SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}

# Degree in semitones above the tonic, and the quality of the triad.
_FUNCTIONS = {
    "I": (0, "maj"), "ii": (2, "min"), "iii": (4, "min"), "IV": (5, "maj"), "V": (7, "maj"), "vi": (9, "min"),
    "iv": (5, "min"), "bVII": (10, "maj"), "II": (2, "maj"),
    "i": (0, "min"), "III": (3, "maj"), "v": (7, "min"), "VI": (8, "maj"), "VII": (10, "maj"),
}  # fmt: skip

_PROGRESSIONS = {
    "major": (
        "I V vi IV", "I vi IV V", "I IV V I", "I IV I V", "I vi ii V", "ii V I I", "I iii IV V", "I ii IV V",
        "IV V iii vi", "vi IV I V", "I bVII IV I", "I IV iv I", "I V IV V", "I II ii V", "I IV ii V", "I iii vi IV",
    ),
    "minor": (
        "i VI III VII", "i iv V i", "i iv v i", "i VII VI V", "i VI iv V", "i iv VII III", "i v VI VII",
        "i III VII iv", "i VI VII i", "iv V i i", "i VII iv V", "i i iv V",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Chord:
    """A triad, with or without a seventh that its label leaves out."""

    root: int
    """Pitch class, 0 is C."""
    quality: str
    """"maj" or "min"."""
    seventh: int | None = None
    """Semitones above the root, None for a plain triad."""

    @property
    def label(self) -> str:
        """As "C:maj"."""
        return f"{NAMES[self.root]}:{self.quality}"

    @property
    def classes(self) -> tuple[int, ...]:
        """Pitch classes from the root up."""
        third = 4 if self.quality == "maj" else 3
        tones = (0, third, 7) if self.seventh is None else (0, third, 7, self.seventh)
        return tuple((self.root + tone) % 12 for tone in tones)


def tonic_and_mode(key: str) -> tuple[int, str]:
    """Pitch class and "major" or "minor" of a key as "A minor". Raises ValueError for an unknown one."""
    if key not in KEYS:
        raise ValueError(f"no such key: {key!r}")
    name, mode = key.split()
    return NAMES.index(name), mode


def chord(function: str, tonic: int, sevenths: float, rng: np.random.Generator) -> Chord:
    """The chord of a function such as "V"; with a seventh in a share `sevenths` of cases."""
    degree, quality = _FUNCTIONS[function]
    seventh = None
    if rng.random() < sevenths:
        seventh = 11 if quality == "maj" and function in {"I", "IV", "VI", "III"} else 10
    return Chord((tonic + degree) % 12, quality, seventh)


def song(bars: int, key: str, halves: float, hold: int, rng: np.random.Generator) -> list[tuple[Chord, ...]]:
    """Chords of each bar, one or two: phrases of one progression and of another, mostly ending on the tonic.

    `halves`: the chance that the song has two chords in a bar; `hold`: bars for each chord where it has one.
    """
    tonic, mode = tonic_and_mode(key)
    sevenths = float(rng.choice((0.0, 0.0, 0.25, 0.8)))
    first, second = (str(rng.choice(_PROGRESSIONS[mode])).split() for _ in range(2))
    home = "I" if mode == "major" else "i"
    if home not in first[:2]:  # a listener needs the tonic early to hear the key at all
        second, first = first, str(_PROGRESSIONS[mode][int(rng.integers(4))]).split()
    two_a_bar = rng.random() < halves
    made: list[tuple[Chord, ...]] = []
    phrase = 0
    while len(made) < bars:
        functions = second if phrase % 4 == 2 else first
        made.extend(_phrase(functions, tonic, sevenths, hold, two_a_bar, rng))
        phrase += 1
    made = made[:bars]
    if rng.random() < 0.75:
        made[-1] = (chord(home, tonic, 0.0, rng),)
    return made


def _phrase(
    functions: list[str], tonic: int, sevenths: float, hold: int, two_a_bar: bool, rng: np.random.Generator
) -> list[tuple[Chord, ...]]:
    chords = [chord(function, tonic, sevenths, rng) for function in functions]
    if two_a_bar:
        return [(chords[0], chords[1]), (chords[2], chords[3])]
    return [(c,) for c in chords for _ in range(hold)]


def voicing(wanted: Chord, before: list[int] | None, centre: float, tones: int) -> list[int]:
    """MIDI notes for a chord near `centre`, moving as little as can be from the chord `before`.

    `tones`: how many notes, at least as many as the chord has; the rest double it an octave higher.
    """
    classes = wanted.classes
    lowest = [n for n in range(int(centre) - 9, int(centre) + 7) if n % 12 in classes]
    choices = []
    for bottom in lowest:
        notes = [n for n in range(bottom, bottom + 25) if n % 12 in classes][: max(tones, len(classes))]
        if {n % 12 for n in notes} == set(classes):
            choices.append(notes)
    return min(choices, key=lambda notes: _distance(notes, before, centre))


def _distance(notes: list[int], before: list[int] | None, centre: float) -> float:
    home = abs(float(np.mean(notes)) - centre - 3) * 0.7
    if before is None:
        return home
    return home + float(np.mean([min(abs(n - b) for b in before) for n in notes]))
