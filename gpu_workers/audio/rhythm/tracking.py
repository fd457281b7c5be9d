"""Pulses: which periods a signal may be counted in, and the beats of one of them."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

from gpu_workers.audio.rhythm.onsets import FRAME_S, Series

SLOWEST_BPM, FASTEST_BPM = 48.0, 230.0
_RATIOS = (0.25, 1 / 3, 0.5, 2 / 3, 0.75, 1.0, 4 / 3, 1.5, 2.0, 3.0, 4.0)
_PEAKS = 6
_TIGHTNESS = 400.0
"""How dear it is to leave the period: Ellis, "Beat tracking by dynamic programming", 2007, alpha in equation 5."""


MOVES = (1 / 3, 0.5, 2 / 3)
_SILENT = 0.2
"""Share of the mean loudness, which is compressed, below which nothing is heard."""

_REST_S = 3.0
"""Longest rest that is a part of the music: most of a bar at the slowest tempo."""

_AROUND_S = 4.0
_BLOCKS_A_PULSE = 1000


def autocorrelation(series: Series, longest: int, heard: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Autocorrelation at lags 0 to `longest` of `series` without its mean, over the frames `heard`; 1 at lag 0.

    Each lag is divided by the number of products in it, so that long lags are not weaker for being long, nor those
    across a silence.
    """
    x = np.where(heard, series - (series[heard].mean() if heard.any() else 0), 0)
    found = _products(x, longest) / np.maximum(np.round(_products(heard, longest)), 1)
    normalised: npt.NDArray[np.float64] = found / max(float(found[0]), 1e-12)
    return normalised


def _products(series: npt.NDArray[Any], longest: int) -> npt.NDArray[np.float64]:
    """Sums (longest + 1,) of the products of values so many frames apart."""
    size = fft.next_fast_len(len(series) + longest, real=True)
    spectrum = fft.rfft(series.astype(np.float64), size)
    return cast(npt.NDArray[np.float64], fft.irfft(np.abs(spectrum) ** 2, size)[: longest + 1])


def candidate_periods(correlation: npt.NDArray[np.float64]) -> list[float]:
    """Periods in frames in which the beat may be counted: the strongest lags, their multiples and parts."""
    shortest, longest = 60 / FASTEST_BPM / FRAME_S, 60 / SLOWEST_BPM / FRAME_S
    smooth = ndimage.gaussian_filter1d(correlation, 1.0)
    lags = np.arange(1, min(len(smooth) - 1, int(longest * 2)))
    peaks = lags[(smooth[lags] > smooth[lags - 1]) & (smooth[lags] >= smooth[lags + 1]) & (lags > shortest / 2)]
    strongest = peaks[np.argsort(-smooth[peaks])][:_PEAKS]
    periods: list[float] = []
    for base in strongest:
        own = _refined(smooth, float(base))
        for ratio in _RATIOS:
            period = own * ratio
            if shortest <= period <= longest and all(abs(np.log(period / p)) > 0.025 for p in periods):
                periods.append(period)
    return periods


def _refined(correlation: npt.NDArray[np.float64], period: float) -> float:
    """`period` after looking at 2, 4, 8 and 16 times it, where its error is that many times as large."""
    for times in (1, 2, 4, 8, 16):
        at = round(period * times)
        near = np.arange(at - 3, at + 4)
        if near[0] < 1 or near[-1] >= len(correlation) - 1:
            break
        best = int(near[np.argmax(correlation[near])])
        left, middle, right = correlation[best - 1 : best + 2]
        bend = left - 2 * middle + right
        if bend >= 0:
            continue
        period = (best + float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5))) / times
    return period


