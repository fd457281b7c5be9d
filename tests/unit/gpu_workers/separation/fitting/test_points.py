import numpy as np
import pytest

from gpu_workers.audio.metrics import si_sdr
from gpu_workers.separation.cues import CUES
from gpu_workers.separation.fitting.points import STEMS, points_of, sampled_bins
from gpu_workers.separation.fitting.synthetic import mix, song


def test_points_know_the_mixtures_si_sdr() -> None:
    stems = song(2, 2.0)
    points = points_of(stems)
    for number, name in enumerate(STEMS):
        along, energy = points.cross[number].sum(), points.energy[number]
        target = along**2 / energy
        found_db = 10 * np.log10(target / (points.power.sum() - target))
        assert found_db == pytest.approx(si_sdr(stems[name], mix(stems)), abs=1.0)


def test_shapes() -> None:
    points = points_of(song(1, 1.0))
    bins, weights = sampled_bins()
    assert points.cues.shape == (len(bins), points.power.shape[1], len(CUES))
    assert points.cross.shape == (len(STEMS), *points.power.shape)
    assert weights.sum() == 1536
    assert len(set(bins.tolist())) == len(bins)


def test_a_silent_stem_has_no_energy() -> None:
    stems = song(1, 1.0)
    stems["drums"] = np.zeros_like(stems["drums"])
    points = points_of(stems)
    assert points.energy[STEMS.index("drums")] == 0
    assert not points.cross[STEMS.index("drums")].any()
