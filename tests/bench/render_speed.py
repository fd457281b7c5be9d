"""How fast sessions are rendered on one core and on two: against a numpy loop, and against ffmpeg's graph of filters.

*Whole* is uploads in, WAV out; ours decodes uploads in processes with hard limits, measures loudness and
true peak, and draws a picture. *Mixdown* is what lies between: sources that are decoded, to a mix in float32 on disk.
ffmpeg has two cores always. The loop stretches with our own function, clip by clip in its own process, and that is nine
tenths of its time: what is left to win on one core is the mixing, and that ours stretches once what clips of one source
have in common at one speed (6, 10 and 17 % of what is stretched here).
"""

import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from gpu_workers.audio.stretch import SETTINGS, stretched
from gpu_workers.rendering import schedule
from gpu_workers.rendering.mixing import Mixer
from gpu_workers.rendering.prepare import prepare
from gpu_workers.rendering.sources import Sources
from tests.bench.render_sessions import RATE_HZ, TEMPO_BPM, Session, engine, ffmpeg, ffmpeg_version, session, sources
from tests.unit.gpu_workers.audio.tones import raw_file

Row = dict[str, Any]
Times = tuple[float, float]
LENGTHS_S = {8: 60.0, 32: 30.0, 128: 12.0}
ROUNDS, STRETCHED_ROUNDS = 3, 4


def rows() -> list[Row]:
    """Eight minutes on two idle cores, mostly ffmpeg's. What is compared takes turns, and its best time counts."""
    version = ffmpeg_version()
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = sources(folder)
        for tracks, length_s in LENGTHS_S.items():
            found += _mixdowns(session(files, tracks, length_s), folder, stretched_=False)
            found += _mixdowns(session(files, tracks, length_s, stretched=True), folder, stretched_=True)
            found += _whole(session(files, tracks, length_s), folder, version)
    return found


def _mixdowns(given: Session, folder: Path, *, stretched_: bool) -> list[Row]:
    sounds = {name: soundfile.read(path, dtype="float32")[0] for name, path in given.files.items()}
    raw = Sources({name: raw_file(folder / f"{name}.f32", sound.T) for name, sound in sounds.items()})
    ways = {
        "one core": _on(1, lambda: _ours(given, raw, folder)),
        "two cores": _on(2, lambda: _ours(given, raw, folder)),
        "numpy": _on(1, lambda: _loop(given, sounds, folder / "loop.f32")),
    }
    best = _best(ways, STRETCHED_ROUNDS if stretched_ else ROUNDS)
    what = f"{len(given.arrangement.tracks)} tracks, mixdown{', a third stretched' if stretched_ else ''}"
    return _rows(given, best, "numpy", what, "numpy loop")


def _whole(given: Session, folder: Path, version: str) -> list[Row]:
    ways = {
        "one core": _on(1, lambda: engine(given, folder / "work")),
        "two cores": _on(2, lambda: engine(given, folder / "work")),
        "ffmpeg": _on(2, lambda: ffmpeg(given, folder / "ffmpeg.wav", 2)),
    }
    what = f"{len(given.arrangement.tracks)} tracks, whole"
    return _rows(given, _best(ways, 1), "ffmpeg", what, f"ffmpeg {version}")


def _rows(given: Session, best: dict[str, Times], against: str, what: str, them: str) -> list[Row]:
    """One core by processor time, which other work on the machine does not stretch; two cores by the clock."""
    found = []
    for cores, measure in (("one core", 0), ("two cores", 1)):
        ours, theirs = (given.length_s / best[way][measure] for way in (cores, against))
        found.append({
            "name": f"render: {what}, {cores}", "ours": ours, "theirs": theirs, "ratio": ours / theirs,
            "unit": f"x, {them}", "target": "ratio > 1", "ok": ours > theirs,
        })  # fmt: skip
    return found


def _best(ways: dict[str, Callable[[], None]], rounds: int) -> dict[str, Times]:
    """Least processor time and least time by the clock of each, in seconds; they take turns."""
    best = dict.fromkeys(ways, (np.inf, np.inf))
    for _ in range(rounds):
        for name, way in ways.items():
            clock, processor = time.perf_counter(), _processor_s()
            way()
            took = (_processor_s() - processor, time.perf_counter() - clock)
            best[name] = (min(best[name][0], took[0]), min(best[name][1], took[1]))
    return best


def _processor_s() -> float:
    """Of this process and all that it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _on(count: int, way: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        with _cores(count):
            way()

    return run


@contextmanager
def _cores(count: int) -> Iterator[None]:
    """Keep this process, and what it starts, to so many cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:count]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _ours(given: Session, raw: Sources, folder: Path) -> None:
    events = schedule.events(given.arrangement, raw, {}, RATE_HZ, None)
    ready = prepare(schedule.cuts(events), RATE_HZ, "standard", folder, lambda _: None)
    with (folder / "ours.f32").open("wb") as file:
        for block in Mixer(events, ready, 0, max(event.end for event in events)).blocks():
            file.write(np.ascontiguousarray(block.T).data)


def _loop(given: Session, sounds: dict[str, Any], path: Path) -> None:
    total = np.zeros((round((given.length_s + 10) * RATE_HZ), 2), np.float32)
    for track in given.arrangement.tracks:
        for clip in track.clips:
            first, last = round(clip.cut_start_s * RATE_HZ), round((clip.cut_end_s or 0) * RATE_HZ)
            sound = sounds[clip.source][first:last]
            if clip.speed != 1 or clip.semitones:
                assert not isinstance(clip.speed, str)
                frames, pitch = round(len(sound) / clip.speed), 2 ** (clip.semitones / 12)
                sound = stretched(np.ascontiguousarray(sound.T), frames, pitch, RATE_HZ, SETTINGS["standard"]).T
            sound = sound * (clip.volume * track.volume)
            sound = sound * np.array((min(1, 1 - clip.pan), min(1, 1 + clip.pan)), np.float32)
            at = round(clip.start_beats * 60 / TEMPO_BPM * RATE_HZ)
            total[at : at + len(sound)] += sound
    total.tofile(path)
