"""Key and chords from the notes that sound: two linear models that do not know one tonic from another.

Each scores the pitch classes as heard from each of the twelve roots with the same coefficients, so what is true of C is
true of F sharp. `tonal.json` has the coefficients; `tests.bench.analysis_fit` fits them.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from gpu_workers.analysis.pitches import FRAME_S, Pitches

Array = npt.NDArray[np.float64]
States = npt.NDArray[np.int64]

NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_QUALITIES, _MODES = ("maj", "min"), ("major", "minor")
NO_CHORD = 24
"""Number of the state without one; before it, root * 2 + quality."""

_CLASSES = np.arange(12)
_TURNS = (_CLASSES[:, None] + _CLASSES) % 12
"""Row r: which pitch class is each interval above root r."""
_SILENT_DB = -60.0


@dataclass(frozen=True)
class Chord:
    """A span of one chord."""

    start_s: float
    end_s: float
    label: str
    """As "C:maj", "A:min"; "N" where there is none."""


@dataclass(frozen=True)
class Tonal:
    """What a piece is in. No key where nothing has a pitch."""

    key: str | None
    """As "C" or "F#"."""
    scale: str | None
    """ "major" or "minor"."""
    confidence: float
    """0 to 1: the likelihood of the key among all 24."""
    chords: list[Chord]
    tuning_cents: float


@dataclass(frozen=True)
class Model:
    """The coefficients."""

    chord: Array
    """(2 qualities, features)."""
    none: Array
    """Of no chord (features)."""
    change: float
    """Logarithm of how likely one chord gives way to a certain other in a frame."""
    key: Array
    """(2 modes, features)."""
    key_spread: Array
    """What the key's features are divided by."""


@cache
def model() -> Model:
    """The model of `tonal.json`, read once."""
    table = json.loads((Path(__file__).parent / "tonal.json").read_text(encoding="utf-8"))
    arrays = {name: np.array(table[name], np.float64) for name in ("chord", "none", "key", "key_spread")}
    return Model(change=float(table["change"]), **arrays)


def tonal(found: Pitches, duration_s: float) -> Tonal:
    """Key and chords of a piece of `duration_s` seconds."""
    states = chord_states(found)
    chords = _spans(states, duration_s)
    tuning_cents = 100 * found.tuning
    if (states == NO_CHORD).all():
        return Tonal(None, None, 0.0, chords, tuning_cents)
    scores = key_scores(key_features(found, states))
    likely = np.exp(scores - scores.max())
    best = int(np.argmax(scores))
    name, mode = NAMES[best // 2], _MODES[best % 2]
    return Tonal(name, mode, float(likely[best] / likely.sum()), chords, tuning_cents)


def chord_states(found: Pitches) -> States:
    """The likeliest path through the chords, a state for each frame: root * 2 + quality, or `NO_CHORD`."""
    numbers = model()
    by_root = chord_features(found)[:, _both(_TURNS)] @ numbers.chord[:, :-1].T + numbers.chord[:, -1]
    none = none_features(found) @ numbers.none
    scores = np.concatenate((by_root.reshape(len(by_root), 24), none[:, None]), axis=1)
    scores[found.level_db < _SILENT_DB, NO_CHORD] += 50.0
    scores -= np.log(np.exp(scores - scores.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True))
    return _path(scores, numbers.change)


def chord_features(found: Pitches) -> Array:
    """(frames, 24): shares of the bass's and of the other notes' pitch classes, smoothed over 0.3 s."""
    parts = []
    for classes in (found.bass, found.rest):
        smooth = ndimage.uniform_filter1d(classes.astype(np.float64), 3, axis=0, mode="nearest")
        parts.append(smooth / (smooth.sum(axis=1, keepdims=True) + 1.0))
    return np.concatenate(parts, axis=1)


def none_features(found: Pitches) -> Array:
    """(frames, 5): level, how much has a pitch at all, how few classes share it, and 1."""
    level = np.clip(found.level_db, -80, 0)[:, None] / 20
    rest = ndimage.uniform_filter1d(found.rest.astype(np.float64), 3, axis=0, mode="nearest")
    total = rest.sum(axis=1, keepdims=True)
    three = np.sort(rest, axis=1)[:, -3:].sum(axis=1, keepdims=True) / (total + 1)
    return np.concatenate((level, level**2, total / 10, three, np.ones_like(total)), axis=1)


def key_features(found: Pitches, states: States) -> Array:
    """(12 tonics, 145): pitch classes and chords of the whole as heard from each tonic.

    Of the chords: how long each is heard, which come first and last, and which lead to the tonic's two.
    """
    sounding = states != NO_CHORD
    heard = chord_features(found)[sounding]
    classes = heard.mean(axis=0) if len(heard) else np.zeros(24)
    row = states[np.flatnonzero(np.diff(states, prepend=-1))]
    row = row[row != NO_CHORD]
    histogram = np.bincount(states[sounding], minlength=24)[:24] / max(int(sounding.sum()), 1)
    first, last, leads = np.zeros(24), np.zeros(24), np.zeros((24, 24))
    if len(row):
        first[row[0]] = last[row[-1]] = 1.0
        np.add.at(leads, (row[:-1], row[1:]), 1.0 / max(len(row) - 1, 1))
    tonics = []
    for tonic in range(12):
        turned = _both(_TURNS)[tonic]
        order = (_TURNS[tonic][:, None] * 2 + (0, 1)).ravel()
        to_tonic = leads[order][:, order[:2]].ravel()
        tonics.append(np.concatenate((classes[turned], histogram[order], first[order], last[order], to_tonic, [1.0])))
    return np.array(tonics)


def key_scores(features: Array) -> Array:
    """Log-likelihoods without a constant of the 24 keys: tonic * 2 + mode."""
    numbers = model()
    scores: Array = (features / numbers.key_spread) @ numbers.key.T
    return scores.ravel()


def _both(turns: States) -> States:
    """Columns of bass and rest in a row of features, for each root."""
    return np.concatenate((turns, turns + 12), axis=1)


def _path(scores: Array, change: float) -> States:
    """Viterbi's path where every change is as likely as any other."""
    total = scores[0].copy()
    came_from = np.empty(scores.shape, np.int64)
    own = np.arange(scores.shape[1])
    for t in range(1, len(scores)):
        best = int(total.argmax())
        moved = total[best] + change
        came_from[t] = np.where(total >= moved, own, best)
        total = np.maximum(total, moved) + scores[t]
    path = np.empty(len(scores), np.int64)
    path[-1] = int(total.argmax())
    for t in range(len(scores) - 1, 0, -1):
        path[t - 1] = came_from[t, path[t]]
    return path


def _spans(states: States, duration_s: float) -> list[Chord]:
    """Runs of one state; frame t stands for what is about t * `FRAME_S`."""
    if duration_s <= 0:
        return []
    changes = np.flatnonzero(np.diff(states)) + 1
    starts = np.concatenate(([0], changes))
    times = np.concatenate(([0.0], (changes - 0.5) * FRAME_S, [duration_s])).clip(0, duration_s)
    return [
        Chord(float(begin), float(end), _label(int(states[at])))
        for at, begin, end in zip(starts, times[:-1], times[1:], strict=True)
        if end > begin
    ]


def _label(state: int) -> str:
    return "N" if state == NO_CHORD else f"{NAMES[state // 2]}:{_QUALITIES[state % 2]}"
