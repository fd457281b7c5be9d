"""Separation against demucs.api.Separator as shipped: speed, difference, and memory by length.

Each measurement runs in its own process. The weights are random (seeded): neither speed nor memory depends on them.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
THREADS = 2
RATE_HZ = 44100
SPEED_SECONDS = 60
FULL_SIZE: dict[str, Any] = {"channels": 48, "bottom_channels": 512, "t_layers": 5}
SMALL: dict[str, Any] = {"channels": 16, "bottom_channels": 128, "t_layers": 3}
"""For memory by length: the arithmetic costs less, the shapes in time are the same."""

ROUNDS = 2
"""Ours and theirs take turns, and the best of each counts: others may be busy on the same cores."""

Row = dict[str, Any]


def rows() -> list[Row]:
    """One row a measurement: name, ours, theirs, ratio, unit, target, ok. About four minutes on two idle cores."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [*speed(folder), *memory(folder)]


def speed(folder: Path) -> list[Row]:
    """Full-size htdemucs over a minute of stereo: wall and processor time, the difference in the result, memory."""
    weights = save_model(folder / "full", FULL_SIZE)
    audio = make_audio(folder / "minute.f32", SPEED_SECONDS)
    results: dict[str, list[dict[str, float]]] = {"ours": [], "theirs": []}
    for _ in range(ROUNDS):
        for what, found in results.items():
            found.append(_child(what, audio, weights, folder / f"{what}.npy"))
    _child("theirs_exact", audio, weights, folder / "exact.npy")
    ours, theirs = ({key: min(run[key] for run in runs) for key in runs[0]} for runs in results.values())
    error = _relative_error(folder / "ours.npy", folder / "exact.npy")
    name = f"htdemucs, {SPEED_SECONDS} s stereo, {THREADS} threads"
    wall, cpu = theirs["seconds"] / ours["seconds"], theirs["cpu_seconds"] / ours["cpu_seconds"]
    return [
        _row(f"{name}: time", ours["seconds"], theirs["seconds"], wall, "s", "ratio >= 1.5", wall >= 1.5),
        _row(f"{name}: CPU time", ours["cpu_seconds"], theirs["cpu_seconds"], cpu, "s", "ratio >= 1.5", cpu >= 1.5),
        _row(f"{name}: difference from shifts=0", error, None, None, "of its norm", "< 1e-2", error < 1e-2),
        _row(
            f"{name}: peak memory",
            ours["peak_mb"],
            theirs["peak_mb"],
            theirs["peak_mb"] / ours["peak_mb"],
            "MB",
            "< 4000 MB",
            ours["peak_mb"] < 4000,
        ),
    ]


def memory(folder: Path, lengths_s: tuple[int, int] = (60, 600)) -> list[Row]:
    """Peak memory of the whole way (read, separate, write stems) over ten minutes against over one."""
    weights = save_model(folder / "small", SMALL)
    found = []
    for what, name in (("engine", "htdemucs (small)"), ("classic", "classic")):
        short, long = (
            _child(what, make_audio(folder / f"{seconds}.f32", seconds), weights, folder) for seconds in lengths_s
        )
        growth = long["peak_mb"] / short["peak_mb"]
        label = f"{name}: peak memory, {lengths_s[1]} s over {lengths_s[0]} s"
        found.append(_row(label, long["peak_mb"], short["peak_mb"], growth, "MB", "ratio <= 1.2", growth <= 1.2))
        if what == "classic":
            factor = long["seconds"] / lengths_s[1]
            found.append(_row("classic: real-time factor", factor, None, None, "s/s", "< 0.15", factor < 0.15))
    return found


def _row(name: str, ours: float, theirs: float | None, ratio: float | None, unit: str, target: str, ok: bool) -> Row:
    return {"name": name, "ours": ours, "theirs": theirs, "ratio": ratio, "unit": unit, "target": target, "ok": ok}


