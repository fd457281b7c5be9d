"""The sixteen emotions as musical settings: what each asks of mode, energy, register, touch and consonance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Emotion:
    """How a section should feel.

    `energy` 0..1 orders the emotions by drive: it sets the layers, the density and the dynamics. `valence` -1..1 and
    `tension` 0..1 choose harmony and contour. `register` shifts melodies and chords, in semitones. `legato` 0..1 is how
    long notes are held. `modes` are those that fit, the best first.
    """

    energy: float
    valence: float
    tension: float
    register: int
    legato: float
    modes: tuple[str, ...]


EMOTIONS: Final[dict[str, Emotion]] = {
    "depressing": Emotion(0.10, -0.9, 0.30, -7, 0.95, ("minor", "phrygian")),
    "relaxing": Emotion(0.16, 0.5, 0.00, 0, 0.95, ("major", "lydian")),
    "calm": Emotion(0.22, 0.4, 0.05, 0, 0.90, ("major", "lydian", "dorian")),
    "sad": Emotion(0.28, -0.7, 0.20, -3, 0.90, ("minor", "dorian")),
    "dreamy": Emotion(0.34, 0.3, 0.10, 5, 0.95, ("lydian", "major")),
    "fearful": Emotion(0.40, -0.6, 0.80, 3, 0.60, ("phrygian", "minor")),
    "scary": Emotion(0.46, -0.8, 0.95, -5, 0.70, ("phrygian", "minor")),
    "tense": Emotion(0.52, -0.5, 0.85, -2, 0.50, ("phrygian", "minor", "dorian")),
    "inspirational": Emotion(0.58, 0.7, 0.10, 2, 0.80, ("major", "lydian")),
    "happy": Emotion(0.64, 0.8, 0.00, 3, 0.60, ("major", "mixolydian")),
    "cheerful": Emotion(0.70, 0.9, 0.00, 5, 0.50, ("major", "mixolydian")),
    "motivational": Emotion(0.76, 0.6, 0.15, 2, 0.60, ("major", "mixolydian", "dorian")),
    "joyful": Emotion(0.82, 1.0, 0.00, 5, 0.50, ("major", "lydian", "mixolydian")),
    "angry": Emotion(0.88, -0.8, 0.90, -5, 0.40, ("minor", "phrygian")),
    "triumphant": Emotion(0.94, 0.9, 0.20, 3, 0.75, ("major", "mixolydian")),
    "energetic": Emotion(1.00, 0.6, 0.20, 2, 0.45, ("mixolydian", "dorian", "major", "minor")),
}


def emotion_named(name: str) -> Emotion:
    """The emotion of this name. Raises ValueError where there is none."""
    try:
        return EMOTIONS[name]
    except KeyError:
        raise ValueError(f"no such emotion: {name!r}") from None
