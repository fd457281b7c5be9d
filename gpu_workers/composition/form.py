"""The plan of a piece in time: its tempo, its bars, the blocks that each section is built of.

Music is written on a grid of whole beats. Where a section is not a whole number of beats long at the piece's tempo,
its last bars are pushed or held a little, so that the seam falls on its exact time and the tempo stays one number.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass, replace

from gpu_workers.composition.chance import chance
from gpu_workers.composition.emotions import emotion_named
from gpu_workers.composition.genres.record import Genre
from gpu_workers.composition.score import Brief, SectionWish

BEND_BEATS = 12
"""How many of a section's last beats share its push or hold: half a beat at most, so 4 % of the tempo."""
STRETCH = 0.04
"""How far the tempo may leave what was wished for so that bars fit, as a share of it."""
MOVEMENT_BLOCKS = 6
"""After so many blocks of a section a long piece goes on with other chords and another form of its theme."""
LEVELS = {
    "intro": 0.60, "verse": 0.82, "build": 0.85, "bridge": 0.85, "break": 0.62, "chorus": 1.0, "outro": 0.68,
}  # fmt: skip
"""How much of its section's energy a block shows."""


@dataclass(frozen=True, slots=True)
class Span:
    """A section on the grid: whole beats from `start`, and its exact place in beats at the piece's tempo."""

    index: int
    emotion: str
    energy: float
    version: int
    start: int
    beats: int
    exact_start: float
    exact_beats: float

    def warp(self, offset: float) -> float:
        """Where a grid position (beats from the section's start) falls, in exact beats of the score."""
        bend = min(self.beats, BEND_BEATS)
        straight = self.beats - bend
        if offset <= straight:
            return self.exact_start + offset
        return self.exact_start + straight + (offset - straight) * (self.exact_beats - straight) / bend


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar on the grid and its place in the form. `intensity` 0..1 is energy as scaled by the block's level."""

    start: int
    beats: int
    section: int
    block: int
    label: str
    in_block: int
    block_bars: int
    intensity: float
    last_of_section: bool = False
    ending: bool = False
    next_intensity: float = 0.0

    @property
    def in_phrase(self) -> int:
        """Which bar of its four-bar phrase this is, from 0."""
        return self.in_block % 4

    @property
    def ends_phrase(self) -> bool:
        """Whether the phrase stops here: every fourth bar, and the last of a block."""
        return self.in_phrase == 3 or self.ends_block

    @property
    def ends_block(self) -> bool:
        """Whether this is the last bar of its block."""
        return self.in_block == self.block_bars - 1


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole piece in time."""

    tempo_bpm: float
    beats_per_bar: int
    spans: tuple[Span, ...]
    bars: tuple[Bar, ...]

    def warp(self, beat: float) -> float:
        """The score's beat of a grid beat."""
        starts = [span.start for span in self.spans]
        span = self.spans[max(0, bisect_right(starts, beat) - 1)]
        return span.warp(beat - span.start)


def make_plan(brief: Brief, genre: Genre, beats_per_bar: int) -> Plan:
    """Tempo, sections and bars for a brief. Raises ValueError where a tempo or an emotion is unknown."""
    wishes = brief.sections or (SectionWish("calm", 0.0, brief.duration_s),)
    tempo_bpm = choose_tempo(brief, genre, wishes, beats_per_bar)
    spans = _spans(brief, wishes, tempo_bpm)
    rng = chance(brief.seed, "form")
    bars: list[Bar] = []
    for span in spans:
        first, last = span.index == 0, span.index == len(spans) - 1 and not brief.loop
        bars += _section_bars(span, genre, beats_per_bar, rng, intro=first and not brief.loop, ending=last)
    following = [*bars[1:], bars[0]]
    finished = tuple(replace(bar, next_intensity=later.intensity) for bar, later in zip(bars, following, strict=True))
    return Plan(tempo_bpm, beats_per_bar, spans, finished)


def choose_tempo(brief: Brief, genre: Genre, wishes: tuple[SectionWish, ...], beats_per_bar: int) -> float:
    """The tempo, in beats per minute, near the wish at which the sections are nearest to whole phrases and bars."""
    target, low, high = _wished_tempo(brief, genre, wishes)
    longest = sorted((wish.length_s for wish in wishes), reverse=True)[:12]
    candidates = {target}
    for length_s in {*longest, brief.duration_s}:
        per_bar = beats_per_bar * 60.0 / length_s
        candidates |= {bars * per_bar for bars in range(max(1, int(low / per_bar)), int(high / per_bar) + 2)}
    fitting = sorted(bpm for bpm in candidates if low <= bpm <= high)
    return min(fitting, key=lambda bpm: _misfit(bpm, wishes, beats_per_bar) + 4 * abs(bpm / target - 1))


