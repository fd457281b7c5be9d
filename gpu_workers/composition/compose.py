"""From a brief to a score: the plan in time, the keys, the chords, the parts, and their place on the exact clock."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import replace

from gpu_workers.composition import theory
from gpu_workers.composition.arrange import choose_layers, seat, write_parts
from gpu_workers.composition.chance import chance
from gpu_workers.composition.emotions import emotion_named
from gpu_workers.composition.form import Plan, make_plan
from gpu_workers.composition.genres import genre_named
from gpu_workers.composition.genres.record import Genre
from gpu_workers.composition.harmony import Home, choose_homes, main_span, write_chords
from gpu_workers.composition.piece import Piece
from gpu_workers.composition.score import Brief, Chord, Note, Part, Score, Section, SectionWish
from gpu_workers.composition.theory_ragas import FOR_EMOTION, RAGAS, TALAS, Raga, Tala

_SHORTEST_BEATS = 0.05
_RELEASE_BEATS = 0.5
"""How long before the end the last notes are let go, so that they can ring out within the piece."""
_SA = (1, 1, 6)
"""The pitch classes that Sa is put on where no key is asked for: those that the tabla's own pitch, C sharp, suits."""
_DRONES = {7: "power", 5: "fourth", 9: "sixth"}


def compose(brief: Brief) -> Score:
    """Write the piece that a brief asks for; the same brief gives the same score.

    Raises:
        ValueError: a name in the brief is unknown, or its sections do not cover its duration.
    """
    brief.check()
    genre = genre_named(brief.genre)
    layers = choose_layers(brief, genre)
    tala = _tala(brief, genre) if genre.name == "indian" else None
    plan = make_plan(brief, genre, tala.beats_per_bar if tala else _metre(brief, genre))
    piece = _raga_piece(brief, genre, plan) if tala else _chord_piece(brief, genre, plan)
    parts = write_parts(piece, seat(piece, layers), tala)
    clock = _clock(piece)
    total = brief.duration_s * plan.tempo_bpm / 60.0
    return Score(
        seed=brief.seed,
        genre=genre.name,
        tempo_bpm=plan.tempo_bpm,
        beats_per_bar=plan.beats_per_bar,
        key=_key(piece),
        scale=_scale(piece),
        duration_s=brief.duration_s,
        parts=tuple(_placed(part, clock, plan, total, loop=brief.loop) for part in parts),
        chords=_chords(piece, total),
        sections=_sections(piece, total),
        swing=genre.swing,
        loop=brief.loop,
        beats=tuple(plan.warp(bar.start + beat) for bar in plan.bars for beat in range(bar.beats)),
        bars=tuple(plan.warp(bar.start) for bar in plan.bars),
    )


def _main_emotion(brief: Brief) -> str:
    wishes = brief.sections or (SectionWish("calm", 0.0, brief.duration_s),)
    return max(wishes, key=lambda wish: wish.length_s).emotion


def _metre(brief: Brief, genre: Genre) -> int:
    """Beats in a bar: 3 for some of the gentle pieces of genres that waltz, else 4."""
    gentle = emotion_named(_main_emotion(brief)).energy < 0.6
    return 3 if gentle and chance(brief.seed, "metre").random() < genre.triple else 4


def _tala(brief: Brief, genre: Genre) -> Tala:
    """Dadra for some gentle pieces, keherwa for what is light, teental for the rest."""
    emotion = emotion_named(_main_emotion(brief))
    if _metre(brief, genre) == 3:
        return TALAS["dadra"]
    light = emotion.valence > 0.5 and chance(brief.seed, "tala").random() < 0.6
    return TALAS["keherwa" if light else "teental"]


def _chord_piece(brief: Brief, genre: Genre, plan: Plan) -> Piece:
    homes = choose_homes(brief, plan.spans)
    return Piece(brief, genre, plan, homes, write_chords(brief, genre, plan, homes))


def _raga_piece(brief: Brief, genre: Genre, plan: Plan) -> Piece:
    """A raga for each section on one Sa, as in a ragamala; emotions that come again keep theirs."""
    rng = chance(brief.seed, "raga")
    tonic = theory.parse_key(brief.key)[0] if brief.key else rng.choice(_SA)
    chosen: dict[str, Raga] = {}
    for span in plan.spans:
        names = FOR_EMOTION[span.emotion]
        chosen.setdefault(span.emotion, RAGAS[names[0] if rng.random() < 0.6 else rng.choice(names)])
    ragas = tuple(chosen[span.emotion] for span in plan.spans)
    homes = tuple(RagaHome(tonic, raga.name) for raga in ragas)
    chords = tuple(
        (Chord(float(bar.start), float(bar.beats), tonic, _DRONES[ragas[bar.section].drone], tonic),)
        for bar in plan.bars
    )
    return Piece(brief, genre, plan, homes, chords, ragas)


