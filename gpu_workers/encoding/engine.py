"""The engine that turns any input into a wanted audio format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from gpu_workers.audio.decode import decode
from gpu_workers.audio.encode import EncodeSettings, open_writer
from gpu_workers.audio.files import AudioFile, Samples
from patchbay.domain.errors import InvalidInput
from patchbay.domain.formats import ENCODER_RATES_HZ, MEDIA_TYPES, Format, check_encoding
from patchbay.domain.tasks import EngineInput, EngineOutput, EngineTask, ModelFiles

_DECODE_SHARE = 0.3
"""Of one input's time; mp3 and AAC take longer to encode than anything takes to decode."""
_FADE_S = 1.0
_LONGEST_S = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """The task's parameters, checked."""

    format: Format
    sample_rate_hz: int | None
    channels: int | None
    bit_depth: int
    bitrate_kbps: int | None
    first_s: float | None
    """Only so much of the beginning, faded out where more follows; None for all of it."""
    start_s: float
    """What is before is left out."""
    end_s: float | None
    """What is after is cut off, to the sample; None for all of it."""

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> "Wanted":
        """Check `params`. Raises `InvalidInput` with the field that does not fit the format."""
        check_encoding(params)
        start_s, end_s = _part(params)
        return cls(
            format=cast(Format, params["format"]),
            sample_rate_hz=params.get("sample_rate_hz"),
            channels=params.get("channels"),
            bit_depth=params.get("bit_depth") or 16,
            bitrate_kbps=params.get("bitrate_kbps"),
            first_s=_seconds(params, "first_s"),
            start_s=start_s,
            end_s=end_s,
        )


def _part(params: Mapping[str, Any]) -> tuple[float, float | None]:
    """(start, end) of the part that is wanted, seconds. Raises `InvalidInput`."""
    start_s = _seconds(params, "start_s") if params.get("start_s") else 0.0
    end_s = _seconds(params, "end_s")
    if end_s is not None and params.get("first_s") is not None:
        raise InvalidInput("first_s and end_s both say where to end: leave one out", field="end_s")
    if end_s is not None and end_s <= (start_s or 0.0):
        raise InvalidInput("end_s has to be after start_s", field="end_s")
    return start_s or 0.0, end_s


def _seconds(params: Mapping[str, Any], name: str) -> float | None:
    value = params.get(name)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= _LONGEST_S:
        raise InvalidInput(f"{name} has to be a number over 0, {_LONGEST_S:.0f} at most", field=name)
    return float(value)


class EncodingEngine:
    """Decodes each input in the limited child and writes it again; no model, no state."""

    def load(self, model: ModelFiles) -> None:
        """Nothing to load."""

    def run(self, task: EngineTask) -> Sequence[EngineOutput]:
        """One output for each input, by the same name; with `format_in_names` the format is added to it.

        Raises `InvalidInput`, `UnusableAudio`.
        """
        wanted = Wanted.from_params(task.params)
        outputs = []
        for position, source in enumerate(task.inputs):
            base, share = position / len(task.inputs), 1 / len(task.inputs)
            outputs.append(_encode(task, source, wanted, base, share))
        task.progress(1.0)
        return outputs


def _encode(task: EngineTask, source: EngineInput, wanted: Wanted, base: float, share: float) -> EngineOutput:
    """Encode one input, whose work spans `share` of the task's progress from `base`."""
    raw = task.work_dir / f"{source.name}.f32"
    audio = decode(
        source.path,
        raw,
        sample_rate_hz=wanted.sample_rate_hz,
        channels=wanted.channels,
        allowed_rates_hz=ENCODER_RATES_HZ.get(wanted.format, ()),
        start_s=wanted.start_s,
        first_s=wanted.first_s if wanted.end_s is None else wanted.end_s - wanted.start_s,
        heartbeat=lambda: task.progress(base),
    )
    path: Path = task.work_dir / f"{source.name}.{wanted.format}"
    settings = EncodeSettings(
        format=wanted.format,
        sample_rate_hz=audio.sample_rate_hz,
        channels=audio.channels,
        total_frames=audio.frames,
        bit_depth=wanted.bit_depth,
        bitrate_kbps=wanted.bitrate_kbps,
    )
    try:
        with open_writer(path, settings) as writer:
            done, fades = 0, audio.cut and wanted.first_s is not None
            for block in audio.blocks():
                writer.write(_faded(block, done, audio) if fades else block)
                done += block.shape[1]
                task.progress(base + share * (_DECODE_SHARE + (1 - _DECODE_SHARE) * done / audio.frames))
    finally:
        raw.unlink(missing_ok=True)
    name = path.name if task.params.get("format_in_names") else source.name
    return EngineOutput(name=name, path=path, media_type=MEDIA_TYPES[wanted.format])


def _faded(block: Samples, start: int, audio: AudioFile) -> Samples:
    """The block that begins at frame `start`, with the end of the audio faded out in a straight line."""
    fade = max(round(min(_FADE_S, audio.duration_s / 2) * audio.sample_rate_hz), 1)
    left = audio.frames - start - np.arange(block.shape[1])
    return block * np.clip(left / fade, 0.0, 1.0).astype(np.float32)


def create() -> EncodingEngine:
    """The engine, for the worker."""
    return EncodingEngine()
