"""The songs of the fit: three generators, each song from its name and number alone."""

import numpy as np

from gpu_workers.separation.fitting import mixing, sampled, synthetic
from gpu_workers.separation.fitting.programs import Stereo

GENERATORS = ("sampled", "synthetic", "crossed")
SECONDS = 15.0
_LEVELS_DB = {"vocals": -17.5, "drums": -18.0, "bass": -19.0, "other": -18.0}


def make(generator: str, seed: int, seconds: float = SECONDS) -> dict[str, Stereo]:
    """Stems (2, frames). Raises MissingProgramError, and ValueError for an unknown generator."""
    if generator not in GENERATORS:
        raise ValueError(f"unknown generator {generator}")
    rng = np.random.default_rng([GENERATORS.index(generator), seed])
    if generator == "sampled":
        stems = sampled.song(rng, seconds)
    else:
        stems = {name: np.asarray(stem, np.float64) for name, stem in synthetic.song(10_000 + seed, seconds).items()}
        if generator == "crossed":  # half the stems of each
            other = sampled.song(rng, seconds)
            for name in rng.permutation(list(stems))[:2]:
                stems[str(name)] = other[str(name)]
    return _balanced(rng, stems)


def _balanced(rng: np.random.Generator, stems: dict[str, Stereo]) -> dict[str, Stereo]:
    """At random levels around those of a pop mix; one song in eight lacks a stem."""
    lacking = str(rng.choice(list(stems))) if rng.random() < 0.125 else ""
    return {
        name: np.zeros_like(stem) if name == lacking else mixing.at_level(stem, _LEVELS_DB[name] + rng.uniform(-5, 5))
        for name, stem in stems.items()
    }
