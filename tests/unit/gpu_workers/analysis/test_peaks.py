from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_workers.analysis.peaks import Peaks


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 500), st.integers(1, 60), st.integers(1, 97), st.integers(1, 2))
def test_they_are_the_extremes_of_each_part_however_it_is_cut(frames: int, buckets: int, block: int, ch: int) -> None:
    samples = np.random.default_rng(frames).uniform(-1, 1, (ch, frames)).astype(np.float32)
    peaks = Peaks(frames, buckets)
    for begin in range(0, frames, block):
        peaks.add(samples[:, begin : begin + block])
    low, high = peaks.result()
    edges = [k * frames // min(buckets, frames) for k in range(min(buckets, frames) + 1)] if frames else [0]
    parts = [samples[:, a:b] for a, b in pairwise(edges)]
    assert low == pytest.approx([part.min() for part in parts], abs=1e-4)
    assert high == pytest.approx([part.max() for part in parts], abs=1e-4)


def test_more_than_was_announced_is_left_out() -> None:
    peaks = Peaks(10, 2)
    peaks.add(np.zeros((1, 10), np.float32))
    peaks.add(np.ones((1, 10), np.float32))
    assert peaks.result() == ([0.0, 0.0], [0.0, 0.0])


def test_what_never_came_is_zero() -> None:
    peaks = Peaks(10, 2)
    peaks.add(np.full((1, 5), -0.25, np.float32))
    assert peaks.result() == ([-0.25, 0.0], [-0.25, 0.0])


def test_no_bucket_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Peaks(10, 0)
