"""Decode hostile uploads: FFmpeg (through PyAV) in a child process with hard limits, never in this one.

The child gets no environment of ours (so no credentials), opens nothing but the one file, and is held by the kernel to
the memory, CPU time and file size of `DecodeLimits`; this side holds it to the wall clock.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from gpu_workers.audio.files import AudioFile
from gpu_workers.audio.limited import run_limited

_CHILD = "gpu_workers.audio.decode_child"


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """What one upload may cost."""

    duration_s: float = 6 * 3600.0
    """Longest audio taken, in seconds of output."""
    samples: int = 6 * 3600 * 48_000 * 2
    """Most decoded samples (frames times channels) at the upload's own rate: six hours of stereo at 48 kHz."""
    channels: int = 32
    sample_rate_hz: int = 768_000
    memory_bytes: int = 1536 * 1024**2
    """Address space of the child, its code included (about 400 MB with numpy, soxr and FFmpeg mapped)."""
    cpu_s: int = 900
    """Six hours decode and resample in about two minutes of one core."""
    wall_s: float = 1800.0


def decode(
    source: Path,
    target: Path,
    *,
    sample_rate_hz: int | None = None,
    channels: int | None = None,
    allowed_rates_hz: Sequence[int] = (),
    start_s: float = 0.0,
    first_s: float | None = None,
    limits: DecodeLimits | None = None,
    heartbeat: Callable[[], None] = lambda: None,
) -> AudioFile:
    """Decode the upload `source` into the new file `target` (see `AudioFile`) and return it.

    `sample_rate_hz` None keeps the upload's rate, or the nearest of `allowed_rates_hz` (upwards, if there is one) where
    those are given. `channels` 1 or 2; None keeps mono and stereo. Mono is doubled, more than two channels are folded
    down. What is before `start_s` is left out, and with `first_s` only so many seconds are taken. NaN and infinity
    become 0, the rest is held to +-8 (18 dB over full scale). `heartbeat` is called several times a second and may
    raise: the child is then killed, and `target` removed.

    Raises `UnusableAudio` where there is no audio in it or a limit is passed.
    """
    limits = limits or DecodeLimits()
    request = {
        "source": str(source.resolve()),
        "target": str(target.resolve()),
        "sample_rate_hz": sample_rate_hz,
        "channels": channels,
        "allowed_rates_hz": list(allowed_rates_hz),
        "start_s": start_s,
        "first_s": first_s,
        "limits": asdict(limits),
    }
    try:
        report = run_limited(_CHILD, request, limits.wall_s, heartbeat)
        return AudioFile(
            path=target,
            sample_rate_hz=int(report["sample_rate_hz"]),
            channels=int(report["channels"]),
            frames=int(report["frames"]),
            damaged_packets=int(report["damaged_packets"]),
            cut=bool(report["cut"]),
        )
    except BaseException:
        target.unlink(missing_ok=True)
        raise
