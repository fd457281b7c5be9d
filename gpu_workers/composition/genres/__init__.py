"""The genres on offer, by name."""

from __future__ import annotations

from typing import Final

from gpu_workers.composition.genres.ambient import AMBIENT
from gpu_workers.composition.genres.cinematic import CINEMATIC
from gpu_workers.composition.genres.electronic import ELECTRONIC
from gpu_workers.composition.genres.hiphop import HIPHOP
from gpu_workers.composition.genres.indian import INDIAN
from gpu_workers.composition.genres.indie import INDIE
from gpu_workers.composition.genres.pop import POP
from gpu_workers.composition.genres.record import Genre
from gpu_workers.composition.genres.rnb import RNB

_ALL: Final = (INDIAN, POP, AMBIENT, INDIE, RNB, CINEMATIC, HIPHOP, ELECTRONIC)
GENRES: Final = {genre.name: genre for genre in _ALL}


def genre_named(name: str) -> Genre:
    """The genre of this name. Raises ValueError where there is none."""
    try:
        return GENRES[name]
    except KeyError:
        raise ValueError(f"no such genre: {name!r}") from None
