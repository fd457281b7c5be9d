"""Tempo, beats and bars of a piece of music.

Several periods are tried as the beat (`tracking`), each with the beats that it gives; what is heard at those
beats (`cues`) says which is the one that a musician would tap (`scoring`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gpu_workers.audio.rhythm.cues import (
    CHROMA_FRAME_S,
    Counted,
    Evidence,
    Row,
    counted,
    cues,
    evidence,
    pitch_classes,
)
from gpu_workers.audio.rhythm.onsets import FRAME_S, LATENCY_S, RATE_HZ, Onsets, Times, onset_times, onsets
from gpu_workers.audio.rhythm.scoring import Bars, first_beats, scorer
from gpu_workers.audio.rhythm.tracking import (
    FASTEST_BPM,
    MOVES,
    SLOWEST_BPM,
    autocorrelation,
    candidate_periods,
    lasting,
    levelled,
    line,
    phases,
    sounding,
    track,
)
from gpu_workers.audio.spectra import Spectra

_EXCERPT_S = 45.0
"""What the tempo is chosen on, from the middle; the beats are then followed through the whole."""

_FEWEST_BEATS = 6
_LAGS_IN_BEATS = 16
_MARGIN_S = 1.0
_NEARLY_ALL = 0.98
_PULSE, _PULSE_SECONDS = 0.15, 1.3
"""Least autocorrelation at multiples of a beat, and that times the seconds heard: below, nothing keeps time, as in
speech and noise. They reached 0.22 in 6 s, 0.14 in 12, 0.10 in 20; of made pieces all reached 0.25 in 12 s, 0.43 in 20.
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
    whole = onsets(spectra.samples, spectra.pulse)
    times = onset_times(whole)
    nothing = Rhythm(None, np.zeros(0), np.zeros(0), None, 0.0, times)
    span = _span(lasting(whole.loudness))
    found = whole.part(span)
    ratio = FRAME_S / CHROMA_FRAME_S
    chroma = pitch_classes(spectra.power[:, round(span.start * ratio) : round(span.stop * ratio)])
    part = _excerpt(lasting(found.loudness))
    heard = listen(found, chroma, part)
    keeps_time = _keeps_time(heard.onsets)
    choices = [choice for choice in _choices(heard, spectra.pulse) if keeps_time(choice.period)]
    if not choices:
        return nothing
    best = max(choices, key=lambda choice: choice.score)
    count, bars = best.count, best.bars
    if part != slice(0, len(found)):
        count = _followed(listen(found, chroma, slice(0, len(found))), best, part.start, spectra.pulse)
        bars = scorer().bars_of(best.cues, *first_beats(count))
    meter, place = bars.best
    beats_s = (count.beats + span.start) * FRAME_S + LATENCY_S
    inside = (beats_s >= 0) & (beats_s <= len(spectra.samples) / RATE_HZ)
    first = inside & (np.arange(len(beats_s)) % meter == place)
    tempo_bpm = 60 / line(beats_s)[1]
    return Rhythm(tempo_bpm, beats_s[inside], beats_s[first], meter, _confidence(choices, best), times)


def _span(heard: npt.NDArray[np.bool_]) -> slice:
    """From the first sound to the last, with a second more on either side; begins with a frame of the chroma."""
    at = np.flatnonzero(heard)
    if not len(at):
        return slice(0, len(heard))
    margin = round(_MARGIN_S / FRAME_S)
    return slice(max(int(at[0]) - margin, 0) // 2 * 2, min(int(at[-1]) + margin, len(heard)))


def _excerpt(heard: npt.NDArray[np.bool_]) -> slice:
    """Where most is heard; of several such places the one in the middle."""
    wanted = round(_EXCERPT_S / FRAME_S)
    if len(heard) <= wanted * 4 // 3:
        return slice(0, len(heard))
    running = np.concatenate(([0], np.cumsum(heard)))
    sounding_frames = running[wanted:] - running[:-wanted]
    most = np.flatnonzero(sounding_frames >= _NEARLY_ALL * sounding_frames.max())
    begin = int(most[np.argmin(np.abs(most - (len(heard) - wanted) // 2))])
    return slice(begin, begin + wanted)


def listen(found: Onsets, chroma: npt.NDArray[np.float32], part: slice) -> Evidence:
    """What is heard in `part`, in frames of the onsets."""
    own = found.part(part)
    heard = lasting(own.loudness)
    edges = (np.array((part.start, part.stop)) * (FRAME_S / CHROMA_FRAME_S)).round().astype(int)
    longest = min(len(own) - 2, int(_LAGS_IN_BEATS * 60 / SLOWEST_BPM / FRAME_S))
    correlation = autocorrelation(own.full, max(longest, 0), heard)
    rate_hz = len(onset_times(own)) / max(int(heard.sum()) * FRAME_S, FRAME_S)
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


def _choices(heard: Evidence, pulse: Callable[[], None]) -> list[_Choice]:
    """Every way of counting, with its score."""
    found = []
    for period, count in ways(heard):
        pulse()
        numbers = cues(heard, count)
        bars = scorer().bars_of(numbers, *first_beats(count))
        found.append(_Choice(count, period, numbers, bars, scorer().score(numbers, bars)))
    return found


def _followed(heard: Evidence, best: _Choice, offset: int, pulse: Callable[[], None]) -> Counted:
    """The beats of the whole, in the phase of those chosen in the excerpt, `offset` frames from the beginning."""
    beats = track(heard.onsets.full, best.period, pulse).astype(np.float64)
    wanted = best.count.beats + offset

    def distance(moved: Row) -> float:
        nearest = np.searchsorted(moved, wanted).clip(1, len(moved) - 1)
        return float(np.median(np.minimum(np.abs(moved[nearest] - wanted), np.abs(moved[nearest - 1] - wanted))))

    steps = np.diff(beats)
    moved = min((beats, *(beats[:-1] + steps * part for part in MOVES)), key=distance)
    return counted(heard, sounding(moved, heard.onsets.loudness))


def _keeps_time(own: Onsets) -> Callable[[float], bool]:
    """Whether anything comes back at multiples of a period in frames: the mean of the three highest autocorrelations.

    Lags above half of what is heard are left out: there are too few products in them to mean much.
    """
    heard = lasting(own.loudness)
    frames = int(heard.sum())
    correlation = autocorrelation(levelled(own.full, heard), max(min(len(own) - 2, frames // 2), 0), heard)
    least = max(_PULSE, _PULSE_SECONDS / max(frames * FRAME_S, FRAME_S))

    def keeps(period: float) -> bool:
        lags = np.round(period * np.array((1, 2, 3, 4, 6, 8, 12))).astype(int)
        near = [correlation[lag - 1 : lag + 2].max() for lag in lags if lag < len(correlation) - 1]
        return bool(near) and float(np.mean(np.sort(near)[-3:])) > least

    return keeps


def _confidence(choices: list[_Choice], best: _Choice) -> float:
    """The share of the likelihood that ways of counting at about the same tempo have."""
    scores = np.array([choice.score for choice in choices])
    likely = np.exp(scores - scores.max())
    same = np.array([abs(np.log(choice.period / best.period)) < 0.04 for choice in choices])
    return float(likely[same].sum() / likely.sum())
