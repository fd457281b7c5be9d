"""The composition engine's sound: how many times faster than it plays, on one core, and what its renderings keep."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

Row = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
DURATION_S = 60.0
ROUNDS = 3
"""Processor time, and the best counts: others may be busy on the same cores."""

_CODE = """
import json, os, sys
import numpy as np
from gpu_workers.composition.sound import render
from tests.unit.gpu_workers.composition.sound import pieces
backend, duration_s, rounds = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
render(pieces.band(5.0), backend=backend)
best = 1e9
for number in range(rounds):
    score = pieces.band(duration_s, seed=number)
    before = os.times()
    done = render(score, backend=backend)
    best = min(best, sum(now - then for now, then in zip(os.times()[:4], before[:4])))
residue = done.mix.astype(np.float64) - sum(stem.astype(np.float64) for stem in done.stems.values())
power = max(float((residue ** 2).mean()), 1e-30) / float((done.mix.astype(np.float64) ** 2).mean())
print(json.dumps({"s": best, "lufs": done.lufs, "peak": done.true_peak_dbtp, "residue_db": 10 * np.log10(power)}))
"""


def rows() -> list[Row]:
    """A minute of five instruments. Under half a minute on an idle core."""
    from gpu_workers.composition.sound import fluid

    own = _measured("own")
    found = [
        _speed("own synthesiser", own["s"], 20.0),
        _row("own synthesiser: loudness", own["lufs"], "LUFS", "-14 within 0.5", abs(own["lufs"] + 14) <= 0.5),
        _row("own synthesiser: true peak", own["peak"], "dBTP", "< -1", own["peak"] < -1),
        _row("own synthesiser: stems against mix", own["residue_db"], "dB", "< -90", own["residue_db"] < -90),
    ]
    if fluid.available():
        found.append(_speed("FluidSynth", _measured("fluid")["s"], 12.0))
    return found


def _measured(backend: str) -> dict[str, float]:
    """In a process of its own, held to one core before numpy starts its threads."""
    one_core = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment = {**os.environ, **one_core, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", _CODE, backend, str(DURATION_S), str(ROUNDS)]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def _speed(name: str, took_s: float, least: float) -> Row:
    factor = DURATION_S / took_s
    what = f"{name}: a minute of five instruments"
    return _row(what, factor, "times real time", f">= {least:g}", factor >= least)


def _row(name: str, ours: float, unit: str, target: str, ok: bool) -> Row:
    return {"name": name, "ours": ours, "theirs": None, "ratio": None, "unit": unit, "target": target, "ok": ok}
