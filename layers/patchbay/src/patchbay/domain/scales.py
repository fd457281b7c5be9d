"""Scales of samples: a tonic and a mode, in the one form that they are stored and shown in."""

import re

from patchbay.domain.errors import InvalidInput

_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"": "", "#": "#", "\u266f": "#", "b": "b", "\u266d": "b"}
MODES = (
    "Major",
    "Minor",
    "Dorian",
    "Phrygian",
    "Lydian",
    "Mixolydian",
    "Locrian",
    "Harmonic Minor",
    "Melodic Minor",
    "Major Pentatonic",
    "Minor Pentatonic",
    "Blues",
)
_MODES = {mode.lower(): mode for mode in MODES} | {
    "": "Major",
    "maj": "Major",
    "ionian": "Major",
    "m": "Minor",
    "min": "Minor",
    "aeolian": "Minor",
    "natural minor": "Minor",
}
_SCALE = re.compile(r"([A-Ga-g])([#b\u266f\u266d]?)[\s_-]*([A-Za-z][A-Za-z _-]*)?")


def normal_scale(text: str) -> str:
    """The scale as it is stored: "f# min" is "F# Minor", "Bb" is "Bb Major"; empty stays empty.

    Raises `InvalidInput` for what is none.
    """
    wanted = text.strip()
    if not wanted:
        return ""
    found = _SCALE.fullmatch(wanted[:64])
    named = re.sub(r"[\s_-]+", " ", (found[3] or "").strip(" _-")) if found else ""
    mode = "Major" if named == "M" else _MODES.get(named.lower())
    if found is None or mode is None or len(wanted) > 64:
        raise InvalidInput(
            f"{wanted[:64]!r} is not a scale; it has a tonic from A to G, with # or b, and a mode: {', '.join(MODES)}",
            field="scale",
        )
    return f"{found[1].upper()}{_ACCIDENTALS[found[2]]} {mode}"


def scale_class(scale: str) -> str:
    """What scales of the same notes and tonic have in common, in one word: that of "Bb Minor" is that of "A# Minor".

    `scale` is one as `normal_scale` gives it; empty stays empty.
    """
    if not scale:
        return ""
    tonic, mode = scale.split(" ", 1)
    shift = {"#": 1, "b": -1}.get(tonic[1:], 0)
    return f"{(_SEMITONES[tonic[0]] + shift) % 12}-{mode.lower().replace(' ', '-')}"
