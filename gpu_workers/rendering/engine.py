"""The engine that renders an arrangement: an exact mix of its clips, a picture of it, and the stems if they are wanted.

Inputs: "arrangement", the JSON of a `patchbay.domain.arrangement.Arrangement`, and an upload for each of its sources,
by the source's name. Outputs: "mix.<format>", "arrangement.png", with `stems` "stems.zip", and as plain values
`duration_s`, `peak_db` (true peak, dBTP) and `loudness_lufs` of the mix as it is written, None for silence.

The decoded sources, what is stretched, and the mix lie on disk in the task's folder: memory does not grow with length.
"""

import shutil
import zipfile
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import numpy as np

from gpu_workers.audio.files import AudioFile
from gpu_workers.audio.meter import Loudness, LoudnessMeter
from gpu_workers.rendering import picture
from gpu_workers.rendering.level import level
from gpu_workers.rendering.material import Cut, Material
from gpu_workers.rendering.mixing import Mixer
from gpu_workers.rendering.order import Order, read_arrangement
from gpu_workers.rendering.prepare import prepare
from gpu_workers.rendering.schedule import cuts, events, span
from gpu_workers.rendering.sources import Sources, decode_sources, tempi
from gpu_workers.rendering.workers import cores
from gpu_workers.rendering.writing import move_into, stem_name, write
from patchbay.domain.arrangement import Arrangement, length_s, placements
from patchbay.domain.formats import MEDIA_TYPES
from patchbay.domain.tasks import EngineOutput, EngineTask, ModelFiles

PICTURE: Final = "arrangement.png"
STEMS: Final = "stems.zip"
_DECODED = 0.2
"""Share of the progress when the sources are there; how long the rest takes is then known."""
_MIX_SHARE, _CLIP_SHARE, _STRETCH_SHARE = 0.006, 0.0002, 0.03
_ENCODE_SHARE = {"wav": 0.003, "flac": 0.006, "mp3": 0.03, "m4a": 0.02, "ogg": 0.03}
"""Seconds of work for a second of music; measured. They only place the bar."""
_PICTURE_S = 0.7


class _Gauge:
    """What follows the decoding, as spans of the progress."""

    def __init__(self, task: EngineTask, total: float) -> None:
        self._report, self._total, self._at = task.progress, total, 0.0

    def span(self, work: float) -> Callable[[float], None]:
        """What takes the share done, 0 to 1, of the next `work` seconds."""
        start = self._at
        self._at += work
        return lambda share: self._report(min(_DECODED + (1 - _DECODED) * (start + work * share) / self._total, 0.999))


class RenderingEngine:
    """Mixes; no model, no state."""

    def load(self, model: ModelFiles) -> None:
        """Nothing to load."""

    def run(self, task: EngineTask) -> Sequence[EngineOutput]:
        """Render the arrangement. Raises `InvalidInput`, `UnusableAudio`, with the clip and the track at fault."""
        task.progress(0.0)
        order = Order.from_params(task.params)
        arrangement, uploads = read_arrangement(task.inputs)
        scratch = task.work_dir / "scratch"
        scratch.mkdir()
        try:
            sources = decode_sources(
                arrangement, uploads, order.sample_rate_hz, scratch, lambda share: task.progress(_DECODED * share)
            )
            outputs = _Session(task, order, arrangement, sources, scratch).run()
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        task.progress(1.0)
        return outputs


