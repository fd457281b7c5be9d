"""Renders in the core's terms."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from functions.dialects.twoshot.schemas.generations import RenderOptions
from patchbay.catalog.workflows.render import LONGEST_S, SAMPLE_RATE_HZ
from patchbay.domain.arrangement import TEMPO_SYNC, Arrangement, is_heard, length_s, placements
from patchbay.domain.errors import InvalidInput
from patchbay.domain.formats import BIT_DEPTHS

QUALITIES: Final[Mapping[str, str]] = {"low": "draft", "medium": "standard", "high": "high"}
_BIT_DEPTH, _BIT_DEPTH_HIGH = 16, 24
_BEGINS_S, _PART, _CLIP_S = 20.0, 0.05, 0.02
"""A render takes about so long, and for each second of sound and each clip so much more."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an arrangement's sources, by their names there."""

    durations_s: Mapping[str, float]
    tempi: Mapping[str, float]


def params(options: RenderOptions) -> dict[str, Any]:
    """Parameters of the workflow `render`. Whether they go together it says itself."""
    depth: int | None = options.bitDepth
    if depth is None and options.format in BIT_DEPTHS:
        depth = _BIT_DEPTH_HIGH if options.quality == "high" else _BIT_DEPTH
    told = {
        "format": options.format,
        "bit_depth": depth,
        "bitrate_kbps": options.bitrate,
        "sample_rate_hz": options.sampleRate,
        "quality": QUALITIES[options.quality],
        "start_s": options.startTime,
        "end_s": options.endTime,
        "loudness_lufs": options.loudnessTarget,
        "stems": options.stems,
    }
    return {name: value for name, value in told.items() if value is not None}


def with_tempi(arrangement: Arrangement, known: Known) -> Arrangement:
    """An arrangement that knows the tempi of its sources."""
    sources = tuple(
        source.model_copy(update={"tempo_bpm": known.tempi.get(source.name)}) for source in arrangement.sources
    )
    return arrangement.model_copy(update={"sources": sources})


def seconds(arrangement: Arrangement, known: Known, options: RenderOptions) -> float:
    """How long the audio is going to be. Raises `InvalidInput` for what cannot be rendered."""
    clips = [clip for track in arrangement.tracks for clip in track.clips]
    if not clips:
        raise InvalidInput("there is nothing to render: no track has a clip", field="tracks")
    _check_cuts(arrangement, known)
    start_s, end_s = options.startTime or 0.0, options.endTime
    whole_s = length_s(arrangement, known.durations_s)
    guessed = any(clip.speed == TEMPO_SYNC and clip.source not in known.tempi for clip in clips)
    if start_s >= whole_s and not guessed and end_s is None:
        raise InvalidInput(f"the project is over after {whole_s:g} s, before {start_s:g} s", field="startTime")
    if whole_s > LONGEST_S:
        raise InvalidInput(f"the project lasts {whole_s:.0f} s; {LONGEST_S:.0f} s are the most", field="tracks")
    deque(placements(arrangement, known.durations_s, until_s=end_s), maxlen=0)  # raises where loops make too many
    return max((whole_s if end_s is None else end_s) - start_s, 0.0)


def _check_cuts(arrangement: Arrangement, known: Known) -> None:
    for t, track in enumerate(arrangement.tracks):
        for c, clip in enumerate(track.clips):
            if clip.cut_start_s >= known.durations_s[clip.source] and is_heard(arrangement, clip, track):
                told = f"the clip is cut from {clip.cut_start_s:g} s on, and its source has"
                field = f"tracks[{t}].clips[{c}].cutStart"
                raise InvalidInput(f"{told} {known.durations_s[clip.source]:g} s", field=field)


def check_size(options: RenderOptions, length_s: float, most_bytes: int) -> None:
    """Raises `InvalidInput` for audio that would be a larger file than is taken."""
    if options.format not in BIT_DEPTHS:
        return
    depth = params(options)["bit_depth"]
    size = int(length_s * (options.sampleRate or SAMPLE_RATE_HZ) * 2 * depth // 8)
    if size > most_bytes:
        told = f"{length_s:.0f} s of it are up to {size} bytes, and a file has {most_bytes} at most"
        raise InvalidInput(f"{told}: take mp3, m4a or ogg, or less of it", field="format")


def takes_s(length_s: float, clips: Sequence[object]) -> float:
    """A guess of how long the work takes."""
    return _BEGINS_S + length_s * _PART + len(clips) * _CLIP_S
