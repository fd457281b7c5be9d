"""From chords to notes: who plays what and when. Times are in beats of the stated tempo until `pieces` renders them."""

from dataclasses import dataclass

import numpy as np

from tests.bench.truth.harmony import SCALES, Chord, tonic_and_mode, voicing
from tests.bench.truth.patterns import Comp, Groove, Stroke, fitting_basses, fitting_comps, fitting_grooves, motif


@dataclass(frozen=True)
class Note:
    """One note, or one stroke of a drum."""

    beat: float
    length: float
    player: str
    """Name of an instrument, or of a drum where `pitch` is None."""
    pitch: int | None
    level: float
    pan: float


@dataclass(frozen=True)
class Band:
    """Who plays, and how; drawn once for a piece."""

    meter: int
    comp: Comp
    bass: tuple[Stroke, ...] | None
    groove: Groove | None
    melody: str | None
    timbre: str
    swing: float
    """Where the off-beat eighth falls, 0.5 is straight."""
    levels: dict[str, float]


def band(bpm: float, timbre: str, meter: int, rng: np.random.Generator, *, drums: bool) -> Band:
    """A band that could play this: without drums, somebody else keeps time."""
    groove = None
    if drums:
        grooves = fitting_grooves(meter, bpm)
        groove = grooves[int(rng.integers(len(grooves)))]
    comps = fitting_comps(meter, bpm, drums=drums)
    comp = comps[int(rng.integers(len(comps)))]
    basses = fitting_basses(meter, bpm)
    bass = basses[int(rng.integers(len(basses)))] if drums or comp.name == "waltz" or rng.random() < 0.8 else None
    # Long chords alone say nothing of the beat: then there is a melody.
    melody = rng.random() < 0.7 or (not drums and len(comp.strokes) < 4)
    swung = groove.swing if groove else bpm >= 90 and rng.random() < 0.12
    sixteenths = any(stroke[0] % 0.5 for stroke in (*comp.strokes, *(bass or ())))
    return Band(
        meter,
        comp,
        bass,
        groove,
        str(rng.choice(("piano", "guitar", "lead", "strings", "epiano", "organ"))) if melody else None,
        timbre,
        float(np.interp(bpm, (90, 200), (0.667, 0.59))) if swung and not sixteenths else 0.5,
        {
            "comp": rng.uniform(0.5, 0.8),
            "bass": rng.uniform(0.5, 0.9),
            "melody": rng.uniform(0.4, 0.75),
            "drums": rng.uniform(0.4, 0.95),
        },
    )


def arrange(players: Band, bars: list[tuple[Chord, ...]], key: str, bpm: float, rng: np.random.Generator) -> list[Note]:
    """All notes of a piece; the last bar is held, not played through."""
    notes = [*_comp(players, bars, rng), *_bass(players, bars, rng)]
    if players.melody:
        notes += _melody(players, bars, key, bpm, rng)
    if players.groove:
        notes += _drums(players, players.groove, len(bars), rng)
    return notes


def _chord_at(bar: tuple[Chord, ...], position: float, meter: int) -> Chord:
    return bar[min(int(position / meter * len(bar) + 1e-6), len(bar) - 1)]


def _comp(players: Band, bars: list[tuple[Chord, ...]], rng: np.random.Generator) -> list[Note]:
    notes: list[Note] = []
    centre, tones = rng.uniform(57, 65), int(rng.integers(3, 5))
    before: list[int] | None = None
    pan, level = rng.uniform(-0.5, 0.5), players.levels["comp"]
    order = rng.permutation(4)
    for number, bar in enumerate(bars):
        last = number == len(bars) - 1
        strokes = ((0.0, float(players.meter), 0.9),) if last else players.comp.strokes
        if len(bar) > 1 and len(strokes) == 1:
            strokes = ((0.0, players.meter / 2, 0.9), (players.meter / 2, players.meter / 2, 0.85))
        for index, (position, length, loud) in enumerate(strokes):
            notes_now = voicing(_chord_at(bar, position, players.meter), before, centre, tones)
            before = notes_now
            if players.comp.broken and not last:
                notes_now = [notes_now[int(order[index % 4]) % len(notes_now)]]
            elif rng.random() < 0.04 and not last:
                continue  # nobody plays every stroke
            spread = 0.7 if players.comp.broken else 1.6 / len(notes_now)
            for pitch in notes_now:
                at = number * players.meter + position
                notes.append(Note(at, length, players.timbre, pitch, level * loud * spread, pan))
    return notes


