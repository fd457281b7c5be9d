"""The engine that turns any input into a wanted audio format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from gpu_workers.audio.decode import decode
from gpu_workers.audio.encode import (
    BIT_DEPTHS,
    BITRATES_KBPS,
    ENCODER_RATES_HZ,
    FORMATS,
    MEDIA_TYPES,
    EncodeSettings,
    Format,
    open_writer,
)
from patchbay.domain.errors import InvalidInput
from patchbay.domain.tasks import EngineInput, EngineOutput, EngineTask, ModelFiles

_RATE_RANGE_HZ = (4000, 384_000)
_DECODE_SHARE = 0.3
"""Of one input's time; mp3 and AAC take longer to encode than anything takes to decode."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The task's parameters, checked."""

    format: Format
    sample_rate_hz: int | None
    channels: int | None
    bit_depth: int
    bitrate_kbps: int | None

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> "Wanted":
        """Check `params`. Raises `InvalidInput` with the field that does not fit the format."""
        name = params.get("format")
        if name not in FORMATS:
            raise InvalidInput(f"format has to be one of {', '.join(FORMATS)}.", field="format")
        rate = _integer(params, "sample_rate_hz", _RATE_RANGE_HZ)
        rates = ENCODER_RATES_HZ.get(name, ())
        if rate is not None and rates and rate not in rates:
            raise InvalidInput(
                f"{name} takes these sample rates: {', '.join(map(str, rates))}.", field="sample_rate_hz"
            )
        depth = _integer(params, "bit_depth", (16, 32))
        if depth is not None and depth not in BIT_DEPTHS.get(name, ()):
            raise InvalidInput(f"{name} cannot be written with {depth} bits a sample.", field="bit_depth")
        if params.get("bitrate_kbps") is not None and name not in BITRATES_KBPS:
            raise InvalidInput(f"{name} has no bit rate to choose.", field="bitrate_kbps")
        return cls(
            format=cast(Format, name),
            sample_rate_hz=rate,
            channels=_integer(params, "channels", (1, 2)),
            bit_depth=depth or 16,
            bitrate_kbps=_integer(params, "bitrate_kbps", BITRATES_KBPS.get(name, (0, 0))),
        )


def _integer(params: Mapping[str, Any], name: str, bounds: tuple[int, int]) -> int | None:
    value = params.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not bounds[0] <= value <= bounds[1]:
        raise InvalidInput(f"{name} has to be a whole number from {bounds[0]} to {bounds[1]}.", field=name)
    return value


class EncodingEngine:
    """Decodes each input in the limited child and writes it again; no model, no state."""

    def load(self, model: ModelFiles) -> None:
        """Nothing to load."""

    def run(self, task: EngineTask) -> Sequence[EngineOutput]:
        """One output for each input, by the same name. Raises `InvalidInput`, `UnusableAudio`."""
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
            done = 0
            for block in audio.blocks():
                writer.write(block)
                done += block.shape[1]
                task.progress(base + share * (_DECODE_SHARE + (1 - _DECODE_SHARE) * done / audio.frames))
    finally:
        raw.unlink(missing_ok=True)
    return EngineOutput(name=source.name, path=path, media_type=MEDIA_TYPES[wanted.format])


def create() -> EncodingEngine:
    """The engine, for the worker."""
    return EncodingEngine()
