"""Accompaniment: chords held, struck, strummed or broken, ostinati, drones, and the effects around a seam."""

from __future__ import annotations

from dataclasses import replace

from gpu_workers.composition import theory
from gpu_workers.composition.form import Bar
from gpu_workers.composition.genres.record import Layer
from gpu_workers.composition.harmony import voice
from gpu_workers.composition.piece import STEPS, Hit, Piece, bar_pattern, for_intensity, read_hits, velocity
from gpu_workers.composition.score import Chord, Note

_STRUM_BEATS = 0.03
_EFFECT_PITCH = 60
_RISE = 0.10
"""The least rise of intensity that a riser announces."""
_POSITIONS = (0, 4, -4, 7)
"""By how many semitones a version's chords lie higher, which gives them other inversions."""
_LOWEST = 48
"""No section's mood moves a chord below this: thirds lower down are mud, and it is the bass's place."""
_ORDERS = ((0, 1, 2, 3), (0, 2, 1, 2), (3, 2, 1, 0), (0, 3, 1, 2))
"""The order of a broken chord's notes, by version."""


def write_pad(piece: Piece, layer: Layer, plays: list[bool]) -> list[Note]:
    """Chords held for as long as they last, each voice moving as little as it can."""
    notes: list[Note] = []
    for bar, chord, pitches in _voiced(piece, layer, plays):
        length = chord.duration_beats * (1.0 if bar.ending else 0.985)
        notes += [_note(piece, bar, chord.start_beats, length, pitch, 0.85) for pitch in pitches]
    return notes


def write_struck(piece: Piece, layer: Layer, plays: list[bool]) -> list[Note]:
    """Chords struck in a rhythm: together for "block", string after string for "strum"."""
    notes: list[Note] = []
    lag = _STRUM_BEATS if layer.style == "strum" else 0.0
    voiced = _by_bar(piece, layer, plays)
    for index, bar in enumerate(piece.plan.bars):
        for place, hit in enumerate(_hits(piece, layer, bar, index)):
            beat = bar.start + hit.step / STEPS
            pitches = _sounding(voiced.get(index, []), beat)
            down = place % 2 == 0
            for string, pitch in enumerate(pitches if down else pitches[::-1]):
                start = beat + string * lag
                length = max(0.1, min(hit.length / STEPS, bar.start + bar.beats - beat) * 0.96 - string * lag)
                notes.append(_note(piece, bar, start, length, pitch, int(hit.mark) / 9 + 0.1))
    return notes


def write_broken(piece: Piece, layer: Layer, plays: list[bool]) -> list[Note]:
    """Chords one note at a time, in an order that the version chooses; the last bar gathers them into one chord."""
    notes: list[Note] = []
    voiced = _by_bar(piece, layer, plays)
    for index, bar in enumerate(piece.plan.bars):
        hits = _hits(piece, layer, bar, index)
        order = _ORDERS[piece.span(bar).version]
        for place, hit in enumerate(hits):
            beat = bar.start + hit.step / STEPS
            pitches = _sounding(voiced.get(index, []), beat)
            if not pitches:
                continue
            ring = min(bar.start + bar.beats - beat, max(hit.length / STEPS, 0.5) * 1.4)
            chosen = pitches if bar.ending else (pitches[order[place % 4] % len(pitches)],)
            if not bar.ending and len(pitches) > 3 and place % 8 == 4:
                chosen = (pitches[-1],)
            notes += [_note(piece, bar, beat, ring, pitch, int(hit.mark) / 9 + 0.2) for pitch in chosen]
    return notes


