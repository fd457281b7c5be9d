"""`python -m gpu_workers.separation.training.data --pool DIR --hours H`: render the songs that training reads.

Needs Debian's fluidsynth, fluid-soundfont-gm, musescore-general-soundfont-lossless, espeak-ng and, of its section
non-free, libttspico-utils, or `--without` them.
Start it again to go on after a stop or for more hours; start it twice for two processes.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from gpu_workers.separation.fitting.programs import MissingProgramError
from gpu_workers.separation.training.data import songs
from gpu_workers.separation.training.data.pool import PoolError, build


def main(arguments: Sequence[str]) -> int:
    """Render; tell of each song. 1 where a program is missing or the folder holds another pool."""
    parser = argparse.ArgumentParser(prog="python -m gpu_workers.separation.training.data", description="Render songs.")
    parser.add_argument("--pool", type=Path, required=True, help="the folder")
    parser.add_argument("--hours", type=float, default=2.0, help="how much music it shall hold")
    parser.add_argument("--seed", type=int, default=1, help="what the songs follow from")
    parser.add_argument(
        "--without", action="append", default=[], choices=list(songs.NEEDS), help="do without a source; may be repeated"
    )
    options = parser.parse_args(arguments)
    started_s = time.monotonic()

    def progress(share: float, line: str) -> None:
        print(f"{share:6.1%} {time.monotonic() - started_s:7.0f} s  {line}", flush=True)

    try:
        build(options.pool, seed=options.seed, hours=options.hours, progress=progress, without=options.without)
    except (MissingProgramError, PoolError) as error:
        print(f"{error}\n(or go on without it: --without {' or '.join(songs.NEEDS)})"
              if isinstance(error, MissingProgramError) else error, file=sys.stderr)  # fmt: skip
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
