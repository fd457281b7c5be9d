"""Sessions to render, and two other ways to do it: a plain numpy loop, and ffmpeg's graph of filters."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from patchbay.domain.arrangement import Arrangement, Clip, Source, Track
from patchbay.domain.tasks import EngineInput, EngineOutput, EngineTask

RATE_HZ = 44_100
TEMPO_BPM = 120.0
SOURCES, SOURCE_S = 16, 20.0
CLIP_S = 8.0
"""Longest clip; the mean is half of it and a quarter of a second."""
Stereo = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Session:
    """An arrangement and its sources on disk."""

    arrangement: Arrangement
    files: Mapping[str, Path]
    length_s: float

    def task(self, folder: Path, **params: Any) -> EngineTask:
        """For the engine; `folder` is made anew."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        document = folder.with_suffix(".json")
        document.write_text(self.arrangement.model_dump_json())
        inputs = [EngineInput("arrangement", document), *(EngineInput(name, path) for name, path in self.files.items())]
        return EngineTask(inputs, params, folder)


def sources(folder: Path) -> dict[str, Path]:
    """Sixteen stereo WAV files of 20 s: notes of plucked partials with noise at their beginnings, all from a seed."""
    made = {}
    t = np.arange(round(SOURCE_S * RATE_HZ)) / RATE_HZ
    for number in range(SOURCES):
        rng = np.random.default_rng(number)
        beat = t % 0.5
        hz = 55.0 * 2 ** (number / 3)
        tone = sum(np.sin(2 * np.pi * hz * k * t) / k for k in (1, 2, 3)) * np.exp(-beat * 6)
        hits = rng.normal(0, 1, (len(t), 2)) * np.exp(-beat * 60)[:, None]
        path = folder / f"source-{number}.wav"
        soundfile.write(path, 0.05 * (tone[:, None] + 0.5 * hits), RATE_HZ, "PCM_16")
        made[f"source-{number}"] = path
    return made


def session(files: Mapping[str, Path], tracks: int, length_s: float, *, stretched: bool = False) -> Session:
    """Tracks full of clips, one after the other; with `stretched` every third is at another speed or pitch."""
    rng = np.random.default_rng(tracks)
    rows = []
    for number in range(tracks):
        clips: list[Clip] = []
        at_s = 0.0
        while at_s < length_s - 0.5:
            count = len(clips)
            long_s = float(min(rng.uniform(0.5, CLIP_S), length_s - at_s))
            first_s = float(rng.uniform(0, SOURCE_S - CLIP_S))
            special: dict[str, Any] = {}
            if stretched and count % 3 == 0:
                speed = float(rng.choice((0.8, 0.9, 1.1, 1.25)))
                special = {"speed": speed} if count % 2 else {"semitones": float(rng.choice((-5, -2, 3, 7)))}
                long_s = min(long_s * speed, CLIP_S) if count % 2 else long_s
            clips.append(
                Clip(
                    id=f"{number}.{count}",
                    source=f"source-{int(rng.integers(SOURCES))}",
                    start_beats=at_s * TEMPO_BPM / 60,
                    cut_start_s=first_s,
                    cut_end_s=first_s + long_s,
                    volume=float(rng.uniform(0.2, 0.5)),
                    pan=float(rng.uniform(-1, 1)) * (number % 2),
                    **special,
                )
            )
            at_s += long_s / special.get("speed", 1.0)
        rows.append(Track(id=str(number), clips=tuple(clips), volume=float(rng.uniform(0.3, 0.8))))
    names = tuple(Source(name=name) for name in files)
    return Session(Arrangement(tempo_bpm=TEMPO_BPM, tracks=tuple(rows), sources=names), files, length_s)


def engine(
    given: Session, folder: Path, progress: Callable[[float], None] = lambda _: None, **params: Any
) -> dict[str, EngineOutput]:
    """Ours: uploads in, WAV out, with the picture and the levels."""
    from gpu_workers.rendering.engine import create

    task = given.task(folder, **params)
    return {output.name: output for output in create().run(task)}


def ffmpeg_version() -> str:
    """Of Debian's ffmpeg, which is installed if it is missing."""
    if shutil.which("ffmpeg") is None:
        for command in (["update", "-qq"], ["install", "-qq", "--yes", "ffmpeg"]):
            quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
            subprocess.run(["apt-get", *command], check=True, stdout=subprocess.DEVNULL, env=quiet)
    told = subprocess.run(["ffmpeg", "-version"], check=True, capture_output=True, text=True)
    return told.stdout.split()[2]


def ffmpeg(given: Session, path: Path, threads: int, codec: str = "pcm_s16le") -> None:
    """The same session as a graph: each clip trimmed, panned, delayed; all of them in one amix."""
    uses: dict[str, list[Clip]] = {name: [] for name in given.files}
    gains = {}
    for track in given.arrangement.tracks:
        for clip in track.clips:
            uses[clip.source].append(clip)
            gains[clip.id] = clip.volume * track.volume
    used = [name for name, clips in uses.items() if clips]
    lines: list[str] = []
    outs: list[str] = []
    for number, name in enumerate(used):
        splits = "".join(f"[i{number}x{k}]" for k in range(len(uses[name])))
        lines.append(f"[{number}:a]asplit={len(uses[name])}{splits}")
        for k, clip in enumerate(uses[name]):
            left, right = (gains[clip.id] * min(1.0, 1 + side * clip.pan) for side in (-1, 1))
            first, last = (round(s * RATE_HZ) for s in (clip.cut_start_s, clip.cut_end_s or 0.0))
            delay = round(clip.start_beats * 60 / TEMPO_BPM * RATE_HZ)
            lines.append(
                f"[i{number}x{k}]atrim=start_sample={first}:end_sample={last},asetpts=N/SR/TB,aformat=sample_fmts=fltp,"
                f"pan=stereo|c0={left:.8f}*c0|c1={right:.8f}*c1,adelay={delay}S:all=1[o{len(outs)}]"
            )
            outs.append(f"[o{len(outs)}]")
    lines.append(f"{''.join(outs)}amix=inputs={len(outs)}:normalize=0[out]")
    graph = path.with_suffix(".filter")
    graph.write_text(";\n".join(lines))
    inputs = [part for name in used for part in ("-i", str(given.files[name]))]
    threading = ["-threads", str(threads), "-filter_threads", str(threads), "-filter_complex_threads", str(threads)]
    command = [
        "ffmpeg", "-nostdin", "-loglevel", "error", "-y", *threading, *inputs, "-filter_complex_script", str(graph),
        "-map", "[out]", "-c:a", codec, str(path),
    ]  # fmt: skip
    subprocess.run(command, check=True)
