"""Fit `gpu_workers/audio/rhythm/rhythm.json`: `python -m tests.bench.truth.fit_rhythm [FIRST_SEED PIECES]`.

Half an hour on one core for 1,600 pieces. Most pieces are worsened first (equaliser, noise, overdrive), so that the
scorers do not learn the levels of our own instruments. Seeds from 5,000 on are left for measuring.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from gpu_workers.audio.rhythm import scoring
from gpu_workers.audio.rhythm.counting import listen, ways
from gpu_workers.audio.rhythm.cues import cues, pitch_classes
from gpu_workers.audio.rhythm.onsets import FRAME_S, LATENCY_S, onsets
from gpu_workers.audio.rhythm.scoring import METERS, Bars, first_beats, summary
from gpu_workers.audio.rhythm.tracking import line
from gpu_workers.audio.spectra import Spectra
from tests.bench.truth.harmony import KEYS
from tests.bench.truth.instruments import TIMBRES
from tests.bench.truth.pieces import Piece, piece
from tests.bench.truth.scores import f_measure

Array = npt.NDArray[np.float64]

OUT = Path(scoring.__file__).with_name("rhythm.json")
RATE_HZ = 22050
HIDDEN, TEMPO_RIDGE, BAR_RIDGE = 8, 2.0, 3.0


@dataclass(frozen=True)
class Example:
    """All ways of counting one piece."""

    cues: Array
    """(ways, cues)."""
    three: Array
    four: Array
    """(ways, places, bar cues)."""
    right: npt.NDArray[np.bool_]
    """The tempo is right to 1.5 % and the beats have an F-measure above 0.85."""
    first: dict[int, dict[int, Array]]
    """For each right way, for each metre: the share of downbeats at each place; empty rows for the other metre."""


def drawn(seed: int) -> Piece:
    """The piece of a seed: keys, timbres, tempi and drums in turn or by chance."""
    rng = np.random.default_rng([77, seed])
    even = rng.random() < 0.5
    bpm = float(np.exp(rng.uniform(np.log(60), np.log(200))) if even else rng.uniform(60, 200))
    key, drums = KEYS[int(rng.integers(24))], bool(seed // 6 % 2)
    return piece(seed, bpm=bpm, key=key, timbre=TIMBRES[seed % 6], drums=drums, rate_hz=RATE_HZ)


def worsened(mono: npt.NDArray[np.float32], seed: int) -> npt.NDArray[np.float32]:
    """Three of five as through a bad chain: tone, missing lows or highs, overdrive, noise."""
    rng = np.random.default_rng([5, seed])
    if rng.random() < 0.4:
        return mono
    f = np.fft.rfftfreq(len(mono), 1 / RATE_HZ)
    gain = 10 ** (np.interp(np.log2(f + 20), np.linspace(4, 14, 6), rng.uniform(-9, 9, 6)) / 20)
    if rng.random() < 0.4:
        gain = gain / (1 + (f / rng.uniform(2500, 9000)) ** 4)
    if rng.random() < 0.3:
        gain = gain * (f > rng.uniform(60, 200))
    x = np.fft.irfft(np.fft.rfft(mono) * gain, len(mono))
    if rng.random() < 0.4:
        x = np.tanh(x / np.abs(x).max() * rng.uniform(1, 5))
    if rng.random() < 0.5:
        pink = np.fft.irfft(np.fft.rfft(rng.standard_normal(len(x))) / np.sqrt(f + 30), len(x))
        x = x + pink / pink.std() * x.std() * 10 ** (rng.uniform(-40, -18) / 20)
    return np.asarray(x, np.float32)


def example(seed: int) -> Example:
    """Count the piece of a seed in every way, and compare with the truth."""
    truth = drawn(seed)
    table, three, four, right, first = [], [], [], [], {}
    sound = Spectra(worsened(truth.samples.mean(axis=0), seed))
    found = onsets(sound.samples)
    evidence = listen(found, pitch_classes(sound.power), slice(0, len(found)))
    for number, (_, count) in enumerate(ways(evidence)):
        beats_s = count.beats * FRAME_S + LATENCY_S
        close = abs(60 / line(beats_s)[1] / truth.bpm - 1) < 0.015
        right.append(close and f_measure(beats_s, truth.beats_s) > 0.85)
        table.append(cues(evidence, count))
        bars = first_beats(count)
        three.append(bars[0])
        four.append(bars[1])
        if right[-1]:
            first[number] = downbeat_shares(beats_s[:-1], truth)
    return Example(np.array(table), np.array(three), np.array(four), np.array(right), first)


def downbeat_shares(beats_s: Array, truth: Piece) -> dict[int, Array]:
    """For each metre the share of beats at each place that begin a bar; zeros for the metre that it is not in."""
    hit = np.abs(beats_s[:, None] - truth.downbeats_s).min(axis=1) < 0.07
    return {
        meter: np.array([hit[place::meter].mean() if meter == truth.meter else 0.0 for place in range(meter)])
        for meter in METERS
    }


def fit_bars(examples: list[Example], mean: Array, spread: Array) -> tuple[Array, Array, Array]:
    """Weights of the bar cues for three and for four, and of the cues for the metre: a softmax over seven places."""
    rows = [(e, n) for e in examples for n in e.first]
    three, four = (np.stack([getattr(e, name)[n] for e, n in rows]) for name in ("three", "four"))
    x = np.clip((np.stack([e.cues[n] for e, n in rows]) - mean) / spread, -4, 4)
    x = np.concatenate((x, np.ones((len(x), 1))), axis=1)
    wanted = np.stack([np.concatenate([e.first[n][meter] for meter in METERS]) for e, n in rows])
    wanted = wanted > 0.5
    kept = wanted.sum(axis=1) == 1
    three, four, x, wanted = three[kept], four[kept], x[kept], wanted[kept]
    a, b = three.shape[2], four.shape[2]

    def loss(w: Array) -> tuple[float, Array]:
        w3, w4, u = w[:a], w[a : a + b], w[a + b :]
        odds = np.concatenate((three @ w3 + (x @ u)[:, None], four @ w4), axis=1)
        odds -= odds.max(axis=1, keepdims=True)
        p = np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)
        d = p - wanted
        slope = (np.einsum("np,npc->c", d[:, :3], three), np.einsum("np,npc->c", d[:, 3:], four), x.T @ d[:, :3].sum(1))
        return float(-np.log(p[wanted] + 1e-30).sum() + BAR_RIDGE * w @ w), np.concatenate(slope) + 2 * BAR_RIDGE * w

    w = minimize(loss, np.zeros(a + b + x.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 400}).x
    return w[:a], w[a : a + b], w[a + b :]


def fit_tempo(tables: list[Array], right: list[npt.NDArray[np.bool_]], seed: int = 0) -> dict[str, Array]:
    """One hidden layer and a direct way: a softmax over the ways of counting each piece, some of them right."""
    x, good = np.concatenate(tables), np.concatenate(right)
    lengths = np.array([len(t) for t in tables])
    group, starts = np.repeat(np.arange(len(tables)), lengths), np.concatenate(([0], np.cumsum(lengths)[:-1]))
    n, h = x.shape[1], HIDDEN

    def unpacked(p: Array) -> tuple[Array, Array, Array, Array]:
        return p[: n * h].reshape(n, h), p[n * h : n * h + h], p[n * h + h : n * h + 2 * h], p[n * h + 2 * h :]

    def loss(p: Array) -> tuple[float, Array]:
        inwards, bias, outwards, direct = unpacked(p)
        a = np.tanh(x @ inwards + bias)
        s = a @ outwards + x @ direct
        e = np.exp(s - np.maximum.reduceat(s, starts)[group])
        every, of_right = np.add.reduceat(e, starts), np.add.reduceat(e * good, starts) + 1e-30
        d = e / every[group] - e * good / of_right[group]
        back = d[:, None] * outwards * (1 - a * a)
        slope = np.concatenate(((x.T @ back).ravel(), back.sum(axis=0), a.T @ d, x.T @ d))
        return float((np.log(every) - np.log(of_right)).sum() + TEMPO_RIDGE * p @ p), slope + 2 * TEMPO_RIDGE * p

    first = np.random.default_rng(seed).normal(0, 0.1, n * h + 2 * h + n)
    found = minimize(loss, first, jac=True, method="L-BFGS-B", options={"maxiter": 300}).x
    return dict(zip(("inwards", "bias", "outwards", "direct"), unpacked(found), strict=True))


def fit(examples: list[Example]) -> dict[str, Any]:
    """All coefficients, as `rhythm.json` has them."""
    examples = [e for e in examples if e.right.any()]
    every = np.concatenate([e.cues for e in examples])
    mean, spread = every.mean(axis=0), every.std(axis=0) + 1e-6
    w3, w4, meter = fit_bars(examples, mean, spread)
    bars = [np.array(_summaries(e, mean, spread, w3, w4, meter)) for e in examples]
    bar_mean, bar_spread = np.concatenate(bars).mean(axis=0), np.concatenate(bars).std(axis=0) + 1e-6
    tables = [
        np.clip(np.concatenate(((e.cues - mean) / spread, (b - bar_mean) / bar_spread), axis=1), -4, 4)
        for e, b in zip(examples, bars, strict=True)
    ]
    tempo = fit_tempo(tables, [e.right for e in examples])
    named = {"mean": mean, "spread": spread, "meter": meter, "bar_mean": bar_mean, "bar_spread": bar_spread, **tempo}
    return {"bars": [_rounded(w3), _rounded(w4)], **{name: _rounded(values) for name, values in named.items()}}


def _summaries(e: Example, mean: Array, spread: Array, w3: Array, w4: Array, meter: Array) -> list[Array]:
    odds = np.clip((e.cues - mean) / spread, -4, 4) @ meter[:-1] + meter[-1]
    return [summary(Bars((t @ w3 + o, f @ w4))) for t, f, o in zip(e.three, e.four, odds, strict=True)]


def _rounded(values: Array) -> Any:
    return np.round(values, 5).tolist()


def main(arguments: list[str]) -> None:
    """Gather, fit, write."""
    first, pieces = (int(a) for a in arguments) if arguments else (1000, 1600)
    coefficients = fit([example(seed) for seed in range(first, first + pieces)])
    about = f"tests.bench.truth.fit_rhythm: seeds {first} to {first + pieces - 1}"
    OUT.write_text(json.dumps({"made_by": about, "coefficients": coefficients}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