def write_ostinato(piece: Piece, layer: Layer, plays: list[bool]) -> list[Note]:
    """One figure again and again: root, fifth, octave and third of each chord, low in the range."""
    notes: list[Note] = []
    for index, bar in enumerate(piece.plan.bars):
        if not plays[index]:
            continue
        figure = ((0, 2, 3, 2), (0, 0, 2, 1), (0, 1, 2, 1), (3, 2, 0, 2))[piece.span(bar).version]
        for place, hit in enumerate(_hits(piece, layer, bar, index)):
            beat = bar.start + hit.step / STEPS
            chord = piece.chord_at(index, beat)
            classes = theory.chord_classes(chord.root, chord.quality)
            root = theory.nearest(chord.root, layer.low + 6, layer.low, layer.high)
            tone = figure[place % 4] if not bar.ending else 0
            above = 12 if tone == 3 else (classes[min(tone, len(classes) - 1)] - root) % 12
            pitch = root + above if root + above <= layer.high else root
            length = min(bar.start + bar.beats - beat, hit.length / STEPS * 0.9)
            notes.append(_note(piece, bar, beat, length, pitch, int(hit.mark) / 9 + 0.15))
    return notes


def write_drone(piece: Piece, layer: Layer, plays: list[bool]) -> list[Note]:
    """The tanpura's round: the raga's second note, Sa, Sa, and Sa below; or a root and fifth of the chord."""
    notes: list[Note] = []
    for index, bar in enumerate(piece.plan.bars):
        if not plays[index]:
            continue
        sa = theory.nearest(piece.home(bar).tonic, 50, 48, 59)
        drone = piece.ragas[bar.section].drone if piece.ragas else 7
        cycle = (sa - 12 + drone, sa, sa, sa - 12)
        slots = 1 if bar.ending else bar.beats if bar.intensity > 0.3 else max(1, bar.beats // 2)
        gap = bar.beats / slots
        for slot in range(slots):
            pitch = cycle[(bar.in_block * slots + slot) % 4] if not bar.ending else sa - 12
            start = bar.start + slot * gap
            length = min(3.0, bar.start + bar.beats - start) if not bar.ending else float(bar.beats)
            notes.append(_note(piece, bar, start, length, pitch, 0.75))
    return notes


def write_texture(piece: Piece, plays: list[bool]) -> list[Note]:
    """A bed of noise: one note for each stretch of bars where it sounds, four bars at most."""
    notes: list[Note] = []
    bars = piece.plan.bars
    for index, bar in enumerate(bars):
        if not plays[index]:
            continue
        joins = notes and notes[-1].end_beats == bar.start and bar.in_phrase
        if joins:
            start = notes[-1].start_beats
            notes[-1] = Note(start, bar.start + bar.beats - start, _EFFECT_PITCH, notes[-1].velocity)
        else:
            notes.append(Note(float(bar.start), float(bar.beats), _EFFECT_PITCH, 0.5))
    return notes


def write_risers(piece: Piece) -> list[Note]:
    """A rise through the last one or two bars before a much livelier block, in its key, ending where it starts."""
    notes: list[Note] = []
    for index, bar in enumerate(piece.plan.bars):
        rise = bar.next_intensity - bar.intensity
        if not bar.ends_block or bar.ending or rise < _RISE:
            continue
        long = rise > 2 * _RISE and bar.in_block > 0
        start = piece.plan.bars[index - 1].start if long else bar.start
        touch = min(1.0, 0.4 + 0.6 * bar.next_intensity)
        after = piece.plan.bars[(index + 1) % len(piece.plan.bars)]
        pitch = _EFFECT_PITCH + piece.home(after).tonic
        notes.append(Note(float(start), float(bar.start + bar.beats - start), pitch, touch))
    return notes


def write_impacts(piece: Piece, layer: Layer) -> list[Note]:
    """A blow where a livelier block or section begins."""
    notes: list[Note] = []
    for before, bar in zip(piece.plan.bars, piece.plan.bars[1:], strict=False):
        rises = bar.in_block == 0 and bar.intensity - before.intensity >= _RISE / 2
        if rises and bar.intensity >= layer.enter * 0.9 and not bar.ending:
            length = float(min(4, bar.beats))
            notes.append(Note(float(bar.start), length, _EFFECT_PITCH, velocity(bar.intensity, 0.9)))
    return notes


def _hits(piece: Piece, layer: Layer, bar: Bar, index: int) -> list[Hit]:
    """A layer's rhythm in a bar; one stroke, held, on the last bar of the piece."""
    if bar.ending:
        return [Hit(0, bar.beats * STEPS, "8")]
    text = bar_pattern(for_intensity(layer.patterns, bar.intensity), bar, piece.plan.beats_per_bar, index)
    version = piece.span(bar).version
    if version == 0 or layer.style not in {"block", "strum"} or bar.intensity < 0.2:
        return read_hits(text)
    rng = piece.rng(bar, "comping", layer.role, bar.label)
    marks = list(text)
    places = [hit for hit in read_hits(text) if hit.step]
    if places and version != 3:
        moved = rng.choice(places)
        target = moved.step + rng.choice((-2, 2) if moved.step >= 4 else (2,))
        if target < len(marks) and marks[target] in "-.":
            marks[target], marks[moved.step] = marks[moved.step], "-"
    elif version == 3 and len(marks) >= 16 and marks[14] in "-.":
        marks[14] = "5"
    return read_hits("".join(marks))


def _voiced(piece: Piece, layer: Layer, plays: list[bool]) -> list[tuple[Bar, Chord, tuple[int, ...]]]:
    """Every chord in the bars played with its pitches, led from one to the next."""
    rows: list[tuple[Bar, Chord, tuple[int, ...]]] = []
    before: tuple[int, ...] = ()
    count = 4 if layer.style in {"arp", "strum"} or piece.genre.colour in {"seventh", "ninth", "open"} else 3
    section, held = -1, layer.style == "pad"
    for index, bar in enumerate(piece.plan.bars):
        if not plays[index]:
            continue
        before = () if bar.section != section and _POSITIONS[piece.span(bar).version] else before
        section = bar.section
        low, high = _range(piece, bar, layer)
        for chord in piece.chords[index]:
            # The ninth is left to those who strike the chord: held against their third it rubs.
            own = replace(chord, quality=theory.PLAIN.get(chord.quality, chord.quality)) if held else chord
            before = voice(own, before, low, max(high, low + 16), count, grounded=_grounded(piece, bar))
            rows.append((bar, chord, before))
    return rows


def _range(piece: Piece, bar: Bar, layer: Layer) -> tuple[int, int]:
    """The layer's range for the section's register; versions lie in other positions."""
    shift = piece.emotion(bar).register // 2 + _POSITIONS[piece.span(bar).version]
    return max(layer.low + shift, min(layer.low, _LOWEST)), layer.high + shift


def _grounded(piece: Piece, bar: Bar) -> bool:
    """Whether a bass plays in the bar."""
    return any(
        layer.style == "bass"
        and layer.enter <= bar.intensity
        and not set(layer.instruments) <= set(piece.brief.exclude)
        for layer in piece.genre.layers
    )


def _by_bar(piece: Piece, layer: Layer, plays: list[bool]) -> dict[int, list[tuple[Chord, tuple[int, ...]]]]:
    number = {bar.start: index for index, bar in enumerate(piece.plan.bars)}
    rows: dict[int, list[tuple[Chord, tuple[int, ...]]]] = {}
    for bar, chord, pitches in _voiced(piece, layer, plays):
        rows.setdefault(number[bar.start], []).append((chord, pitches))
    return rows


def _sounding(rows: list[tuple[Chord, tuple[int, ...]]], beat: float) -> tuple[int, ...]:
    found: tuple[int, ...] = ()
    for chord, pitches in rows:
        if chord.start_beats <= beat + 1e-6:
            found = pitches
    return found


def _note(piece: Piece, bar: Bar, start: float, length: float, pitch: int, accent: float) -> Note:
    outside = pitch % 12 not in piece.home(bar).scale
    return Note(start, length, pitch, velocity(bar.intensity, accent), outside)
