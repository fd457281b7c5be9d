"""Tempo, beats and bars of a piece of music.

Several periods are tried as the beat (`rhythm_tracking`), each with the beats that it gives; what is heard at those
beats (`rhythm_cues`) says which is the one that a musician would tap (`rhythm_scoring`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gpu_workers.analysis.onsets import FRAME_S, LATENCY_S, RATE_HZ, Onsets, Times, onset_times, onsets
from gpu_workers.analysis.rhythm_cues import (
    CHROMA_FRAME_S,
    Counted,
    Evidence,
    Row,
    counted,
    cues,
    evidence,
    pitch_classes,
)
from gpu_workers.analysis.rhythm_scoring import Bars, first_beats, scorer
from gpu_workers.analysis.rhythm_tracking import (
    FASTEST_BPM,
    MOVES,
    SLOWEST_BPM,
    autocorrelation,
    candidate_periods,
    line,
    phases,
    sounding,
    track,
)
from gpu_workers.analysis.spectra import Spectra

_EXCERPT_S = 45.0
"""What the tempo is chosen on, from the middle; the beats are then followed through the whole."""

_FEWEST_BEATS = 6
_LAGS_IN_BEATS = 16
_PULSE, _PULSE_SECONDS = 0.15, 1.3
"""Least of `_pulse`, and that times the length: below, nothing keeps time, as in speech and noise. They reached 0.22 in
6 s, 0.14 in 12, 0.10 in 20; of made pieces all reached 0.25 in 12 s, 0.43 in 20.
"""


@dataclass(frozen=True)
class Rhythm:
    """How a piece is counted. Where nothing keeps time there is no tempo and there are no beats."""

    tempo_bpm: float | None
    beats_s: Times
    downbeats_s: Times
    """A part of `beats_s`."""
    meter: int | None
    """Beats in a bar."""
    confidence: float
    """0 to 1: how much likelier this tempo is than the others that were tried."""
    onsets_s: Times


@dataclass(frozen=True)
class _Choice:
    count: Counted
    period: float
    cues: Row
    bars: Bars
    score: float


def rhythm(spectra: Spectra) -> Rhythm:
    """Tempo, beats and bars. Silence, noise, speech and what is shorter than some beats have none."""
    found = onsets(spectra.samples)
    times = onset_times(found)
    nothing = Rhythm(None, np.zeros(0), np.zeros(0), None, 0.0, times)
    chroma = pitch_classes(spectra.power)
    part = _middle(len(found))
    heard = listen(found, chroma, part)
    least = max(_PULSE, _PULSE_SECONDS / (len(heard.onsets) * FRAME_S))
    choices = [choice for choice in _choices(heard) if _pulse(heard, choice.period) > least]
    if not choices:
        return nothing
    best = max(choices, key=lambda choice: choice.score)
    count, bars = best.count, best.bars
    if part != slice(0, len(found)):
        count = _followed(listen(found, chroma, slice(0, len(found))), best, part.start)
        bars = scorer().bars_of(best.cues, *first_beats(count))
    meter, place = bars.best
    beats_s = count.beats * FRAME_S + LATENCY_S
    inside = (beats_s >= 0) & (beats_s <= len(spectra.samples) / RATE_HZ)
    first = inside & (np.arange(len(beats_s)) % meter == place)
    tempo_bpm = 60 / line(beats_s)[1]
    return Rhythm(tempo_bpm, beats_s[inside], beats_s[first], meter, _confidence(choices, best), times)


def _middle(frames: int) -> slice:
    wanted = round(_EXCERPT_S / FRAME_S)
    if frames <= wanted * 4 // 3:
        return slice(0, frames)
    begin = (frames - wanted) // 2
    return slice(begin, begin + wanted)


def listen(found: Onsets, chroma: npt.NDArray[np.float32], part: slice) -> Evidence:
    """What is heard in `part`, in frames of the onsets."""
    own = found.part(part)
    edges = (np.array((part.start, part.stop)) * (FRAME_S / CHROMA_FRAME_S)).round().astype(int)
    longest = min(len(own) - 2, int(_LAGS_IN_BEATS * 60 / SLOWEST_BPM / FRAME_S))
    correlation = autocorrelation(own.full, max(longest, 0))
    rate_hz = len(onset_times(own)) / max(len(own) * FRAME_S, FRAME_S)
    return evidence(own, chroma[:, edges[0] : edges[1]], CHROMA_FRAME_S, correlation, rate_hz)


def ways(heard: Evidence) -> Iterator[tuple[float, Counted]]:
    """Every way of counting, with its period in frames; none in silence or where only some beats would fit."""
    full = heard.onsets.full
    if not full.any() or len(full) * FRAME_S < _FEWEST_BEATS * 60 / FASTEST_BPM:
        return
    for period in candidate_periods(heard.correlation):
        beats = sounding(track(full, period).astype(np.float64), heard.onsets.loudness)
        if len(beats) >= _FEWEST_BEATS:
            yield from ((period, counted(heard, moved)) for moved in phases(beats, full))


def _choices(heard: Evidence) -> list[_Choice]:
    """Every way of counting, with its score."""
    found = []
    for period, count in ways(heard):
        numbers = cues(heard, count)
        bars = scorer().bars_of(numbers, *first_beats(count))
        found.append(_Choice(count, period, numbers, bars, scorer().score(numbers, bars)))
    return found


def _followed(heard: Evidence, best: _Choice, offset: int) -> Counted:
    """The beats of the whole, in the phase of those chosen in the excerpt, `offset` frames from the beginning."""
    beats = track(heard.onsets.full, best.period).astype(np.float64)
    wanted = best.count.beats + offset

    def distance(moved: Row) -> float:
        nearest = np.searchsorted(moved, wanted).clip(1, len(moved) - 1)
        return float(np.median(np.minimum(np.abs(moved[nearest] - wanted), np.abs(moved[nearest - 1] - wanted))))

    steps = np.diff(beats)
    moved = min((beats, *(beats[:-1] + steps * part for part in MOVES)), key=distance)
    return counted(heard, sounding(moved, heard.onsets.loudness))


def _pulse(heard: Evidence, period: float) -> float:
    """Mean of the three highest autocorrelations at whole numbers of beats: does anything come back in time?

    Lags above half the length are left out: there are too few products in them to mean much.
    """
    lags = np.round(period * np.array((1, 2, 3, 4, 6, 8, 12))).astype(int)
    longest = min(len(heard.correlation), len(heard.onsets) // 2)
    near = [heard.correlation[lag - 1 : lag + 2] for lag in lags if lag < longest]
    return float(np.mean(np.sort([values.max() for values in near])[-3:])) if near else 0.0


def _confidence(choices: list[_Choice], best: _Choice) -> float:
    """The share of the likelihood that ways of counting at about the same tempo have."""
    scores = np.array([choice.score for choice in choices])
    likely = np.exp(scores - scores.max())
    same = np.array([abs(np.log(choice.period / best.period)) < 0.04 for choice in choices])
    return float(likely[same].sum() / likely.sum())
