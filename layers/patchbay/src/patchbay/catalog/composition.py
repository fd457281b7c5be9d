"""What can be asked of a composition: genres, emotions, tempos, instruments and their limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

Genre = Literal["indian", "pop", "ambient", "indie", "rnb", "cinematic", "hiphop", "electronic"]
Emotion = Literal[
    "sad", "calm", "motivational", "happy", "scary", "cheerful", "angry", "triumphant",
    "relaxing", "depressing", "dreamy", "inspirational", "energetic", "joyful", "tense", "fearful",
]  # fmt: skip
Tempo = Literal["slow", "medium", "fast"]

GENRES: Final[tuple[str, ...]] = get_args(Genre)
EMOTIONS: Final[tuple[str, ...]] = get_args(Emotion)
TEMPOS: Final[tuple[str, ...]] = get_args(Tempo)

MIN_DURATION_S, MAX_DURATION_S = 5.0, 900.0
MIN_SECTION_S = 1.0
MAX_SECTIONS = 56
"""Four versions of so many, each with its stems, are as many files as one job may make."""
MAX_FILES = 900
"""Files of one piece: a record of the table holds 400 KB, and each file takes about 350 bytes of it."""
MIN_BPM, MAX_BPM = 30.0, 300.0
MAX_VERSIONS = 4
SEAM_S = 0.01
"""How far the end of a section may lie from the start of the next."""
MAX_SEED = 2**31 - 1

PARTS: Final = ("bass", "chords", "melody", "percussion")
"""The stems of every composition, whatever instruments play in them."""
INSTRUMENTS_ZIP: Final = "instruments.zip"
"""A file for each part of the piece, named by its stem and instrument: 32-bit float WAV, summing to the mix."""
FILES: Final = ("score.mid", "pianoroll.png", "composition.json")
VALUES: Final = ("key", "bpm", "instruments")
"""What every piece comes with, beside audio."""
MODES: Final = ("major", "minor", "dorian", "phrygian", "lydian", "mixolydian")

_KITS = ("kit_acoustic", "kit_electronic", "kit_hiphop", "kit_brush")
_LEADS = ("lead_soft", "lead_saw", "lead_square")
_PADS = ("pad_warm", "pad_air", "pad_dark")
_GUITARS = ("guitar_steel", "guitar_nylon", "guitar_electric", "guitar_muted")
EFFECTS: Final = ("riser", "impact", "vinyl")
"""Sounds that carry no music by themselves."""
INSTRUMENTS: Final[tuple[str, ...]] = (
    *_KITS, "percussion_world", "taiko", "tabla", "bass_finger", "bass_synth", "bass_sub", "bass_upright", "piano",
    "epiano", "organ", "clavinet", "brass", "strings", "choir", *_PADS, *_GUITARS, "harp", "pluck_synth", "marimba",
    "vibraphone", "glockenspiel", "celesta", "strings_pizz", "tanpura", "cello", "violin", "flute", *_LEADS, "vowel",
    "sitar", "sarangi", "bansuri", *EFFECTS,
)  # fmt: skip
"""Instruments that can be asked for or refused by name."""


@dataclass(frozen=True, slots=True)
class GenreFacts:
    """What the rest of the product needs to know of a genre."""

    emotion: Emotion
    """What it sounds like if nothing else is said."""
    band: tuple[str, ...]
    """The instruments that may play in it without being asked for, the most usual first."""


FACTS: Final[Mapping[str, GenreFacts]] = {
    "indian": GenreFacts("calm", (
        "sitar", "tabla", "tanpura", "bansuri", "sarangi", "violin", "percussion_world", "bass_finger", "bass_upright",
        "strings", "pad_warm", "guitar_nylon", "harp",
    )),
    "pop": GenreFacts("happy", (
        "kit_acoustic", "kit_electronic", "percussion_world", "bass_finger", "bass_synth", "piano", "epiano",
        "guitar_steel", "guitar_electric", "pad_warm", "strings", "pluck_synth", "marimba", "vowel", "lead_soft",
        "glockenspiel", "choir", "riser", "impact",
    )),
    "ambient": GenreFacts("calm", (
        "pad_warm", "pad_air", "pad_dark", "bass_sub", "bass_synth", "piano", "celesta", "flute", "lead_soft", "harp",
        "pluck_synth", "vibraphone", "cello", "choir", "strings", "kit_electronic", "kit_brush", "percussion_world",
        "riser",
    )),
    "indie": GenreFacts("happy", (
        "guitar_steel", "guitar_nylon", "guitar_electric", "guitar_muted", "kit_acoustic", "kit_brush",
        "percussion_world", "bass_finger", "organ", "pad_warm", "strings", "vowel", "glockenspiel", "piano", "cello",
        "violin",
    )),
    "rnb": GenreFacts("relaxing", (
        "epiano", "piano", "clavinet", "kit_hiphop", "kit_acoustic", "kit_brush", "percussion_world", "bass_finger",
        "bass_synth", "bass_sub", "guitar_muted", "guitar_electric", "pad_warm", "strings", "choir", "vowel",
        "lead_soft", "vibraphone", "flute", "pluck_synth", "celesta",
    )),
    "cinematic": GenreFacts("inspirational", (
        "strings", "brass", "choir", "taiko", "kit_acoustic", "cello", "violin", "piano", "harp", "celesta", "flute",
        "strings_pizz", "bass_sub", "pad_warm", "pad_dark", "riser", "impact",
    )),
    "hiphop": GenreFacts("relaxing", (
        "kit_hiphop", "kit_electronic", "percussion_world", "bass_sub", "bass_upright", "bass_synth", "epiano",
        "piano", "vibraphone", "pad_dark", "strings", "choir", "guitar_nylon", "harp", "pluck_synth", "flute",
        "lead_soft", "vowel", "brass", "vinyl", "impact",
    )),
    "electronic": GenreFacts("energetic", (
        "kit_electronic", "percussion_world", "bass_synth", "bass_sub", "lead_soft", "lead_saw", "lead_square",
        "pluck_synth", "pad_warm", "pad_air", "strings", "piano", "organ", "vowel", "choir", "riser", "impact",
    )),
}  # fmt: skip

_SLOW = ("sad", "calm", "relaxing", "depressing", "dreamy", "fearful")
_FAST = ("energetic", "joyful", "angry")


def usual_tempo(emotion: str) -> Tempo:
    """The tempo that an emotion is usually played at."""
    return "slow" if emotion in _SLOW else "fast" if emotion in _FAST else "medium"


_GENRE_OF: Final[Mapping[str, Genre]] = {
    "happy": "pop", "cheerful": "pop", "joyful": "pop", "motivational": "pop", "energetic": "electronic",
    "calm": "ambient", "relaxing": "ambient", "dreamy": "ambient",
}  # fmt: skip


def usual_genre(emotion: str | None) -> Genre:
    """The genre in which an emotion is put if none is told."""
    return _GENRE_OF.get(emotion or "", "cinematic")


def matching(names: tuple[str, ...], genre: str) -> str:
    """Which of several instruments fits a genre best: the first that its own band has, else the first."""
    return next((name for name in FACTS[genre].band if name in names), names[0])


def output_names(
    *,
    formats: Sequence[str],
    versions: int,
    sections: int,
    stems: bool,
    instrument_stems: bool,
    sections_audio: bool,
    section_stems: bool,
) -> tuple[str, ...]:
    """Names of all that a piece comes with, in the order in which it is told; the workflow `compose` explains them."""
    places = [f"{version}-{section}" for version in range(versions) for section in range(sections)]
    names = [f"track.{name}" for name in formats]
    if stems:
        names += [f"stem-{part}.{name}" for part in PARTS for name in formats]
    if instrument_stems:
        names.append(INSTRUMENTS_ZIP)
    if sections_audio:
        names += [f"{kind}-{place}.mp3" for place in places for kind in ("section", "preview")]
    if section_stems:
        names += [f"stem-{place}-{part}.mp3" for place in places for part in PARTS]
    return (*names, *FILES, *VALUES)
