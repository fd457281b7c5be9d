"""Decode several uploads of one owner in one limited child, which takes longer to start than to decode a short one."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from gpu_workers.audio.decode import DecodeLimits, decode
from gpu_workers.audio.files import AudioFile
from gpu_workers.audio.limited import run_limited
from patchbay.domain.errors import UnusableAudio

_CHILD = "gpu_workers.audio.decode_batch_child"


def decode_batch(
    uploads: Mapping[Path, Path],
    sample_rate_hz: int,
    *,
    limits: DecodeLimits | None = None,
    heartbeat: Callable[[], None] = lambda: None,
) -> Iterator[AudioFile]:
    """Decode `uploads`, new files -> uploads, each as `decode` does; they come in this order.

    `limits` are of each, but for time and memory, which are of all together: where the child meets one of those, each
    upload gets a child of its own. Raises as `decode` does at the first that is not usable.
    """
    limits = limits or DecodeLimits()
    request = {
        "sample_rate_hz": sample_rate_hz,
        "limits": asdict(limits),
        "files": [(str(source.resolve()), str(target.resolve())) for target, source in uploads.items()],
    }
    try:
        report = run_limited(_CHILD, request, limits.wall_s, heartbeat)
    except UnusableAudio:
        for target, source in uploads.items():
            yield decode(source, target, sample_rate_hz=sample_rate_hz, limits=limits, heartbeat=heartbeat)
        return
    for target, found in zip(uploads, report["files"], strict=False):
        yield AudioFile(
            path=target,
            sample_rate_hz=int(found["sample_rate_hz"]),
            channels=int(found["channels"]),
            frames=int(found["frames"]),
            damaged_packets=int(found["damaged_packets"]),
        )
    if report["fault"] is not None:
        raise UnusableAudio(str(report["fault"]))
