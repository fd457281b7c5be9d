"""The audio formats that can be asked for, and what each of them takes."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from patchbay.domain.errors import InvalidInput

Format = Literal["wav", "flac", "mp3", "m4a", "ogg", "opus"]
FORMATS: tuple[str, ...] = get_args(Format)

MEDIA_TYPES: dict[str, str] = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "ogg": "audio/ogg",
    "opus": "audio/ogg; codecs=opus",
}

BIT_DEPTHS: dict[str, tuple[int, ...]] = {"wav": (16, 24, 32), "flac": (16, 24)}
"""Sample sizes a format can be asked for; 32 is float. The lossy formats have none."""

ENCODER_RATES_HZ: dict[str, tuple[int, ...]] = {
    "mp3": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
    "m4a": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000),
    "opus": (8000, 12000, 16000, 24000, 48000),
    "ogg": (8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000),
    "flac": (8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 176400, 192000),
}
"""Rates the encoder takes; WAV takes any."""

BITRATES_KBPS: dict[str, tuple[int, int]] = {"mp3": (32, 320), "m4a": (32, 512), "ogg": (48, 500), "opus": (6, 510)}
"""Least and most kbit/s that can be asked for, of stereo."""

RATE_RANGE_HZ = (4000, 384_000)


def check_encoding(params: Mapping[str, Any]) -> None:
    """Whether `format`, `sample_rate_hz`, `bit_depth`, `bitrate_kbps` and `channels` go together; None is no wish.

    Raises `InvalidInput` with the field that does not fit the format.
    """
    name = params.get("format")
    if name not in FORMATS:
        raise InvalidInput(f"format has to be one of {', '.join(FORMATS)}", field="format")
    rate = _integer(params, "sample_rate_hz", RATE_RANGE_HZ)
    rates = ENCODER_RATES_HZ.get(name, ())
    if rate is not None and rates and rate not in rates:
        raise InvalidInput(f"{name} takes these sample rates: {', '.join(map(str, rates))}", field="sample_rate_hz")
    depth = _integer(params, "bit_depth", (16, 32))
    if depth is not None and depth not in BIT_DEPTHS.get(name, ()):
        raise InvalidInput(f"{name} cannot be written with {depth} bits a sample", field="bit_depth")
    if params.get("bitrate_kbps") is not None and name not in BITRATES_KBPS:
        raise InvalidInput(f"{name} has no bit rate to choose", field="bitrate_kbps")
    _integer(params, "bitrate_kbps", BITRATES_KBPS.get(name, (0, 0)))
    _integer(params, "channels", (1, 2))


def _integer(params: Mapping[str, Any], name: str, bounds: tuple[int, int]) -> int | None:
    value = params.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not bounds[0] <= value <= bounds[1]:
        raise InvalidInput(f"{name} has to be a whole number from {bounds[0]} to {bounds[1]}", field=name)
    return value
