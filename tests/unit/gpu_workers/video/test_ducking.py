"""The gain of what is ducked: between its depth and nothing, and the same however the sound is cut into blocks."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gpu_workers.video.ducking import Ducker

RATE_HZ = 8000
HOP = 80
LEVELS = st.lists(st.sampled_from([0.0, 0.005, 0.02, 0.5]), min_size=2, max_size=40)


@given(levels=LEVELS, cut=st.integers(1, 39), depth_db=st.floats(0, 60))
def test_blocks_make_no_difference(levels: list[float], cut: int, depth_db: float) -> None:
    key = np.tile(np.repeat(np.array(levels, np.float32), HOP), (2, 1))
    at = min(cut, len(levels) - 1) * HOP
    whole = Ducker(depth_db, 0.02, 0.1, RATE_HZ).gains(key)
    parts = Ducker(depth_db, 0.02, 0.1, RATE_HZ)
    assert np.allclose(np.concatenate([parts.gains(key[:, :at]), parts.gains(key[:, at:])]), whole, atol=1e-12)


@given(levels=LEVELS, depth_db=st.floats(0, 60))
def test_it_stays_between_nothing_and_its_depth(levels: list[float], depth_db: float) -> None:
    key = np.tile(np.repeat(np.array(levels, np.float32), HOP), (1, 1))
    found = Ducker(depth_db, 0.02, 0.1, RATE_HZ).gains(key)
    assert found.shape == (key.shape[1],)
    assert found.max() <= 1.0
    assert found.min() >= 10 ** (-depth_db / 20) - 1e-12
    if max(levels) < 0.01:
        assert np.array_equal(found, np.ones(key.shape[1]))


def test_a_rest_shorter_than_a_hop_counts_as_far_as_it_goes() -> None:
    found = Ducker(12.0, 0.001, 0.1, RATE_HZ).gains(np.full((2, HOP + 7), 0.5, np.float32))
    assert found.shape == (HOP + 7,)
    assert found[-1] < 0.3
