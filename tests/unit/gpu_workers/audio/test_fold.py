import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_workers.audio.fold import fold_channels

NAMES = ["FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR", "BC", "TFL"]


def test_same_count_is_untouched() -> None:
    block = np.ones((2, 3), np.float32)
    assert fold_channels(block, ["FL", "FR"], 2) is block


def test_stereo_to_mono_is_the_mean() -> None:
    np.testing.assert_array_equal(fold_channels(np.array([[1.0], [0.0]], np.float32), ["FL", "FR"], 1), [[0.5]])


@given(names=st.lists(st.sampled_from(NAMES), min_size=3, max_size=10), channels=st.sampled_from([1, 2]))
def test_nothing_at_full_scale_folds_over_it(names: list[str], channels: int) -> None:
    folded = fold_channels(np.ones((len(names), 4), np.float32), names, channels)
    assert folded.shape == (channels, 4)
    assert np.abs(folded).max() <= 1 + 1e-6


def test_centre_goes_to_both_sides_at_minus_3_db() -> None:
    block = np.eye(3, dtype=np.float32)
    left, right = fold_channels(block, ["FL", "FR", "FC"], 2)
    assert left[2] / left[0] == pytest.approx(0.7071, abs=1e-3)
    assert left[2] == right[2]
