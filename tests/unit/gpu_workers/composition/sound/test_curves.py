import numpy as np
import pytest

from gpu_workers.composition.sound import curves
from gpu_workers.composition.sound.curves import STEP

RATE_HZ = 44100


def test_a_curve_is_drawn_in_straight_lines() -> None:
    curve = np.array([0.0, 1.0, 0.5, 0.5])
    drawn = curves.drawn(curve, 0, 150)
    np.testing.assert_allclose(drawn, np.interp(np.arange(150) / STEP, np.arange(4), curve), atol=1e-6)
    np.testing.assert_array_equal(curves.drawn(curve, STEP, 50), drawn[STEP : STEP + 50])


@pytest.mark.parametrize("frames", [1, 63, 64, 65, 1000])
def test_apply_covers_every_frame(frames: int) -> None:
    x = np.ones((2, frames), np.float32)
    curves.apply(x, np.full(curves.points(frames), 0.5), chunk=128)
    np.testing.assert_array_equal(x, np.float32(0.5))


def test_energy_counts_each_frame_once() -> None:
    x = np.random.default_rng(0).standard_normal((2, 1003)).astype(np.float32)
    found = curves.energy(x)
    assert found.sum() == pytest.approx(float((x**2).sum()), rel=1e-5)
    assert found[2] == pytest.approx(float((x[:, 128:192] ** 2).sum()), rel=1e-5)


def test_smooth_keeps_a_constant_and_the_sum() -> None:
    np.testing.assert_allclose(curves.smooth(np.ones(50), 7), 1.0)
    click = np.zeros(50)
    click[25] = 1.0
    eased = curves.smooth(click, 5)
    assert eased.sum() == pytest.approx(1.0)
    assert eased[30] > 0 == eased[31]


def test_highest_wraps_in_a_loop() -> None:
    curve = np.zeros(20)
    curve[19] = 1.0
    assert curves.highest(curve, 2)[[0, 17, 16]].tolist() == [0, 1, 0]
    assert curves.highest(curve, 2, loop=True)[[0, 1, 2]].tolist() == [1, 1, 0]


def test_released_rises_at_once_and_falls_by_shares() -> None:
    assert curves.released(np.array([0.0, 8.0, 0.0, 0.0, 3.0]), 0.5).tolist() == [0, 8, 4, 2, 3]


def test_compression_lessens_the_loud_alone() -> None:
    level_db = np.concatenate((np.full(400, -40.0), np.full(400, -10.0)))
    gain_db = 20 * np.log10(curves.compression(10 ** (level_db / 10), 2.0, 10.0, 3))
    assert gain_db[:350] == pytest.approx(0.0)
    assert gain_db[500:] == pytest.approx(-4.0, abs=0.1)
    assert (curves.compression(10 ** (level_db / 10), 1.0, 10.0, 3) == 1).all()
    assert (curves.compression(np.zeros(10), 4.0, 10.0, 3) == 1).all()


def test_ducking_makes_way_at_the_kick_and_comes_back() -> None:
    gain = curves.ducking(((RATE_HZ, 1.0),), 0.5, 3 * RATE_HZ, RATE_HZ)
    at = RATE_HZ // STEP
    assert gain[at] == pytest.approx(0.55, abs=0.02)
    assert gain[at - round(0.02 * at)] == 1.0
    assert gain[at + round(0.3 * at)] == pytest.approx(1.0, abs=0.01)
    assert 0.55 < gain[at + round(0.12 * at)] < 1.0


def test_ducking_of_a_loop_reaches_over_the_seam() -> None:
    gain = curves.ducking(((2 * RATE_HZ - 200, 1.0),), 1.0, 2 * RATE_HZ, RATE_HZ, loop=True)
    assert gain[0] < 0.2
    assert gain[0] == gain[-1]


def test_automation_is_straight_in_decibels() -> None:
    gain = curves.automation(((0.0, -12.0), (2.0, 0.0)), 3 * RATE_HZ, float(RATE_HZ))
    assert 20 * np.log10(gain[0]) == pytest.approx(-12.0)
    assert 20 * np.log10(gain[RATE_HZ // STEP]) == pytest.approx(-6.0, abs=0.02)
    assert gain[-1] == 1.0
    assert (curves.automation((), 1000, 100.0) == 1).all()
