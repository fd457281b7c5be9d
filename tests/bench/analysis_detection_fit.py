"""Fit `gpu_workers/analysis/detection.json`: `python -m tests.bench.analysis_detection_fit [PROGRAMMES]`.

A programme is a row of music, speech, speech over music, noise and silence. Seeds from 9,000 on are left for measuring.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from gpu_workers.analysis import detection
from gpu_workers.analysis.detection_cues import STEP_S, cues, sounding
from gpu_workers.analysis.pitches import pitches
from gpu_workers.audio.spectra import Spectra
from tests.bench.truth import KEYS, TIMBRES, noise, piece, silence, speech
from tests.bench.truth.fit_rhythm import worsened

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

OUT = Path(detection.__file__).with_name("detection.json")
RATE_HZ = 22050
HIDDEN, RIDGE = 8, 2e-4
CHANGES = (-1.0, -2.0, -3.0, -4.0, -6.0)
_KINDS = ("music", "music", "music", "over", "speech", "speech", "noise", "silence")


@dataclass(frozen=True)
class Programme:
    """Sound, mono at 22,050 Hz, and where the music is in it."""

    samples: npt.NDArray[np.float32]
    music: list[tuple[float, float]]

    def flags(self, count: int) -> Flags:
        """Whether there is music in the middle of each half second."""
        middles = (np.arange(count) + 0.5) * STEP_S
        inside = [(middles >= begin) & (middles < end) for begin, end in self.music]
        flags: Flags = np.any(np.array(inside or [middles < 0]), axis=0)
        return flags


def programme(seed: int, parts: int = 6) -> Programme:
    """The programme of a seed; no part is like the one before."""
    rng = np.random.default_rng([17, seed])
    sounds: list[Array] = []
    music: list[tuple[float, float]] = []
    at_s, before = 0.0, ""
    for _ in range(parts):
        kind = str(rng.choice([k for k in _KINDS if k != before]))
        length_s = float(rng.uniform(4, 14))
        sound = _sound(kind, length_s, rng)
        end_s = at_s + sound.size / RATE_HZ
        if kind in ("music", "over"):
            joined = bool(music) and music[-1][1] == at_s
            music.append((music.pop()[0] if joined else at_s, end_s))
        sounds.append(sound)
        at_s, before = end_s, kind
    return Programme(np.concatenate(sounds).astype(np.float32), music)


def _sound(kind: str, length_s: float, rng: np.random.Generator) -> Array:
    seed = int(rng.integers(1 << 30))
    if kind == "silence":
        hiss = 1e-5 * rng.standard_normal(round(length_s * RATE_HZ))
        return np.asarray(silence(length_s, RATE_HZ)[0] + hiss, np.float64)
    level = 10 ** (rng.uniform(-25, -8) / 20)
    if kind == "noise":
        name = ("white", "pink", "brown", "crowd")[int(rng.integers(4))]
        return _at(noise(seed, length_s, name, RATE_HZ)[0], level)
    if kind == "speech":
        made = _at(speech(seed, length_s, RATE_HZ)[0], level)
        hall = noise(seed, length_s, "crowd" if rng.random() < 0.5 else "pink", RATE_HZ)[0]
        return made + _at(hall, level * 10 ** (rng.uniform(-60, -10) / 20))
    whole_s = length_s + 8
    key, timbre = KEYS[int(rng.integers(24))], TIMBRES[int(rng.integers(len(TIMBRES)))]
    drums, bpm = bool(rng.random() < 0.5), float(rng.uniform(60, 180))
    tune = piece(seed, bpm=bpm, key=key, timbre=timbre, drums=drums, duration_s=max(whole_s, 12), rate_hz=RATE_HZ)
    start = round(rng.uniform(0.5, 3) * RATE_HZ)
    mono = worsened(tune.samples.mean(axis=0), seed)[start : start + round(length_s * RATE_HZ)]
    if kind == "music":
        return _at(mono, level)
    return _at(speech(seed, length_s, RATE_HZ)[0, : len(mono)], level) + _at(
        mono, level * 10 ** (rng.uniform(-14, 3) / 20)
    )


def _at(sound: npt.NDArray[np.floating], level: float) -> Array:
    return np.asarray(sound * (level / max(float(np.sqrt(np.mean(sound.astype(np.float64) ** 2))), 1e-9)), np.float64)


def rows_of(seeds: range) -> list[tuple[Array, Flags, Flags]]:
    """Cues, truth and where there is sound, of some programmes."""
    made = []
    for seed in seeds:
        truth = programme(seed)
        spectra = Spectra(truth.samples)
        found = cues(spectra, pitches(spectra.samples))
        made.append((found, truth.flags(len(found)), sounding(spectra)))
    return made


def fit(made: list[tuple[Array, Flags, Flags]]) -> None:
    """Weigh the cues, then choose how dear a change is."""
    x = np.concatenate([found[loud] for found, _, loud in made])
    y = np.concatenate([truth[loud] for _, truth, loud in made]).astype(np.float64)
    mean, spread = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-6)
    scaled = np.clip((x - mean) / spread, -4, 4)
    flat = _network(scaled, y)
    width = scaled.shape[1]
    inwards, bias, outwards, direct, constant = _unpacked(flat, width)
    table = {
        "mean": mean, "spread": spread, "inwards": inwards, "bias": bias, "outwards": outwards, "direct": direct
    }  # fmt: skip

    def write(change: float) -> None:
        rounded = {name: np.round(values, 4).tolist() for name, values in table.items()}
        text = json.dumps({**rounded, "constant": round(float(constant), 4), "change": change})
        OUT.write_text(text + "\n", encoding="utf-8")
        detection.model.cache_clear()

    def score(change: float) -> float:
        write(change)
        return frame_f1([(decide(found, loud), truth) for found, truth, loud in made])

    write(max(CHANGES, key=score))


def decide(found: Array, loud: Flags) -> Flags:
    """What the model says of a programme's cues."""
    odds = detection.model().log_odds(found)
    return detection.decided(np.where(loud, 1 / (1 + np.exp(-np.clip(odds, -30, 30))), 0.0))


