"""What a genre is made of: data only, one record in each of the files beside this one.

Rhythms are strings of sixteenth notes, one bar or two in 4/4: a digit is a hit of that velocity (9 is full), "-" holds
the note before, "." is a rest. In 3/4 the third beat is left out. Bass lines use letters for the tones of the chord.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Style = Literal[
    "drums", "tabla", "perc", "bass", "pad", "block", "strum", "arp", "ostinato", "melody", "raga", "counter", "drone",
    "texture", "riser", "impact",
]  # fmt: skip
Patterns = tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class Groove:
    """A drum pattern played from this intensity (0..1) up: (General MIDI drum note, rhythm) for each voice."""

    intensity: float
    lines: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """One instrument's place in the arrangement; it plays where the intensity lies within `enter`..`leave`.

    `instruments` are alternatives, the likeliest first. `patterns` are (intensity, rhythm) for the styles that need
    one; percussion writes "70:5.3.|54:..6." with a drum note before each rhythm. `low` and `high` bound the pitches.
    Gain in dB at the fader; pan -1..1; sends and duck 0..1.
    """

    role: str
    style: Style
    instruments: tuple[str, ...]
    enter: float = 0.0
    leave: float = 1.01
    gain_db: float = 0.0
    pan: float = 0.0
    room: float = 0.2
    delay: float = 0.0
    duck: float = 0.0
    low: int = 48
    high: int = 72
    patterns: Patterns = ()


@dataclass(frozen=True, slots=True)
class Genre:
    """A genre's practice.

    `tempos` are the ranges in beats per minute for each wish. `swing` 0..1 delays every second step of `swing_steps`
    per beat (2: eighths, 4: sixteenths). `colour` is the size of its chords. `progressions` are four bars of degrees
    for each mode. `form` lists (label, bars) after the introduction. `loose` 0..1 is how far players stray from the
    grid. `triple` is the share of gentle pieces in 3/4. `melody_density` scales the notes of melodies.
    """

    name: str
    tempos: Mapping[str, tuple[float, float]]
    layers: tuple[Layer, ...]
    grooves: tuple[Groove, ...] = ()
    progressions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    form: tuple[tuple[str, int], ...] = (("verse", 8), ("chorus", 8))
    colour: Literal["triad", "seventh", "ninth", "open", "modal"] = "triad"
    swing: float = 0.0
    swing_steps: Literal[2, 4] = 4
    loose: float = 0.3
    triple: float = 0.0
    melody_density: float = 1.0
    chromatic: float = 0.0
    plagal: float = 0.3
    """How often the last cadence goes through the fourth degree rather than the fifth."""
