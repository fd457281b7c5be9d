"""The child of `prepare`: reads jobs from stdin, a line of JSON each; does them; says so in a line on stdout."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gpu_workers.audio.files import AudioFile
from gpu_workers.audio.stretch import SETTINGS, stretched_blocks


@dataclass(frozen=True, slots=True)
class Job:
    """Frames of a decoded file to be played as `out_frames` with frequencies times `pitch`."""

    source: str
    target: str
    sample_rate_hz: int
    channels: int
    begin: int
    frames: int
    out_frames: int
    pitch: float
    quality: str


def do(job: Job, heartbeat: Callable[[], None] = lambda: None) -> None:
    """Write the target; `heartbeat` is called for each minute of it."""
    # What lies around the cut is in the file too; how long the file is says its size.
    size = Path(job.source).stat().st_size // (4 * job.channels)
    source = AudioFile(Path(job.source), job.sample_rate_hz, job.channels, size)
    blocks = stretched_blocks(source, job.begin, job.frames, job.out_frames, job.pitch, SETTINGS[job.quality])
    with Path(job.target).open("wb") as file:
        for block in blocks:
            file.write(np.ascontiguousarray(block.T, dtype="<f4").data)
            heartbeat()


def main() -> int:
    """Until there are no more lines."""
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        do(Job(**request))
        sys.stdout.write("{}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
