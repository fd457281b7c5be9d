"""Tempo, beats and bars of pieces whose truth is known, and `librosa.beat.beat_track` on the same in the same run.

The pieces are of seeds that nothing was fitted to; they come from the generator that made those it was fitted to, so
this says nothing of recordings.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gpu_workers.audio.rhythm.counting import rhythm
from gpu_workers.audio.rhythm.tracking import line
from gpu_workers.audio.spectra import Spectra
from tests.bench.truth import KEYS, TIMBRES, Piece, noise, piece, silence, speech
from tests.bench.truth.scores import f_measure

Row = dict[str, Any]
Times = npt.NDArray[np.float64]

RATE_HZ = 22050
FIRST_SEED = 9000
PIECES = 120
TEMPI_BPM = np.linspace(60, 200, PIECES)
NOT_MUSIC = 12
ROUNDS = 3


@dataclass
class Found:
    """How one of the two did on each piece."""

    tempo_right: list[bool]
    octave_right: list[bool]
    beats: list[float]
    downbeats: list[float]


def rows() -> list[Row]:
    """One row a measurement. About three minutes on an idle core."""
    ours, theirs = Found([], [], [], []), Found([], [], [], [])
    drums: list[bool] = []
    for number in range(PIECES):
        truth = drawn(number)
        mono = truth.samples.mean(axis=0)
        drums.append(bool(number // 6 % 2))
        result = rhythm(Spectra(mono))
        _score(ours, truth, result.tempo_bpm, result.beats_s)
        ours.downbeats.append(f_measure(result.downbeats_s, truth.downbeats_s))
        _score(theirs, truth, *_librosa(mono))
    with_drums = np.array(drums)
    name = f"rhythm, {PIECES} pieces"
    return [
        _shares(f"{name}: tempo within 1 %", ours.tempo_right, theirs.tempo_right, 0.9),
        _shares(f"{name}: tempo within 4 %", ours.octave_right, theirs.octave_right, 0.9),
        _shares(f"{name}: tempo, with drums", *_pick(ours.tempo_right, theirs.tempo_right, with_drums), 0.9),
        _shares(f"{name}: tempo, no drums", *_pick(ours.tempo_right, theirs.tempo_right, ~with_drums), 0.85),
        _shares(f"{name}: beats, F-measure", ours.beats, theirs.beats, 0.9),
        _shares(f"{name}: downbeats, F-measure", ours.downbeats, None, 0.8),
        _not_music(),
        _speed(),
    ]


def drawn(number: int) -> Piece:
    """The piece of a number: tempi rise from 60 to 200, timbres, drums and keys take turns."""
    return piece(
        FIRST_SEED + number,
        bpm=float(TEMPI_BPM[number]),
        key=KEYS[number * 7 % 24],
        timbre=TIMBRES[number % 6],
        drums=bool(number // 6 % 2),
        rate_hz=RATE_HZ,
    )


def _score(found: Found, truth: Piece, tempo_bpm: float | None, beats_s: Times) -> None:
    error = abs((tempo_bpm or 0.0) / truth.bpm - 1)
    found.tempo_right.append(error < 0.01)
    found.octave_right.append(error < 0.04)
    found.beats.append(f_measure(beats_s, truth.beats_s))


def _librosa(mono: npt.NDArray[np.float32]) -> tuple[float, Times]:
    """Beats, and the tempo of a line through them, which is nearer than the one that it gives."""
    import librosa

    _, beats_s = librosa.beat.beat_track(y=mono, sr=RATE_HZ, units="time")
    beats = np.asarray(beats_s, np.float64)
    return (60 / line(beats)[1] if len(beats) > 2 else 0.0), beats


def _not_music() -> Row:
    """The share of speech, noise and silence in which no tempo is found; librosa finds one wherever there is sound."""
    kinds = ("white", "pink", "brown", "crowd")
    sounds = [noise(FIRST_SEED + n, 20, kinds[n % 4], RATE_HZ) for n in range(NOT_MUSIC // 2)]
    sounds += [speech(FIRST_SEED + n, 20, RATE_HZ) for n in range(NOT_MUSIC // 2)]
    sounds.append(silence(20, RATE_HZ))
    none = [rhythm(Spectra(s.mean(axis=0))).tempo_bpm is None for s in sounds]
    return _shares("rhythm, speech and noise: no tempo found", none, None, 0.9)


def _speed() -> Row:
    """Processor time of three minutes: all but the shared spectrogram, against librosa from the samples."""
    mono = np.concatenate([drawn(number).samples.mean(axis=0) for number in (60, 66, 72, 78, 84, 90)])
    sound = Spectra(mono)
    sound.rows.sum()  # made when first asked for
    took_s = _best_of(lambda: rhythm(sound))
    their_s = _best_of(lambda: _librosa(mono))
    return _row("rhythm of three minutes", took_s, their_s, their_s / took_s, "s", "< 0.4 s", took_s < 0.4)


def _best_of(what: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        what()
        times.append(time.process_time() - began)
    return min(times)


def _pick(ours: list[bool], theirs: list[bool], kept: npt.NDArray[np.bool_]) -> tuple[list[bool], list[bool]]:
    return [o for o, k in zip(ours, kept, strict=True) if k], [t for t, k in zip(theirs, kept, strict=True) if k]


def _shares(name: str, ours: list[bool] | list[float], theirs: list[bool] | list[float] | None, target: float) -> Row:
    mine = float(np.mean(ours))
    other = None if theirs is None else float(np.mean(theirs))
    ratio = mine / other if other else None
    return _row(name, mine, other, ratio, "of 1", f">= {target}", mine >= target)


def _row(name: str, ours: float, theirs: float | None, ratio: float | None, unit: str, target: str, ok: bool) -> Row:
    return {"name": name, "ours": ours, "theirs": theirs, "ratio": ratio, "unit": unit, "target": target, "ok": ok}
