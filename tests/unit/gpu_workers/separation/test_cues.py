import numpy as np
import pytest

from gpu_workers.audio.files import Samples
from gpu_workers.audio.stft import stft
from gpu_workers.separation.cues import CUES, Plane, band_shares, cues

RATE_HZ, FFT, HOP = 44100, 4096, 1024


def cues_of(samples: Samples) -> dict[str, Plane]:
    planes = cues(stft(samples, FFT, HOP), HOP / RATE_HZ, RATE_HZ / FFT)
    return dict(zip(CUES, planes, strict=True))


def test_all_cues_are_within_one() -> None:
    noise = np.random.default_rng(0).standard_normal((2, RATE_HZ)).astype(np.float32)
    for samples in (noise, noise * 1e-12, np.zeros_like(noise), noise * 1e3):
        for name, plane in cues_of(samples).items():
            assert plane.dtype == np.float32, name
            assert np.abs(plane).max() <= 1 + 1e-5, name


def test_a_tone_is_steady_and_a_click_is_broad() -> None:
    t = np.arange(2 * RATE_HZ) / RATE_HZ
    tone = np.tile(np.sin(2 * np.pi * 1000 * t), (2, 1)).astype(np.float32)
    click = np.zeros_like(tone)
    click[:, RATE_HZ] = 1.0
    bin_1000 = round(1000 / (RATE_HZ / FFT))
    assert cues_of(tone)["steady"][40, bin_1000] > 0.9
    assert cues_of(click)["steady"][round(RATE_HZ / HOP), 500] < -0.9


@pytest.mark.parametrize(("pan", "centre", "side"), [(0.5, 1.0, 0.0), (1.0, -1.0, 1.0)])
def test_where_a_sound_is(pan: float, centre: float, side: float) -> None:
    noise = np.random.default_rng(0).standard_normal(RATE_HZ)
    found = cues_of(np.stack([pan * noise, (1 - pan) * noise]).astype(np.float32))
    assert found["centre"][20, 300] == pytest.approx(centre, abs=1e-3)
    assert found["side"][20, 300] == pytest.approx(side, abs=1e-3)


def test_bands_share_every_bin() -> None:
    edges_hz = np.array([50, 400, 3200], np.float32)
    shares = band_shares(2049, RATE_HZ / FFT, edges_hz)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)
    assert shares[0, 0] == shares[-1, -1] == 1