def save_model(folder: Path, size: dict[str, Any]) -> Path:
    """An htdemucs with seeded random weights, as demucs stores its own: `<signature>-<sha8>.th` and a yaml."""
    import torch
    from demucs.htdemucs import HTDemucs

    folder.mkdir()
    kwargs = {
        "sources": ["drums", "bass", "other", "vocals"],
        "segment": Fraction(39, 5),
        "dconv_mode": 3,
        **size,
    }
    torch.manual_seed(0)
    state = HTDemucs(**kwargs).state_dict()
    path = folder / "new.th"
    torch.save({"klass": HTDemucs, "args": (), "kwargs": kwargs, "state": state, "training_args": {}}, path)
    path.rename(folder / f"aaaa-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}.th")
    (folder / "htdemucs.yaml").write_text("models: ['aaaa']\n")
    return folder


def make_audio(path: Path, seconds: int) -> Path:
    """Headerless stereo of `seconds`: a few partials and noise."""
    import numpy as np

    rng = np.random.default_rng(0)
    with path.open("wb") as file:
        for second in range(seconds):
            t = second + np.arange(RATE_HZ) / RATE_HZ
            tone = 0.2 * np.sin(2 * np.pi * 220 * t) + 0.1 * np.sin(2 * np.pi * 1760 * t)
            block = tone[:, None] + 0.05 * rng.standard_normal((RATE_HZ, 2))
            file.write(block.astype("<f4").tobytes())
    return path


def _child(what: str, audio: Path, weights: Path, out: Path) -> dict[str, float]:
    """Run `what` in a process of its own: {"seconds", "cpu_seconds", "peak_mb"}."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "layers/patchbay/src"))),
        "OMP_NUM_THREADS": str(THREADS),
    }
    command = [sys.executable, "-m", "tests.bench.separation", what, str(audio), str(weights), str(out)]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _relative_error(found: Path, exact: Path) -> float:
    import numpy as np

    a, b = np.load(found), np.load(exact)
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def _main(what: str, audio_path: Path, weights: Path, out: Path) -> None:
    """In the child: do one thing once, and say how long it took and the most memory it had."""
    import resource
    import time

    from gpu_workers.audio.files import AudioFile

    audio = AudioFile(audio_path, RATE_HZ, 2, audio_path.stat().st_size // 8)
    cpu_started = time.process_time()
    if what in ("ours", "engine", "classic"):
        seconds = _ours(what, audio, weights, out)
    else:
        seconds = _theirs(audio, weights, out, shifts=0 if what == "theirs_exact" else 1)
    cpu_seconds = time.process_time() - cpu_started  # imports and loading included, on both sides
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_mb": peak_mb}))


def _ours(what: str, audio: Any, weights: Path, out: Path) -> float:
    import time

    import numpy as np

    from gpu_workers.separation.engine import Separator
    from gpu_workers.separation.stems import write_stems

    separator: Separator
    if what == "classic":
        from gpu_workers.separation.classic import ClassicSeparator

        separator = ClassicSeparator()
    else:
        import torch

        from gpu_workers.separation.neural import NeuralSeparator
        from gpu_workers.separation.weights import load_bag
        from patchbay.domain.tasks import ModelFiles

        torch.set_num_threads(THREADS)
        separator = NeuralSeparator(load_bag(ModelFiles("htdemucs", "1", weights)))
    started = time.perf_counter()
    blocks = separator.separate(audio, separator.stems, lambda done: None)
    if what == "ours":
        stems = np.concatenate([np.stack(list(block.values())) for block in blocks], axis=-1)
        seconds = time.perf_counter() - started
        np.save(out, stems)
        return seconds
    write_stems(blocks, audio, separator.stems, out, 16, lambda: None)
    return time.perf_counter() - started


def _theirs(audio: Any, weights: Path, out: Path, shifts: int) -> float:
    import random
    import time

    import numpy as np
    import torch
    from demucs.api import Separator

    torch.set_num_threads(THREADS)
    random.seed(0)  # where the random shift comes from
    separator = Separator("htdemucs", repo=weights, device="cpu", shifts=shifts)
    mixture = torch.from_numpy(audio.read())
    started = time.perf_counter()
    _, stems = separator.separate_tensor(mixture)
    seconds = time.perf_counter() - started
    np.save(out, np.stack([stem.numpy() for stem in stems.values()]))
    return seconds


if __name__ == "__main__":
    _main(sys.argv[1], *map(Path, sys.argv[2:]))
