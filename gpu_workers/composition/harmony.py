"""Chords: which mode each section stands in, its progressions, its cadences, and how chords are voiced.

All sections share one collection of seven notes and differ in which of them is home, so that every seam is smooth. The
first chord and the last bar of a section do not depend on its version: that is what lets versions be joined freely.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product

from gpu_workers.composition import theory
from gpu_workers.composition.chance import chance
from gpu_workers.composition.emotions import Emotion, emotion_named
from gpu_workers.composition.form import MOVEMENT_BLOCKS, Bar, Plan, Span
from gpu_workers.composition.genres.record import Genre
from gpu_workers.composition.score import Brief, Chord

PROGRESSIONS = {
    "major": ("1 5 6 4", "1 6 4 5", "1 4 6 5", "1 3 4 5", "6 4 1 5", "4 1 5 6", "1 4 1 5", "1 2 4 5"),
    "lydian": ("1 2 1 2", "1 2 6 5", "1 5 2 1", "1 3 2 5", "6 2 1 5", "1 2 3 5"),
    "mixolydian": ("1 7 4 1", "1 4 7 4", "1 5 4 7", "1 7 6 4", "4 7 1 1", "1 2 4 7"),
    "dorian": ("1 4 1 4", "1 7 4 1", "1 3 4 7", "1 2 3 4", "1 5 4 7", "4 7 1 1"),
    "phrygian": ("1 2 1 7", "1 2 3 2", "1 6 2 1", "1 4 2 1", "1 7 6 2", "6 7 1 2"),
    "minor": ("1 6 3 7", "1 7 6 7", "1 4 6 5M", "1 6 4 5M", "6 7 1 1", "1 3 7 6", "1 4 7 3", "1 5 6 4"),
}
"""Four bars of scale degrees, for genres that name few for a mode. "5M" raises the third, "4+5" shares the bar."""

DOMINANTS = {"major": "5", "lydian": "5", "mixolydian": "7", "dorian": "7", "phrygian": "2", "minor": "5M"}
"""The chord of each mode that leads home."""
_ENDINGS = {"major": ("4", "5"), "lydian": ("2", "5"), "mixolydian": ("4", "7"), "dorian": ("4", "7"),
            "phrygian": ("7", "2"), "minor": ("4", "5M")}  # fmt: skip
"""The last chord but one of a piece: through the fourth degree, and through the mode's dominant."""

_OTHER_DOUBLED = 1.5
"""What it costs, in semitones of motion, to double another note than the root."""
_SIZES = {"triad": 3, "modal": 3, "open": 3, "seventh": 4, "ninth": 5}
_BY_STEPS = {steps: name for name, steps in reversed(theory.QUALITIES.items())}
_TOKEN = re.compile(r"([1-7])(M|s2|s4|p)?(?:/([1-7]))?")


@dataclass(frozen=True, slots=True)
class Home:
    """Where a section is at home: the pitch class of its tonic, and its mode."""

    tonic: int
    mode: str

    @property
    def scale(self) -> tuple[int, ...]:
        """The seven pitch classes, tonic first."""
        return theory.scale_of(self.tonic, self.mode)

    @property
    def name(self) -> str:
        """The key in words."""
        return theory.key_name(self.tonic, self.mode)


def choose_homes(brief: Brief, spans: tuple[Span, ...]) -> tuple[Home, ...]:
    """A home for each section: the longest section's from the key asked for or the seed, the others relative to it."""
    rng = chance(brief.seed, "key")
    main = main_span(spans)
    if brief.key:
        tonic, mode = theory.parse_key(brief.key)
    else:
        modes = emotion_named(main.emotion).modes
        tonic, mode = rng.randrange(12), modes[0] if rng.random() < 0.7 else rng.choice(modes)
    homes = []
    for span in spans:
        wanted = emotion_named(span.emotion).modes
        own = mode if span.index == main.index or mode in wanted else wanted[0]
        homes.append(Home(theory.relative_tonic(tonic, mode, own), own))
    return tuple(homes)


def main_span(spans: tuple[Span, ...]) -> Span:
    """The longest section, the first of several as long."""
    return max(spans, key=lambda span: (span.exact_beats, -span.index))


