"""Every genre with every emotion at every tempo that is on offer: composed, rendered, measured; some analysed too."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, get_args

import numpy as np

from functions.dialects.beatoven.options import PARAMS, check
from gpu_workers.composition.score import Brief, SectionWish, TempoWish
from patchbay.domain.errors import InvalidInput
from tests.bench.composition_measures import Heard, Sound, heard, made, measured

Row = dict[str, Any]

DURATION_S = 12.0
SAMPLED = 7
"""Each so many-th piece is analysed; not of a number that would pick one tempo only."""
_OCTAVE = 0.04
_FULL_SCALE = 1.0


@dataclass(frozen=True, slots=True)
class Result:
    """A piece and how it did."""

    genre: str
    emotion: str
    tempo: str
    sound: Sound
    heard: Heard | None

    @property
    def name(self) -> str:
        """In words."""
        return f"{self.genre} {self.emotion} {self.tempo}"


def combinations() -> list[tuple[str, str, TempoWish]]:
    """All that the vendor's document does not block."""
    found = []
    for genre in PARAMS["genre"]:
        for emotion in PARAMS["emotion"]:
            for tempo in get_args(TempoWish):
                try:
                    check(genre, [emotion], tempo)
                except InvalidInput:
                    continue
                found.append((genre, emotion, tempo))
    return found


def one(number: int) -> Result:
    """The piece of a number in `combinations`."""
    genre, emotion, tempo = combinations()[number]
    wish = (SectionWish(emotion, 0.0, DURATION_S),)
    score, done, took_s = made(Brief(genre, DURATION_S, tempo, wish, seed=number))
    found = heard(score, done) if number % SAMPLED == 0 else None
    return Result(genre, emotion, tempo, measured(score, done, took_s), found)


def every(numbers: Sequence[int]) -> list[Result]:
    """The pieces of these numbers, one process on each core, each held to its core."""
    before = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    os.environ.update(dict.fromkeys(before, "1"))
    try:
        with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
            return list(pool.map(one, numbers, chunksize=4))
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def rows() -> list[Row]:
    """All of them: about six minutes on two idle cores."""
    return judged(every(range(len(combinations()))))


def judged(results: Sequence[Result]) -> list[Row]:
    """The worst of all in each figure, against its limit."""
    wanted = combinations()
    analysed = [result.heard for result in results if result.heard]
    tuned = [result.heard for result in results if result.heard and result.genre != "indian"]
    name = f"{len(results)} pieces of {DURATION_S:g} s"
    return [
        _row(f"{name}: made", len(results), "", f"= {len(wanted)}", len(results) == len(wanted)),
        _row(f"{name}: written and rendered", sum(r.sound.took_s for r in results), "processor s", "", ok=True),
        _worst(f"{name}: slowest", results, lambda s: s.duration_s / s.took_s, "times real time", 3.0, lowest=True),
        _worst(f"{name}: loudness, off -14", results, lambda s: abs(s.lufs + 14), "LU", 0.5),
        _worst(f"{name}: true peak", results, lambda s: s.true_peak_dbtp, "dBTP", -1.0),
        _worst(f"{name}: stems against mix", results, lambda s: s.residue_db, "dB", -90.0),
        _worst(f"{name}: highest sample of a stem", results, lambda s: s.stem_peak, "of full scale", _FULL_SCALE),
        _worst(f"{name}: DC", results, lambda s: s.dc, "of full scale", 1e-3),
        _worst(f"{name}: quietest two seconds", results, lambda s: s.quietest_dbfs, "dBFS", -60.0, lowest=True),
        _row(f"{name}: with a value that is no number", sum(not r.sound.finite for r in results), "", "= 0",
             all(r.sound.finite for r in results)),
        _share(f"{len(analysed)} of them: tempo found, or a half or double of it", [_octave(h) for h in analysed], 0.8),
        _share(f"{len(analysed)} of them: tempo found", [abs(h.tempo_ratio - 1) <= _OCTAVE for h in analysed], 0.5),
        _share(f"{len(tuned)} of them: key found has the scale's notes", [h.same_notes for h in tuned], 0.6),
    ]  # fmt: skip


def _octave(found: Heard) -> bool:
    return any(abs(found.tempo_ratio / factor - 1) <= _OCTAVE for factor in (0.5, 1.0, 2.0))


def _worst(
    name: str, results: Sequence[Result], figure: Callable[[Sound], float], unit: str, limit: float,
    *, lowest: bool = False,
) -> Row:  # fmt: skip
    """The worst of all, and whose it is; it has to be under the limit, or over it where the lowest is the worst."""
    worst = (min if lowest else max)(results, key=lambda result: figure(result.sound))
    value = figure(worst.sound)
    ok = value > limit if lowest else value < limit
    return _row(f"{name} ({worst.name})", value, unit, f"{'>' if lowest else '<'} {limit:g}", ok)


def _share(name: str, hits: Sequence[bool], least: float) -> Row:
    value = float(np.mean(hits))
    return _row(name, value, "share", f">= {least:g}", value >= least)


def _row(name: str, ours: float, unit: str, target: str, ok: bool) -> Row:
    return {"name": name, "ours": ours, "theirs": None, "ratio": None, "unit": unit, "target": target, "ok": ok}
