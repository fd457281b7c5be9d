"""All instruments by name, at levels that sit together."""

from dataclasses import replace

from gpu_workers.composition.sound import (
    basses,
    bowed,
    drums,
    indian,
    keys,
    leads,
    mallets,
    pads,
    plucked,
    scenery,
    voices,
    winds,
    world_drums,
)
from gpu_workers.composition.sound.instrument import Instrument

_LEVELS_DB: dict[str, float] = {
    "kit_acoustic": 4.5, "kit_electronic": 5, "kit_hiphop": 6, "kit_brush": 5, "tabla": -0.5, "taiko": 0,
    "percussion_world": 3, "bass_finger": -4, "bass_synth": -7.5, "bass_sub": -8.5, "bass_upright": -4, "piano": -10,
    "epiano": -6, "organ": -10.5, "clavinet": -8, "guitar_nylon": -8.5, "guitar_steel": -10, "guitar_electric": -5,
    "guitar_muted": 1.5, "harp": -9, "strings_pizz": -4, "pluck_synth": -5, "sitar": -4, "tanpura": -6, "strings": -9,
    "cello": -3.5, "violin": -5.5, "sarangi": -4.5, "flute": -6, "bansuri": -5.5, "brass": -1.5, "marimba": -3.5,
    "vibraphone": -9, "glockenspiel": -7.5, "celesta": -6.5, "pad_warm": -10.5, "pad_air": -9.5, "pad_dark": -7.5,
    "choir": -10, "vowel": -6, "lead_saw": -5, "lead_square": -7.5, "lead_soft": -8, "riser": -0.5, "impact": 3.5,
    "vinyl": 8,
}  # fmt: skip
"""Measured: they bring the momentary loudness of a note of velocity 0.75, in the middle of the range, to -16.5 LUFS for
basses, -17.5 for lines, -18 to -20 for drums, -19 for what is struck or plucked, -20 for what plays long chords."""

_FAMILIES = (drums, world_drums, basses, keys, plucked, indian, bowed, winds, mallets, pads, voices, leads, scenery)

INSTRUMENTS: dict[str, Instrument] = {
    name: replace(instrument, level_db=_LEVELS_DB.get(name, 0.0))
    for family in _FAMILIES
    for name, instrument in family.INSTRUMENTS.items()
}
"""What a score may ask for."""
