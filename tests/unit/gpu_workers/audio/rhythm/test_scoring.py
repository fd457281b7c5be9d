import numpy as np
import pytest

from gpu_workers.audio.rhythm.scoring import Bars, scorer, summary


def test_coefficients_fit_each_other() -> None:
    found = scorer()
    count = len(found.mean)
    assert found.spread.shape == (count,)
    assert found.meter.shape == (count + 1,)
    assert found.inwards.shape == (count + 8, len(found.bias))
    assert found.direct.shape == (count + 8,)
    assert (found.spread > 0).all()
    assert (found.bar_spread > 0).all()


def test_coefficients_are_read_once() -> None:
    assert scorer() is scorer()


@pytest.mark.parametrize(
    ("three", "four", "wanted"),
    [([0, 1, 0], [0, 0, 2, 0], (4, 2)), ([3, 1, 0], [0, 0, 2, 0], (3, 0))],
)
def test_the_likeliest_bar(three: list[float], four: list[float], wanted: tuple[int, int]) -> None:
    assert Bars((np.array(three), np.array(four))).best == wanted


def test_the_summary_does_not_know_where_the_bar_begins() -> None:
    three, four = np.array([0.1, 2.0, -1.0]), np.array([0.5, 0.0, 3.0, 1.0])
    turned = Bars((np.roll(three, 1), np.roll(four, 2)))
    np.testing.assert_allclose(summary(turned), summary(Bars((three, four))))


def test_what_was_never_seen_does_not_decide() -> None:
    """A cue far outside counts as much as one at the edge."""
    found = scorer()
    bars = Bars((np.zeros(3), np.zeros(4)))
    far = found.mean + found.spread * 1000
    assert found.score(far, bars) == pytest.approx(found.score(found.mean + found.spread * 4, bars))
