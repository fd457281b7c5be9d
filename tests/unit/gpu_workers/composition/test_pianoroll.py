from dataclasses import replace
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from gpu_workers.composition.compose import compose
from gpu_workers.composition.pianoroll import HEIGHT_PX, WIDTH_PX, draw
from gpu_workers.composition.score import Score
from patchbay.catalog.composition import GENRES
from tests.unit.gpu_workers.composition.listening import chain, one

Pixels = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
LANES = slice(180, 860), slice(215, 1500)
"""Rows and columns of the picture where there are notes."""


def picture(score: Score, path: Path) -> Pixels:
    draw(score, path)
    return np.asarray(matplotlib.image.imread(path)[..., :3])


def colourful(pixels: Pixels) -> float:
    """Share of the pixels that have a colour."""
    return float((pixels.max(axis=-1) - pixels.min(axis=-1) > 0.2).mean())


def test_notes_are_drawn_in_colour_and_the_same_each_time(tmp_path: Path) -> None:
    score = compose(chain("pop", "calm", "energetic"))
    seen = picture(score, tmp_path / "one.png")
    assert seen.shape == (HEIGHT_PX, WIDTH_PX, 3)
    calm, energetic = np.array_split(seen[LANES], 2, axis=1)
    assert 0.01 < colourful(calm) < colourful(energetic)
    draw(score, tmp_path / "two.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_sections_are_filled_as_high_as_their_energy(tmp_path: Path) -> None:
    seen = picture(compose(chain("pop", "calm", "energetic")), tmp_path / "p.png")
    band = seen[62:108, 215:1500]
    calm, energetic = (part[:, 20:60].mean(axis=(1, 2)) for part in np.array_split(band, 2, axis=1))
    middle = (calm.max() + calm.min()) / 2
    assert (calm > middle).mean() < 0.4
    assert (energetic > middle).mean() > 0.9


def test_a_piece_without_notes_has_an_empty_roll(tmp_path: Path) -> None:
    silent = replace(one("ambient", "calm"), parts=())
    assert colourful(picture(silent, tmp_path / "p.png")[LANES]) == 0


@pytest.mark.parametrize("genre", GENRES)
def test_every_genre_fits_its_picture(genre: str, tmp_path: Path) -> None:
    score = compose(chain(genre, "tense", "energetic", "calm"))
    seen = picture(score, tmp_path / "p.png")
    assert (tmp_path / "p.png").stat().st_size < 150_000
    for edge in (seen[:, :4], seen[:, -4:], seen[:3], seen[-3:]):
        assert float(np.abs(edge - seen[0, 0]).max()) < 0.02, "something runs over the edge"


@pytest.mark.slow
def test_long_and_short_pieces_can_be_drawn(tmp_path: Path) -> None:
    for number, length_s in enumerate((5.0, 900.0)):
        draw(one("indian", "calm", length_s=length_s), tmp_path / f"{number}.png")
        assert (tmp_path / f"{number}.png").stat().st_size > 5000
