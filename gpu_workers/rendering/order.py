"""What is asked of one rendering: the arrangement and the task's parameters, checked."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from pydantic import ValidationError

from gpu_workers.audio.stretch import SETTINGS, Quality
from patchbay.domain.arrangement import MAX_LENGTH_S, Arrangement
from patchbay.domain.errors import InvalidInput
from patchbay.domain.formats import Format, check_encoding
from patchbay.domain.tasks import EngineInput

ARRANGEMENT: Final = "arrangement"
"""The input that holds the arrangement; the others are named as its sources."""
FORMATS: Final = ("wav", "flac", "mp3", "m4a", "ogg")
RATE_HZ: Final = 44_100
BIT_DEPTH: Final = 16
_MAX_BYTES = 16 * 1024**2
_BITRATES_KBPS: Mapping[str, Mapping[str, int]] = {
    "draft": {"mp3": 128, "m4a": 128, "ogg": 112},
    "standard": {"mp3": 256, "m4a": 256, "ogg": 192},
    "high": {"mp3": 320, "m4a": 320, "ogg": 320},
}
_LOUDNESS_LUFS = (-60.0, 0.0)


@dataclass(frozen=True, slots=True)
class Order:
    """The parameters of a task."""

    format: Format
    bit_depth: int
    """Of wav and flac, 16 if nothing is asked; 32 is float."""
    bitrate_kbps: int | None
    """Of the lossy formats; if nothing is asked, by the quality."""
    sample_rate_hz: int
    start_s: float
    end_s: float | None
    quality: Quality
    loudness_lufs: float | None
    stems: bool

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> "Order":
        """Check `params`. Raises `InvalidInput` with the field at fault."""
        if params.get("format", "wav") not in FORMATS:
            raise InvalidInput(f"format has to be one of {', '.join(FORMATS)}", field="format")
        quality = params.get("quality") or "standard"
        if quality not in SETTINGS:
            raise InvalidInput(f"quality has to be one of {', '.join(SETTINGS)}", field="quality")
        given: dict[str, Any] = {"format": "wav", "sample_rate_hz": RATE_HZ}
        asked = given | {name: value for name, value in params.items() if value is not None}
        check_encoding(asked)
        kind = cast(Format, asked["format"])
        start_s = _number(params, "start_s", (0.0, MAX_LENGTH_S)) or 0.0
        end_s = _number(params, "end_s", (0.0, MAX_LENGTH_S))
        if end_s is not None and end_s <= start_s:
            raise InvalidInput("end_s has to be after start_s", field="end_s")
        return cls(
            format=kind,
            bit_depth=asked.get("bit_depth") or BIT_DEPTH,
            bitrate_kbps=asked.get("bitrate_kbps") or _BITRATES_KBPS[quality].get(kind),
            sample_rate_hz=asked["sample_rate_hz"],
            start_s=start_s,
            end_s=end_s,
            quality=cast(Quality, quality),
            loudness_lufs=_number(params, "loudness_lufs", _LOUDNESS_LUFS),
            stems=params.get("stems") is True,
        )

    @property
    def is_float(self) -> bool:
        """Whether samples over full scale are kept as they are."""
        return self.format == "wav" and self.bit_depth == 32

    @property
    def mix_name(self) -> str:
        """Of the mix's file."""
        return f"mix.{self.format}"


def read_arrangement(inputs: Sequence[EngineInput]) -> tuple[Arrangement, dict[str, Path]]:
    """The arrangement, and the uploads of its sources by their names.

    Raises `InvalidInput` where there is none, it breaks a rule, or a source has no input.
    """
    files = {item.name: item.path for item in inputs}
    path = files.pop(ARRANGEMENT, None)
    if path is None:
        raise InvalidInput("There is no arrangement to render.", field=ARRANGEMENT)
    if path.stat().st_size > _MAX_BYTES:
        raise InvalidInput(f"The arrangement is larger than {_MAX_BYTES // 1024**2} MiB.", field=ARRANGEMENT)
    try:
        arrangement = Arrangement.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join((ARRANGEMENT, *map(str, first["loc"])))
        raise InvalidInput(f"{place}: {first['msg']}", field=place) from None
    missing = next((source.name for source in arrangement.sources if source.name not in files), None)
    if missing is not None:
        raise InvalidInput(f"There is no audio for the source {missing!r}.", field=f"{ARRANGEMENT}.sources")
    return arrangement, files


def _number(params: Mapping[str, Any], name: str, bounds: tuple[float, float]) -> float | None:
    value = params.get(name)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise InvalidInput(f"{name} has to be a number", field=name)
    if not bounds[0] <= value <= bounds[1]:
        raise InvalidInput(f"{name} has to be from {bounds[0]:g} to {bounds[1]:g}", field=name)
    return float(value)
