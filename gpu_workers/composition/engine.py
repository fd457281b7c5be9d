"""The engine that composes: parameters in; audio, notes, a picture and a description out. It has no inputs."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, cast, get_args

from gpu_workers.composition import archive, document, pianoroll, takes
from gpu_workers.composition.compose import compose
from gpu_workers.composition.groups import grouped, heard, together
from gpu_workers.composition.midi import midi_bytes
from gpu_workers.composition.order import Order
from gpu_workers.composition.patience import patiently
from gpu_workers.composition.score import Brief, Score, Section
from gpu_workers.composition.sound import Rendering, render
from gpu_workers.composition.sound.render import Backend
from gpu_workers.composition.takes import Take
from patchbay.catalog.composition import INSTRUMENTS_ZIP
from patchbay.domain.errors import InvalidInput
from patchbay.domain.formats import MEDIA_TYPES, Format
from patchbay.domain.tasks import EngineOutput, EngineTask, ModelFiles

RATE_HZ: Final = 44_100
SOUND_VARIABLE: Final = "PATCHBAY_COMPOSITION_SOUND"
"""`own` (the default) or `fluid`, which needs FluidSynth and its soundfont installed."""
_PREVIEW_S, _PREVIEW_FADE_S = 30.0, 2.0
_EDGE_S = 0.01
"""A section is cut out of a piece that goes on: this keeps the cuts from clicking."""

_RENDER_SHARE, _MP3_SHARE, _LOSSY_SHARE, _LOSSLESS_SHARE = 0.05, 0.06, 0.03, 0.005
"""Seconds of work for a second of music; measured. They only place the bar."""
_PICTURE_S = 1.0
_MOST_PARTS = 12


class _Gauge:
    """A task's progress, made of spans of work one after the other."""

    def __init__(self, task: EngineTask, total: float) -> None:
        self._report, self._total, self._at = task.progress, total, 0.0

    def span(self, work: float) -> Callable[[float], None]:
        """What takes the share done, 0 to 1, of the next `work` seconds."""
        start = self._at
        self._at += work
        return lambda share: self._report(min((start + work * share) / self._total, 0.999))


class CompositionEngine:
    """Writes scores and plays them; no model, no state."""

    def __init__(self, backend: Backend = "own") -> None:
        self._backend = backend

    def load(self, model: ModelFiles) -> None:
        """Nothing to load."""

    def run(self, task: EngineTask) -> Sequence[EngineOutput]:
        """All that the workflow `compose` lists. Raises `InvalidInput` for wishes that cannot be met."""
        task.progress(0.0)
        return _Session(task, Order.from_params(task.params), self._backend).run()


