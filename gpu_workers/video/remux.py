"""What is done to a hostile video file, each time in a child process with hard limits."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from gpu_workers.audio.decode import DecodeLimits
from gpu_workers.audio.files import AudioFile
from gpu_workers.audio.limited import run_limited
from patchbay.domain.films import CONTAINERS, MAX_DURATION_S, Container

RATE_HZ = 48_000
"""Of sound that goes with pictures: the rate of video, which every encoder here takes."""
CHANNELS = 2
_CHILD = "gpu_workers.video.child"
_SOUND_BYTES_S = 80_000
"""More than any sound written here takes a second, with what a container adds."""
_REPORT_BYTES = 65_536
_SLACK_BYTES = 16 * 1024**2
Heartbeat = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Film:
    """A video that was looked at."""

    path: Path
    kind: Container
    """What it is written as."""
    sounds: bool
    """Whether it has sound of its own."""
    zero_ticks: int
    """Position 0 in ticks of the picture's clock (see `source`)."""
    zero_s: Fraction
    length_s: float
    """From position 0 to the end of its last picture."""
    packets: int
    """How many of the picture's packets there are."""


LIMITS = DecodeLimits(duration_s=MAX_DURATION_S, cpu_s=3600, wall_s=2 * 3600.0)


def look(path: Path, heartbeat: Heartbeat, limits: DecodeLimits = LIMITS) -> Film:
    """Walk through a video's packets. Raises `UnusableAudio` with what is wrong with it."""
    told = _run({"work": "look", "source": str(path.resolve())}, _REPORT_BYTES, heartbeat, limits)
    return Film(
        path=path,
        kind=CONTAINERS[str(told["kind"])],
        sounds=bool(told["sounds"]),
        zero_ticks=int(told["zero_ticks"]),
        zero_s=Fraction(*(int(part) for part in told["zero_s"])),
        length_s=float(told["length_s"]),
        packets=int(told["packets"]),
    )


def sound_of(film: Film, target: Path, heartbeat: Heartbeat, limits: DecodeLimits = LIMITS) -> AudioFile:
    """Decode a video's own sound, position 0 first, to the new file `target`. Raises `UnusableAudio`."""
    request = {
        "work": "sound",
        "source": str(film.path.resolve()),
        "target": str(target.resolve()),
        "zero_s": [film.zero_s.numerator, film.zero_s.denominator],
        "sample_rate_hz": RATE_HZ,
        "channels": CHANNELS,
        "allowed_rates_hz": [],
    }
    size = int(limits.duration_s * RATE_HZ * CHANNELS * 4) + _REPORT_BYTES
    told = _run(request, size, heartbeat, limits)
    return AudioFile(target, RATE_HZ, CHANNELS, int(told["frames"]), int(told["damaged_packets"]))


def write(film: Film, audio: AudioFile, gain: float, target: Path, heartbeat: Heartbeat) -> None:
    """Write a video's picture, as it is, beside `audio` times `gain`, to the new file `target`.

    Raises `UnusableAudio` for a picture whose clock makes no sense.
    """
    request = {
        "work": "mux",
        "source": str(film.path.resolve()),
        "target": str(target.resolve()),
        "kind": film.kind.extension,
        "zero_ticks": film.zero_ticks,
        "packets": film.packets,
        "gain": gain,
        "audio": {
            "path": str(audio.path.resolve()),
            "sample_rate_hz": audio.sample_rate_hz,
            "channels": audio.channels,
            "frames": audio.frames,
        },
    }
    _run(request, target_bytes(film, audio), heartbeat, LIMITS)


def target_bytes(film: Film, audio: AudioFile) -> int:
    """More than a result can have: its picture is the source's."""
    return int(1.1 * film.path.stat().st_size + _SOUND_BYTES_S * audio.duration_s) + _SLACK_BYTES


def _run(request: dict[str, Any], size: int, heartbeat: Heartbeat, limits: DecodeLimits) -> dict[str, Any]:
    return run_limited(_CHILD, {**request, "target_bytes": size, "limits": asdict(limits)}, limits.wall_s, heartbeat)
