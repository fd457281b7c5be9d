"""The lanes of a piano roll, one for each stem: melody, chords and bass on a ladder of pitches, percussion in rows."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from matplotlib.collections import PolyCollection

from gpu_workers.composition.arrange import FAMILY
from gpu_workers.composition.groups import grouped
from gpu_workers.composition.score import Note, Part, Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, FAINT = "#e8eaf0", "#a4aabb"
_COLOURS: Final = (
    "#ffd166", "#6aa8ff", "#5fd3a6", "#ff7a90", "#c792ea", "#4fd0e7", "#f78c4b", "#9ccc65", "#e58ad8", "#d7b98e",
    "#8fb8de", "#f2f08b",
)  # fmt: skip
_ORDER: Final = ("melody", "chords", "bass", "percussion")
_HELD: Final = frozenset({"strings", "drone"})
"""Families that hold long chords: drawn broad and faint, so that what is struck shows on them."""
_STRUCK: Final = {
    "kick": (35, 36), "snare": (37, 38, 39, 40), "toms": (41, 43, 45, 47, 48, 50), "hats": (42, 44, 46),
    "cymbals": (49, 51, 52, 53, 55, 57, 59),
}  # fmt: skip
_TABLA: Final = {"bayan": (36, 37), "dayan": (38, 40, 42, 44, 45)}
_KITS: Final = frozenset({"kit_acoustic", "kit_electronic", "kit_hiphop", "kit_brush"})
_EFFECTS: Final = frozenset({"riser", "impact", "vinyl"})
_HIT_SHARE = 0.0022
"""Drums are struck, not held: their notes are drawn as ticks of this share of the width."""
_LEAST_SHARE = 0.0012
_GAP_SHARE = 0.0004
_LINE, _ROW, _PITCH = 1.05, 0.85, 0.16
"""Weights of a line of labels, a row of percussion, a semitone."""
_Box = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A part and its looks."""

    part: Part
    label: str
    colour: str


@dataclass(frozen=True, slots=True)
class Lane:
    """A stem's parts, and its share of the height; `rows` are its (name, part, notes) if it is percussion."""

    name: str
    parts: tuple[Drawn, ...]
    weight: float
    rows: tuple[tuple[str, Drawn, tuple[Note, ...]], ...] = ()


def lanes(score: Score) -> list[Lane]:
    """Those that have notes, from melody down to percussion; an empty one where none has."""
    stems = grouped(score)
    used = [part.name for name in _ORDER for part in stems[name] if part.notes]
    looks = {name: _COLOURS[place % len(_COLOURS)] for place, name in enumerate(used)}
    doubled = [part.instrument for part in score.parts if part.notes]
    found = []
    for name in _ORDER:
        parts = tuple(
            Drawn(part, _label(part, doubled.count(part.instrument) > 1), looks[part.name])
            for part in stems[name]
            if part.notes
        )
        if parts:
            found.append(_lane(name, parts))
    return found or [Lane("", (), 1.0)]


def _lane(name: str, parts: tuple[Drawn, ...]) -> Lane:
    words = _LINE * (1 + len(parts)) + 0.3
    if name == "percussion":
        rows = tuple(row for part in parts for row in _rows(part))
        return Lane(name, parts, max(words, _ROW * len(rows)), rows)
    pitches = [note.pitch for one in parts for note in one.part.notes]
    return Lane(name, parts, max(words, _PITCH * (max(pitches) - min(pitches) + 5)))


def _label(part: Part, told_apart: bool) -> str:
    """An instrument in words: "upright bass"; with its role where another part has the same."""
    words = " ".join(reversed(part.instrument.split("_")))
    role = part.name.removesuffix(f"_{part.instrument}")
    return f"{words} ({role})" if told_apart and role != part.instrument else words


def _rows(drawn: Drawn) -> list[tuple[str, Drawn, tuple[Note, ...]]]:
    """A kit's families of drums, the two drums of a tabla; others have one row of their own."""
    names = _STRUCK if drawn.part.instrument in _KITS else _TABLA if drawn.part.instrument == "tabla" else {}
    notes = drawn.part.notes
    known = {pitch for pitches in names.values() for pitch in pitches}
    rows = [(name, tuple(note for note in notes if note.pitch in pitches)) for name, pitches in names.items()]
    rows.append(("", tuple(note for note in notes if note.pitch not in known)))
    return [(name, drawn, own) for name, own in rows if own]


def draw(axes: "Axes", lane: Lane, score: Score) -> None:
    """Draw a lane's notes, the louder the fuller."""
    if lane.rows:
        _hits(axes, lane, score)
    elif lane.parts:
        _notes(axes, lane, score)
    else:
        axes.set_yticks([])


def _notes(axes: "Axes", lane: Lane, score: Score) -> None:
    pitches = [note.pitch for one in lane.parts for note in one.part.notes]
    low, high = min(pitches) - 1.5, max(pitches) + 1.5
    axes.set_ylim(low, high)
    octaves = [pitch for pitch in range(12, 120, 12) if low + 1 < pitch < high - 1]
    axes.set_yticks(octaves, [f"C{pitch // 12 - 1}" for pitch in octaves])
    for pitch in octaves:
        axes.axhline(pitch - 0.5, color="#ffffff", alpha=0.16, linewidth=0.7)
    held = [one for one in lane.parts if _is_held(one.part)]
    struck = [one for one in lane.parts if not _is_held(one.part)]
    for layer, drawn in enumerate([*held, *struck]):
        # Of two that play one note the upper is narrower, so that both show.
        tall = 0.48 if not layer else max(0.22, 0.42 - 0.05 * layer)
        _boxes(axes, drawn, score, tall, 0.55 if drawn in held else 1.0)


def _is_held(part: Part) -> bool:
    return FAMILY[part.instrument] in _HELD


def _boxes(axes: "Axes", drawn: Drawn, score: Score, tall: float, opacity: float) -> None:
    least, gap = _LEAST_SHARE * score.duration_s, _GAP_SHARE * score.duration_s
    boxes, faces = [], []
    for note in drawn.part.notes:
        start, end = score.seconds(note.start_beats), score.seconds(note.end_beats)
        boxes.append(_box(start, max(end - gap, start + least), note.pitch, tall))
        faces.append((drawn.colour, opacity * (0.45 + 0.55 * min(note.velocity, 1.0))))
    axes.add_collection(PolyCollection(boxes, facecolors=faces, linewidths=0))


def _hits(axes: "Axes", lane: Lane, score: Score) -> None:
    axes.set_ylim(len(lane.rows) - 0.4, -0.6)
    axes.set_yticks(range(len(lane.rows)), [name for name, _, _ in lane.rows])
    tick = _HIT_SHARE * score.duration_s
    for row, (_, drawn, notes) in enumerate(lane.rows):
        held = drawn.part.instrument in _EFFECTS
        boxes = [_hit(score, note, row, score.seconds(note.duration_beats) if held else tick) for note in notes]
        faces = [(drawn.colour, 0.3 + 0.7 * min(note.velocity, 1.0)) for note in notes]
        axes.add_collection(PolyCollection(boxes, facecolors=faces, linewidths=0))


def _hit(score: Score, note: Note, row: int, length: float) -> _Box:
    start = score.seconds(note.start_beats)
    return _box(start, start + length, row, 0.36)


def _box(start: float, end: float, middle: float, tall: float) -> _Box:
    return ((start, middle - tall), (start, middle + tall), (end, middle + tall), (end, middle - tall))
