"""Where there is music: half a second at a time, by cues of which a small fitted model weighs the sum.

Music holds its notes and has them on a grid of semitones; speech glides, and comes in syllables, about four a second
(Scheirer and Slaney, "Construction and evaluation of a robust multifeature speech/music discriminator", 1997). Music
under speech is music. `detection.json` has the coefficients; `tests.bench.analysis_detection_fit` fits them.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gpu_workers.analysis.detection_cues import STEP_S, cues, sounding
from gpu_workers.analysis.pitches import Pitches, pitches
from gpu_workers.audio.spectra import RATE_HZ, Spectra

Array = npt.NDArray[np.float64]

_CLIP = 4.0
"""Standard deviations beyond which a cue counts no more."""

_SHORTEST_STEPS = 2
"""A second: what is shorter is a click, not music."""

_STEP_SAMPLES = round(STEP_S * RATE_HZ)
_CHUNK_STEPS, _MARGIN_STEPS = 240, 16
"""Two minutes, and the eight seconds on either side that no cue reaches over."""


@dataclass(frozen=True)
class Range:
    """A span of music."""

    start_s: float
    end_s: float
    confidence: float
    """0 to 1: the mean probability of its half seconds."""


@dataclass(frozen=True)
class Model:
    """The coefficients: one hidden layer beside a direct way."""

    mean: Array
    spread: Array
    inwards: Array
    """(cues, hidden)."""
    bias: Array
    outwards: Array
    direct: Array
    constant: float
    change: float
    """Logarithm of how likely music begins or ends at one half second."""

    def log_odds(self, found: Array) -> Array:
        """Of music, for each row of (n, cues)."""
        x = np.clip((found - self.mean) / self.spread, -_CLIP, _CLIP)
        odds: Array = np.tanh(x @ self.inwards + self.bias) @ self.outwards + x @ self.direct + self.constant
        return odds


@cache
def model() -> Model:
    """The model of `detection.json`, read once."""
    table = json.loads((Path(__file__).parent / "detection.json").read_text(encoding="utf-8"))
    constant, change = float(table.pop("constant")), float(table.pop("change"))
    arrays: dict[str, Array] = {name: np.array(values, np.float64) for name, values in table.items()}
    return Model(constant=constant, change=change, **arrays)


def probabilities(spectra: Spectra, found: Pitches) -> Array:
    """The probability of music in each half second (n,); 0 where nothing sounds."""
    odds = model().log_odds(cues(spectra, found))
    return np.where(sounding(spectra), 1 / (1 + np.exp(-np.clip(odds, -30, 30))), 0.0)


def decided(probability: Array) -> npt.NDArray[np.bool_]:
    """Music or not for each half second: the likeliest path, where a change has its price."""
    if not len(probability):
        return np.zeros(0, np.bool_)
    odds = np.log(np.clip(probability, 1e-4, 1 - 1e-4) / np.clip(1 - probability, 1e-4, 1 - 1e-4))
    change = model().change
    music, other = odds[0] / 2, -odds[0] / 2
    came = np.zeros((len(odds), 2), np.bool_)
    for t in range(1, len(odds)):
        came[t] = music + change > other, music >= other + change
        other, music = max(other, music + change) - odds[t] / 2, max(music, other + change) + odds[t] / 2
    path = np.zeros(len(odds), np.bool_)
    path[-1] = music > other
    for t in range(len(odds) - 1, 0, -1):
        path[t - 1] = came[t, int(path[t])]
    return path


def ranges(probability: Array, duration_s: float) -> list[Range]:
    """Spans of music in `duration_s` seconds, in order and apart."""
    music = decided(probability)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], music, [False]))))
    found = []
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        span = min(begin * STEP_S, duration_s), min(end * STEP_S, duration_s)
        if end - begin >= _SHORTEST_STEPS and span[1] > span[0]:
            found.append(Range(float(span[0]), float(span[1]), float(probability[begin:end].mean())))
    return found


class Detector:
    """`probabilities` of audio of any length in bounded memory: two minutes at a time, each heard with what is about
    it.
    """

    def __init__(self) -> None:
        self._buffer: list[npt.NDArray[np.float32]] = []
        self._held = 0
        self._first = 0
        self._found: list[Array] = []
        self._done = 0

    def add(self, samples: npt.NDArray[np.float32]) -> None:
        """The next samples (n,) at 22,050 Hz."""
        self._buffer.append(samples)
        self._held += len(samples)
        if self._held >= (_CHUNK_STEPS + 2 * _MARGIN_STEPS) * _STEP_SAMPLES:
            self._hear(last=False)

    def finish(self) -> Array:
        """All of them (half seconds,)."""
        self._hear(last=True)
        return np.concatenate(self._found)

    def _hear(self, *, last: bool) -> None:
        samples = np.concatenate(self._buffer or [np.zeros(0, np.float32)])
        spectra = Spectra(samples)
        odds = probabilities(spectra, pitches(spectra.samples))
        end = self._first + len(odds) if last else self._first + len(samples) // _STEP_SAMPLES - _MARGIN_STEPS
        self._found.append(odds[self._done - self._first : end - self._first])
        self._done = end
        keep = max(end - _MARGIN_STEPS, self._first)
        rest = samples[(keep - self._first) * _STEP_SAMPLES :].copy()
        self._buffer, self._held, self._first = [rest], len(rest), keep
