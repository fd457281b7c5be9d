"""Drums: grooves by intensity, fills before what is new, rolls in builds, a crash where it arrives; and the tabla."""

from __future__ import annotations

import random
from dataclasses import replace

from gpu_workers.composition.form import Bar
from gpu_workers.composition.genres.record import Groove, Layer
from gpu_workers.composition.piece import STEPS, Piece, bar_pattern, for_intensity, read_hits, velocity
from gpu_workers.composition.score import TABLA_NOTES, Note
from gpu_workers.composition.theory_ragas import STROKES, Tala

KICK, SNARE, CLAP, RIM, CLOSED_HAT, OPEN_HAT, CRASH, RIDE = 36, 38, 39, 37, 42, 46, 49, 51
LOW_TOM, MID_TOM, HIGH_TOM = 41, 45, 48
_LENGTHS = {CRASH: 2.0, RIDE: 0.5, OPEN_HAT: 0.4}


def write_drums(piece: Piece, plays: list[bool]) -> list[Note]:
    """The drum part on the grid, fills and crashes included."""
    notes: list[Note] = []
    for index, bar in enumerate(piece.plan.bars):
        if not plays[index]:
            continue
        if bar.ending:
            notes += _final(bar, crash=bar.intensity > 0.25)
            continue
        groove = groove_for(piece, bar)
        fill_from = _fill_start(piece, bar)
        played = [note for note in _groove_notes(piece, groove, bar, index) if note.start_beats < fill_from - 1e-6]
        notes += played + _fill(piece, bar, fill_from)
        if bar.in_block == 0 and index and _arrives(piece, index):
            notes.append(Note(float(bar.start), 2.0, CRASH, velocity(bar.intensity, 0.9)))
    return notes


def groove_for(piece: Piece, bar: Bar) -> Groove:
    """The groove of a bar: the highest that its intensity reaches, or, by the version, another as lively."""
    grooves = piece.genre.grooves
    reached = [groove for groove in grooves if groove.intensity <= bar.intensity] or [grooves[0]]
    top = [groove for groove in reached if groove.intensity >= reached[-1].intensity - 0.02]
    return top[piece.span(bar).version % len(top)]


def kick_steps(piece: Piece, plays: list[bool]) -> dict[int, list[int]]:
    """The sixteenths of each bar, by its index, at which the bass drum strikes."""
    steps: dict[int, list[int]] = {}
    for index, bar in enumerate(piece.plan.bars):
        if plays[index] and not bar.ending:
            groove = groove_for(piece, bar)
            lines = [_line(piece, text, bar, index, voice) for voice, text in groove.lines if voice in {KICK, 35}]
            steps[index] = [hit.step for line in lines for hit in read_hits(line)]
    return steps


def _line(piece: Piece, text: str, bar: Bar, index: int, voice: int) -> str:
    """A voice's rhythm in a bar, with a version's small change: a kick or a hat moved, never those on the beats."""
    line = bar_pattern(text, bar, piece.plan.beats_per_bar, index)
    version = piece.span(bar).version
    if version == 0 or voice not in {KICK, CLOSED_HAT, RIDE} or len(line) < 8:
        return line
    rng = piece.rng(bar, "groove", voice, bar.label)
    marks = list(line)
    free = [step for step in range(1, len(marks)) if step % 4 and marks[step] in ".-"]
    taken = [step for step in range(1, len(marks)) if step % 4 and marks[step] not in ".-"]
    if free and taken and version != 2:
        old, new = rng.choice(taken), rng.choice([step for step in free if step % 2 == 0] or free)
        marks[new], marks[old] = marks[old], "."
    elif free and bar.intensity > 0.35:
        marks[rng.choice(free)] = "4"
    return "".join(marks)


def _groove_notes(piece: Piece, groove: Groove, bar: Bar, index: int) -> list[Note]:
    notes = []
    for voice, text in groove.lines:
        for hit in read_hits(_line(piece, text, bar, index, voice)):
            touch = velocity(bar.intensity, int(hit.mark) / 9) if hit.mark.isdigit() else 0.5
            start = bar.start + hit.step / STEPS
            notes.append(Note(start, _LENGTHS.get(voice, 0.25), voice, touch))
    return notes


def _arrives(piece: Piece, index: int) -> bool:
    before, now = piece.plan.bars[index - 1], piece.plan.bars[index]
    return now.intensity > 0.4 and now.intensity >= before.intensity - 0.05


def _fill_start(piece: Piece, bar: Bar) -> float:
    """The grid beat from which a bar is given to a fill; its end where there is none."""
    end = float(bar.start + bar.beats)
    if not bar.ends_block or bar.intensity < 0.3 or bar.beats < 2:
        return end
    rises = bar.next_intensity > bar.intensity + 0.05
    if bar.label == "build" and rises:
        return float(bar.start)
    return end - min(bar.beats - 1, 2 if rises else 1)


