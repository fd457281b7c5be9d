"""Sessions to render, and a plain reference that says how they have to sound."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from gpu_workers.rendering import schedule
from gpu_workers.rendering.engine import create
from gpu_workers.rendering.mixing import Mixer
from gpu_workers.rendering.prepare import prepare
from gpu_workers.rendering.sources import Sources
from patchbay.domain.arrangement import Arrangement, Clip, Source, Track, length_s
from patchbay.domain.tasks import EngineInput, EngineOutput, EngineTask
from tests.unit.gpu_workers.audio.tones import raw_file

RATE_HZ = 44100
Stereo = npt.NDArray[np.float64]


def clip(name: str, source: str = "noise", start_beats: float = 0.0, **given: Any) -> Clip:
    return Clip(id=name, source=source, start_beats=start_beats, **given)


def track(key: str, *clips: Clip, **given: Any) -> Track:
    return Track(id=key, clips=clips, **given)


class Desk:
    """Sources on disk as their owner uploaded them, and renderings of them."""

    def __init__(
        self, folder: Path, sources: Mapping[str, npt.NDArray[np.floating[Any]]], rate_hz: int = RATE_HZ
    ) -> None:
        self.folder, self.sources, self._count = folder, dict(sources), 0
        self.tempi: dict[str, float] = {}
        folder.mkdir(exist_ok=True)
        self.raw = {
            name: raw_file(folder / f"{name}.f32", np.atleast_2d(samples.T).astype(np.float32), rate_hz)
            for name, samples in sources.items()
        }
        self.inputs = [EngineInput(name, self._upload(name, samples, rate_hz)) for name, samples in sources.items()]

    def _upload(self, name: str, samples: npt.NDArray[np.floating[Any]], rate_hz: int) -> Path:
        path = self.folder / f"{name}.wav"
        soundfile.write(path, samples, rate_hz, "FLOAT")
        return path

    def arranged(self, *tracks: Track, **given: Any) -> Arrangement:
        sources = tuple(Source(name=item.name, tempo_bpm=self.tempi.get(item.name)) for item in self.inputs)
        return Arrangement(**{"tempo_bpm": 120.0, "tracks": tracks, "sources": sources} | given)

    def run(
        self, arrangement: Arrangement | Mapping[str, Any] | bytes, progress: Callable[[float], None] = lambda _: None,
        **params: Any,
    ) -> dict[str, EngineOutput]:  # fmt: skip
        """Outputs by name, with 32-bit float WAV unless something else is asked."""
        self._count += 1
        work, path = self.folder / f"work-{self._count}", self.folder / f"arrangement-{self._count}.json"
        work.mkdir()
        if isinstance(arrangement, Arrangement):
            path.write_text(arrangement.model_dump_json())
        else:
            path.write_bytes(arrangement if isinstance(arrangement, bytes) else json.dumps(arrangement).encode())
        wishes = {"format": "wav", "bit_depth": 32} if "format" not in params else {}
        task = EngineTask([EngineInput("arrangement", path), *self.inputs], wishes | params, work, progress)
        outputs = create().run(task)
        assert not (work / "scratch").exists()
        return {output.name: output for output in outputs}

    def mix(self, arrangement: Arrangement, start_s: float = 0.0, end_s: float | None = None) -> Stereo:
        """The mix (frames, 2) as the engine's parts make it of sources that are decoded already."""
        sources = Sources(self.raw)
        whole_s = length_s(arrangement, sources.durations_s)
        start, end = schedule.span(start_s, end_s, whole_s, RATE_HZ)
        events = schedule.events(arrangement, sources, arrangement.tempi, RATE_HZ, end_s)
        ready = prepare(schedule.cuts(events), RATE_HZ, "standard", self.folder, lambda _: None)
        return np.concatenate(list(Mixer(events, ready, start, end).blocks()), axis=1).T.astype(np.float64)

    def rendered(self, arrangement: Arrangement, **params: Any) -> Stereo:
        """The mix (frames, 2) as the engine writes it of the uploads."""
        outputs = self.run(arrangement, **params)
        (path,) = (output.path for name, output in outputs.items() if name.startswith("mix."))
        assert path is not None
        return np.asarray(soundfile.read(path, always_2d=True)[0], np.float64)

    def reference(self, arrangement: Arrangement) -> Stereo:
        """One clip after the other in float64; no loops, no solo, no stretching but turning round."""
        beat = 60 / arrangement.tempo_bpm
        total = np.zeros((RATE_HZ * 60, 2))
        end = 0
        for row in arrangement.tracks:
            for item in row.clips:
                sound = self.sources[item.source].astype(np.float32).astype(np.float64)
                sound = sound if sound.ndim == 2 else np.stack((sound, sound), axis=1)
                first = int(np.rint(item.cut_start_s * RATE_HZ))
                last = min(int(np.rint((item.cut_end_s or 1e9) * RATE_HZ)), len(sound))
                piece = sound[first:last].copy()
                cut = [first > 0, last < len(sound)]
                if item.reversed:
                    piece, cut = piece[::-1].copy(), cut[::-1]
                at = int(np.rint(item.start_beats * beat * RATE_HZ))
                end = max(end, at + len(piece))
                if item.muted or row.muted:
                    continue
                for side, fade_s in ((0, item.fade_in_s), (1, item.fade_out_s)):
                    count = min(max(round(fade_s * RATE_HZ), round(0.003 * RATE_HZ) * cut[side]), len(piece))
                    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(count) + 0.5) / max(count, 1))
                    if side:
                        piece[len(piece) - count :] *= rise[::-1, None]
                    else:
                        piece[:count] *= rise[:, None]
                for part in (item, row):
                    piece *= part.volume
                    piece[:, 0] *= 1 - max(part.pan, 0)
                    piece[:, 1] *= 1 + min(part.pan, 0)
                total[at : at + len(piece)] += piece
        return total[:end]


def peak_db(samples: Stereo) -> float:
    return 20 * float(np.log10(max(float(np.abs(samples).max(initial=0)), 1e-20)))


def null_db(one: Stereo, other: Stereo) -> float:
    """How far under full scale the largest difference is."""
    assert one.shape == other.shape
    return peak_db(one - other)


def noise(seconds: float, seed: int = 0, channels: int = 2, level: float = 0.1) -> Stereo:
    rng = np.random.default_rng(seed)
    samples = rng.normal(0, level, (round(seconds * RATE_HZ), channels)).astype(np.float32).astype(np.float64)
    return samples[:, 0] if channels == 1 else samples
