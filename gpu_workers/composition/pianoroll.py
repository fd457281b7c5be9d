"""A score as a picture: sections and chords along the top, the notes by part, the drums under them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from gpu_workers.composition import theory
from gpu_workers.composition.emotions import EMOTIONS
from gpu_workers.composition.score import Part, Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_PX, HEIGHT_PX = 1600, 900
_DPI = 100
_PAPER, _PANEL, _INK, _FAINT = "#12141a", "#191c24", "#e8eaf0", "#8b91a1"
_COLOURS: Final = (
    "#6aa8ff", "#ffb454", "#5fd3a6", "#ff7a90", "#c792ea", "#f2e06b", "#4fd0e7", "#f78c4b", "#9ccc65", "#e58ad8",
    "#a1887f", "#90a4ae",
)  # fmt: skip
_UNPITCHED: Final = frozenset({
    "kit_acoustic", "kit_electronic", "kit_hiphop", "kit_brush", "percussion_world", "tabla", "taiko", "riser",
    "impact", "vinyl",
})  # fmt: skip
_HIT_SHARE = 0.0025
"""Drums are struck, not held: their notes are drawn as ticks of this share of the width."""
_MOST_BARS = 160
_CHORD_CHAR_SHARE = 0.0062
"""Width of one letter of a chord's name, as a share of the piece."""
_Box = tuple[tuple[float, float], ...]


def draw(score: Score, path: Path) -> None:
    """Write the picture, a PNG file of 1600 by 900 pixels; the same score gives the same bytes."""
    figure = Figure(figsize=(WIDTH_PX / _DPI, HEIGHT_PX / _DPI), dpi=_DPI, facecolor=_PAPER)
    FigureCanvasAgg(figure)
    struck = [part for part in score.parts if part.instrument in _UNPITCHED and part.notes]
    tuned = [part for part in score.parts if part.instrument not in _UNPITCHED and part.notes]
    rows = _drum_rows(struck)
    low = min(2.2, 0.35 + 0.14 * len(rows)) if rows else 0.02
    grid = figure.add_gridspec(
        3, 1, height_ratios=(0.85, 7.0 - low, low), hspace=0.02, left=0.045, right=0.985, top=0.93, bottom=0.105
    )
    colours = {part.name: _COLOURS[index % len(_COLOURS)] for index, part in enumerate(score.parts)}
    top, roll, drums = (figure.add_subplot(grid[index]) for index in range(3))
    for axes in (top, roll, drums):
        _panel(axes, score)
    _header(top, score)
    _notes(roll, score, tuned, colours)
    _hits(drums, score, rows, colours)
    _words(figure, score, [*tuned, *struck], colours)
    figure.savefig(path, format="png", dpi=_DPI, facecolor=_PAPER, metadata={"Software": None})