def _fill(piece: Piece, bar: Bar, start: float) -> list[Note]:
    """A roll or a run down the toms that swells into the next block."""
    beats = bar.start + bar.beats - start
    if beats <= 0:
        return []
    rng = piece.rng(bar, "fill", bar.block)
    count = int(beats * STEPS)
    roll = bar.label == "build"
    voices = [SNARE] * count if roll or rng.random() < 0.3 else _tom_run(count, rng)
    notes = [Note(float(start), 0.25, KICK, velocity(bar.intensity, 0.9))] if start == bar.start else []
    for step in range(count):
        if not roll and step % 2 and rng.random() < 0.45 - 0.4 * bar.intensity:
            continue
        if roll and step % 2 and step < count // 2:
            continue
        swell = 0.55 + 0.45 * step / count
        notes.append(Note(start + step / STEPS, 0.25, voices[step], velocity(bar.intensity, swell)))
    return notes


def _tom_run(count: int, rng: random.Random) -> list[int]:
    run = [SNARE, HIGH_TOM, MID_TOM, LOW_TOM]
    first = rng.randrange(2)
    return [run[min(3, first + step * (4 - first) // count)] for step in range(count)]


def _final(bar: Bar, *, crash: bool) -> list[Note]:
    touch = velocity(bar.intensity, 0.9)
    last = [Note(float(bar.start), 0.5, KICK, touch)]
    return [*last, Note(float(bar.start), 3.0, CRASH, touch * 0.8)] if crash else last


def write_percussion(piece: Piece, layer: Layer, plays: list[bool]) -> list[Note]:
    """Hand percussion and the like: its patterns as they stand, one stroke on the last bar of the piece."""
    notes: list[Note] = []
    for index, bar in enumerate(piece.plan.bars):
        if not plays[index]:
            continue
        text = for_intensity(layer.patterns, bar.intensity)
        lines = tuple((int(line.split(":")[0]), line.split(":")[1]) for line in text.split("|"))
        if bar.ending:
            notes.append(Note(float(bar.start), 1.0, lines[0][0], velocity(bar.intensity)))
        else:
            notes += _groove_notes(piece, Groove(0.0, lines), bar, index)
    return notes


def write_tabla(piece: Piece, plays: list[bool], tala: Tala) -> list[Note]:
    """The theka of a tala, busier with intensity, and a tihai (a figure thrice) that lands on the next sam."""
    notes: list[Note] = []
    for index, bar in enumerate(piece.plan.bars):
        if not plays[index]:
            continue
        if bar.ending:
            notes += _bol(float(bar.start), "dha", velocity(bar.intensity, 1.0))
        elif bar.ends_block and bar.beats >= 3 and bar.intensity > 0.25:
            notes += _tihai(bar)
        else:
            notes += _theka(piece, bar, tala)
    return notes


def _theka(piece: Piece, bar: Bar, tala: Tala) -> list[Note]:
    """A bar of the cycle; lively bars double the strokes between the bols, as in a laggi."""
    notes: list[Note] = []
    rng = piece.rng(bar, "theka", bar.block, bar.in_block)
    first = bar.in_block % tala.bars * bar.beats * tala.bols_per_beat
    for place in range(bar.beats * tala.bols_per_beat):
        beat = bar.start + place / tala.bols_per_beat
        accent = 1.0 if place == 0 else 0.8
        notes += _bol(beat, tala.theka[(first + place) % len(tala.theka)], velocity(bar.intensity, accent))
        gap = 1 / tala.bols_per_beat
        fillers = (gap / 2,) if bar.intensity < 0.75 else (gap / 4, gap / 2, gap * 3 / 4) if gap == 1 else (gap / 2,)
        for offset in fillers:
            if rng.random() < 0.95 * bar.intensity:
                stroke = rng.choice(("te", "re", "na"))
                notes += _bol(beat + offset, stroke, velocity(bar.intensity, 0.55))
    return notes


def _tihai(bar: Bar) -> list[Note]:
    """Three times "te re dha" in equal shares of the bar; the fourth dha is the sam of the next bar."""
    share = bar.beats / 3
    notes: list[Note] = []
    for turn in range(3):
        start = bar.start + turn * share
        swell = 0.8 + 0.1 * turn
        for place, bol in enumerate(("dha", "te", "re", "na")):
            notes += _bol(start + place * share / 4, bol, velocity(bar.intensity, swell * (1.0 if place == 0 else 0.7)))
    return notes


def _bol(beat: float, bol: str, touch: float) -> list[Note]:
    one = Note(beat, 0.3, 0, touch)
    return [replace(one, pitch=TABLA_NOTES[stroke]) for stroke in STROKES[bol]]
