"""`patchbay-small`: seconds a second of audio on two threads, and memory by length, each in a process of its own."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.separation import RATE_HZ, ROOT, THREADS, make_audio

Row = dict[str, Any]
LENGTHS_S = (60, 600)
REAL_TIME, GROWTH = 0.1, 1.2


def rows() -> list[Row]:
    """The way from samples to stems on disk. About two minutes on two idle cores."""
    with tempfile.TemporaryDirectory() as name:
        short, long = (_child(make_audio(Path(name) / f"{s}.f32", s), Path(name)) for s in LENGTHS_S)
    factor, growth = long["seconds"] / LENGTHS_S[1], long["peak_mb"] / short["peak_mb"]
    lengths = f"{LENGTHS_S[1]} s over {LENGTHS_S[0]} s"
    return [
        _row("small: real-time factor", factor, None, None, "s/s", f"< {REAL_TIME}", factor < REAL_TIME),
        _row(f"small: peak memory, {lengths}", long["peak_mb"], short["peak_mb"], growth, "MB", f"ratio <= {GROWTH}",
             growth <= GROWTH),
    ]  # fmt: skip


def _row(name: str, ours: float, theirs: float | None, ratio: float | None, unit: str, target: str, ok: bool) -> Row:
    return {"name": name, "ours": ours, "theirs": theirs, "ratio": ratio, "unit": unit, "target": target, "ok": ok}


def _child(audio: Path, out: Path) -> dict[str, float]:
    paths = os.pathsep.join((str(ROOT), str(ROOT / "layers/patchbay/src")))
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": str(THREADS)}
    command = [sys.executable, "-m", "tests.bench.small_speed", str(audio), str(out)]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _main(path: Path, out: Path) -> None:
    """In the child: separate once, and say how long it took and the most memory it had."""
    import torch

    from gpu_workers.audio.files import AudioFile
    from gpu_workers.separation.small import PACKAGE, SmallSeparator
    from gpu_workers.separation.stems import write_stems
    from patchbay.domain.tasks import ModelFiles

    torch.set_num_threads(THREADS)
    audio = AudioFile(path, RATE_HZ, 2, path.stat().st_size // 8)
    separator = SmallSeparator(ModelFiles("patchbay-small", "", PACKAGE))
    began = time.perf_counter()
    write_stems(
        separator.separate(audio, separator.stems, lambda done: None), audio, separator.stems, out, 16, lambda: None
    )
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]))