def _bass(players: Band, bars: list[tuple[Chord, ...]], rng: np.random.Generator) -> list[Note]:
    if players.bass is None:
        return []
    notes = []
    walking = len(players.bass) == players.meter and rng.random() < 0.5
    fifths = rng.random() < 0.5
    for number, bar in enumerate(bars):
        strokes = ((0.0, float(players.meter), 1.0),) if number == len(bars) - 1 else players.bass
        if len(bar) > 1 and len(strokes) == 1:
            strokes = ((0.0, players.meter / 2, 1.0), (players.meter / 2, players.meter / 2, 0.9))
        root_before = -1
        for index, (position, length, loud) in enumerate(strokes):
            chord = _chord_at(bar, position, players.meter)
            tones = chord.classes
            pick = 0 if chord.root != root_before else (index % 3 if walking else 2 * (index % 2) if fifths else 0)
            root_before = chord.root
            pitch = 28 + (tones[pick] - 28) % 12
            at = number * players.meter + position
            notes.append(Note(at, length, "bass", pitch + 12 * (pitch < 31), players.levels["bass"] * loud, 0.0))
    return notes


def _melody(players: Band, bars: list[tuple[Chord, ...]], key: str, bpm: float, rng: np.random.Generator) -> list[Note]:
    tonic, mode = tonic_and_mode(key)
    scale = {(tonic + step) % 12 for step in SCALES[mode]}
    rhythms = [motif(players.meter, bpm, rng) for _ in range(3)]
    form = (0, 1, 0, 2)
    pitch, pan, level = int(rng.integers(70, 78)), rng.uniform(-0.3, 0.3), players.levels["melody"]
    notes = []
    for number, bar in enumerate(bars[:-1]):
        for position, length, loud in rhythms[form[number % 4]]:
            chord = _chord_at(bar, position, players.meter)
            strong = position % 1 == 0 and (position % 2 == 0 or rng.random() < 0.6)
            allowed = set(chord.classes) if strong else _scale_over(chord, scale)
            pitch = _step(pitch, allowed, rng)
            if loud and players.melody:
                at = number * players.meter + position
                notes.append(Note(at, length * 0.95, players.melody, pitch, level * loud, pan))
    return notes


def _scale_over(chord: Chord, scale: set[int]) -> set[int]:
    """The key's scale, with a chord's foreign tones in the place of their neighbours (G sharp for G over E major)."""
    foreign = set(chord.classes) - scale
    return (scale - {(tone - 1) % 12 for tone in foreign} - {(tone + 1) % 12 for tone in foreign}) | set(chord.classes)


def _step(pitch: int, allowed: set[int], rng: np.random.Generator) -> int:
    near = [p for p in range(max(64, pitch - 7), min(86, pitch + 7) + 1) if p % 12 in allowed]
    weights = np.array([np.exp(-abs(p - pitch) / 2.5) * (0.5 if p == pitch else 1.0) for p in near])
    return int(rng.choice(near, p=weights / weights.sum()))


_LEVELS = {"kick": 1.0, "snare": 0.75, "clap": 0.7, "rim": 0.5, "hat": 0.4, "open": 0.4, "ride": 0.45, "shaker": 0.35}
_PANS = {"hat": 0.3, "open": 0.3, "ride": -0.3, "shaker": -0.4}


def _drums(players: Band, groove: Groove, bars: int, rng: np.random.Generator) -> list[Note]:
    level, notes = players.levels["drums"], []
    fills = rng.random() < 0.5
    for number in range(bars - 1):
        start = number * players.meter
        fill_from = players.meter - 1 if fills and number % 4 == 3 else players.meter
        for name, positions in groove.strokes.items():
            offset = (number % groove.bars) * players.meter
            for at in (p - offset for p in positions if 0 <= p - offset < fill_from):
                if at and rng.random() < 0.03:
                    continue
                accent = 1.0 if at % 1 == 0 else 0.75
                notes.append(Note(start + at, 0, name, None, level * _LEVELS[name] * accent, _PANS.get(name, 0.0)))
        if fill_from < players.meter:
            steps = np.arange(0, 1, 0.5 if players.swing > 0.5 else 0.25) + start + fill_from
            notes += [Note(float(s), 0, str(rng.choice(("tom", "snare"))), None, level * 0.7, -0.2) for s in steps]
        if number % 8 == 0 and rng.random() < 0.5:
            notes.append(Note(start, 0, "crash", None, level * 0.5, 0.2))
    notes.append(Note((bars - 1) * players.meter, 0, "kick", None, level, 0.0))
    return notes
