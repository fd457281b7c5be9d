"""The analysis engine: its features against plain librosa calls, and key, chords and music detection against the truth.

The pieces are of seeds that nothing was fitted to; they come from the generator that made those it was fitted to, so
the shares say nothing of recordings.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gpu_workers.analysis import spectral as features
from gpu_workers.analysis.detection import decided, probabilities
from gpu_workers.analysis.pitches import pitches
from gpu_workers.analysis.tonal import NAMES, Tonal, chord_states, tonal
from gpu_workers.audio.spectra import Spectra
from tests.bench.analysis_detection_fit import frame_f1, programme
from tests.bench.analysis_fit import drawn, key_number, true_states
from tests.bench.truth import Piece

Row = dict[str, Any]
Mono = npt.NDArray[np.float32]

ROOT = Path(__file__).resolve().parents[2]
FIRST_SEED, PIECES, PROGRAMMES = 9000, 120, 30
ROUNDS = 3
"""Ours and theirs take turns, and the best of each counts: others may be busy on the same cores."""


def rows() -> list[Row]:
    """One row a measurement. About three minutes on an idle core."""
    return [*speed(), *harmony(), detection(), cold_start()]


def speed() -> list[Row]:
    """Two minutes of music, ten features: wall time, and how far the numbers are apart."""
    samples = np.concatenate([drawn(FIRST_SEED + n).samples.mean(axis=0) for n in range(4)])
    ours, theirs = [_timed(what, samples) for what in (plainly_ours, plainly_librosa)]
    for _ in range(ROUNDS - 1):
        ours = min(ours, _timed(plainly_ours, samples), key=lambda r: r[0])
        theirs = min(theirs, _timed(plainly_librosa, samples), key=lambda r: r[0])
    ratio = theirs[0] / ours[0]
    apart = max(_apart(ours[1][name], theirs[1][name]) for name in theirs[1])
    return [
        _row("features of two minutes, against librosa", ours[0], theirs[0], ratio, "s", "ratio >= 5", ratio >= 5),
        _row("features: furthest from librosa's", apart, None, None, "of its norm", "<= 1e-3", apart <= 1e-3),
    ]


def plainly_ours(samples: Mono) -> dict[str, Any]:
    """All features of one spectrogram."""
    spectra = Spectra(samples)
    found = features.spectral(spectra)
    return {
        "centroid": found.centroid_hz,
        "bandwidth": found.bandwidth_hz,
        "rolloff": found.rolloff_hz,
        "flatness": found.flatness,
        "zero crossings": found.zero_crossings,
        "rms": found.rms,
        "mel": spectra.mel,
        "mfcc": features.mfcc(spectra),
        "chroma": spectra.chroma(),
        "onset strength": features.onset_strength(spectra),
    }


def plainly_librosa(samples: Mono) -> dict[str, Any]:
    """The same, each by its own call."""
    import librosa

    return {
        "centroid": librosa.feature.spectral_centroid(y=samples),
        "bandwidth": librosa.feature.spectral_bandwidth(y=samples),
        "rolloff": librosa.feature.spectral_rolloff(y=samples),
        "flatness": librosa.feature.spectral_flatness(y=samples),
        "zero crossings": librosa.feature.zero_crossing_rate(samples),
        "rms": librosa.feature.rms(y=samples),
        "mel": librosa.feature.melspectrogram(y=samples),
        "mfcc": librosa.feature.mfcc(y=samples),
        "chroma": librosa.feature.chroma_stft(y=samples, tuning=0.0),
        "onset strength": librosa.onset.onset_strength(y=samples),
    }


def harmony() -> list[Row]:
    """Keys and chords of pieces in all keys and timbres, with and without drums."""
    exact, near, frames = [], [], []
    for number in range(PIECES):
        truth = drawn(FIRST_SEED + number)
        found = pitches(truth.samples.mean(axis=0))
        result = tonal(found, truth.samples.shape[1] / truth.rate_hz)
        exact.append(named(result) == truth.key)
        near.append(named(result) in (truth.key, relative(truth)))
        frames.append(chord_states(found) == true_states(truth.chords, len(found.notes)))
    name = f"{PIECES} pieces"
    return [
        _share(f"{name}: key", float(np.mean(exact)), 0.90),
        _share(f"{name}: key or its relative", float(np.mean(near)), 0.97),
        _share(f"{name}: chords, by frame", float(np.concatenate(frames).mean()), 0.85),
    ]


def named(found: Tonal) -> str:
    """As the truth names a key."""
    return f"{found.key} {found.scale}"


def relative(truth: Piece) -> str:
    """The key with the same notes."""
    tonic, mode = divmod(key_number(truth.key), 2)
    return f"{NAMES[(tonic + 3) % 12]} major" if mode else f"{NAMES[(tonic + 9) % 12]} minor"


def detection() -> Row:
    """Half seconds of programmes of music, speech, speech over music, noise and silence."""
    pairs = []
    for number in range(PROGRAMMES):
        truth = programme(FIRST_SEED + number)
        spectra = Spectra(truth.samples)
        found = decided(probabilities(spectra, pitches(spectra.samples)))
        pairs.append((found, truth.flags(len(found))))
    return _share(f"{PROGRAMMES} programmes: F1 of music's half seconds", frame_f1(pairs), 0.95)


def cold_start() -> Row:
    """A process that starts, imports (the whole engine, on our side) and computes the features of a second."""
    ours = (
        "import gpu_workers.analysis.engine; from gpu_workers.audio.spectra import Spectra;"
        "from gpu_workers.analysis.spectral import *; s = Spectra([0.0] * 22050);"
        "mfcc(s), onset_strength(s), zero_crossings(s.samples)"
    )
    theirs = (
        "import librosa, numpy; y = numpy.zeros(22050, numpy.float32);"
        "librosa.feature.mfcc(y=y), librosa.onset.onset_strength(y=y), librosa.feature.zero_crossing_rate(y)"
    )
    ours_s, theirs_s = (min(_process(code) for _ in range(2)) for code in (ours, theirs))
    ratio = theirs_s / ours_s
    return _row("cold start, against librosa", ours_s, theirs_s, ratio, "s", "ratio >= 1", ratio >= 1)


def _process(code: str) -> float:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "layers/patchbay/src")))}
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
    return time.perf_counter() - started


def _timed(run: Callable[[Mono], Mapping[str, Any]], samples: Mono) -> tuple[float, Mapping[str, Any]]:
    run(samples[:22050])  # numba compiles, filter banks are made
    started = time.perf_counter()
    found = run(samples)
    return time.perf_counter() - started, found


def _apart(ours: npt.ArrayLike, theirs: npt.ArrayLike) -> float:
    a, b = np.squeeze(np.asarray(ours, np.float64)), np.squeeze(np.asarray(theirs, np.float64))
    if a.shape != b.shape:
        return float("inf")
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def _share(name: str, value: float, least: float) -> Row:
    return _row(name, value, None, None, "", f">= {least}", value >= least)


def _row(name: str, ours: float, theirs: float | None, ratio: float | None, unit: str, target: str, ok: bool) -> Row:
    return {"name": name, "ours": ours, "theirs": theirs, "ratio": ratio, "unit": unit, "target": target, "ok": ok}
