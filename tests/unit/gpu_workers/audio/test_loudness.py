import numpy as np
import numpy.typing as npt
import pytest

from gpu_workers.audio.loudness import integrated_lufs, k_weighting, lufs


def test_the_filters_are_those_of_the_tables() -> None:
    # BS.1770-4, tables 1 and 2, for 48 kHz.
    shelf, high_pass = k_weighting(48000)
    assert shelf[:3] == pytest.approx([1.53512485958697, -2.69169618940638, 1.19839281085285], abs=1e-6)
    assert shelf[3:] == pytest.approx([1, -1.69065929318241, 0.73248077421585], abs=1e-6)
    assert high_pass[:3].tolist() == [1, -2, 1]
    assert high_pass[3:] == pytest.approx([1, -1.99004745483398, 0.99007225036621], abs=1e-6)


def test_what_is_far_under_the_mean_does_not_count() -> None:
    loud, quiet, silent = np.full(50, 1e-2), np.full(50, 1e-4), np.full(50, 1e-9)
    assert integrated_lufs(np.concatenate((loud, quiet, silent))) == pytest.approx(float(lufs(1e-2)))


def test_what_is_near_the_mean_does() -> None:
    blocks = np.concatenate((np.full(50, 1e-2), np.full(50, 0.5e-2)))
    assert integrated_lufs(blocks) == pytest.approx(float(lufs(0.75e-2)))


@pytest.mark.parametrize("blocks", [np.zeros(0), np.zeros(9), np.full(9, 1e-9)])
def test_silence_has_no_loudness(blocks: npt.NDArray[np.float64]) -> None:
    assert integrated_lufs(blocks) is None
