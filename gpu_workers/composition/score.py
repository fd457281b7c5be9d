"""What is asked of a composition and what comes back: plain records that the writer fills and the sound reads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

TempoWish = Literal["slow", "medium", "fast"]

MIN_DURATION_S = 5.0
MAX_DURATION_S = 900.0
VERSIONS = 4
SEAM_TOLERANCE_S = 0.010

TABLA_NOTES = {"ge": 36, "ka": 37, "na": 38, "tin": 40, "te": 42, "re": 44, "tun": 45}
"""The strokes of a tabla as drum notes: ge and ka on the bass drum, the others on the treble; dha is ge with na."""


@dataclass(frozen=True, slots=True)
class Note:
    """One note. Times are in beats from the start of the score, swing and human timing already applied.

    `pitch` is a MIDI number (for drum kits the General MIDI drum note), `velocity` lies in 0..1. `passing` marks a note
    outside the section's scale on purpose: a chromatic passing tone or the raised leading note of a dominant.
    """

    start_beats: float
    duration_beats: float
    pitch: int
    velocity: float
    passing: bool = False

    @property
    def end_beats(self) -> float:
        """Where the note is let go, in beats."""
        return self.start_beats + self.duration_beats


@dataclass(frozen=True, slots=True)
class Part:
    """One instrument's line through the whole piece, notes in order of their starts.

    `name` is unique in the score. `duck` is the depth 0..1 of the side-chain under the kick, `pan` is -1 (left) to 1.
    `automation` holds (beat, gain_db) breakpoints, linear between them; no breakpoints means 0 dB throughout.
    """

    name: str
    instrument: str
    notes: tuple[Note, ...]
    gain_db: float
    pan: float
    send_room: float
    send_delay: float
    duck: float
    automation: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord in force from `start_beats`; `root` and `bass` are pitch classes 0..11 (C is 0)."""

    start_beats: float
    duration_beats: float
    root: int
    quality: str
    bass: int


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of one emotion. `energy` is 0..1. `key` and `scale` (pitch classes, tonic first) hold in it."""

    start_beats: float
    duration_beats: float
    emotion: str
    energy: float
    key: str = ""
    scale: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """A whole piece. Sections are contiguous from beat 0 to `duration_s`, the exact length of the audio.

    `scale` holds the pitch classes (0..11) of every section together, tonic first. `beats` and `bars` are the beat and
    bar lines, in beats: whole numbers apart, but for the slight push or hold that brings a seam to its exact time.
    `swing` (0..1) tells what was applied to the notes; it must not be applied again.
    """

    seed: int
    genre: str
    tempo_bpm: float
    beats_per_bar: int
    key: str
    scale: tuple[int, ...]
    duration_s: float
    parts: tuple[Part, ...]
    chords: tuple[Chord, ...]
    sections: tuple[Section, ...]
    swing: float
    loop: bool
    beats: tuple[float, ...] = ()
    bars: tuple[float, ...] = ()

    @property
    def duration_beats(self) -> float:
        """The length of the piece in beats."""
        return self.duration_s * self.tempo_bpm / 60.0

    def seconds(self, beats: float) -> float:
        """The time in seconds of a position in beats."""
        return beats * 60.0 / self.tempo_bpm


@dataclass(frozen=True, slots=True)
class SectionWish:
    """A section as asked for; `version` 0..3, where given, overrides the brief's for this section alone."""

    emotion: str
    start_s: float
    length_s: float
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Brief:
    """What to compose. Without sections the whole piece is one calm section; see `check` for what is refused.

    `tempo` is a wish within the genre's range or a number of beats per minute. `key` is such as "A minor" or "Bb".
    `include` and `exclude` name instruments; those included play, those excluded do not.
    """

    genre: str
    duration_s: float
    tempo: TempoWish | float = "medium"
    sections: tuple[SectionWish, ...] = ()
    key: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    seed: int = 0
    version: int = 0
    loop: bool = False

    def check(self) -> None:
        """Raise ValueError where the duration, the version or the sections' cover of the duration is wrong."""
        if not MIN_DURATION_S <= self.duration_s <= MAX_DURATION_S:
            raise ValueError(f"duration must lie between {MIN_DURATION_S:g} and {MAX_DURATION_S:g} s")
        versions = [self.version, *(wish.version for wish in self.sections if wish.version is not None)]
        if any(version not in range(VERSIONS) for version in versions):
            raise ValueError(f"a version is 0 to {VERSIONS - 1}")
        self._check_seams()

    def _check_seams(self) -> None:
        at_s = 0.0
        for wish in self.sections:
            if not wish.length_s > 0 or not math.isfinite(wish.length_s):
                raise ValueError("a section needs a length above zero")
            if abs(wish.start_s - at_s) > SEAM_TOLERANCE_S:
                raise ValueError(f"a section starts at {wish.start_s:g} s where {at_s:g} s was due")
            at_s = wish.start_s + wish.length_s
        if self.sections and abs(at_s - self.duration_s) > SEAM_TOLERANCE_S:
            raise ValueError(f"the sections end at {at_s:g} s, the piece at {self.duration_s:g} s")
