"""How exact renderings are, and how much memory a long one takes: against plain numpy in float64, and against tones."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from gpu_workers.audio.stretch import SETTINGS, stretched
from patchbay.domain.arrangement import Arrangement, Clip, Source, Track
from tests.bench.render_sessions import RATE_HZ, SOURCE_S, Session, engine, sources
from tests.unit.gpu_workers.rendering.sessions import Desk, null_db

Row = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
HOUR_S, TRACKS, LONG_SOURCES = 3600.0, 32, 4
NULL_DB, CENTS, MEMORY_MB = -120.0, 3.0, 1500.0


def rows() -> list[Row]:
    """Two minutes on idle cores, and 10 GB of disk for the hour."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        null, worst_cents = _null(folder), _cents()
        hour = _child(folder)
    return [
        _row("render: 128 tracks against float64, worst", null, "dBFS", f"<= {NULL_DB:g}", null <= NULL_DB),
        _row("render: pitch of tones, worst of 60", worst_cents, "cents", f"<= {CENTS:g}", worst_cents <= CENTS),
        _row(f"render: {TRACKS} tracks of an hour, peak memory", hour["peak_mb"], "MB", f"<= {MEMORY_MB:g}",
             hour["peak_mb"] <= MEMORY_MB),
        _row("render: the same, times real time", HOUR_S / hour["seconds"], "x", "> 1", hour["seconds"] < HOUR_S),
    ]  # fmt: skip


def _row(name: str, ours: float, unit: str, target: str, ok: bool) -> Row:
    return {"name": name, "ours": ours, "theirs": None, "ratio": None, "unit": unit, "target": target, "ok": ok}


def _null(folder: Path) -> float:
    """Of 128 tracks with cuts, fades, gains, pans and turned clips."""
    files = sources(folder)
    desk = Desk(folder / "desk", {name: soundfile.read(path)[0] for name, path in files.items()})
    rng = np.random.default_rng(5)
    tracks = []
    for number in range(128):
        clips = tuple(
            Clip(
                id=f"{number}.{k}", source=f"source-{(number + k) % len(files)}", start_beats=float(rng.uniform(0, 40)),
                cut_start_s=float(rng.uniform(0, 5)), cut_end_s=float(rng.uniform(6, SOURCE_S)),
                volume=float(rng.uniform(0, 2)), pan=float(rng.uniform(-1, 1)), reversed=bool(k),
                fade_in_s=float(rng.uniform(0, 1)), fade_out_s=float(rng.uniform(0, 1)),
            )
            for k in range(2)
        )  # fmt: skip
        tracks.append(
            Track(id=str(number), clips=clips, volume=float(rng.uniform(0, 2)), pan=float(rng.uniform(-1, 1)))
        )
    session = desk.arranged(*tracks)
    made, wanted = desk.rendered(session), desk.reference(session)
    count = min(len(made), len(wanted))
    return null_db(made[:count], wanted[:count])


def _cents() -> float:
    """The worst of five tones moved by twelve intervals, at the usual quality, in cents."""
    worst = 0.0
    t = np.arange(2 * RATE_HZ) / RATE_HZ
    for hz in (82.4, 220.0, 523.25, 1318.5, 3520.0):
        tone = (0.5 * np.sin(2 * np.pi * hz * t))[None].astype(np.float32)
        for semitones in (-24, -12, -7, -5, -3, -1, 1, 3, 5, 7, 12, 24):
            pitch = 2 ** (semitones / 12)
            made = stretched(tone, tone.shape[1], pitch, RATE_HZ, SETTINGS["standard"])[0, RATE_HZ // 2 : -RATE_HZ // 2]
            worst = max(worst, abs(1200 * float(np.log2(_heard_hz(made, hz * pitch) / (hz * pitch)))))
    return worst


def _heard_hz(samples: Any, near_hz: float) -> float:
    size = 1 << 20
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), size))
    low, high = (int(near_hz * ratio * size / RATE_HZ) for ratio in (0.9, 1.1))
    return float((low + np.argmax(spectrum[low:high])) * RATE_HZ / size)


def _child(folder: Path) -> dict[str, float]:
    paths = os.pathsep.join((str(ROOT), str(ROOT / "layers/patchbay/src")))
    command = [sys.executable, "-m", "tests.bench.render", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": paths}, check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _hour(folder: Path) -> Session:
    """32 tracks that are full for an hour, of four sources of an hour; each sixth has ten minutes stretched."""
    rng, files = np.random.default_rng(1), {}
    second = (0.02 * rng.normal(0, 1, (RATE_HZ * 10, 2))).astype(np.float32)
    for number in range(LONG_SOURCES):
        files[f"long-{number}"] = path = folder / f"long-{number}.wav"
        with soundfile.SoundFile(path, "w", RATE_HZ, 2, "PCM_16") as file:
            for k in range(int(HOUR_S / 10)):
                file.write(second * np.float32(0.5 + 0.4 * np.sin(k + number)))
    tracks = []
    for number in range(TRACKS):
        source = f"long-{number % LONG_SOURCES}"
        clips = [Clip(id=f"{number}", source=source, start_beats=number / 8, volume=0.3, pan=(number % 5 - 2) / 2)]
        if number % 6 == 0:
            clips.append(
                Clip(
                    id=f"{number}s",
                    source=source,
                    start_beats=60,
                    cut_start_s=100.0 + number,
                    cut_end_s=700.0,
                    speed=1.1,
                )
            )
        tracks.append(Track(id=str(number), clips=tuple(clips)))
    names = tuple(Source(name=name) for name in files)
    return Session(Arrangement(tempo_bpm=120, tracks=tuple(tracks), sources=names), files, HOUR_S)


def _main(folder: Path) -> None:
    """In the child: render the hour once, and say how long it took and the most memory that it or a child of it had."""
    session = _hour(folder)
    began = time.perf_counter()
    engine(session, folder / "work", end_s=HOUR_S)
    seconds = time.perf_counter() - began
    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(json.dumps({"seconds": seconds, "peak_mb": most / 1024}))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