def _wished_tempo(brief: Brief, genre: Genre, wishes: tuple[SectionWish, ...]) -> tuple[float, float, float]:
    """The tempo aimed at and the bounds around it, all in beats per minute."""
    if not isinstance(brief.tempo, str):
        if not 30 <= brief.tempo <= 300:
            raise ValueError("a tempo lies between 30 and 300 beats per minute")
        return float(brief.tempo), brief.tempo * (1 - STRETCH), brief.tempo * (1 + STRETCH)
    if brief.tempo not in genre.tempos:
        raise ValueError(f"no such tempo: {brief.tempo!r}")
    low, high = genre.tempos[brief.tempo]
    energy = sum(emotion_named(wish.emotion).energy * wish.length_s for wish in wishes) / brief.duration_s
    drift = chance(brief.seed, "tempo").uniform(-0.15, 0.15)
    target = low + (high - low) * min(1.0, max(0.0, energy + drift))
    return target, max(low, target * (1 - STRETCH)), min(high, target * (1 + STRETCH))


def _misfit(bpm: float, wishes: tuple[SectionWish, ...], beats_per_bar: int) -> float:
    """How badly the sections fit: broken beats cost most, then odd bars, then broken phrases."""
    cost = 0.0
    for wish in wishes:
        exact = wish.length_s * bpm / 60.0
        whole = max(1, round(exact))
        cost += 2 * abs(exact - whole) + (0.8 if whole % beats_per_bar else 0.0)
        cost += 0.25 if whole // beats_per_bar % 4 else 0.0
    return cost


def _spans(brief: Brief, wishes: tuple[SectionWish, ...], tempo_bpm: float) -> tuple[Span, ...]:
    per_second = tempo_bpm / 60.0
    edges = [0.0, *(wish.start_s for wish in wishes[1:]), brief.duration_s]
    spans: list[Span] = []
    start = 0
    for index, wish in enumerate(wishes):
        exact_start, exact_end = edges[index] * per_second, edges[index + 1] * per_second
        beats = max(1, round(exact_end - exact_start))
        energy = emotion_named(wish.emotion).energy
        version = brief.version if wish.version is None else wish.version
        spans.append(Span(index, wish.emotion, energy, version, start, beats, exact_start, exact_end - exact_start))
        start += beats
    return tuple(spans)


def _section_bars(
    span: Span, genre: Genre, beats_per_bar: int, rng: random.Random, *, intro: bool, ending: bool
) -> list[Bar]:
    lengths = bar_lengths(span.beats, beats_per_bar)
    blocks = _blocks(len(lengths), genre, rng, intro=intro, outro=ending)
    bars: list[Bar] = []
    start = span.start
    for block, (label, count) in enumerate(blocks):
        for in_block in range(count):
            last = len(bars) == len(lengths) - 1
            level = LEVELS[label] + (0.2 * in_block / count if label in {"build", "intro"} else 0.0)
            beats = lengths[len(bars)]
            bars.append(
                Bar(
                    start, beats, span.index, block, label, in_block, count, span.energy * level,
                    last_of_section=last, ending=ending and last,
                )
            )  # fmt: skip
            start += beats
    return bars


def bar_lengths(beats: int, beats_per_bar: int) -> list[int]:
    """Whole bars, then what is left over: a short bar, or one beat more for the last."""
    bars, rest = divmod(beats, beats_per_bar)
    lengths = [beats_per_bar] * bars
    if rest == 1 and lengths:
        lengths[-1] += 1
    elif rest:
        lengths.append(rest)
    return lengths


def _blocks(bars: int, genre: Genre, rng: random.Random, *, intro: bool, outro: bool) -> list[tuple[str, int]]:
    """Blocks (label, bars) that fill the section: whole phrases as long as they last, the rest in the last block."""
    if bars < 12:
        return [("verse", 4), ("chorus", bars - 4)] if bars >= 7 else [("chorus", bars)]
    head = [("intro", 4)] if intro and bars >= 16 else []
    tail = [("outro", 4 + bars % 4)] if outro and bars >= 16 else []
    left = bars - sum(count for _, count in head + tail)
    body: list[tuple[str, int]] = []
    turn = rng.randrange(2) * (len(genre.form) > 2 and left < 24)
    while left > 0:
        label, count = genre.form[turn % len(genre.form)]
        count = left if left - count < 4 else count
        body.append((label, count))
        left -= count
        turn += 1
    return head + body + tail
