"""A score as a Standard MIDI File, format 1 (MIDI 1.0, RP-001): a conductor's track, then one track for each part."""

from __future__ import annotations

import struct
from typing import Final

from gpu_workers.composition import theory
from gpu_workers.composition.score import TABLA_NOTES, Part, Score

TICKS_PER_BEAT: Final = 480
DRUM_CHANNEL: Final = 9

DRUM_KITS: Final = {
    "kit_acoustic": 0, "kit_electronic": 24, "kit_hiphop": 25, "kit_brush": 40, "percussion_world": 0, "tabla": 0,
}  # fmt: skip
"""Instruments of the drum channel, with the program of their kit in Roland's GS."""
PROGRAMS: Final = {
    "taiko": 116, "bass_finger": 33, "bass_synth": 38, "bass_sub": 39, "bass_upright": 32,
    "piano": 0, "epiano": 4, "organ": 16, "clavinet": 7,
    "guitar_nylon": 24, "guitar_steel": 25, "guitar_electric": 27, "guitar_muted": 28,
    "harp": 46, "sitar": 104, "pluck_synth": 96, "tanpura": 104,
    "strings": 48, "strings_pizz": 45, "cello": 42, "violin": 40, "sarangi": 110,
    "flute": 73, "bansuri": 77, "brass": 61, "marimba": 12, "vibraphone": 11, "glockenspiel": 9, "celesta": 8,
    "pad_warm": 89, "pad_air": 91, "pad_dark": 95, "choir": 52,
    "lead_saw": 81, "lead_square": 80, "lead_soft": 82, "vowel": 53, "riser": 119, "impact": 47, "vinyl": 126,
}  # fmt: skip
"""General MIDI programs, from 0."""
_TABLA_AS_HANDS: Final = {"ge": 64, "ka": 62, "na": 60, "tin": 61, "te": 76, "re": 77, "tun": 63}
"""General MIDI has no tabla: congas, bongos and wood blocks stand in."""
_TABLA_KEYS: Final = {note: _TABLA_AS_HANDS[stroke] for stroke, note in TABLA_NOTES.items()}
_FIFTHS: Final = {0: 0, 7: 1, 2: 2, 9: 3, 4: 4, 11: 5, 6: 6, 5: -1, 10: -2, 3: -3, 8: -4, 1: -5}
"""Sharps (or, below zero, flats) of each major key."""

_Event = tuple[int, int, bytes]
"""Tick, order within the tick, message."""


def midi_bytes(score: Score) -> bytes:
    """The file: tempo, metre, key, sections and chords as markers, programs, volumes, pans and notes."""
    tracks = [_track(_conductor(score), _ticks(score.duration_beats))]
    channels = [channel for channel in range(16) if channel != DRUM_CHANNEL]
    pitched = 0
    for part in score.parts:
        drums = part.instrument in DRUM_KITS
        channel = DRUM_CHANNEL if drums else channels[pitched % len(channels)]
        pitched += not drums
        tracks.append(_track(_part_events(part, channel), _ticks(score.duration_beats)))
    return struct.pack(">4sIHHH", b"MThd", 6, 1, len(tracks), TICKS_PER_BEAT) + b"".join(tracks)


def _ticks(beats: float) -> int:
    return round(beats * TICKS_PER_BEAT)


def _conductor(score: Score) -> list[_Event]:
    tempo = struct.pack(">I", round(60e6 / score.tempo_bpm))[1:]
    events: list[_Event] = [(0, 0, _meta(0x03, b"conductor")), (0, 1, _meta(0x51, tempo))]
    events += _metres(score) + _key_signatures(score)
    for section in score.sections:
        text = f"section {section.emotion} ({section.key})"
        events.append((_ticks(section.start_beats), 4, _meta(0x06, text.encode("ascii"))))
    for chord in score.chords:
        symbol = theory.chord_symbol(chord.root, chord.quality, chord.bass, theory.names_in(score.key))
        events.append((_ticks(chord.start_beats), 5, _meta(0x06, symbol.encode("ascii"))))
    return events


def _metres(score: Score) -> list[_Event]:
    """A time signature at the start and wherever a bar is of another length than the one before."""
    events: list[_Event] = []
    lengths = [later - bar for bar, later in zip(score.bars, score.bars[1:], strict=False)]
    before = 0
    for bar, length in zip(score.bars or (0.0,), [*lengths, float(score.beats_per_bar)], strict=False):
        beats = max(1, round(length))
        if beats != before:
            events.append((_ticks(bar), 2, _meta(0x58, bytes((beats, 2, 24, 8)))))
        before = beats
    return events


def _key_signatures(score: Score) -> list[_Event]:
    """A key signature for each section in a key; a raga has none, its file says C major."""
    events: list[_Event] = []
    before = b""
    for section in score.sections:
        sharps, minor = _signature(section.key)
        message = _meta(0x59, struct.pack(">bB", sharps, minor))
        if message != before:
            events.append((_ticks(section.start_beats), 3, message))
        before = message
    return events


def _signature(key: str) -> tuple[int, int]:
    try:
        tonic, mode = theory.parse_key(key)
    except ValueError:
        return 0, 0
    return _FIFTHS[theory.relative_tonic(tonic, mode, "major")], int(mode in theory.DARK)


def _part_events(part: Part, channel: int) -> list[_Event]:
    drums = part.instrument in DRUM_KITS
    program = DRUM_KITS[part.instrument] if drums else PROGRAMS[part.instrument]
    # General MIDI level 2 puts the gain of a volume v at 40 log10(v / 127) dB; 0 dB here is 112, with headroom above.
    volume = max(1, min(127, round(112 * 10 ** (part.gain_db / 40))))
    pan = max(0, min(127, round(64 + 63 * part.pan)))
    events: list[_Event] = [
        (0, 0, _meta(0x03, part.name.encode("ascii"))),
        (0, 1, bytes((0xC0 | channel, program))),
        (0, 2, bytes((0xB0 | channel, 7, volume))),
        (0, 3, bytes((0xB0 | channel, 10, pan))),
        (0, 4, bytes((0xB0 | channel, 91, round(127 * part.send_room)))),
    ]
    for note in part.notes:
        key = _TABLA_KEYS.get(note.pitch, note.pitch) if part.instrument == "tabla" else note.pitch
        start = _ticks(note.start_beats)
        end = max(start + 1, _ticks(note.end_beats))
        touch = max(1, min(127, round(127 * note.velocity)))
        events.append((start, 7, bytes((0x90 | channel, key, touch))))
        events.append((end, 6, bytes((0x80 | channel, key, 64))))
    return events


def _meta(kind: int, data: bytes) -> bytes:
    return bytes((0xFF, kind)) + _variable(len(data)) + data


def _variable(number: int) -> bytes:
    """A number in MIDI's variable length: seven bits in a byte, the high bit on all but the last."""
    out = [number & 0x7F]
    while number := number >> 7:
        out.append(0x80 | number & 0x7F)
    return bytes(reversed(out))


def _track(events: list[_Event], end: int) -> bytes:
    body = bytearray()
    at = 0
    for tick, _, message in sorted(events):
        body += _variable(tick - at) + message
        at = tick
    body += _variable(max(0, end - at)) + _meta(0x2F, b"")
    return b"MTrk" + struct.pack(">I", len(body)) + bytes(body)
