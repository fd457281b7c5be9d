"""Bass lines: chord tones from rhythm strings, made to strike with the kick, with steps into the next chord."""

from __future__ import annotations

from gpu_workers.composition import theory
from gpu_workers.composition.form import Bar
from gpu_workers.composition.genres.record import Layer
from gpu_workers.composition.piece import STEPS, Hit, Piece, bar_pattern, for_intensity, read_hits, velocity
from gpu_workers.composition.score import Chord, Note

_TONES = {"R": 0, "r": 0, "3": 1, "5": 2, "7": 3}
"""Which tone of the chord a letter plays: R and r the root (r softly), 8 the octave, a a step towards the next root."""


def write_bass(piece: Piece, layer: Layer, plays: list[bool], kicks: dict[int, list[int]]) -> list[Note]:
    """The line on the grid. `kicks` has the sixteenths of each bar, by its index, at which the bass drum strikes."""
    notes: list[Note] = []
    root = (layer.low + layer.high) // 2 - 4
    for index, bar in enumerate(piece.plan.bars):
        if not plays[index]:
            continue
        for hit in bass_hits(piece, layer, index, bar, kicks.get(index, [])):
            beat = bar.start + hit.step / STEPS
            chord = piece.chord_at(index, beat)
            root = _root(chord, root, layer)
            after = piece.chords[(index + 1) % len(piece.chords)][0]
            pitch = _tone(piece, bar, chord, after, hit.mark, root, layer)
            length = min(hit.length / STEPS * 0.94, bar.start + bar.beats - beat)
            touch = velocity(bar.intensity, 0.7 if hit.mark == "r" else 1.0)
            outside = pitch % 12 not in piece.home(bar).scale
            notes.append(Note(beat, length, pitch, touch, outside))
    return notes


def bass_hits(piece: Piece, layer: Layer, index: int, bar: Bar, kicks: list[int]) -> list[Hit]:
    """What the bass plays in a bar: its rhythm, the kicks that it had left out, and the root on each new chord."""
    if bar.ending:
        return [Hit(0, bar.beats * STEPS, "R")]
    own = list(bar_pattern(for_intensity(layer.patterns, bar.intensity), bar, piece.plan.beats_per_bar, index))
    for step in kicks:
        if step < len(own) and own[step] in ".-" and bar.intensity > 0.3:
            own[step] = "R"
    for chord in piece.chords[index]:
        own[int((chord.start_beats - bar.start) * STEPS)] = "R"
    version = piece.span(bar).version
    if not bar.ends_phrase:
        own = ["R" if mark == "a" else mark for mark in own] if version % 2 == 0 else own
    return read_hits("".join(own))


def _root(chord: Chord, before: int, layer: Layer) -> int:
    """The bass note of a chord in the register, near where the line was but drawn to the low middle of it."""
    home = (2 * layer.low + layer.high) / 3
    return theory.nearest(chord.bass, (before + home) / 2, layer.low, max(layer.high, layer.low + 11))


def _tone(piece: Piece, bar: Bar, chord: Chord, after: Chord, mark: str, root: int, layer: Layer) -> int:
    if mark == "8":
        return root + 12 if root + 12 <= layer.high + 7 else root
    if mark == "a":
        return _towards(piece, bar, root, theory.nearest(after.bass, root, layer.low, max(layer.high, layer.low + 11)))
    classes = theory.chord_classes(chord.root, chord.quality)
    place = _TONES.get(mark, 0)
    if place == 0 or place >= len(classes):
        return root
    above = root + (classes[place] - root) % 12
    return above if above <= layer.high + 5 else above - 12


def _towards(piece: Piece, bar: Bar, root: int, goal: int) -> int:
    """The note of the scale next to the goal, on the side that the line comes from."""
    scale = piece.home(bar).scale
    steps = (1, 2) if root >= goal else (-1, -2)
    return next((goal + step for step in steps if (goal + step) % 12 in scale), goal)
