import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_workers.audio.metrics import si_sdr

NOISE = np.random.default_rng(0).standard_normal((2, 2, 44100))


@pytest.mark.parametrize("wanted_db", [-10.0, 0.0, 20.0, 60.0])
def test_known_ratio(wanted_db: float) -> None:
    true, noise = NOISE
    assert si_sdr(true, true + noise * 10 ** (-wanted_db / 20)) == pytest.approx(wanted_db, abs=0.2)


@given(scale=st.floats(1e-3, 1e3), shift=st.floats(-10, 10))
def test_scale_and_offset_do_not_count(scale: float, shift: float) -> None:
    true, noise = NOISE[:, :, :1000]
    assert si_sdr(true, scale * (true + noise) + shift) == pytest.approx(si_sdr(true, true + noise), abs=1e-6)


def test_copies_and_silence() -> None:
    true = NOISE[0]
    assert si_sdr(true, 0.5 * true) > 100
    assert si_sdr(true, np.zeros_like(true)) == -np.inf
    assert si_sdr(np.zeros_like(true), true) == -np.inf
    with pytest.raises(ValueError, match="shapes"):
        si_sdr(true, true[:1])