class _Session:
    """One task under way."""

    def __init__(self, task: EngineTask, order: Order, backend: Backend) -> None:
        self._task, self._order, self._backend = task, order, backend
        self._gauge = _Gauge(task, _work_s(order))
        self._made: dict[str, EngineOutput] = {}
        self._level = (0.0, 0.0)

    def run(self) -> list[EngineOutput]:
        order, task = self._order, self._task
        track = _written(order.track)
        versions = [_written(brief) for brief in order.versions]
        task.progress(0.0)
        if order.cuts:
            for number, score in enumerate(versions):
                self._hear(score, number, whole=number == order.uniform)
        if not order.cuts or order.uniform is None:
            self._hear(track, None, whole=True)
        self._describe(track, [heard(score) for score in versions])
        task.progress(1.0)
        return [self._made[name] for name in order.names()]

    def _hear(self, score: Score, version: int | None, *, whole: bool) -> None:
        """Render a score and write what is wanted of it: the track where it is that, the sections of a version."""
        with _scratch(self._task.work_dir) as folder:
            progress = self._gauge.span(score.duration_s * _RENDER_SHARE)
            sound = patiently(partial(self._sound, score, folder), progress)
            if whole:
                self._level = (sound.lufs, sound.true_peak_dbtp)
                self._write_track(score, sound)
            if version is not None:
                for number, section in enumerate(score.sections):
                    self._write_section(score, sound, section, f"{version}-{number}")

    def _sound(self, score: Score, folder: Path, progress: Callable[[float], None]) -> Rendering:
        return render(
            score,
            sample_rate_hz=RATE_HZ,
            backend=self._backend,
            progress=progress,
            scratch=folder,
            together=together(score),
        )

    def _write_track(self, score: Score, sound: Rendering) -> None:
        frames = sound.mix.shape[1]
        if self._order.instrument_stems:
            path = self._task.work_dir / INSTRUMENTS_ZIP
            progress = self._gauge.span(_encoding_s(len(score.parts) * score.duration_s, "wav"))
            archive.write(score, sound, path, progress)
            self._made[path.name] = EngineOutput(name=path.name, path=path, media_type="application/zip")
        for name in self._order.formats:
            self._write(Take([sound.mix], 0, frames), f"track.{name}", name)
            if self._order.stems:
                for stem, parts in grouped(score).items():
                    take = Take([sound.stems[part.name] for part in parts], 0, frames)
                    self._write(take, f"stem-{stem}.{name}", name)

    def _write_section(self, score: Score, sound: Rendering, section: Section, place: str) -> None:
        start = round(score.seconds(section.start_beats) * RATE_HZ)
        end = min(round(score.seconds(section.start_beats + section.duration_beats) * RATE_HZ), sound.mix.shape[1])
        edge = round(_EDGE_S * RATE_HZ)
        if self._order.sections_audio:
            self._write(Take([sound.mix], start, end, edge, edge), f"section-{place}.mp3", "mp3")
            until = min(end, start + round(_PREVIEW_S * RATE_HZ))
            fade = round(min(_PREVIEW_FADE_S * RATE_HZ, (until - start) / 4))
            self._write(Take([sound.mix], start, until, edge, fade), f"preview-{place}.mp3", "mp3")
        if self._order.section_stems:
            for stem, parts in grouped(score).items():
                take = Take([sound.stems[part.name] for part in parts], start, end, edge, edge)
                self._write(take, f"stem-{place}-{stem}.mp3", "mp3")

    def _write(self, take: Take, name: str, kind: Format) -> None:
        path = self._task.work_dir / name
        takes.write(take, path, kind, RATE_HZ, self._gauge.span(_encoding_s(take.frames / RATE_HZ, kind)))
        self._made[name] = EngineOutput(name=name, path=path, media_type=MEDIA_TYPES[kind])

    def _describe(self, track: Score, instruments: list[list[list[str]]]) -> None:
        """The score as MIDI, picture, JSON and plain values."""
        folder = self._task.work_dir
        (folder / "score.mid").write_bytes(midi_bytes(track))
        progress = self._gauge.span(_PICTURE_S)
        progress(0.0)
        pianoroll.draw(track, folder / "pianoroll.png")
        progress(1.0)
        choice = [wish.version or 0 for wish in self._order.track.sections]
        lufs, true_peak_dbtp = self._level
        content = document.composition(track, choice, instruments, lufs=lufs, true_peak_dbtp=true_peak_dbtp)
        text = json.dumps(content, allow_nan=False, separators=(",", ":")) + "\n"
        (folder / "composition.json").write_text(text, encoding="utf-8")
        kinds = {"score.mid": "audio/midi", "pianoroll.png": "image/png", "composition.json": "application/json"}
        for name, kind in kinds.items():
            self._made[name] = EngineOutput(name=name, path=folder / name, media_type=kind)
        values = {"key": track.key, "bpm": document.tempo_bpm(track), "instruments": instruments}
        for name, value in values.items():
            self._made[name] = EngineOutput(name=name, value=value)


@contextmanager
def _scratch(work_dir: Path) -> Iterator[Path]:
    """A folder for a rendering's arrays, which may take gigabytes; gone as soon as its files are written."""
    folder = work_dir / "scratch"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _written(brief: Brief) -> Score:
    try:
        return compose(brief)
    except ValueError as error:
        raise InvalidInput(str(error)) from None


def _encoding_s(duration_s: float, kind: Format) -> float:
    if kind in ("wav", "flac"):
        return duration_s * _LOSSLESS_SHARE
    return duration_s * (_MP3_SHARE if kind == "mp3" else _LOSSY_SHARE)


def _work_s(order: Order) -> float:
    """About how long all of it takes."""
    duration_s = order.track.duration_s
    renderings = (len(order.versions) if order.cuts else 0) + (not order.cuts or order.uniform is None)
    whole = sum(_encoding_s(duration_s, kind) for kind in order.formats) * (1 + 4 * order.stems)
    previews = min(duration_s, _PREVIEW_S * len(order.track.sections)) * order.sections_audio
    cut_s = (duration_s * (order.sections_audio + 4 * order.section_stems) + previews) * len(order.versions)
    whole += _MOST_PARTS * _encoding_s(duration_s, "wav") * order.instrument_stems
    return renderings * duration_s * _RENDER_SHARE + whole + _encoding_s(cut_s, "mp3") + _PICTURE_S


def create() -> CompositionEngine:
    """The engine, for the worker. Raises ValueError for a sound that does not exist."""
    wanted = os.environ.get(SOUND_VARIABLE) or "own"
    if wanted not in get_args(Backend):
        raise ValueError(f"{SOUND_VARIABLE} is {wanted!r}; there are: {', '.join(get_args(Backend))}")
    return CompositionEngine(cast(Backend, wanted))
