"""Melody in a raga: it climbs by the ascent, comes down by the descent, and rests on the raga's own notes."""

from __future__ import annotations

import random
from dataclasses import dataclass

from gpu_workers.composition import theory
from gpu_workers.composition.form import Bar
from gpu_workers.composition.genres.record import Layer
from gpu_workers.composition.melody import MOTIF_BARS, Motif, vary
from gpu_workers.composition.piece import Piece, velocity
from gpu_workers.composition.score import Note
from gpu_workers.composition.theory_ragas import Raga

GRACE_BEATS = 0.08


@dataclass(frozen=True, slots=True)
class Ladders:
    """The pitches of a raga within an instrument's range: those of the ascent, of the descent, and those to rest on."""

    up: tuple[int, ...]
    down: tuple[int, ...]
    rests: tuple[int, ...]
    tonics: tuple[int, ...]

    def step(self, pitch: int, goal: int) -> int:
        """The next pitch on the way to a goal; the same again where the goal is reached or the range ends."""
        if goal > pitch:
            return next((one for one in self.up if one > pitch), pitch)
        if goal < pitch:
            return next((one for one in reversed(self.down) if one < pitch), pitch)
        return pitch


def ladders(raga: Raga, sa: int, low: int, high: int) -> Ladders:
    """The ladders of a raga on the pitch class `sa` within low..high (MIDI pitches)."""

    def pitches(steps: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(theory.ladder(tuple((sa + step) % 12 for step in steps), low, high))

    resting = {raga.vadi % 12, raga.samvadi % 12, 0} | ({7} if raga.drone == 7 else set())
    return Ladders(pitches(raga.aroha), pitches(raga.avaroha), pitches(tuple(resting & set(raga.steps))), pitches((0,)))


def write_raga(piece: Piece, layer: Layer, plays: list[bool], motif: Motif) -> list[Note]:
    """The line on the grid, phrase by phrase of four bars."""
    notes: list[Note] = []
    bars = piece.plan.bars
    index, pitch = 0, 0
    while index < len(bars):
        count = next(step for step in range(1, 5) if bars[index + step - 1].ends_phrase or step == 4)
        bar = bars[index]
        if plays[index]:
            own = ladders(piece.ragas[bar.section], piece.home(bar).tonic, layer.low, layer.high)
            start = pitch or _near(own.tonics, (layer.low + layer.high) / 2 - 4)
            notes += _phrase(piece, layer, motif, own, index, count, _near(own.down, start))
            pitch = notes[-1].pitch
        index += count
    return notes


def _near(pitches: tuple[int, ...], around: float) -> int:
    return min(pitches, key=lambda pitch: abs(pitch - around))


def _onsets(piece: Piece, motif: Motif, index: int, count: int, rng: random.Random) -> list[tuple[int, float, int]]:
    """Bar index, grid beat and contour height of each note: the theme's rhythm, with sixteenths where it is lively."""
    eighths = piece.plan.beats_per_bar * 2
    bar = piece.plan.bars[index]
    share = (0.32 + 0.5 * bar.intensity) * piece.genre.melody_density
    shown = sorted(motif.order[: max(2, min(motif.size, round(share * motif.size + rng.uniform(-0.5, 0.5))))])
    events: list[tuple[int, float, int]] = []
    for step in range(count):
        now = piece.plan.bars[index + step]
        within = [one for one in shown if one // eighths == step % MOTIF_BARS and one % eighths < now.beats * 2]
        closing = step == count - 1 and (count > 1 or now.ending)
        if closing:
            within = [one for one in within if one % eighths < eighths // 2] if not now.ending else within[:1]
            within = within or [step % MOTIF_BARS * eighths]
        for one in within:
            beat = now.start + one % eighths / 2
            events.append((index + step, beat, motif.contour[one]))
            run = bar.intensity > 0.6 and rng.random() < 0.5 * bar.intensity and not closing
            if run:
                events.append((index + step, beat + 0.25, motif.contour[(one + 1) % motif.size]))
    return events


def _phrase(piece: Piece, layer: Layer, motif: Motif, own: Ladders, index: int, count: int, pitch: int) -> list[Note]:
    bar = piece.plan.bars[index]
    rng = piece.rng(bar, "raga", layer.role, bar.block, bar.in_block)
    theme = vary(motif, piece.span(bar).version)
    events = _onsets(piece, theme, index, count, rng)
    peak = _peak(piece, layer, own, bar)
    notes: list[Note] = []
    for place, (at, beat, height) in enumerate(events):
        last = place == len(events) - 1
        pitch = _next(piece.plan.bars[at], own, pitch, peak + height, left=len(events) - place, rng=rng)
        end = piece.plan.bars[index + count - 1]
        until = float(end.start + end.beats) if last else events[place + 1][1]
        legato = piece.emotion(bar).legato
        length = (until - beat) * (0.8 if last and not end.ending else 0.5 + 0.5 * legato)
        touch = velocity(piece.plan.bars[at].intensity, 1.0 if beat % 1 == 0 else 0.86)
        notes += _ornamented(Note(beat, min(length, 6.0), pitch, touch), own, rng, free=beat % 0.5 == 0)
    return notes


def _peak(piece: Piece, layer: Layer, own: Ladders, bar: Bar) -> int:
    """What a phrase reaches for: the vadi, the samvadi, the Sa above and Sa by turns, higher in the livelier blocks."""
    raga, sa = piece.ragas[bar.section], _near(own.tonics, (layer.low + layer.high) / 2 - 6)
    turn = (bar.in_block // 4 + 2 * (bar.label in {"chorus", "bridge"}) + piece.span(bar).version) % 4
    above = (raga.vadi % 12 or 7, raga.samvadi % 12 or 7, 12, 4)[turn]
    return max(layer.low, min(layer.high - 3, sa + above + piece.emotion(bar).register // 2))


def _next(bar: Bar, own: Ladders, pitch: int, goal: int, *, left: int, rng: random.Random) -> int:
    """A step towards the goal, now and then two; the last two notes of a phrase make for its resting note."""
    if bar.ending and left == 1:
        return _near(own.tonics, pitch)
    if left <= 2:
        goal = _near(own.tonics if rng.random() < 0.4 else own.rests, pitch)
        return _near(own.rests, goal) if left == 1 else own.step(pitch, goal)
    moved = own.step(pitch, goal)
    if moved == pitch:
        moved = own.step(pitch, pitch + rng.choice((-1, 1)))
    return own.step(moved, goal) if rng.random() < 0.2 else moved


def _ornamented(note: Note, own: Ladders, rng: random.Random, *, free: bool) -> list[Note]:
    """A long note sometimes has a kan before it: its upper neighbour, touched and left at once."""
    above = next((one for one in own.down if one > note.pitch), None)
    if not free or above is None or note.duration_beats < 0.45 or rng.random() > 0.3:
        return [note]
    kan = Note(note.start_beats, GRACE_BEATS, above, note.velocity * 0.7)
    later = Note(note.start_beats + GRACE_BEATS, note.duration_beats - GRACE_BEATS, note.pitch, note.velocity)
    return [kan, later]
