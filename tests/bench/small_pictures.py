"""`python -m tests.bench.small_pictures --pool DIR --out DIR`: the pictures of patchbay-small's card.

Of the held-out clips, the stem that gained most and the one that lost most (or gained least): the mixture, the true
stem and what the network made of it.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gpu_workers.audio.files import AudioFile
from gpu_workers.audio.metrics import si_sdr
from gpu_workers.demo.picture import draw
from gpu_workers.separation.small import PACKAGE, SmallSeparator
from gpu_workers.separation.training.evaluate import gains_db
from gpu_workers.separation.training.learners import Audio
from patchbay.catalog.models import FOUR_STEMS
from patchbay.domain.tasks import ModelFiles
from tests.bench.small import held_out, separated

_ALONE_DB = 20.0
"""SI-SDR of the mixture from which on a stem counts as alone: there is nothing to gain."""


class Case(NamedTuple):
    """One stem of one clip, and what it gained."""

    gain_db: float
    stem: str
    mixture: Audio
    true: Audio
    found: Audio


def cases(pool: Path) -> list[Case]:
    """Every stem of the held-out clips that is neither silent nor alone."""
    separator, all_cases = SmallSeparator(ModelFiles("patchbay-small", "", PACKAGE)), []
    for mixed, stems in held_out(pool):
        estimates = separated(separator, mixed)
        gains = gains_db(lambda _, e=estimates: e, [(mixed, stems)])  # type: ignore[misc]
        for name, true, found in zip(FOUR_STEMS, stems, estimates, strict=True):
            if si_sdr(true, mixed) < _ALONE_DB:
                all_cases += [Case(gain, name, mixed, true, found) for gain in gains[name]]
    return all_cases


def picture(case: Case, path: Path, title: str) -> None:
    """Draw one case."""
    with tempfile.TemporaryDirectory() as folder:
        tracks = {
            name: _file(Path(folder) / name, sound)
            for name, sound in (("mixture", case.mixture), ("true", case.true), (case.stem, case.found))
        }
        notes = {case.stem: f"gain {case.gain_db:+.1f} dB", "true": case.stem}
        draw(tracks, path, title=title, notes=notes)


def _file(path: Path, sound: Audio) -> AudioFile:
    path.write_bytes(np.ascontiguousarray(sound.T, "<f4").tobytes())
    return AudioFile(path, 44_100, 2, sound.shape[1])


def main(arguments: Sequence[str]) -> int:
    """Draw both cases."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.small_pictures")
    parser.add_argument("--pool", type=Path, required=True, help="the songs, made by ...training.data")
    parser.add_argument("--out", type=Path, default=Path("docs/models"), help="folder of the pictures")
    given = parser.parse_args(arguments)
    found = sorted(cases(given.pool), key=lambda case: case.gain_db)
    picture(found[-1], given.out / "patchbay-small-good.png", "The best of the held-out clips")
    picture(found[0], given.out / "patchbay-small-bad.png", "The worst of the held-out clips")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
