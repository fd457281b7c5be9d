"""A score as a picture: sections and chords along the top, under them a lane for each stem, labelled where it is."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.textpath import TextPath
from matplotlib.ticker import FuncFormatter, MultipleLocator

from gpu_workers.composition import pianoroll_lanes as lanes
from gpu_workers.composition import theory
from gpu_workers.composition.emotions import EMOTIONS
from gpu_workers.composition.pianoroll_lanes import FAINT, INK, Lane
from gpu_workers.composition.score import Score, Section

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_PX, HEIGHT_PX = 1600, 900
_DPI = 100
_PAPER, _PANEL = "#12141a", "#191c24"
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.128, 0.945, 0.932, 0.045
_HEADER_SHARE = 0.135
"""Of what is between top and bottom: the sections and chords."""
_MOST_BARS = 160
_PHRASE_BARS = 4
_SMALL_PT, _TEXT_PT, _LARGE_PT = 12, 14, 22
_LETTER, _SPACE = 0.0091, 0.0025
"""Width of a letter of `_TEXT_PT`, and what is left free about a chord's name, as shares of the piece."""
_STEPS_S, _MOST_TIMES = (1, 2, 5, 10, 15, 30, 60, 120), 14


def draw(score: Score, path: Path) -> None:
    """Write the picture, a PNG file of 1600 by 900 pixels; the same score gives the same bytes."""
    figure = Figure(figsize=(WIDTH_PX / _DPI, HEIGHT_PX / _DPI), dpi=_DPI, facecolor=_PAPER)
    FigureCanvasAgg(figure)
    below = lanes.lanes(score)
    share = (1 - _HEADER_SHARE) / sum(lane.weight for lane in below)
    grid = figure.add_gridspec(
        1 + len(below), 1, height_ratios=(_HEADER_SHARE, *(lane.weight * share for lane in below)), hspace=0.035,
        left=_LEFT, right=_RIGHT, top=_TOP, bottom=_BOTTOM,
    )  # fmt: skip
    top, *rows = (figure.add_subplot(grid[index]) for index in range(1 + len(below)))
    for axes in (top, *rows):
        _panel(axes, score)
    _sections(top, score)
    _chords(top, score)
    for axes, lane in zip(rows, below, strict=True):
        lanes.draw(axes, lane, score)
        _labels(figure, axes, lane)
    _clock([top, *rows][-1])
    _title(figure, score)
    figure.savefig(path, format="png", dpi=_DPI, facecolor=_PAPER, metadata={"Software": None})


def _panel(axes: "Axes", score: Score) -> None:
    """Ground, bar lines (every fourth stronger) and section lines that all have in common."""
    axes.set_facecolor(_PANEL)
    axes.set_xlim(0, score.duration_s)
    axes.tick_params(colors=FAINT, labelsize=_SMALL_PT, length=0, labelleft=False, labelright=True)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.xaxis.set_ticklabels([])
    every = 1 + len(score.bars) // _MOST_BARS
    for number, bar in enumerate(score.bars[::every]):
        strong = number % _PHRASE_BARS == 0
        axes.axvline(score.seconds(bar), color="#ffffff", alpha=0.15 if strong else 0.055, linewidth=0.7)
    for section in score.sections[1:]:
        axes.axvline(score.seconds(section.start_beats), color=INK, alpha=0.6, linewidth=1.4)


def _sections(axes: "Axes", score: Score) -> None:
    """The sections as boxes, filled as high as their energy."""
    axes.set_ylim(0, 3)
    axes.set_yticks([])
    for section in score.sections:
        start, length = score.seconds(section.start_beats), score.seconds(section.duration_beats)
        colour = _mood(section.emotion)
        axes.add_patch(Rectangle((start, 1.62), length, 1.38, facecolor=colour, alpha=0.32, linewidth=0))
        axes.add_patch(
            Rectangle((start, 1.62), length, 1.38 * section.energy, facecolor=colour, alpha=0.6, linewidth=0)
        )
        words = _worded(section, int(length / score.duration_s / _LETTER) - 2)
        middle = start + length / 2
        axes.text(middle, 2.28, words, color="#ffffff", fontsize=_TEXT_PT + 1, ha="center", va="center", clip_on=True)


def _worded(section: Section, room: int) -> str:
    """What can be said of a section in so many letters."""
    told = (
        f"{section.emotion}  ·  {section.key}  ·  energy {section.energy:.2f}",
        f"{section.emotion}  ·  {section.key}",
        section.emotion,
        section.emotion[:3],
    )
    return next((words for words in told if len(words) <= room), "")


def _chords(axes: "Axes", score: Score) -> None:
    """Names of the chords where they begin, in two rows by turns where one is too narrow; those with no room go."""
    free_from = [0.0, 0.0]
    for chord in score.chords:
        at = score.seconds(chord.start_beats)
        name = theory.chord_symbol(chord.root, chord.quality, chord.bass, theory.names_in(score.key))
        end = at + (_width(name) + 2 * _SPACE) * score.duration_s
        row = next((row for row in (0, 1) if at >= free_from[row]), None)
        if row is None or end > score.duration_s * 1.01:
            continue
        low = (0.9, 0.12)[row]
        axes.plot([at, at], [low, low + 0.62], color=FAINT, linewidth=1.0)
        axes.text(
            at + _SPACE * score.duration_s, low + 0.28, name, color=INK, fontsize=_TEXT_PT, ha="left", va="center"
        )
        free_from[row] = end


@cache
def _width(name: str) -> float:
    """Of a chord's name, as a share of the piece."""
    wide_px = TextPath((0, 0), name, size=_TEXT_PT).get_extents().width * _DPI / 72
    return float(wide_px / (WIDTH_PX * (_RIGHT - _LEFT)))


def _mood(emotion: str) -> str:
    """Cool for what is sad, warm for what is glad, red for what is tense."""
    feel = EMOTIONS[emotion]
    if feel.tension > 0.5:
        return "#c0394d"
    return "#c97f24" if feel.valence > 0.2 else "#3f6fb5"


def _labels(figure: Figure, axes: "Axes", lane: Lane) -> None:
    """The lane's name and its parts in their colours, to its left."""
    box = axes.get_position()
    line = 1.45 * _SMALL_PT / 72 * _DPI / HEIGHT_PX
    names: Sequence[tuple[str, str]] = [(lane.name, FAINT), *((part.label, part.colour) for part in lane.parts)]
    for number, (label, colour) in enumerate(names):
        place = box.y1 - (0.75 + number) * line
        weight = "normal" if number else "bold"
        figure.text(
            _LEFT - 0.008, place, label, color=colour, fontsize=_SMALL_PT + 0.5, fontweight=weight, ha="right",
            va="center",
        )  # fmt: skip


def _clock(axes: "Axes") -> None:
    step_s = next((step for step in _STEPS_S if axes.get_xlim()[1] <= _MOST_TIMES * step), _STEPS_S[-1])
    axes.xaxis.set_major_locator(MultipleLocator(step_s))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{int(at) // 60}:{int(at) % 60:02}"))


def _title(figure: Figure, score: Score) -> None:
    length = f"{int(score.duration_s) // 60}:{score.duration_s % 60:04.1f}"
    facts = f"{score.key}   {score.tempo_bpm:.4g} bpm   {score.beats_per_bar}/4   {length}   seed {score.seed}"
    figure.text(_LEFT, 0.966, score.genre, color=INK, fontsize=_LARGE_PT, fontweight="bold", va="center")
    figure.text(_RIGHT, 0.966, facts, color=INK, fontsize=_TEXT_PT, ha="right", va="center")
