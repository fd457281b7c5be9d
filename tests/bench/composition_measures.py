"""What can be measured of a composed piece: its sound by meters, and what a listener who knows no score finds."""

import time
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import soxr

from gpu_workers.analysis.pitches import pitches
from gpu_workers.analysis.tonal import tonal
from gpu_workers.audio.meter import LoudnessMeter
from gpu_workers.audio.rhythm.counting import rhythm
from gpu_workers.audio.spectra import RATE_HZ as ANALYSIS_HZ
from gpu_workers.audio.spectra import Spectra
from gpu_workers.composition import theory
from gpu_workers.composition.compose import compose
from gpu_workers.composition.groups import together
from gpu_workers.composition.score import Brief, Score
from gpu_workers.composition.sound import Rendering, render

Samples = npt.NDArray[np.float32]

_NEAR_S = 0.07
"""How far a beat may be from one written to count as found: the usual window of beat tracking."""


@dataclass(frozen=True, slots=True)
class Sound:
    """How a rendering measures, and how long it took to write and render, in processor seconds."""

    took_s: float
    duration_s: float
    lufs: float
    true_peak_dbtp: float
    residue_db: float
    """Of the stems' sum against the mix."""
    stem_peak: float
    """The greatest sample of the four stems that are written; full scale is 1."""
    dc: float
    """The greater mean of the two channels."""
    finite: bool
    quietest_dbfs: float
    """Level of the quietest two seconds but for the last."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the analysis found, against what was written."""

    key: str
    same_notes: bool
    """The key found has the notes of the main section's scale."""
    tempo_bpm: float
    tempo_ratio: float
    """Found by written."""
    beats: float
    """F-measure of its beats against those written, within 70 ms."""


def made(brief: Brief) -> tuple[Score, Rendering, float]:
    """A piece, its audio, and the processor seconds that both took."""
    began = time.process_time()
    score = compose(brief)
    done = render(score, together=together(score))
    return score, done, time.process_time() - began


def measured(score: Score, done: Rendering, took_s: float) -> Sound:
    """The sound of a rendering."""
    mix = done.mix.astype(np.float64)
    residue = mix - sum(stem.astype(np.float64) for stem in done.stems.values())
    meter = LoudnessMeter(done.sample_rate_hz, 2)
    meter.add(done.mix)
    level = meter.result()
    return Sound(
        took_s=took_s,
        duration_s=score.duration_s,
        lufs=-np.inf if level.integrated_lufs is None else level.integrated_lufs,
        true_peak_dbtp=max(done.true_peak_dbtp, -np.inf if level.true_peak_dbtp is None else level.true_peak_dbtp),
        residue_db=_db(float((residue**2).mean()) / max(float((mix**2).mean()), 1e-30)),
        stem_peak=max(float(np.abs(one).max()) for one in stems(score, done)),
        dc=float(np.abs(mix.mean(axis=1)).max()),
        finite=bool(np.isfinite(done.mix).all()),
        quietest_dbfs=_quietest(mix, done.sample_rate_hz),
    )


def stems(score: Score, done: Rendering) -> list[Samples]:
    """The four stems as they are written, (2, frames) each, in the order of the catalogue."""
    return [
        np.sum([done.stems[name] for name in names], axis=0) if names else np.zeros_like(done.mix)
        for names in together(score)
    ]


def heard(score: Score, done: Rendering) -> Heard:
    """Key, tempo and beats by `gpu_workers.analysis`, which knows nothing of the score."""
    mono = soxr.resample(done.mix.mean(axis=0, dtype=np.float32), done.sample_rate_hz, ANALYSIS_HZ, "HQ")
    spectra = Spectra(mono)
    counted = rhythm(spectra)
    found = tonal(pitches(spectra.samples, spectra.pulse), spectra.duration_s)
    main = max(score.sections, key=lambda section: section.duration_beats)
    key = f"{found.key} {found.scale}" if found.key else "none"
    notes = set(theory.scale_of(theory.parse_key(key)[0], found.scale)) if found.key and found.scale else set()
    bpm = counted.tempo_bpm or 0.0
    written = np.array([score.seconds(beat) for beat in score.beats])
    return Heard(
        key, notes == set(main.scale), bpm, bpm / score.tempo_bpm, _f_measure(np.asarray(counted.beats_s), written)
    )


def _quietest(mix: npt.NDArray[np.float64], rate_hz: int) -> float:
    edges = range(0, mix.shape[1] - 2 * rate_hz, 2 * rate_hz)
    levels = [_db(float((mix[:, start:end] ** 2).mean())) for start, end in pairwise(edges)]
    return min(levels)


def _f_measure(found: npt.NDArray[np.float64], truth: npt.NDArray[np.float64]) -> float:
    if not len(found) or not len(truth):
        return 0.0
    apart = np.abs(found[:, None] - truth[None, :])
    hits = min(int((apart.min(axis=1) <= _NEAR_S).sum()), int((apart.min(axis=0) <= _NEAR_S).sum()))
    return 2 * hits / (len(found) + len(truth))


def _db(power: float) -> float:
    return float(10 * np.log10(max(power, 1e-30)))
