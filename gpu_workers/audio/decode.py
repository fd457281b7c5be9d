"""Decode hostile uploads: FFmpeg (through PyAV) in a child process with hard limits, never in this one.

The child gets no environment of ours (so no credentials), opens nothing but the one file, and is held by the kernel to
the memory, CPU time and file size of `DecodeLimits`; this side holds it to the wall clock.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gpu_workers.audio.files import AudioFile
from patchbay.domain.errors import UnusableAudio

_POLL_S = 0.2
_REPORT_BYTES = 65536
_PACKAGE_ROOT = Path(__file__).resolve().parents[2]


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
    first_s: float | None = None,
    limits: DecodeLimits | None = None,
    heartbeat: Callable[[], None] = lambda: None,
) -> AudioFile:
    """Decode the upload `source` into the new file `target` (see `AudioFile`) and return it.

    `sample_rate_hz` None keeps the upload's rate, or the nearest of `allowed_rates_hz` (upwards, if there is one) where
    those are given. `channels` 1 or 2; None keeps mono and stereo. Mono is doubled, more than two channels are folded
    down. With `first_s` only so many seconds are taken. NaN and infinity become 0, the rest is held to +-8 (18 dB over
    full scale). `heartbeat` is called several times a second and may raise: the child is then killed, and `target`
    removed.

    Raises `UnusableAudio` where there is no audio in it or a limit is passed.
    """
    limits = limits or DecodeLimits()
    request = {
        "source": str(source.resolve()),
        "target": str(target.resolve()),
        "sample_rate_hz": sample_rate_hz,
        "channels": channels,
        "allowed_rates_hz": list(allowed_rates_hz),
        "first_s": first_s,
        "limits": asdict(limits),
    }
    try:
        report = _run_child(request, limits.wall_s, heartbeat)
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


def _run_child(request: dict[str, Any], wall_s: float, heartbeat: Callable[[], None]) -> dict[str, Any]:
    """Run the child to its end and return its report. Raises as `decode` does."""
    command = [sys.executable, "-P", "-s", "-m", "gpu_workers.audio.decode_child"]
    environment = {
        "PYTHONPATH": os.pathsep.join([str(_PACKAGE_ROOT), *(p for p in sys.path if p)]),
        "PATH": os.defpath,
        "OPENBLAS_NUM_THREADS": "1",  # each thread's stack counts against the address space
        "MALLOC_ARENA_MAX": "2",
    }
    with tempfile.TemporaryFile() as report_file, tempfile.TemporaryFile() as request_file:
        request_file.write(json.dumps(request).encode())
        request_file.seek(0)
        child = subprocess.Popen(
            command, stdin=request_file, stdout=report_file, stderr=subprocess.DEVNULL, cwd="/", env=environment
        )
        try:
            _wait(child, wall_s, heartbeat)
        finally:
            child.kill()
            child.wait()
        report_file.seek(0)
        return _read_report(report_file.read(_REPORT_BYTES), child.returncode)


def _wait(child: subprocess.Popen[bytes], wall_s: float, heartbeat: Callable[[], None]) -> None:
    """Wait for the child's end, with a heartbeat. Raises `UnusableAudio` after `wall_s` seconds."""
    until = time.monotonic() + wall_s
    while (left_s := until - time.monotonic()) > 0:
        try:
            child.wait(min(_POLL_S, left_s))
        except subprocess.TimeoutExpired:
            heartbeat()
        else:
            return
    raise UnusableAudio("The file takes too long to decode.")


def _read_report(text: bytes, exit_status: int) -> dict[str, Any]:
    """The child's report. A child that was killed without one met a limit (or broke on what it decoded); one that
    ended by itself without one never came to the file.
    """
    try:
        report = json.loads(text)
    except ValueError:
        if exit_status > 0:
            raise RuntimeError("The decoder does not start.") from None
        raise UnusableAudio("The file cannot be decoded within the limits set for uploads.") from None
    if not isinstance(report, dict):
        raise UnusableAudio("The file cannot be decoded.")
    if "unusable" in report:
        raise UnusableAudio(str(report["unusable"]))
    if "broken" in report or exit_status != 0:
        raise RuntimeError(f"The decoder is not in working order: {report.get('broken')}")
    return report