def parse_chord(token: str, home: Home, colour: str, emotion: Emotion) -> tuple[int, str, int]:
    """Root, quality and bass of a degree such as "4", "5M", "1s2" or "4/1" in a key."""
    found = _TOKEN.fullmatch(token)
    if not found:
        raise ValueError(f"not a chord: {token!r}")
    degree, mark, slash = found.groups()
    scale = home.scale
    index = int(degree) - 1
    root = scale[index]
    bass = scale[int(slash) - 1] if slash else root
    return root, _quality(scale, index, mark, colour, emotion), bass


def _quality(scale: tuple[int, ...], index: int, mark: str | None, colour: str, emotion: Emotion) -> str:
    fixed = {"s2": "sus2", "s4": "sus4", "p": "power", "M": "maj" if _SIZES[colour] == 3 else "dom7"}
    if mark:
        return fixed[mark]
    stacked = _stack(scale, index, 3)
    if colour == "open" and stacked != "dim":
        has_ninth = (scale[(index + 1) % 7] - scale[index]) % 12 == 2
        bright = "add9" if stacked == "maj" else "madd9"
        return bright if has_ninth else stacked
    if colour == "modal" and emotion.energy > 0.85 and emotion.tension > 0.5:
        return "power" if stacked != "dim" else stacked
    for size in range(_SIZES[colour], 2, -1):
        name = _stack(scale, index, size)
        if name:
            return name
    return stacked


def _stack(scale: tuple[int, ...], index: int, size: int) -> str:
    """The name of the chord of thirds on a degree, or "" where it has none in `theory.QUALITIES`."""
    steps = [0]
    for third in range(1, size):
        above = (scale[(index + 2 * third) % 7] - scale[index]) % 12
        steps.append(above + 12 if third == 4 else above)
    return _BY_STEPS.get(tuple(steps), "")


def write_chords(brief: Brief, genre: Genre, plan: Plan, homes: tuple[Home, ...]) -> tuple[tuple[Chord, ...], ...]:
    """The chords of each bar, on the grid."""
    rows: list[tuple[Chord, ...]] = []
    for span in plan.spans:
        bars = [bar for bar in plan.bars if bar.section == span.index]
        after = homes[(span.index + 1) % len(homes)]
        tokens = _section_tokens(brief, genre, span, bars, homes)
        leads_on = not bars[-1].ending
        for bar, token in zip(bars, tokens, strict=True):
            home = after if leads_on and bar.last_of_section and len(bars) > 1 else homes[span.index]
            rows.append(_bar_chords(bar, token, home, genre.colour, emotion_named(span.emotion)))
    return tuple(rows)


def _section_tokens(brief: Brief, genre: Genre, span: Span, bars: list[Bar], homes: tuple[Home, ...]) -> list[str]:
    home, after = homes[span.index], homes[(span.index + 1) % len(homes)]
    pool = _pool(genre, home.mode)
    fixed = chance(brief.seed, "seam", span.index)
    opening = fixed.choice(pool)[0] if span.index else "1"
    rng = chance(brief.seed, "chords", span.index)
    order = rng.sample(pool, len(pool))
    order.sort(key=lambda row: row[0] != opening)
    per_label: dict[str, list[str]] = {}
    tokens: list[str] = []
    for bar in bars:
        label = f"{bar.label} {bar.block // MOVEMENT_BLOCKS}"
        if label not in per_label:
            per_label[label] = order[(len(per_label) + span.version) % len(order)].split()
        tokens.append(_cadenced(bar, per_label[label][bar.in_phrase], home))
    if len(bars) > 1:
        tokens[0] = opening
        tokens[-1] = "1" if bars[-1].ending else DOMINANTS[after.mode]
    else:
        tokens[0] = "1"
    if bars[-1].ending and len(bars) > 2:
        tokens[-2] = _ENDINGS[home.mode][0 if fixed.random() < genre.plagal else 1]
    return tokens


def _pool(genre: Genre, mode: str) -> tuple[str, ...]:
    """The genre's progressions of a mode, made up to enough for every version to have its own."""
    own = genre.progressions.get(mode, ())
    others = [row for row in PROGRESSIONS[mode] if row not in own]
    return (*own, *others[: max(0, 6 - len(own))])


