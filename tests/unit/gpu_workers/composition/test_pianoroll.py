from dataclasses import replace
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from gpu_workers.composition.compose import compose
from gpu_workers.composition.pianoroll import HEIGHT_PX, WIDTH_PX, draw
from gpu_workers.composition.score import Score
from tests.unit.gpu_workers.composition.listening import chain, one


def picture(score: Score, path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    draw(score, path)
    return np.asarray(matplotlib.image.imread(path)[..., :3])


def colourful(pixels: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> float:
    """Share of the pixels that have a colour."""
    return float((pixels.max(axis=-1) - pixels.min(axis=-1) > 0.2).mean())


def test_notes_are_drawn_in_colour_and_the_same_each_time(tmp_path: Path) -> None:
    score = compose(chain("pop", "calm", "energetic"))
    seen = picture(score, tmp_path / "one.png")
    assert seen.shape == (HEIGHT_PX, WIDTH_PX, 3)
    roll = seen[160:620, 80:-30]
    calm, energetic = np.array_split(roll, 2, axis=1)
    assert 0.01 < colourful(calm) < colourful(energetic)
    draw(score, tmp_path / "two.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_a_piece_without_notes_has_an_empty_roll(tmp_path: Path) -> None:
    silent = replace(one("ambient", "calm"), parts=())
    assert colourful(picture(silent, tmp_path / "p.png")[160:780, 80:-30]) == 0


@pytest.mark.slow
def test_long_and_short_pieces_can_be_drawn(tmp_path: Path) -> None:
    for number, length_s in enumerate((5.0, 900.0)):
        draw(one("indian", "calm", length_s=length_s), tmp_path / f"{number}.png")
        assert (tmp_path / f"{number}.png").stat().st_size > 5000
