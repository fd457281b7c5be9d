"""Fit `gpu_workers/analysis/tonal.json`: `python -m tests.bench.analysis_fit [PIECES]`.

Ten minutes on one core for 500 pieces, most of them worsened as a bad recording is. Seeds from 9,000 on are left for
measuring.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from gpu_workers.analysis import tonal
from gpu_workers.analysis.pitches import FRAME_S, Pitches, pitches
from tests.bench.truth import KEYS, TIMBRES, Piece, noise, piece, speech
from tests.bench.truth.fit_rhythm import worsened

Array = npt.NDArray[np.float64]
States = npt.NDArray[np.int64]

OUT = Path(tonal.__file__).with_name("tonal.json")
RATE_HZ = 22050
CHANGES = (-4.0, -6.0, -8.0, -10.0, -13.0, -16.0)
CHORD_RIDGE, KEY_RIDGE = 1e-4, 3e-3
EVERY = 3
"""Frames between those that the chords are fitted to: neighbours overlap."""


@dataclass(frozen=True)
class Example:
    """One piece as it is heard, and its truth."""

    found: Pitches
    states: States
    """The chord of each frame."""
    key: int
    """tonic * 2 + mode; -1 for what is no music."""


def drawn(seed: int) -> Piece:
    """The piece of a seed."""
    rng = np.random.default_rng([91, seed])
    key, timbre = KEYS[int(rng.integers(24))], TIMBRES[int(rng.integers(len(TIMBRES)))]
    drums = bool(rng.random() < 0.6)
    return piece(seed, bpm=float(rng.uniform(60, 180)), key=key, timbre=timbre, drums=drums, rate_hz=RATE_HZ)


def true_states(chords: list[tuple[float, float, str]], frames: int) -> States:
    """The state of each frame's centre."""
    states = np.full(frames, tonal.NO_CHORD)
    at = np.arange(frames) * FRAME_S
    for begin, end, label in chords:
        name, quality = label.split(":")
        states[(at >= begin) & (at < end)] = tonal.NAMES.index(name) * 2 + (quality == "min")
    return states


def key_number(key: str) -> int:
    """As `tonal.key_scores` counts keys."""
    name, mode = key.split()
    return tonal.NAMES.index(name) * 2 + (mode == "minor")


def examples(pieces: int) -> list[Example]:
    """Music, and a tenth as many of what is none."""
    made = []
    for seed in range(pieces):
        truth = drawn(seed)
        found = pitches(worsened(truth.samples.mean(axis=0), seed))
        made.append(Example(found, true_states(truth.chords, len(found.notes)), key_number(truth.key)))
    for seed in range(pieces // 10):
        kind = ("white", "pink", "brown", "crowd")[seed // 2 % 4]
        other = noise(seed, 10, kind, RATE_HZ) if seed % 2 else speech(seed, 10, RATE_HZ)
        found = pitches(other.mean(axis=0))
        made.append(Example(found, np.full(len(found.notes), tonal.NO_CHORD), -1))
    return made


def fit_chords(made: list[Example]) -> tuple[Array, Array]:
    """Coefficients of chords (2, 25) and of none, by the likelihood of each frame's state."""
    features = np.concatenate([tonal.chord_features(e.found)[::EVERY] for e in made])
    none = np.concatenate([tonal.none_features(e.found)[::EVERY] for e in made])
    states = np.concatenate([e.states[::EVERY] for e in made])
    turns = np.arange(12)[:, None] + np.arange(12)
    turned = features[:, np.concatenate((turns % 12, turns % 12 + 12), axis=1)]
    size = 2 * 25

    def cost(flat: Array) -> tuple[float, Array]:
        chord, other = flat[:size].reshape(2, 25), flat[size:]
        by_root = turned @ chord[:, :-1].T + chord[:, -1]
        value, slope = _likelihood(
            np.concatenate((by_root.reshape(len(states), 24), (none @ other)[:, None]), 1), states
        )
        of_chords = slope[:, :24].reshape(-1, 2)
        gradient = np.concatenate((of_chords.T @ turned.reshape(-1, 24), of_chords.sum(axis=0)[:, None]), axis=1)
        whole = np.concatenate((gradient.ravel(), none.T @ slope[:, 24]))
        return value + CHORD_RIDGE * float(flat @ flat), whole + 2 * CHORD_RIDGE * flat

    flat = _least(cost, size + none.shape[1])
    return flat[:size].reshape(2, 25), flat[size:]


def fit_keys(made: list[Example]) -> tuple[Array, Array]:
    """Coefficients of keys (2, features), and what the features are divided by."""
    music = [e for e in made if e.key >= 0]
    features = np.stack([tonal.key_features(e.found, tonal.chord_states(e.found)) for e in music])
    keys = np.array([e.key for e in music])
    spread = features.reshape(-1, features.shape[-1]).std(axis=0)
    spread[spread < 1e-3] = 1.0
    scaled = features / spread
    width = scaled.shape[-1]

    def cost(flat: Array) -> tuple[float, Array]:
        scores = scaled @ flat.reshape(2, width).T
        value, slope = _likelihood(scores.reshape(len(keys), 24), keys)
        gradient = slope.reshape(-1, 2).T @ scaled.reshape(-1, width)
        return value + KEY_RIDGE * float(flat @ flat), gradient.ravel() + 2 * KEY_RIDGE * flat

    return _least(cost, 2 * width).reshape(2, width), spread


def _likelihood(scores: Array, right: States) -> tuple[float, Array]:
    """Mean negative log-likelihood, and its slope by the scores."""
    rows = np.arange(len(right))
    likely = np.exp(scores - scores.max(axis=1, keepdims=True))
    likely /= likely.sum(axis=1, keepdims=True)
    value = -float(np.log(likely[rows, right] + 1e-30).mean())
    likely[rows, right] -= 1
    return value, likely / len(right)


def _least(cost: Callable[[Array], tuple[float, Array]], size: int) -> Array:
    return np.asarray(minimize(cost, np.zeros(size), jac=True, method="L-BFGS-B", options={"maxiter": 300}).x)


def frames_right(made: list[Example]) -> float:
    """Share of the frames of music whose chord is right."""
    right = [tonal.chord_states(e.found) == e.states for e in made if e.key >= 0]
    return float(np.concatenate(right).mean())


def write(chord: Array, none: Array, change: float, key: Array, spread: Array) -> None:
    """The file; what is read next is the new model."""
    rounded = {"chord": chord, "none": none, "key": key, "key_spread": spread}
    table = {"change": change, **{name: np.round(values, 4).tolist() for name, values in rounded.items()}}
    OUT.write_text(json.dumps(table) + "\n", encoding="utf-8")
    tonal.model.cache_clear()


def fit(made: list[Example]) -> None:
    """Chords, then how readily they change, then keys, which are read from the chords."""
    chord, none = fit_chords(made)
    key, spread = np.zeros((2, 1)), np.ones(1)

    def score(change: float) -> float:
        write(chord, none, change, key, spread)
        return frames_right(made)

    change = max(CHANGES, key=score)
    write(chord, none, change, key, spread)
    key, spread = fit_keys(made)
    write(chord, none, change, key, spread)


if __name__ == "__main__":
    fit(examples(int(sys.argv[1]) if len(sys.argv) > 1 else 500))