class _Session:
    """One task whose sources are there."""

    def __init__(
        self, task: EngineTask, order: Order, arrangement: Arrangement, sources: Sources, scratch: Path
    ) -> None:
        self._task, self._order, self._arrangement = task, order, arrangement
        self._sources, self._scratch, self._rate_hz = sources, scratch, order.sample_rate_hz
        self._tempi = tempi(arrangement, sources, self._alive)
        whole_s = length_s(arrangement, sources.durations_s, self._tempi)
        self._start, self._end = span(order.start_s, order.end_s, whole_s, self._rate_hz)
        found = events(arrangement, sources, self._tempi, self._rate_hz, order.end_s, self._alive)
        self._events = [event for event in found if event.start < self._end and event.end > self._start]
        self._tracks = sorted({event.track for event in self._events}) if order.stems else []
        self._ready: dict[Cut, Material] = {}
        self._gauge = _Gauge(task, self._work_s())

    def run(self) -> list[EngineOutput]:
        """The outputs in the order that the workflow names them."""
        order, folder = self._order, self._task.work_dir
        self._ready = prepare(
            cuts(self._events), self._rate_hz, order.quality, self._scratch, self._gauge.span(self._stretching_s())
        )
        mix, measured = self._mixed()
        stem_peak = max(map(self._peak_of, self._tracks), default=0.0)
        found = level(measured, stem_peak, order)
        progress = self._gauge.span(self._encoding_s())
        write(folder / order.mix_name, mix.blocks(), mix.frames, found.gain, order, progress)
        self._draw(folder / PICTURE)
        files = [(order.mix_name, MEDIA_TYPES[order.format]), (PICTURE, "image/png")]
        if order.stems:
            self._archive(folder / STEMS, found.gain)
            files.append((STEMS, "application/zip"))
        values = {
            "duration_s": round(mix.duration_s, 6),
            "peak_db": found.peak_db,
            "loudness_lufs": found.loudness_lufs,
        }
        return [
            *(EngineOutput(name=name, path=folder / name, media_type=kind) for name, kind in files),
            *(EngineOutput(name=name, value=value) for name, value in values.items()),
        ]

    def _mixer(self, track: int | None = None) -> Mixer:
        chosen = self._events if track is None else [event for event in self._events if event.track == track]
        return Mixer(chosen, self._ready, self._start, self._end)

    def _mixed(self) -> tuple[AudioFile, Loudness]:
        """The mix on disk, at no other level than it has, and that level."""
        mixer, meter = self._mixer(), LoudnessMeter(self._rate_hz, 2)
        mix = AudioFile(self._scratch / "mix.f32", self._rate_hz, 2, mixer.frames)
        progress, done = self._gauge.span(self._mixing_s()), 0
        with mix.path.open("wb") as file, closing(mixer.blocks()) as blocks:
            for block in blocks:
                file.write(np.ascontiguousarray(block.T).data)
                meter.add(block)
                done += block.shape[1]
                progress(done / mix.frames)
        return mix, meter.result()

    def _peak_of(self, track: int) -> float:
        """The highest sample of a stem."""
        mixer, highest, done = self._mixer(track), 0.0, 0
        progress = self._gauge.span(self._mixing_s(track))
        with closing(mixer.blocks()) as blocks:
            for block in blocks:
                highest = max(highest, float(np.abs(block).max()))
                done += block.shape[1]
                progress(done / mixer.frames)
        return highest

    def _archive(self, path: Path, gain: float) -> None:
        """The stems of all tracks that are heard, as loud as they are in the mix."""
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for track in self._tracks:
                mixer, about = self._mixer(track), self._arrangement.tracks[track]
                name = stem_name(track + 1, about.name or about.id, self._order)
                progress = self._gauge.span(self._mixing_s(track) + self._encoding_s())
                stem = self._scratch / name
                with closing(mixer.blocks()) as blocks:
                    write(stem, blocks, mixer.frames, gain, self._order, progress)
                move_into(archive, stem, lambda: progress(1.0))  # noqa: B023 - called before the next one

    def _draw(self, path: Path) -> None:
        progress = self._gauge.span(_PICTURE_S)
        placed = placements(self._arrangement, self._sources.durations_s, self._tempi, until_s=self._order.end_s)
        range_s = (self._start / self._rate_hz, self._end / self._rate_hz)
        picture.draw(self._arrangement, placed, self._sources.files, range_s, path, lambda: progress(0.0))
        progress(1.0)

    def _alive(self) -> None:
        self._task.progress(_DECODED)

    @property
    def _length_s(self) -> float:
        return (self._end - self._start) / self._rate_hz

    def _stretching_s(self) -> float:
        frames = sum(cut.frames for cut in cuts(self._events) if not cut.is_plain)
        return frames / self._rate_hz * _STRETCH_SHARE / cores()

    def _mixing_s(self, track: int | None = None) -> float:
        frames = sum(event.frames for event in self._events if track in (None, event.track))
        return self._length_s * _MIX_SHARE + frames / self._rate_hz * _CLIP_SHARE

    def _encoding_s(self) -> float:
        return self._length_s * _ENCODE_SHARE[self._order.format]

    def _work_s(self) -> float:
        """About how long all of it takes."""
        stems = sum(2 * self._mixing_s(track) + self._encoding_s() for track in self._tracks)
        return self._stretching_s() + self._mixing_s() + self._encoding_s() + stems + _PICTURE_S


def create() -> RenderingEngine:
    """The engine, for the worker."""
    return RenderingEngine()
