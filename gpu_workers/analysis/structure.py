"""Sections of a piece: where something else begins, or the same again, and which sections are alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from gpu_workers.analysis.pitches import FRAME_S as PITCH_FRAME_S
from gpu_workers.analysis.pitches import Pitches
from gpu_workers.analysis.spectral import mfcc
from gpu_workers.audio.spectra import FRAME_S, Spectra

Array = npt.NDArray[np.float64]
Times = Sequence[float] | Array

_STEP_S = 0.5
_MOST_STEPS = 1200
"""Longer pieces are looked at in longer steps, for the comparison of all with all grows with the square."""
_EMBEDDED_S = 4.0
_KERNEL_S = 8.0
_SHORTEST_S = 6.0
_PEAK = 0.35
"""Least novelty of a boundary, of the largest."""
_ALIKE = 0.80
"""Least similarity of two sections with one label."""
_SNAP_S = 1.5
_TIMBRES = slice(1, 13)


@dataclass(frozen=True)
class Section:
    """A span that is one part of the form."""

    start_s: float
    end_s: float
    label: str
    """ "A", "B", ... in order of appearance; after "Z" comes "A1"."""


def structure(spectra: Spectra, found: Pitches, downbeats_s: Times) -> list[Section]:
    """Sections that follow one another from the beginning to the end; one, where it is too short to have more.

    Boundaries are moved to a first beat of a bar that is near.
    """
    duration_s = spectra.duration_s
    if duration_s <= 0:
        return []
    step_s = max(_STEP_S, duration_s / _MOST_STEPS)
    chroma, timbre = _on_steps(spectra, found, step_s)
    edges = _edges(chroma, timbre, step_s)
    labels = _labels(chroma, timbre, edges)
    times = [0.0, *(_snapped(edge * step_s, downbeats_s) for edge in edges[1:-1]), duration_s]
    return [Section(a, b, label) for a, b, label in zip(times[:-1], times[1:], labels, strict=True) if b > a]


def novelty(similar: Array, width: int) -> Array:
    """How much each step parts what is alike before it from what is alike after it (n,), from the similarity (n, n) of
    `width` steps on either side. Foote, "Automatic audio segmentation using a measure of audio novelty", 2000.
    """
    n = len(similar)
    padded = np.pad(similar, width, mode="edge")
    offsets = np.arange(-width, width) + 0.5
    taper = np.exp(-2 * (offsets / width) ** 2)
    sign = np.sign(offsets)
    kernel = np.outer(taper * sign, taper * sign)
    found = [float(np.sum(padded[t : t + 2 * width, t : t + 2 * width] * kernel)) for t in range(n)]
    return np.asarray(np.maximum(found, 0) / np.abs(kernel).sum(), np.float64)


def repetition_novelty(similar: Array, smooth: float) -> Array:
    """Where repetitions begin or end (n,), from the similarity (n, n) of embedded steps.

    Serrà, Müller, Grosche and Arcos, "Unsupervised detection of music structure", 2012: the change of each step's row
    of the time-lag matrix.
    """
    n = len(similar)
    threshold = np.quantile(similar, 0.94, axis=1, keepdims=True)
    near = (similar >= np.maximum(threshold, threshold.T)) & (similar > 0.6)
    lags = np.zeros((n, n))
    for t in range(n):
        lags[t] = np.roll(near[t], -t)
    lags[:, 0] = 0
    blurred = ndimage.gaussian_filter(lags, (smooth, 1.0), mode=("nearest", "wrap"))
    change = np.zeros(n)
    change[1:] = np.sum(np.diff(blurred, axis=0) ** 2, axis=1)
    return change


def _on_steps(spectra: Spectra, found: Pitches, step_s: float) -> tuple[Array, Array]:
    """Pitch classes and timbre (steps, 12) each, of length 1."""
    count = max(int(np.ceil(spectra.duration_s / step_s)), 1)
    both = found.rest.astype(np.float64) + found.bass
    chroma = _resampled(both, PITCH_FRAME_S, step_s, count)
    timbre = _resampled(mfcc(spectra)[_TIMBRES].T.astype(np.float64), FRAME_S, step_s, count)
    timbre = timbre - timbre.mean(axis=0)
    return _unit(chroma), _unit(timbre / np.maximum(timbre.std(axis=0), 1e-6))


def _resampled(rows: Array, frame_s: float, step_s: float, count: int) -> Array:
    smooth = ndimage.uniform_filter1d(rows, max(round(2 * step_s / frame_s), 1), axis=0, mode="nearest")
    at = np.round((np.arange(count) + 0.5) * step_s / frame_s).astype(int)
    return cast(Array, smooth[np.minimum(at, len(rows) - 1)])


def _unit(rows: Array) -> Array:
    return cast(Array, rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))


def _embedded(rows: Array, steps: int) -> Array:
    """Each step with those about it (n, columns * steps): a row of chords, not one."""
    padded = np.pad(rows, ((steps // 2, steps - steps // 2 - 1), (0, 0)), mode="edge")
    view = np.lib.stride_tricks.sliding_window_view(padded, steps, axis=0)
    return _unit(view.reshape(len(rows), -1))


def _edges(chroma: Array, timbre: Array, step_s: float) -> list[int]:
    """Steps where sections begin, with 0 and the end."""
    n, least = len(chroma), max(round(_SHORTEST_S / step_s), 1)
    if n < 2 * least:
        return [0, n]
    width = max(round(_KERNEL_S / step_s), 2)
    steps = max(round(_EMBEDDED_S / step_s), 1)
    plain = (chroma @ chroma.T + timbre @ timbre.T) / 2
    rows = np.concatenate((_embedded(chroma, steps), _embedded(timbre, steps)), axis=1)
    fresh = novelty(plain, width) / 0.15
    again = repetition_novelty(_unit(rows) @ _unit(rows).T, 2.0 / step_s)
    total = np.minimum(fresh, 1) + np.minimum(again / max(float(again.max()), 1e-3), 1)
    highest = ndimage.maximum_filter1d(total, 2 * least + 1) == total
    peaks = np.flatnonzero(highest & (total > _PEAK * total.max()) & (total > 0.2))
    inside = [int(peak) for peak in peaks if least <= peak <= n - least]
    return [0, *inside, n]


def _labels(chroma: Array, timbre: Array, edges: list[int]) -> list[str]:
    """A section has the label of the earlier one that is most like it, if that is enough."""
    spans = [slice(a, b) for a, b in pairwise(edges)]
    kinds: list[int] = []
    for number, span in enumerate(spans):
        likeness = [_likeness(chroma, timbre, spans[other], span) for other in range(number)]
        best = int(np.argmax(likeness)) if likeness else -1
        known = bool(likeness) and likeness[best] >= _ALIKE
        kinds.append(kinds[best] if known else max(kinds, default=-1) + 1)
    return [chr(65 + kind % 26) + (str(kind // 26) if kind >= 26 else "") for kind in kinds]


def _likeness(chroma: Array, timbre: Array, one: slice, other: slice) -> float:
    """Mean similarity of two sections step by step, the shorter moved along the longer to where they agree best."""
    a, b = (np.concatenate((chroma[part], timbre[part]), axis=1) for part in (one, other))
    if len(a) > len(b):
        a, b = b, a
    if len(a) * 3 < len(b):
        return 0.0
    reach = range(-min(4, len(a) // 2), len(b) - len(a) + min(4, len(a) // 2) + 1)
    found = []
    for shift in reach:
        begin, end = max(shift, 0), min(shift + len(a), len(b))
        found.append(float(np.sum(a[begin - shift : end - shift] * b[begin:end])) / (2 * (end - begin)))
    return max(found)


def _snapped(time_s: float, downbeats_s: Times) -> float:
    if not len(downbeats_s):
        return time_s
    beats = np.asarray(downbeats_s, np.float64)
    nearest = float(beats[np.argmin(np.abs(beats - time_s))])
    return nearest if abs(nearest - time_s) <= _SNAP_S else time_s