def _panel(axes: "Axes", score: Score) -> None:
    """Ground, bar lines and section lines that all three share."""
    axes.set_facecolor(_PANEL)
    axes.set_xlim(0, score.duration_s)
    axes.tick_params(colors=_FAINT, labelsize=9, length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.xaxis.set_ticklabels([])
    every = 1 + len(score.bars) // _MOST_BARS
    for bar in score.bars[::every]:
        axes.axvline(score.seconds(bar), color="#ffffff", alpha=0.06, linewidth=0.6)
    for section in score.sections[1:]:
        axes.axvline(score.seconds(section.start_beats), color=_INK, alpha=0.45, linewidth=1.0)


def _header(axes: "Axes", score: Score) -> None:
    """The sections as boxes, the fuller the more energy they have, and the chords under them."""
    axes.set_ylim(0, 2)
    axes.set_yticks([])
    for section in score.sections:
        start, length = score.seconds(section.start_beats), score.seconds(section.duration_beats)
        colour = _mood(section.emotion)
        alpha = 0.25 + 0.6 * section.energy
        axes.add_patch(Rectangle((start, 1.03), length, 0.94, facecolor=colour, alpha=alpha, linewidth=0))
        room = int(length / score.duration_s / _CHORD_CHAR_SHARE)
        told = (f"{section.emotion}  energy {section.energy:.2f}  {section.key}", section.emotion, section.emotion[:3])
        words = next((one for one in told if len(one) + 2 <= room), "")
        axes.text(start + length / 2, 1.5, words, color="#ffffff", fontsize=10, ha="center", va="center", clip_on=True)
    free_from = 0.0
    for chord in score.chords:
        at = score.seconds(chord.start_beats)
        name = theory.chord_symbol(chord.root, chord.quality, chord.bass)
        axes.plot([at, at], [0.05, 0.25], color=_FAINT, linewidth=0.6)
        width = (len(name) + 1.2) * _CHORD_CHAR_SHARE * score.duration_s
        if at < free_from or at + width > score.duration_s * 1.003:
            continue
        axes.text(at + 0.001 * score.duration_s, 0.58, name, color=_INK, fontsize=9.5, ha="left", va="center")
        free_from = at + width


def _mood(emotion: str) -> str:
    """Cool for what is sad, warm for what is glad, red for what is tense."""
    feel = EMOTIONS[emotion]
    if feel.tension > 0.5:
        return "#c0394d"
    return "#d98b2b" if feel.valence > 0.2 else "#3f6fb5"


def _box(start: float, end: float, low: float, high: float) -> _Box:
    return ((start, low), (start, high), (end, high), (end, low))


def _notes(axes: "Axes", score: Score, parts: Sequence[Part], colours: dict[str, str]) -> None:
    pitches = [note.pitch for part in parts for note in part.notes] or [60]
    axes.set_ylim(min(pitches) - 2, max(pitches) + 2)
    octaves = [pitch for pitch in range(12, 120, 12) if min(pitches) - 2 <= pitch <= max(pitches) + 2]
    axes.set_yticks(octaves, [f"C{pitch // 12 - 1}" for pitch in octaves])
    for pitch in octaves:
        axes.axhline(pitch - 0.5, color="#ffffff", alpha=0.1, linewidth=0.6)
    least = score.duration_s / WIDTH_PX
    for part in parts:
        boxes, faces = [], []
        for note in part.notes:
            start, end = score.seconds(note.start_beats), score.seconds(note.end_beats)
            boxes.append(_box(start, max(end, start + 2 * least) - least / 2, note.pitch - 0.42, note.pitch + 0.42))
            faces.append((colours[part.name], 0.35 + 0.6 * min(note.velocity, 1.0)))
        axes.add_collection(PolyCollection(boxes, facecolors=faces, linewidths=0))


def _drum_rows(parts: Sequence[Part]) -> list[tuple[Part, int]]:
    """One row for each sound of each part, the lowest first."""
    return [(part, pitch) for part in parts for pitch in sorted({note.pitch for note in part.notes})]


def _hits(axes: "Axes", score: Score, rows: Sequence[tuple[Part, int]], colours: dict[str, str]) -> None:
    axes.set_ylim(-0.7, max(len(rows), 1) - 0.3)
    axes.set_yticks([])
    if rows:
        axes.set_ylabel("drums", color=_FAINT, fontsize=9)
    tick = _HIT_SHARE * score.duration_s
    for row, (part, pitch) in enumerate(rows):
        notes = [note for note in part.notes if note.pitch == pitch]
        held = part.instrument in ("riser", "vinyl")
        starts = [score.seconds(note.start_beats) for note in notes]
        lengths = [score.seconds(note.duration_beats) if held else tick for note in notes]
        boxes = [_box(at, at + length, row - 0.36, row + 0.36) for at, length in zip(starts, lengths, strict=True)]
        faces = [(colours[part.name], 0.3 + 0.65 * min(note.velocity, 1.0)) for note in notes]
        axes.add_collection(PolyCollection(boxes, facecolors=faces, linewidths=0))
    axes.xaxis.set_major_locator(MaxNLocator(16, steps=[1, 2, 3, 5, 6, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{int(at) // 60}:{int(at) % 60:02}"))


def _words(figure: Figure, score: Score, parts: Sequence[Part], colours: dict[str, str]) -> None:
    """The title line and the legend."""
    length = f"{int(score.duration_s) // 60}:{score.duration_s % 60:04.1f}"
    bpm = round(score.tempo_bpm, 1)
    facts = f"{score.key}   {bpm:g} bpm   {score.beats_per_bar} beats a bar   {length}   seed {score.seed}"
    figure.text(0.045, 0.958, score.genre, color=_INK, fontsize=15, fontweight="bold", va="center")
    figure.text(0.985, 0.958, facts, color=_FAINT, fontsize=11, ha="right", va="center")
    handles = [Patch(color=colours[part.name], label=_told(part)) for part in parts]
    if handles:
        figure.legend(
            handles=handles, loc="lower center", ncols=min(6, len(handles)), frameon=False, fontsize=9,
            labelcolor=_INK, bbox_to_anchor=(0.5, 0.0), handlelength=1.0, columnspacing=1.6,
        )  # fmt: skip


def _told(part: Part) -> str:
    role = part.name.removesuffix(f"_{part.instrument}")
    return part.instrument if role == part.instrument else f"{role}: {part.instrument}"
