"""Sounds for the tests: chords of partials."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

RATE_HZ = 22050
CHORDS = {"maj": (0, 4, 7), "min": (0, 3, 7)}


def chord(notes: Sequence[int], seconds: float, cents: float = 0.0) -> npt.NDArray[np.float32]:
    """MIDI notes at once, each of six partials that fall by 6 dB, with soft ends."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    out = np.zeros(len(t))
    for note in notes:
        hz = 440 * 2 ** ((note - 69 + cents / 100) / 12)
        for k in range(1, 7):
            out += 0.1 * 0.5 ** (k - 1) * np.sin(2 * np.pi * k * hz * t + note * k)
    edge = np.minimum(1, np.minimum(t, t[::-1]) / 0.02)
    return np.asarray(out * edge, np.float32)


def progression(labels: Sequence[str], seconds: float, up: int = 0) -> npt.NDArray[np.float32]:
    """Triads over their bass, as "C:maj", one after the other, `up` semitones higher."""
    names = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
    parts = []
    for label in labels:
        name, quality = label.split(":")
        root = names.index(name) + up
        parts.append(chord([36 + root % 12, *(60 + (root + step) % 12 for step in CHORDS[quality])], seconds))
    return np.concatenate(parts)
