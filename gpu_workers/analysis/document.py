"""`analysis.json`: what was found, as plain numbers, rounded.

Keys, each there if its feature was asked for; null is "there is none":

    version           1
    duration_s        length of the input; `analysed_s` what tempo, key, form and series are of (at most an hour)
    sample_rate_hz    of the input; and `channels`, 1 or 2: more are folded down
    tempo             {bpm, confidence, meter}; confidence 0 to 1, meter in beats a bar
    beats, downbeats  seconds; downbeats begin bars
    key               {name "A minor", tonic "A", confidence, tuning_cents}
    scale             "major" or "minor"
    energy            {rms: summary}
    loudness          {integrated_lufs, range_lu, true_peak_dbtp, sample_peak_dbfs}
    spectral          {centroid_hz, bandwidth_hz, rolloff_hz, flatness, zero_crossings: summaries}
    mfcc, chroma      summaries of 20 and of 12 numbers; chroma from C
    onsets            seconds
    structure         [{start_s, end_s, label}]
    chords            [{start_s, end_s, label}]; labels as "C:maj", "A:min", "N" for none
    peaks             {min, max}: lowest and highest sample of equal parts, full scale 1
    music_detection   [{start_time, end_time, confidence}] in seconds
    series_step_s     seconds between the values of a series

A summary is {mean, std, series}; a series has at most ten values a second, and at most 3,000.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from gpu_workers.analysis.detection import Range
from gpu_workers.analysis.structure import Section
from gpu_workers.analysis.tonal import Chord, Tonal
from gpu_workers.audio.meter import Loudness
from gpu_workers.audio.rhythm.counting import Rhythm
from gpu_workers.audio.spectra import FRAME_S

VERSION = 1
_FASTEST_STEP_S, _MOST_VALUES = 0.1, 3000
_DIGITS = 5
"""Significant ones of a measured number; times have a millisecond."""


def series_step_s(duration_s: float) -> float:
    """Seconds between the values of a series."""
    return max(_FASTEST_STEP_S, math.ceil(duration_s / _MOST_VALUES * 100) / 100)


def summary(series: npt.NDArray[np.floating], step_s: float) -> dict[str, Any]:
    """{mean, std, series} of (frames,), or of (k, frames): then each is k numbers. Values of the series are means."""
    rows = np.atleast_2d(series).astype(np.float64)
    at = np.arange(0, rows.shape[1] * FRAME_S, step_s) / FRAME_S
    starts = np.unique(np.minimum(np.round(at).astype(int), rows.shape[1] - 1))
    counts = np.diff(np.append(starts, rows.shape[1]))
    values = np.add.reduceat(rows, starts, axis=1) / counts
    found = {"mean": rows.mean(axis=1), "std": rows.std(axis=1), "series": values.T}
    if series.ndim == 1:
        return {"mean": number(found["mean"][0]), "std": number(found["std"][0]), "series": numbers(values[0])}
    return {name: [numbers(row) for row in v] if v.ndim == 2 else numbers(v) for name, v in found.items()}


def number(value: float | None) -> float | None:
    """Rounded to five digits; None for what is not finite."""
    if value is None or not math.isfinite(value):
        return None
    rounded = float(f"{float(value):.{_DIGITS}g}") + 0.0  # + 0.0: no minus zero
    return rounded if math.isfinite(rounded) else None


def fixed(value: float | None, decimals: int) -> float | None:
    """Rounded to so many decimals; None for what is not finite."""
    return None if value is None or not math.isfinite(value) else round(float(value), decimals) + 0.0


def numbers(values: Iterable[float]) -> list[float | None]:
    """Each as `number` has it."""
    return [number(value) for value in values]


def times(values: Iterable[float]) -> list[float]:
    """Seconds, to a millisecond; without what is not finite."""
    return [time for time in (fixed(value, 3) for value in values) if time is not None]


def tempo(found: Rhythm) -> dict[str, Any]:
    """The entry `tempo`."""
    return {"bpm": fixed(found.tempo_bpm, 2), "confidence": fixed(found.confidence, 3), "meter": found.meter}


def key(found: Tonal) -> dict[str, Any] | None:
    """The entry `key`."""
    if found.key is None:
        return None
    numbers_ = {"confidence": fixed(found.confidence, 3), "tuning_cents": fixed(found.tuning_cents, 1)}
    return {"name": key_name(found), "tonic": found.key, **numbers_}


def key_name(found: Tonal) -> str | None:
    """As "A minor"."""
    return f"{found.key} {found.scale}" if found.key else None


def loudness(found: Loudness) -> dict[str, float | None]:
    """The entry `loudness`: dB and LU to a hundredth."""
    return {name: fixed(value, 2) for name, value in asdict(found).items()}


def spans(found: Sequence[Section] | Sequence[Chord]) -> list[dict[str, Any]]:
    """The entries `structure` and `chords`."""
    return [{"start_s": fixed(s.start_s, 3), "end_s": fixed(s.end_s, 3), "label": s.label} for s in found]


def ranges(found: Sequence[Range]) -> list[Mapping[str, float | None]]:
    """The entry `music_detection`."""
    return [
        {
            "start_time": fixed(span.start_s, 3),
            "end_time": fixed(span.end_s, 3),
            "confidence": fixed(span.confidence, 3),
        }
        for span in found
    ]
