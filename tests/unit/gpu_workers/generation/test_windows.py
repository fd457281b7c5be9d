"""Windows cover a piece once, and joined again they are it."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_workers.generation.windows import OVERLAP_S, WINDOW_S, Joined, Window, windows


@given(steps=st.integers(1, 20_000), steps_per_s=st.integers(4, 75))
def test_windows_cover_the_piece_and_overlap_as_they_should(steps: int, steps_per_s: int) -> None:
    found = list(windows(steps, steps_per_s))
    assert (found[0].start, found[0].known, found[-1].end) == (0, 0, steps)
    assert sum(window.new for window in found) == steps
    for before, window in pairwise(found):
        assert window.start + window.known == before.end
        assert window.known == OVERLAP_S * steps_per_s
        assert window.new > 0
    assert all(window.end - window.start <= WINDOW_S * steps_per_s for window in found)


def test_a_short_piece_is_one_window() -> None:
    assert list(windows(1500, 50)) == [Window(0, 1500, 0)]
    assert list(windows(1501, 50)) == [Window(0, 1500, 0), Window(900, 1501, 600)]


@given(steps=st.integers(1, 900), cut=st.integers(0, 9), channels=st.integers(1, 2))
def test_windows_of_one_signal_are_that_signal(steps: int, cut: int, channels: int) -> None:
    hop, frames = 10, steps * 10 - cut
    signal = np.random.default_rng(0).uniform(-1, 1, (channels, steps * hop)).astype(np.float32)
    joined = Joined(channels, frames, rate_hz=100)
    for window in windows(steps, 10):
        joined.put(signal[:, window.start * hop : window.end * hop], window.start * hop, window.known * hop)
    np.testing.assert_allclose(joined.samples, signal[:, :frames], atol=1e-6)


def test_one_window_fades_into_the_next_in_the_middle_of_what_they_share() -> None:
    joined = Joined(1, 420, rate_hz=10)
    joined.put(np.zeros((1, 300), np.float32), 0, 0)
    joined.put(np.ones((1, 240), np.float32), 180, 120)
    heard = joined.samples[0]
    assert not heard[:235].any()
    assert (heard[245:] == 1).all()
    assert (np.diff(heard[234:246]) > 0).all()
    assert heard[239:241].mean() == pytest.approx(0.5, abs=0.06)
