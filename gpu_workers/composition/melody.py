"""Melodies: one motif for the whole piece, developed in every section by its emotion, its blocks and its version.

A motif is a contour and an order of importance of the sixteenths in two bars. The busier the music, the more of these
steps sound; so the rhythm of a quiet section is contained in that of a lively one, and both are heard as one theme.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from gpu_workers.composition import theory
from gpu_workers.composition.chance import chance
from gpu_workers.composition.form import MOVEMENT_BLOCKS, Bar
from gpu_workers.composition.genres.record import Layer
from gpu_workers.composition.piece import Piece, velocity
from gpu_workers.composition.score import Chord, Note

MOTIF_BARS = 2
_METRE = (9.0, 1.2, 3.4, 3.0, 5.0, 1.4, 4.0, 3.0)
"""How much a melody leans on the eight eighths of a bar: those just before the third beat and the next bar count."""
_STRIDE, _BREATH, _LEAP = 2, 3, 5
"""How many scale steps a melody moves at most: as a rule, after a long note, and into a new phrase."""
_AGAIN = 2.5
"""What a repeated note costs, in semitones; four times as much for a third in a row."""
_LABEL_LIFT = {"intro": 0, "verse": 0, "build": 1, "bridge": 2, "chorus": 3, "break": -1, "outro": -1}
"""Scale steps by which a block's melody lies above the section's."""


@dataclass(frozen=True, slots=True)
class Motif:
    """The theme: `order` ranks the eighths of two bars, `contour` gives each a height in scale steps."""

    order: tuple[int, ...]
    contour: tuple[int, ...]

    @property
    def size(self) -> int:
        """Its length in eighths."""
        return len(self.contour)


def make_motif(seed: int, beats_per_bar: int) -> Motif:
    """The piece's theme: arch-shaped or wave-shaped, mostly by step, with one leap."""
    rng = chance(seed, "motif")
    eighths = beats_per_bar * 2
    size = eighths * MOTIF_BARS
    weights = {step: _METRE[step % eighths % 8] * rng.uniform(0.25, 1.0) for step in range(size)}
    weights[0] += 20.0
    order = sorted(weights, key=lambda step: -weights[step])
    peak, height = rng.randrange(size // 4, size - 2), rng.choice((-3, 3, 4, 4, 5))
    contour, wander = [], 0
    for step in range(size):
        arch = height * (step / peak if step <= peak else (size - step) / (size - peak))
        wander = max(-1, min(1, wander + rng.choice((-1, 0, 0, 1))))
        contour.append(round(arch) + wander)
    return Motif(tuple(order), tuple(contour))


def vary(motif: Motif, version: int) -> Motif:
    """A version of the theme: as it is, upside down, backwards and half a bar later, or stretched with a new ending."""
    top = max(motif.contour)
    if version == 1:
        return Motif(_late(motif, 1), tuple(top // 2 - height for height in motif.contour))
    if version == 2:
        return Motif(_late(motif, 3), tuple(reversed(motif.contour)))
    if version == 3:
        return Motif(
            _late(motif, 2), tuple(round(1.5 * height) - step // 4 for step, height in enumerate(motif.contour))
        )
    return motif


def _late(motif: Motif, eighths: int) -> tuple[int, ...]:
    """The order of steps moved later, round the corner; the first beat stays the first."""
    moved = [(step + eighths) % motif.size for step in motif.order]
    return (0, *(step for step in moved if step))


def write_melody(piece: Piece, layer: Layer, plays: list[bool], motif: Motif) -> list[Note]:
    """The line of a leading instrument on the grid, in the bars where it plays, phrase by phrase."""
    notes: list[Note] = []
    index = 0
    bars = piece.plan.bars
    while index < len(bars):
        count = next(step for step in range(1, 5) if bars[index + step - 1].ends_phrase or step == 4)
        if plays[index]:
            notes += _phrase(piece, layer, motif, index, count, notes[-1].pitch if notes else None)
        index += count
    return notes


def _phrase(piece: Piece, layer: Layer, motif: Motif, first: int, count: int, before: int | None) -> list[Note]:
    """One phrase: the motif, its answer, and a close on a long chord tone with a rest after it."""
    bar = piece.plan.bars[first]
    emotion, own = piece.emotion(bar), vary(motif, piece.span(bar).version)
    if bar.label == "bridge":
        own = vary(own, 1)
    if bar.block // MOVEMENT_BLOCKS % 2:
        own = vary(own, 3)
    rng = piece.rng(bar, "melody", layer.role, bar.block, bar.in_block)
    shown = _density(piece, bar, own, rng)
    lift = _LABEL_LIFT[bar.label] + (bar.in_block // 4 % 2)
    rungs = theory.ladder(piece.home(bar).scale, layer.low, layer.high)
    anchor = _anchor(rungs, (layer.low + layer.high) // 2 + emotion.register - 6) + lift
    eighths = piece.plan.beats_per_bar * 2
    events: list[tuple[int, float, int]] = []
    for step in range(count):
        index = first + step
        now = piece.plan.bars[index]
        closing = step == count - 1 and (count > 1 or now.ending)
        within = [
            one % eighths for one in shown if one // eighths == step % MOTIF_BARS and one % eighths < now.beats * 2
        ]
        if closing:
            within = [one for one in within if 0 < one < eighths // 2] if not now.ending else []
            within = [0, *within[:1]] if rng.random() < 0.5 or not within else [0]
        sequence = -1 if step >= MOTIF_BARS and bar.in_block % 8 < 4 else 0
        for one in sorted(within):
            height = own.contour[(step % MOTIF_BARS * eighths + one) % own.size] + sequence
            events.append((index, now.start + one / 2, anchor + height))
    return _sing(piece, layer, rungs, events, before, rng)


def _density(piece: Piece, bar: Bar, motif: Motif, rng: random.Random) -> list[int]:
    """The steps of the motif that sound, by the bar's intensity; the theme's head is always among them."""
    share = (0.16 + 0.54 * bar.intensity) * piece.genre.melody_density
    amount = max(2, min(motif.size, round(share * motif.size + rng.uniform(-0.5, 0.5))))
    return sorted(motif.order[:amount])


def _anchor(rungs: list[int], pitch: float) -> int:
    return min(range(len(rungs)), key=lambda rung: abs(rungs[rung] - pitch))


def _sing(
    piece: Piece, layer: Layer, rungs: list[int], events: list[tuple[int, float, int]], before: int | None,
    rng: random.Random,
) -> list[Note]:  # fmt: skip
    """Pitches and lengths for onsets (bar index, grid beat, rung): chord tones where the beat is strong."""
    notes: list[Note] = []
    for place, (index, beat, rung) in enumerate(events):
        bar = piece.plan.bars[index]
        last = place == len(events) - 1
        end = float(bar.start + bar.beats) if last else events[place + 1][1]
        gap = end - beat
        strong = beat % 1.0 == 0 and (int(beat - bar.start) % 2 == 0 or gap >= 1.5)
        reach = _LEAP if not notes else _BREATH if beat - notes[-1].start_beats >= 1.5 else _STRIDE
        target = _within(rungs, rung, before, reach)
        if not strong and target == before:
            target = _neighbour(rungs, target, rung)
        exposed = gap >= 1.0
        stuck = len(notes) > 1 and notes[-1].pitch == notes[-2].pitch
        weight = _AGAIN * (4 if stuck else 1)
        pitch = _pitch(piece, index, beat, target, before, layer, weight, strong=strong or last, exposed=exposed)
        length = gap * (0.75 if last and not bar.ending else 0.45 + 0.55 * piece.emotion(bar).legato)
        length = min(max(length, 0.2), gap, 4.0 if not bar.ending else float(bar.beats))
        length = min(length, _until_it_rubs(piece, index, beat, pitch))
        notes += _approach(piece, notes, beat, pitch, rungs, rng)
        touch = velocity(bar.intensity, 1.0 if strong else 0.88)
        notes.append(Note(beat, length, pitch, touch, _outside(piece, bar, pitch)))
        before = pitch
    return notes


def _until_it_rubs(piece: Piece, index: int, beat: float, pitch: int) -> float:
    """How long a note can last before a chord comes that has a tone a semitone below it; infinity if none does soon."""
    for row in piece.chords[index : index + 2]:
        for chord in row:
            below = (pitch - 1) % 12 in _plain(chord)
            if chord.start_beats >= beat + 0.25 and below:
                return chord.start_beats - beat
    return math.inf


def _plain(chord: Chord) -> tuple[int, ...]:
    """The pitch classes of a chord without its ninth."""
    return theory.chord_classes(chord.root, theory.PLAIN.get(chord.quality, chord.quality))


def _within(rungs: list[int], rung: int, before: int | None, reach: int) -> int:
    """The pitch of a rung, or of the one furthest towards it that lies within `reach` rungs of the note before."""
    rung = max(0, min(len(rungs) - 1, rung))
    if before is not None:
        at = _anchor(rungs, before)
        rung = max(at - reach, min(at + reach, rung))
    return rungs[max(0, min(len(rungs) - 1, rung))]


def _neighbour(rungs: list[int], pitch: int, rung: int) -> int:
    """The next note of the ladder on the side of the rung aimed at, or below; on the other side at the ladder's end."""
    at = rungs.index(pitch)
    upwards = at == 0 or (rung > at and at < len(rungs) - 1)
    return rungs[at + 1 if upwards else at - 1]


def _pitch(
    piece: Piece, index: int, beat: float, target: int, before: int | None, layer: Layer, again: float, *,
    strong: bool, exposed: bool,
) -> int:  # fmt: skip
    """The target, moved to a tone of the chord where the beat is strong, or where it would rub against the chord.

    It rubs if the chord is foreign to the scale and has a tone a semitone off, or if it stays (`exposed`) a semitone
    above a tone of the chord. `again` is the cost of the note before. The root of a chord with a major seventh is none
    of the tones to move to.
    """
    bar = piece.plan.bars[index]
    chord = piece.chord_at(index, beat)
    classes = theory.chord_classes(chord.root, chord.quality)
    if bar.ending:
        return theory.nearest(piece.home(bar).tonic, target, layer.low, layer.high)
    foreign = not set(classes) <= set(piece.home(bar).scale)
    apart = {(target - one) % 12 for one in _plain(chord)}
    if not strong and not (foreign and apart & {1, 11}) and not (exposed and 1 in apart):
        return target
    calm = classes[1:4] if (chord.root - 1) % 12 in classes else classes[:4]
    choices = [theory.nearest(one, target, layer.low, layer.high) for one in calm]
    old = target if before is None else before

    def cost(pitch: int) -> float:
        return abs(pitch - target) + 0.5 * abs(pitch - old) + (again if pitch == old else 0.0)

    return min(choices, key=cost)


def _approach(
    piece: Piece, notes: list[Note], beat: float, pitch: int, rungs: list[int], rng: random.Random
) -> list[Note]:
    """Now and then, in genres that like it, a chromatic passing tone from below into a note after a rest."""
    free_from = notes[-1].end_beats if notes else beat - 4
    if rng.random() >= piece.genre.chromatic or beat - free_from < 0.5 or pitch - 1 in rungs or beat < 0.25:
        return []
    if any(span.start == beat for span in piece.plan.spans):
        return []
    return [Note(beat - 0.25, 0.25, pitch - 1, 0.4, passing=True)]


def _outside(piece: Piece, bar: Bar, pitch: int) -> bool:
    return pitch % 12 not in piece.home(bar).scale


def write_counter(piece: Piece, layer: Layer, plays: list[bool]) -> list[Note]:
    """A slow second voice on thirds and sevenths, moving by the smallest step from chord to chord."""
    notes: list[Note] = []
    before = (layer.low + layer.high) // 2
    for index, bar in enumerate(piece.plan.bars):
        if not plays[index]:
            continue
        for chord in piece.chords[index]:
            guides = _plain(chord)[1:4]
            choices = [theory.nearest(one, before, layer.low, layer.high) for one in guides]
            pitch = min(choices, key=lambda one: abs(one - before) + (1 if one == before else 0))
            halves = 2 if bar.intensity > 0.7 and chord.duration_beats >= 4 and not bar.ending else 1
            length = chord.duration_beats / halves
            touch = velocity(bar.intensity, 0.82)
            notes.append(Note(chord.start_beats, length * 0.98, pitch, touch, _outside(piece, bar, pitch)))
            if halves == 2:
                fifth = theory.nearest(guides[-1], pitch + 4, layer.low, layer.high)
                notes.append(Note(chord.start_beats + length, length * 0.98, fifth, touch, _outside(piece, bar, fifth)))
            before = pitch
    return notes