def track(strength: Series, period: float, pulse: Callable[[], None] = lambda: None) -> npt.NDArray[np.int64]:
    """Frames of the beats: the path that collects most `strength` in steps near `period` (Ellis 2007, equation 4).

    No step is shorter than half a period, so half a period of frames has its predecessors behind it and is computed
    at once. `pulse` is called several times a second.
    """
    n, block = len(strength), max(1, int(period / 2))
    low, high = block, max(block + 1, int(period * 2))
    padded = np.full(n + high, 0.0)
    steps = np.arange(high, low - 1, -1)
    penalty = -_TIGHTNESS * np.log(steps / period) ** 2
    # Row t is the frames from `high` to `low` before t, as they come to be known: the padding shifts them.
    before = np.lib.stride_tricks.sliding_window_view(padded, len(steps))
    deviation = float(strength.std())
    gain = strength / (deviation if deviation > 0 else 1.0)
    back = np.zeros(n, np.int64)
    for number, begin in enumerate(range(0, n, block)):
        if number % _BLOCKS_A_PULSE == 0:
            pulse()
        end = min(begin + block, n)
        reach = before[begin:end] + penalty
        best = reach.argmax(axis=1)
        rows = np.arange(end - begin)
        padded[high + begin : high + end] = gain[begin:end] + reach[rows, best]
        back[begin:end] = begin + rows - steps[best]
    return _walked_back(padded[high:], back, period)


def _walked_back(total: npt.NDArray[np.float64], back: npt.NDArray[np.int64], period: float) -> npt.NDArray[np.int64]:
    last = len(total) - max(1, round(period))
    at = max(last, 0) + int(np.argmax(total[max(last, 0) :]))
    path = []
    while at >= 0:
        path.append(at)
        at = int(back[at])
    return np.array(path[::-1], np.int64)


def line(beats: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Intercept and slope of the line through beats over their numbers.

    A beat that is off by a period would tilt a plain fit; those further than a tenth of a period from a first fit are
    left out of the second.
    """
    numbers = np.arange(len(beats))
    slope, first = np.polyfit(numbers, beats, 1)
    rest = np.abs(beats - (first + slope * numbers))
    kept = rest <= max(0.1 * float(slope), float(np.median(rest)))
    slope, first = np.polyfit(numbers[kept], beats[kept], 1)
    return float(first), float(slope)


def sounding(beats: npt.NDArray[np.float64], loudness: Series) -> npt.NDArray[np.float64]:
    """The beats, as frames, from the first sound to the last: who counts through the silence after a song?"""
    heard = np.flatnonzero(loudness > _SILENT)
    if not len(heard):
        return beats[:0]
    kept: npt.NDArray[np.float64] = beats[(beats >= heard[0] - 6) & (beats <= heard[-1] - 3)]
    return kept


def lasting(loudness: Series) -> npt.NDArray[np.bool_]:
    """The frames from sound to sound; False where there is none for longer than a rest in music."""
    found = loudness > _SILENT
    at = np.flatnonzero(found)
    steps = np.diff(at)
    for gap in np.flatnonzero((steps > 1) & (steps <= _REST_S / FRAME_S)):
        found[at[gap] : at[gap + 1]] = True
    return found


def levelled(series: Series, heard: npt.NDArray[np.bool_]) -> Series:
    """`series` less what it is on average over the 4 s around, of the frames `heard`; 0 elsewhere.

    A swell, or hiss that noise begins after, would be alike to itself at any lag.
    """
    frames = round(_AROUND_S / FRAME_S)
    total = ndimage.uniform_filter1d(np.where(heard, series, 0).astype(np.float64), frames, mode="constant")
    share = ndimage.uniform_filter1d(heard.astype(np.float64), frames, mode="constant")
    out: Series = np.where(heard, series - total / np.maximum(share, 1 / frames), 0).astype(np.float32)
    return out


def phases(beats: npt.NDArray[np.float64], full: Series) -> list[npt.NDArray[np.float64]]:
    """`beats` (frames), and the same moved by half a beat, or by thirds where something is played there.

    The strongest pulse may be the off-beat: a guitar's in reggae, the late eighths of swing.
    """
    steps = np.diff(beats)
    level = {part: float(full[np.round(beats[:-1] + steps * part).astype(int)].mean()) for part in (0.0, *MOVES)}
    heard = [part for part in MOVES if part == 0.5 or level[part] > 0.3 * max(level.values())]
    return [beats, *(beats[:-1] + steps * part for part in heard)]
