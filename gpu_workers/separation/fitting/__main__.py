"""`python -m gpu_workers.separation.fitting`: fit the table of `patchbay-classic` anew and write classic.json.

Needs fluidsynth, fluid-soundfont-gm and espeak-ng (Debian packages). The seeds are fixed: the same versions of these
and of torch give the same table. What is printed as held out was not in the fit.
"""

import argparse
import json
import multiprocessing
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch

from gpu_workers.separation import cues
from gpu_workers.separation.fitting.fit import Settings, Table, fit, measure
from gpu_workers.separation.fitting.points import STEMS, Points, points_of_song
from gpu_workers.separation.fitting.programs import MissingProgramError, program, soundfont
from gpu_workers.separation.fitting.songs import GENERATORS

TABLE = Path(cues.__file__).with_name("classic.json")
SONGS = {"sampled": 60, "synthetic": 24, "crossed": 24}
_HELD_OUT = 4
"""Every fourth song of a generator."""

_THREADS = 2
"""Always, for sums on another number of threads differ in their last bits."""

Songs = dict[str, list[Points]]


def main(arguments: Sequence[str]) -> int:
    """Make the songs, fit, print what held-out songs gain, write."""
    parser = argparse.ArgumentParser(prog="python -m gpu_workers.separation.fitting", description="Fit classic.json.")
    parser.add_argument("--out", type=Path, default=TABLE, help="where to write the table")
    parser.add_argument("--across", action="store_true", help="also fit without each generator, and measure on it")
    options = parser.parse_args(arguments)
    try:
        for needed in ("fluidsynth", "espeak-ng"):
            program(needed, needed)
        soundfont("FluidR3_GM.sf2", "fluid-soundfont-gm")
    except MissingProgramError as error:
        print(error, file=sys.stderr)
        return 1
    torch.set_num_threads(_THREADS)
    train, held = split(songs())
    settings = Settings()
    if options.across:
        across(train, held, settings)
    table = np.round(fit([song for part in train.values() for song in part], settings, say=print), 3)
    for name, part in held.items():
        print(told(f"held out, {name}", table, settings, part))
    options.out.write_text(written(table, settings), encoding="utf-8")
    print(f"written to {options.out}")
    return 0


def songs() -> Songs:
    """The points of all songs, made on two processes."""
    wanted = [(name, seed) for name, count in SONGS.items() for seed in range(count)]
    print(f"making {len(wanted)} songs")
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        found = list(pool.map(points_of_song, *zip(*wanted, strict=True)))
    return {name: [points for (n, _), points in zip(wanted, found, strict=True) if n == name] for name in GENERATORS}


def split(made: Songs) -> tuple[Songs, Songs]:
    """(to fit, held out): every fourth song of each generator is held out."""
    train = {name: [song for i, song in enumerate(part) if i % _HELD_OUT] for name, part in made.items()}
    return train, {name: part[::_HELD_OUT] for name, part in made.items()}


def across(train: Songs, held: Songs, settings: Settings) -> None:
    """What a fit gains on a generator that it has not seen, which is what settings are chosen by."""
    for unseen, fitted in (("sampled", "synthetic"), ("synthetic", "sampled")):
        table = fit(train[fitted], settings)
        print(told(f"fitted to {fitted}, on {unseen}", table, settings, train[unseen] + held[unseen]))


def told(name: str, table: Table, settings: Settings, part: Sequence[Points]) -> str:
    """One line: mean gain and share made worse, of all and of each stem."""
    each = measure(table, settings.bands_hz, part)
    parts = [("all", np.concatenate(each)), *zip(STEMS, each, strict=True)]
    return f"{name}: " + ", ".join(f"{n} {g.mean():.2f} dB ({(g < 0).mean():.0%} worse)" for n, g in parts)


def written(table: Table, settings: Settings) -> str:
    """classic.json, a line for each rule."""
    rules = ",\n".join(
        "  [\n" + ",\n".join(f"   {json.dumps([round(float(c), 3) for c in rule])}" for rule in band) + "\n  ]"
        for band in table
    )
    head = {"stems": list(STEMS), "bands_hz": list(settings.bands_hz), "cues": list(cues.CUES)}
    lines = [f" {json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items()]
    return "{\n" + "".join(lines) + f' "table": [\n{rules}\n ]\n}}\n'


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
