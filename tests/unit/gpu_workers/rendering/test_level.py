import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_workers.audio.meter import Loudness
from gpu_workers.rendering.level import CEILING_DBTP, level
from gpu_workers.rendering.order import Order

INTEGER, FLOAT = Order.from_params({}), Order.from_params({"bit_depth": 32})


def wanted(lufs: float, bits: int = 16) -> Order:
    return Order.from_params({"loudness_lufs": lufs, "bit_depth": bits})


def measured(lufs: float | None, true_peak: float | None, sample_peak: float | None) -> Loudness:
    return Loudness(lufs, None, true_peak, sample_peak)


def test_what_fits_is_left_alone() -> None:
    found = level(measured(-14.0, 0.4, -0.1), 0.9, INTEGER)
    assert found.gain == 1
    assert (found.peak_db, found.loudness_lufs) == (0.4, -14.0)


def test_over_full_scale_goes_to_the_ceiling_unless_float_can_hold_it() -> None:
    hot = measured(-8.0, 4.0, 3.5)
    assert level(hot, 0.0, INTEGER).peak_db == pytest.approx(CEILING_DBTP)
    assert level(hot, 0.0, INTEGER).loudness_lufs == pytest.approx(-13.0)
    assert level(hot, 0.0, FLOAT).gain == 1


def test_a_stem_that_is_over_turns_all_down() -> None:
    found = level(measured(-20.0, -3.0, -3.0), 2.0, INTEGER)
    assert found.gain * 2.0 == pytest.approx(10 ** (CEILING_DBTP / 20))
    assert level(measured(-20.0, -3.0, -3.0), 2.0, FLOAT).gain == 1


@given(st.floats(-60, 0), st.floats(-40, 6), st.floats(-60, 0))
def test_a_loudness_is_met_or_the_ceiling_is(lufs: float, peak: float, target: float) -> None:
    found = level(measured(lufs, peak, peak), 0.0, wanted(target, 32))
    assert found.loudness_lufs is not None
    assert found.peak_db is not None
    assert found.peak_db <= CEILING_DBTP + 0.006
    met = abs(found.loudness_lufs - target) < 0.01
    assert met or found.peak_db == pytest.approx(CEILING_DBTP, abs=0.006)


def test_silence_stays_silent() -> None:
    found = level(measured(None, None, None), 0.0, wanted(-14))
    assert (found.gain, found.peak_db, found.loudness_lufs) == (1.0, None, None)


def test_what_is_too_short_for_a_loudness_is_still_not_clipped() -> None:
    found = level(measured(None, 6.0, 6.0), 0.0, wanted(-14))
    assert found.peak_db == pytest.approx(CEILING_DBTP)
    assert np.isfinite(found.gain)
