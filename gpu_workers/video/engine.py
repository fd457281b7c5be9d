"""The engine that puts sound under a video. The picture is copied as it is; nothing of it is encoded again.

Inputs: `video` (MP4, QuickTime, WebM or Matroska) and `audio` (anything that is taken as an upload). Outputs: `video`
in the container that it came in, and the plain values `duration_s` and `turned_down_db`, which says by how much a mix
was lowered that would have been over full scale. Other streams (subtitles, timecodes, more sounds) are left out.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gpu_workers.audio.decode import decode
from gpu_workers.audio.files import AudioFile
from gpu_workers.video import remux
from gpu_workers.video.mixing import Envelope, mix
from gpu_workers.video.remux import CHANNELS, RATE_HZ, Film
from patchbay.domain.errors import InvalidInput, UnusableAudio
from patchbay.domain.tasks import EngineOutput, EngineTask, ModelFiles
from patchbay.domain.videos import Underlay

_SOUND, _MUSIC, _MIXED, _DONE = 0.1, 0.3, 0.4, 0.6
"""Where, of a task's time, decoding the video's sound, decoding the new one, mixing and writing begin."""


def wanted_of(params: Mapping[str, Any]) -> Underlay:
    """The task's parameters, checked. Raises `InvalidInput` with the field that is wrong."""
    known = {name: value for name, value in params.items() if name in Underlay.model_fields}
    try:
        return Underlay.model_validate(known, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        name = str(first["loc"][0])
        raise InvalidInput(f"{name}: {first['msg']}", field=name) from None


class VideoEngine:
    """Copies pictures and mixes sound; no model, no state."""

    def load(self, model: ModelFiles) -> None:
        """Nothing to load."""

    def run(self, task: EngineTask) -> Sequence[EngineOutput]:
        """Do one task. Raises `InvalidInput`, `UnusableAudio`."""
        wanted = wanted_of(task.params)
        paths = {given.name: given.path for given in task.inputs}
        if paths.keys() != {"video", "audio"}:
            raise InvalidInput("a video task takes two inputs: video and audio", field="files")
        task.progress(0.0)
        film = remux.look(paths["video"], lambda: task.progress(0.0))
        original = self._original(task, film) if film.sounds and wanted.keep_original else None
        music = decode(
            paths["audio"],
            task.work_dir / "music.f32",
            sample_rate_hz=RATE_HZ,
            channels=CHANNELS,
            heartbeat=lambda: task.progress(_MUSIC),
        )
        target = task.work_dir / f"video.{film.kind.extension}"
        duration_s, gain = self._write(task, film, original, music, wanted, target)
        task.progress(1.0)
        return [
            EngineOutput("video", target, film.kind.media_type),
            EngineOutput("duration_s", value=round(duration_s, 3)),
            EngineOutput("turned_down_db", value=round(-20 * math.log10(gain), 2) + 0.0),
        ]

    def _original(self, task: EngineTask, film: Film) -> AudioFile:
        target = task.work_dir / "original.f32"
        expected = film.length_s * RATE_HZ * CHANNELS * 4
        return remux.sound_of(film, target, _growing(task, target, expected, _SOUND, _MUSIC))

    def _write(
        self,
        task: EngineTask,
        film: Film,
        original: AudioFile | None,
        music: AudioFile,
        wanted: Underlay,
        target: Path,
    ) -> tuple[float, float]:
        """Mix and write; (length of the result in seconds, gain of the mix)."""
        frames = max(round(film.length_s * RATE_HZ), original.frames if original else 0, 1)
        begin, end = Envelope(round(wanted.offset_s * RATE_HZ), music.frames, frames, wanted, RATE_HZ).heard
        if begin >= end:
            told = f"{music.duration_s:.1f} s of audio from {wanted.offset_s:g} s on"
            raise UnusableAudio(f"{told} lie outside the video, which is {frames / RATE_HZ:.1f} s long")
        spool = task.work_dir / "mix.f32"
        mixed = mix(
            original,
            music,
            wanted,
            frames,
            spool,
            lambda done: task.progress(_MIXED + (_DONE - _MIXED) * done),
        )
        for used in (music, original):
            if used is not None:
                used.path.unlink()
        expected = film.path.stat().st_size
        remux.write(film, mixed.audio, mixed.gain, target, _growing(task, target, expected, _DONE, 1.0))
        spool.unlink()
        return mixed.audio.duration_s, mixed.gain


def _growing(task: EngineTask, path: Path, expected_bytes: float, begin: float, end: float) -> Callable[[], None]:
    """A heartbeat that tells progress by how large a file has become. It never says that all is done."""

    def beat() -> None:
        size = path.stat().st_size if path.exists() else 0
        task.progress(begin + (end - begin) * min(size / max(expected_bytes, 1), 0.99))

    return beat


def create() -> VideoEngine:
    """The engine, for the worker."""
    return VideoEngine()
