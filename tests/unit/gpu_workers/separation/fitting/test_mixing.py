import numpy as np
import pytest

from gpu_workers.separation.fitting import mixing
from gpu_workers.separation.fitting.programs import Stereo


def noise(frames: int = 8820) -> Stereo:
    return np.random.default_rng(1).standard_normal((2, frames))


@pytest.mark.parametrize("where", [-1.0, -0.3, 0.0, 1.0])
def test_a_place_keeps_the_energy(where: float) -> None:
    mono = noise()[0]
    left, right = mixing.placed(mono, where)
    assert np.sum(left**2 + right**2) == pytest.approx(np.sum(mono**2))
    more_right = (np.sum(right**2) - np.sum(left**2)) / np.sum(mono**2)
    assert more_right == pytest.approx(np.sin(where * np.pi / 2), abs=1e-9)


def test_no_width_is_mono_and_full_width_changes_nothing() -> None:
    stereo = noise()
    left, right = mixing.widened(stereo, 0.0)
    np.testing.assert_allclose(left, right)
    np.testing.assert_allclose(mixing.widened(stereo, 1.0), stereo)


def test_a_level_is_reached_and_silence_stays() -> None:
    loud = mixing.at_level(noise(), -20.0)
    assert 20 * np.log10(np.sqrt(np.mean(loud**2))) == pytest.approx(-20.0)
    assert not mixing.at_level(np.zeros((2, 5)), -20.0).any()


def test_compression_lowers_peaks_alone() -> None:
    stereo = noise() * np.repeat([0.1, 1.0], 4410)
    squeezed = mixing.compressed(stereo, 4.0)
    assert np.all(np.abs(squeezed) <= np.abs(stereo) + 1e-12)
    np.testing.assert_allclose(squeezed[:, 300:4000], stereo[:, 300:4000])
    assert np.mean(squeezed[:, 5000:] ** 2) < 0.8 * np.mean(stereo[:, 5000:] ** 2)


def test_drive_keeps_the_peak() -> None:
    mono = noise()[0]
    assert mixing.driven(mono, 0.0) is mono
    assert np.abs(mixing.driven(mono, 2.0)).max() <= np.abs(mono).max()


def test_a_room_adds_a_tail_of_its_own_energy() -> None:
    click = np.zeros((2, 22050))
    click[:, 100] = 1.0
    heard = mixing.in_room(np.random.default_rng(0), click, 0.5, 0.2)
    assert np.sum((heard - click) ** 2) == pytest.approx(2 * 0.5**2, rel=1e-6)
    assert not heard[:, :100].round(12).any()


def test_the_equaliser_is_decided_by_the_seed() -> None:
    first, again, another = (mixing.equalised(np.random.default_rng(n), noise()) for n in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, another)
