from dataclasses import replace

import numpy as np
import pytest
import torch

from gpu_workers.separation.fitting.fit import Settings, fit, gains_db, measure, shares_of
from gpu_workers.separation.fitting.points import STEMS, Points, points_of
from gpu_workers.separation.fitting.synthetic import song

pytestmark = pytest.mark.slow

QUICK = Settings(bands_hz=(100, 1000, 8000), steps=25)


@pytest.fixture(scope="module")
def points() -> list[Points]:
    return [points_of(song(seed, 1.0)) for seed in (100, 101, 102)]


def test_a_table_of_nothing_gains_nothing(points: list[Points]) -> None:
    """Four equal masks are the mixture at a quarter, and SI-SDR does not mind the gain."""
    table = torch.zeros(3, len(STEMS), points[0].cues.shape[-1])
    np.testing.assert_allclose(gains_db(table, shares_of(QUICK.bands_hz), points[0]), 0.0, atol=1e-3)


@pytest.mark.slow
def test_a_fit_gains_on_another_song(points: list[Points]) -> None:
    table = fit(points[:2], QUICK)
    assert np.concatenate(measure(table, QUICK.bands_hz, points[2:])).mean() > 4.0


def test_the_same_seed_gives_the_same_table(points: list[Points]) -> None:
    few = replace(QUICK, steps=3)
    np.testing.assert_array_equal(fit(points, few), fit(points, few))


def test_a_silent_stem_is_left_out(points: list[Points]) -> None:
    energy = points[0].energy.copy()
    energy[1] = 0
    table = np.zeros((3, len(STEMS), points[0].cues.shape[-1]), np.float32)
    found = measure(table, QUICK.bands_hz, [replace(points[0], energy=energy)])
    assert [len(gains) for gains in found] == [1, 0, 1, 1]