def _cadenced(bar: Bar, token: str, home: Home) -> str:
    """A block of eight bars or more comes to rest halfway open: its first phrase ends on the dominant's side."""
    if bar.ends_block and bar.label in {"verse", "build", "bridge"} and bar.block_bars >= 4:
        return DOMINANTS[home.mode]
    return token


def _bar_chords(bar: Bar, token: str, home: Home, colour: str, emotion: Emotion) -> tuple[Chord, ...]:
    parts = token.split("+") if bar.beats >= 4 else [token.split("+", maxsplit=1)[0]]
    half = bar.beats // len(parts)
    chords = []
    for index, part in enumerate(parts):
        start = bar.start + index * half
        end = bar.start + bar.beats if index == len(parts) - 1 else start + half
        root, quality, bass = parse_chord(part, home, colour, emotion)
        chords.append(Chord(float(start), float(end - start), root, quality, bass))
    return tuple(chords)


def voice(
    chord: Chord, before: tuple[int, ...], low: int, high: int, count: int, *, grounded: bool = False
) -> tuple[int, ...]:
    """Up to `count` pitches of a chord within low..high, as near to the voicing before as can be, lowest first.

    The fifth goes first where there are too many notes, the lowest (best the root) is doubled where there are too few.
    With `before` empty the voicing sits in the middle. `grounded` says that a bass has the root: a chord with a major
    seventh then goes without it, for two players of such a chord would be a semitone or a minor ninth apart.
    """
    classes = _sounded(chord, count, grounded=grounded)
    middle, doubles = (low + high) / 2, 3 <= len(classes) < count and classes[0] == chord.root

    def cost(pitches: list[int]) -> float:
        return _travel(pitches, before, middle) + (_OTHER_DOUBLED if doubles and pitches[0] % 12 != classes[0] else 0.0)

    best = min(_inversions(classes, low, high, doubles=doubles), key=cost)
    return tuple(best)


def _sounded(chord: Chord, count: int, *, grounded: bool) -> list[int]:
    """The pitch classes of a chord that `count` voices play."""
    classes = list(theory.chord_classes(chord.root, chord.quality))
    if grounded and (chord.root - 1) % 12 in classes:
        return classes[1 : count + 1]
    if len(classes) > count:
        drop = [classes[0], classes[2]] if len(classes) == 5 else [classes[2]]
        classes = [one for one in classes if one not in drop[-(len(classes) - count) :]][:count]
    return classes


def _inversions(classes: list[int], low: int, high: int, *, doubles: bool) -> list[list[int]]:
    """Every position of the classes within the bounds, stacked as they come and as close as can be, on each of them.

    Where it `doubles`, the lowest comes again on top.
    """
    found: list[list[int]] = []
    close = sorted(classes, key=lambda one: (one - classes[0]) % 12)
    for order, first in product((classes, close), range(len(classes))):
        turned = order[first:] + order[: first + doubles]
        for base in range(low + (turned[0] - low) % 12, high + 1, 12):
            pitches = [base]
            for one in turned[1:]:
                pitches.append(pitches[-1] + ((one - pitches[-1]) % 12 or 12))
            if pitches[-1] <= high or base == low + (turned[0] - low) % 12:
                found.append(pitches)
    inside = [pitches for pitches in found if pitches[-1] <= high]
    return inside or found


def _travel(pitches: list[int], before: tuple[int, ...], middle: float) -> float:
    """The motion from one voicing to the next in semitones, and a pull towards the middle of the range.

    Fifths and octaves that move in parallel cost as much as a whole tone.
    """
    pull = 0.15 * abs(sum(pitches) / len(pitches) - middle)
    if not before:
        return pull
    moved = sum(min(abs(pitch - old) for old in before) for pitch in pitches)
    return moved + abs(pitches[-1] - before[-1]) * 0.5 + 2.0 * parallels(before, pitches) + pull


def parallels(before: Sequence[int], after: Sequence[int]) -> int:
    """How many pairs of voices move from a fifth or an octave to the same interval."""
    if len(before) != len(after):
        return 0
    pairs = combinations(zip(before, after, strict=True), 2)
    return sum(
        low != new_low and high - low == new_high - new_low and (high - low) % 12 in {0, 7}
        for (low, new_low), (high, new_high) in pairs
    )