def frame_f1(pairs: list[tuple[Flags, Flags]]) -> float:
    """Over all half seconds: found and true."""
    hits = sum(int((found & truth).sum()) for found, truth in pairs)
    return 2 * hits / max(sum(int(found.sum() + truth.sum()) for found, truth in pairs), 1)


def _unpacked(flat: Array, width: int) -> tuple[Array, Array, Array, Array, float]:
    inwards, rest = flat[: width * HIDDEN].reshape(width, HIDDEN), flat[width * HIDDEN :]
    return inwards, rest[:HIDDEN], rest[HIDDEN : 2 * HIDDEN], rest[2 * HIDDEN : -1], float(rest[-1])


def _network(x: Array, y: Array) -> Array:
    width = x.shape[1]
    start = np.random.default_rng(3).normal(0, 0.2, (width + 2) * HIDDEN + width + 1)

    def cost(flat: Array) -> tuple[float, Array]:
        inwards, bias, outwards, direct, constant = _unpacked(flat, width)
        hidden = np.tanh(x @ inwards + bias)
        odds = hidden @ outwards + x @ direct + constant
        value = float(np.mean(np.logaddexp(0, odds) - y * odds)) + RIDGE * float(flat @ flat)
        slope = (1 / (1 + np.exp(-odds)) - y) / len(y)
        back = slope[:, None] * outwards * (1 - hidden**2)
        parts = ((x.T @ back).ravel(), back.sum(axis=0), hidden.T @ slope, x.T @ slope, [slope.sum()])
        return value, np.concatenate(parts) + 2 * RIDGE * flat

    return np.asarray(minimize(cost, start, jac=True, method="L-BFGS-B", options={"maxiter": 400}).x)


if __name__ == "__main__":
    fit(rows_of(range(int(sys.argv[1]) if len(sys.argv) > 1 else 260)))
