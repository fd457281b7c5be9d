import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_workers.audio.stft import stft
from gpu_workers.separation import small_cells
from gpu_workers.separation.masking import BINS, FFT_FRAMES, HOP_FRAMES, Spectrum
from gpu_workers.separation.small_cells import CELL_OF_BIN, CELLS, FEATURES


def spectrum_of(samples: np.ndarray) -> Spectrum:
    return stft(samples.astype(np.float32), FFT_FRAMES, HOP_FRAMES)


def noise(frames: int = 20_000, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, (2, frames))


def test_every_bin_lies_in_a_cell_and_cells_rise() -> None:
    assert CELL_OF_BIN.shape == (BINS,)
    assert CELL_OF_BIN[0] == 0
    assert CELL_OF_BIN[-1] == CELLS - 1
    assert set(np.diff(CELL_OF_BIN)) == {0, 1}


def test_pooling_sums_the_bins_of_each_cell() -> None:
    plane = np.random.default_rng(0).uniform(0, 1, (3, BINS)).astype(np.float32)
    for row, cells in zip(plane, small_cells.pooled(plane), strict=True):
        np.testing.assert_allclose(cells, np.bincount(CELL_OF_BIN, row), rtol=1e-5)


def test_spreading_gives_each_bin_its_cells_value() -> None:
    masks = np.random.default_rng(1).uniform(0, 1, (4, 5, CELLS)).astype(np.float32)
    wide = small_cells.spread(masks)
    assert wide.shape == (4, 5, BINS)
    np.testing.assert_array_equal(wide[..., CELL_OF_BIN == 600], np.repeat(masks[..., 600:601], 8, axis=-1))


def test_power_is_the_energy_of_both_sides() -> None:
    spectrum = spectrum_of(noise())
    np.testing.assert_allclose(small_cells.power(spectrum).sum(), (np.abs(spectrum) ** 2).sum(), rtol=1e-4)


@settings(deadline=None, max_examples=15)
@given(gain=st.floats(1e-4, 1e3), seed=st.integers(0, 99))
def test_gain_does_not_matter(gain: float, seed: int) -> None:
    samples = noise(seed=seed)
    plain, scaled = (small_cells.features(spectrum_of(g * samples)) for g in (1.0, gain))
    np.testing.assert_allclose(scaled, plain, atol=1e-3)


def test_swapping_the_sides_turns_balance_and_quadrature() -> None:
    samples = noise(seed=3)
    plain, swapped = small_cells.features(spectrum_of(samples)), small_cells.features(spectrum_of(samples[::-1]))
    signs = np.array([1, -1, 1, -1], np.float32)[:, None, None]
    np.testing.assert_allclose(swapped, plain * signs, atol=1e-4)


def test_mono_lies_in_the_middle_and_one_side_on_its_side() -> None:
    samples = noise(seed=4)
    middle = small_cells.features(spectrum_of(np.stack([samples[0], samples[0]])))
    np.testing.assert_allclose(
        middle[1:, 3:-3, 5:], np.broadcast_to([[[0]], [[1]], [[0]]], middle[1:, 3:-3, 5:].shape), atol=1e-3
    )
    left = small_cells.features(spectrum_of(np.stack([samples[0], 0 * samples[0]])))
    assert left[1, 3:-3, 5:].min() > 0.999


@pytest.mark.parametrize("frames", [1, 100, 5000])
@pytest.mark.parametrize("gain", [0.0, 1e-30, 1e-6, 1e4])
def test_anything_finite_stays_finite_and_small(frames: int, gain: float) -> None:
    found = small_cells.features(spectrum_of(gain * noise(frames)))
    assert found.shape[0] == FEATURES
    assert np.isfinite(found).all()
    assert np.abs(found).max() < 5
