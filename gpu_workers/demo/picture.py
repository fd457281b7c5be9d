"""A picture of a separation: the mixture and each stem, waveform and spectrogram, on one time axis."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gpu_workers.audio.files import AudioFile

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 1400
"""Points in time that are drawn, whatever the length."""
_WINDOW = 4096
_BANDS = 160
_LOWEST_HZ, _HIGHEST_HZ = 40.0, 16000.0
_FLOOR_DB = 72.0
"""Range of the spectrograms below the loudest point of the mixture."""

_PAPER, _PANEL, _INK, _FAINT = "#12141a", "#191c24", "#e8eaf0", "#8b91a1"
_COLOURS = {
    "mixture": "#d7dbe6",
    "vocals": "#ff7a90",
    "drums": "#ffb454",
    "bass": "#6aa8ff",
    "other": "#5fd3a6",
    "guitar": "#c792ea",
    "piano": "#f2e06b",
    "accompaniment": "#5fd3a6",
}
_TICKS_HZ = (100, 1000, 10000)


@dataclass(frozen=True)
class Drawing:
    """What is drawn of one file: all by column of time."""

    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    """Least and greatest sample, of all channels."""
    rms: npt.NDArray[np.float64]
    spectrum_db: npt.NDArray[np.float64]
    """(bands, columns), level of each band."""
    duration_s: float


def measure(file: AudioFile) -> Drawing:
    """Look at a file, in bounded memory."""
    columns = min(COLUMNS, max(2, file.frames // 256))
    edges = np.linspace(0, file.frames, columns + 1).astype(int)
    window, bank = np.hanning(_WINDOW), _bank(file.sample_rate_hz)
    low, high, rms = np.zeros(columns), np.zeros(columns), np.zeros(columns)
    spectrum = np.zeros((_BANDS, columns))
    for column, (start, end) in enumerate(itertools.pairwise(edges)):
        block = file.read(int(start), max(int(end - start), 1)).astype(np.float64)
        low[column], high[column], rms[column] = block.min(), block.max(), np.sqrt(np.mean(block**2))
        around = file.read(int(start + end - _WINDOW) // 2, _WINDOW)
        power = np.mean(np.abs(np.fft.rfft(around * window, axis=-1)) ** 2, axis=0)
        spectrum[:, column] = bank @ power
    return Drawing(low, high, rms, 10 * np.log10(spectrum + 1e-12), file.duration_s)


def draw(tracks: Mapping[str, AudioFile], path: Path, *, title: str, notes: Mapping[str, str] | None = None) -> None:
    """Write the picture of `tracks`, in their order, as PNG. `notes` stand beside the names."""
    from matplotlib.figure import Figure

    drawings = {name: measure(file) for name, file in tracks.items()}
    first = next(iter(drawings.values()))
    peak = max(float(np.max(np.abs([first.low, first.high]))), 1e-6)
    top_db = float(first.spectrum_db.max())
    figure = Figure(figsize=(14, 1.2 + 1.62 * len(drawings)), dpi=120, facecolor=_PAPER)
    grid = figure.subplots(
        len(drawings),
        2,
        sharex=True,
        squeeze=False,
        gridspec_kw={
            "left": 0.105,
            "right": 0.955,
            "top": 1 - 0.62 / figure.get_figheight(),
            "bottom": 0.56 / figure.get_figheight(),
            "hspace": 0.16,
            "wspace": 0.05,
        },
    )
    for (wave, spectrum), (name, drawing) in zip(grid, drawings.items(), strict=True):
        _wave(wave, name, drawing, peak, (notes or {}).get(name, ""))
        _spectrum(spectrum, name, drawing, top_db)
    _frame(figure, grid, title, first.duration_s)
    figure.savefig(path, facecolor=_PAPER)


def _wave(axes: "Axes", name: str, drawing: Drawing, peak: float, note: str) -> None:
    colour = _COLOURS.get(name, _INK)
    t = _times(drawing)
    axes.fill_between(t, drawing.low, drawing.high, color=colour, alpha=0.45, linewidth=0)
    axes.fill_between(t, -drawing.rms, drawing.rms, color=colour, linewidth=0)
    axes.set_ylim(-1.08 * peak, 1.08 * peak)
    axes.set_yticks([])
    place: dict[str, Any] = {"transform": axes.transAxes, "ha": "right", "clip_on": False}
    axes.text(-0.02, 0.56, name, color=colour, fontsize=15, fontweight="bold", va="center", **place)
    if note:
        axes.text(-0.02, 0.3, note, color=_FAINT, fontsize=9.5, va="center", **place)


def _spectrum(axes: "Axes", name: str, drawing: Drawing, top_db: float) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    colour = _COLOURS.get(name, _INK)
    shades = LinearSegmentedColormap.from_list(name, [_PANEL, _mixed(colour, _PANEL, 0.45), colour, "#ffffff"])
    axes.imshow(
        drawing.spectrum_db,
        origin="lower",
        aspect="auto",
        extent=(0, drawing.duration_s, 0, _BANDS),
        cmap=shades,
        vmin=top_db - _FLOOR_DB,
        vmax=top_db,
        interpolation="bilinear",
    )
    axes.yaxis.tick_right()
    axes.set_yticks([_band_of(f) for f in _TICKS_HZ], ["100 Hz", "1 kHz", "10 kHz"])


def _frame(figure: "Figure", grid: npt.NDArray[Any], title: str, duration_s: float) -> None:
    for axes in grid.flat:
        axes.set_facecolor(_PANEL)
        axes.set_xlim(0, duration_s)
        axes.tick_params(colors=_FAINT, labelsize=9, length=0, pad=4)
        for spine in axes.spines.values():
            spine.set_visible(False)
    for axes in grid[-1]:
        axes.xaxis.set_major_formatter(lambda seconds, _: f"{int(seconds) // 60}:{int(seconds) % 60:02d}")
        _first_and_last_inwards(axes, duration_s)
        axes.set_xlabel("time, minutes:seconds", color=_FAINT, fontsize=9.5)
    height = figure.get_figheight()
    figure.text(0.105, 1 - 0.3 / height, title, color=_INK, fontsize=13, va="center")
    told = "left: peaks and RMS · right: level by frequency, one scale for all"
    figure.text(0.955, 1 - 0.3 / height, told, color=_FAINT, fontsize=9.5, va="center", ha="right")


def _first_and_last_inwards(axes: "Axes", duration_s: float) -> None:
    """Keep the labels at both ends of the time axis from running into the neighbour's."""
    ticks = [t for t in axes.get_xticks() if 0 <= t <= duration_s]
    axes.set_xticks(ticks)
    for label, seconds in zip(axes.get_xticklabels(), ticks, strict=True):
        if seconds == 0:
            label.set_horizontalalignment("left")
        elif seconds > 0.97 * duration_s:
            label.set_horizontalalignment("right")


def _times(drawing: Drawing) -> npt.NDArray[np.float64]:
    return (np.arange(len(drawing.rms)) + 0.5) * drawing.duration_s / len(drawing.rms)


def _band_of(frequency_hz: float) -> float:
    """Where a frequency stands on the axis of bands, which is logarithmic."""
    return float(_BANDS * np.log(frequency_hz / _LOWEST_HZ) / np.log(_HIGHEST_HZ / _LOWEST_HZ))


def _bank(rate_hz: int) -> npt.NDArray[np.float64]:
    """(bands, bins): each band's mean over the bins near its centre, at least the two nearest to it."""
    centres = _LOWEST_HZ * (_HIGHEST_HZ / _LOWEST_HZ) ** ((np.arange(_BANDS) + 0.5) / _BANDS)
    bins = np.fft.rfftfreq(_WINDOW, 1 / rate_hz)
    width = np.maximum(centres * 0.02, bins[1])[:, None]
    weights = np.clip(1 - np.abs(bins - centres[:, None]) / width, 0, None)
    return np.asarray(weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9))


def _mixed(one: str, other: str, share: float) -> str:
    def channels(colour: str) -> list[int]:
        return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]

    pairs = zip(channels(one), channels(other), strict=True)
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)