class RagaHome(Home):
    """A home whose mode is a raga's name."""

    @property
    def scale(self) -> tuple[int, ...]:
        """The raga's pitch classes, Sa first."""
        return tuple((self.tonic + step) % 12 for step in RAGAS[self.mode].steps)

    @property
    def name(self) -> str:
        """Sa and the raga in words: "C# Yaman"."""
        return f"{theory.SHARPS[self.tonic]} {self.mode}"


def _key(piece: Piece) -> str:
    return piece.homes[main_span(piece.plan.spans).index].name


def _scale(piece: Piece) -> tuple[int, ...]:
    """The pitch classes of all sections, from the tonic of the main one upwards."""
    tonic = piece.homes[main_span(piece.plan.spans).index].tonic
    return tuple(sorted({one for home in piece.homes for one in home.scale}, key=lambda one: (one - tonic) % 12))


def swung(beat: float, swing: float, steps: int) -> float:
    """A grid beat with swing: the second of each pair of steps comes late, by a third of a step at swing 1.

    That is the triplet feel at swing 1, and straight at 0.
    """
    pair = 2.0 / steps
    whole, part = divmod(beat, pair)
    middle = pair / 2 * (1 + swing / 3)
    half = pair / 2
    moved = part / half * middle if part < half else middle + (part - half) / half * (pair - middle)
    return whole * pair + moved


def _clock(piece: Piece) -> Callable[[float], float]:
    """The way from a grid beat to an exact beat of the score, swing included."""
    genre, spans = piece.genre, piece.plan.spans
    starts = [span.start for span in spans]

    def place(beat: float) -> float:
        span = spans[max(0, bisect_right(starts, beat + 1e-9) - 1)]
        offset = swung(beat - span.start, genre.swing, genre.swing_steps) if genre.swing else beat - span.start
        return span.warp(offset)

    return place


def _placed(part: Part, clock: Callable[[float], float], plan: Plan, total: float, *, loop: bool) -> Part:
    last = plan.bars[-1]
    let_go = total if loop else total - min(_RELEASE_BEATS, plan.warp(last.start + last.beats) * 0.05)
    notes = tuple(sorted(_on_clock(part.notes, clock, let_go), key=lambda note: (note.start_beats, note.pitch)))
    points = tuple((clock(beat), gain_db) for beat, gain_db in part.automation)
    return replace(part, notes=notes, automation=points)


def _on_clock(notes: Iterable[Note], clock: Callable[[float], float], let_go: float) -> Iterable[Note]:
    for note in notes:
        start = clock(note.start_beats)
        end = min(clock(note.end_beats), let_go)
        if end - start >= _SHORTEST_BEATS / 2:
            yield Note(start, end - start, note.pitch, note.velocity, note.passing)


def _sections(piece: Piece, total: float) -> tuple[Section, ...]:
    spans = piece.plan.spans
    edges = [*(span.exact_start for span in spans), total]
    return tuple(
        Section(edges[index], edges[index + 1] - edges[index], span.emotion, span.energy, home.name, home.scale)
        for index, (span, home) in enumerate(zip(spans, piece.homes, strict=True))
    )


def _chords(piece: Piece, total: float) -> tuple[Chord, ...]:
    """The chords on the exact clock, each lasting until the next; one that is repeated within a section lasts on."""
    kept: list[Chord] = []
    section = -1
    for bar, row in zip(piece.plan.bars, piece.chords, strict=True):
        for chord in row:
            same = kept and section == bar.section
            before = kept[-1] if kept else chord
            if same and (before.root, before.quality, before.bass) == (chord.root, chord.quality, chord.bass):
                continue
            kept.append(replace(chord, start_beats=piece.plan.warp(chord.start_beats)))
            section = bar.section
    ends = [*(chord.start_beats for chord in kept[1:]), total]
    return tuple(replace(chord, duration_beats=end - chord.start_beats) for chord, end in zip(kept, ends, strict=True))
