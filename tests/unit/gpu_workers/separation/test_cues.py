import numpy as np
import pytest

from gpu_workers.audio.files import Samples
from gpu_workers.audio.stft import stft
from gpu_workers.separation.cues import CUES, band_shares, cues
from gpu_workers.separation.masking import Plane

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


def test_opposed_channels_are_not_in_phase() -> None:
    noise = np.random.default_rng(0).standard_normal(RATE_HZ).astype(np.float32)
    for sign in (-1, 1):
        found = cues_of(np.stack([noise, sign * noise]))
        assert found["in_phase"][20, 300] == pytest.approx(sign, abs=1e-3)
        assert found["in_phase_around"][20, 300] == pytest.approx(sign, abs=1e-3)
        assert found["centre_around"][20, 300] == pytest.approx(1, abs=1e-3)


def test_an_attack_is_known_for_a_while_after_it() -> None:
    click = np.random.default_rng(0).standard_normal((2, 2 * RATE_HZ)).astype(np.float32) * 1e-3
    click[:, RATE_HZ] = 1.0
    attacked, at = cues_of(click)["attacked"][:, 500], round(RATE_HZ / HOP)
    assert attacked[at + 4] > attacked[at - 8] + 0.3
    assert attacked[at + 12] < attacked[at + 4] - 0.3


def test_vibrato_glides() -> None:
    t = np.arange(3 * RATE_HZ) / RATE_HZ
    steady, swaying = (2 * np.pi * 1500 * t + depth * np.sin(2 * np.pi * 5.5 * t) for depth in (0.0, 5.0))
    at = slice(136, 143)  # 1465 to 1529 Hz
    still, glides = (
        cues_of(np.tile(np.sin(phase), (2, 1)).astype(np.float32))["gliding"][40:80, at].mean()
        for phase in (steady, swaying)
    )
    assert glides > still + 0.1


def test_harmonics_of_one_voice_fit_a_comb() -> None:
    t = np.arange(2 * RATE_HZ) / RATE_HZ
    voice = sum(np.sin(2 * np.pi * 300 * k * t) / k for k in range(1, 15))
    noise = 1e-2 * np.random.default_rng(0).standard_normal((2, len(t)))
    found = cues_of((voice + noise).astype(np.float32))
    bin_hz = RATE_HZ / FFT
    on, off = (found["comb"][40, round(hz / bin_hz)] for hz in (1500, 1650))
    assert on > off + 0.3
    assert found["frame_comb"][40, 0] > cues_of(noise.astype(np.float32))["frame_comb"][40, 0]


def test_what_comes_once_stands_out_of_what_repeats() -> None:
    t = np.arange(8 * RATE_HZ) / RATE_HZ
    loop = np.random.default_rng(0).standard_normal(RATE_HZ)
    sound = 0.1 * np.tile(loop, 8) + 0.2 * np.sin(2 * np.pi * 2000 * t) * ((t > 4) & (t < 4.5))
    repeated = cues_of(np.tile(sound, (2, 1)).astype(np.float32))["repeated"]
    frame, bin_2000 = round(4.25 * RATE_HZ / HOP), round(2000 / (RATE_HZ / FFT))
    assert repeated[frame, bin_2000] > 0.8
    assert abs(np.median(repeated[frame])) < 0.3


def test_silence_after_sound_is_no_trouble() -> None:
    sound = np.zeros((2, 4 * RATE_HZ), np.float32)
    sound[:, :RATE_HZ] = 30 * np.random.default_rng(0).standard_normal((2, RATE_HZ))
    for name, plane in cues_of(sound).items():
        assert np.abs(plane).max() <= 1 + 1e-5, name


def test_bands_share_every_bin() -> None:
    edges_hz = np.array([50, 400, 3200], np.float32)
    shares = band_shares(2049, RATE_HZ / FFT, edges_hz)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)
    assert shares[0, 0] == shares[-1, -1] == 1
