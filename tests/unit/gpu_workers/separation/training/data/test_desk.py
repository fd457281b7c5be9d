import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import sosfreqz

from gpu_workers.separation.training.data import desk
from gpu_workers.separation.training.data.plans import RATE_HZ

seeds = st.integers(0, 2**31)


def noise(frames: int = 20_000, channels: int = 2, level: float = 0.1) -> NDArray[np.float32]:
    return np.asarray(np.random.default_rng(1).standard_normal((channels, frames)) * level, np.float32)


def rms(sound: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(sound**2)))


@given(st.floats(-1, 1))
def test_a_place_keeps_the_energy(where: float) -> None:
    mono = noise(2000, 1)
    stereo = desk.placed(mono, where)
    assert np.sum(stereo**2) == pytest.approx(np.sum(mono**2), rel=1e-4)
    louder = np.sum(stereo[1] ** 2) - np.sum(stereo[0] ** 2)
    assert louder / np.sum(mono**2) == pytest.approx(np.sin(where * np.pi / 2), abs=1e-4)


def test_the_middle_leaves_stereo_as_it_is() -> None:
    np.testing.assert_allclose(desk.placed(noise(), 0.0), noise(), rtol=1e-5)


@given(st.floats(0, 2))
def test_width_scales_the_sides_alone(width: float) -> None:
    stereo = noise(1000)
    wide = desk.widened(stereo, width)
    np.testing.assert_allclose(wide.mean(axis=0), stereo.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(wide[0] - wide[1], width * (stereo[0] - stereo[1]), atol=1e-5)


def test_a_double_comes_late_on_one_side() -> None:
    mono = noise(1000, 1)
    left, right = desk.doubled(mono, 30)
    np.testing.assert_array_equal(left, mono[0])
    np.testing.assert_array_equal(right[30:], mono[0, :-30])
    assert not right[:30].any()


@settings(max_examples=200)
@given(seeds, st.floats(0.5, 12))
def test_equalisers_are_stable_and_no_stronger_than_asked(seed: int, strength_db: float) -> None:
    sections = desk.equaliser(np.random.default_rng(seed), strength_db)
    poles = [np.roots(row[3:]) for row in sections.astype(np.float64)]
    assert all(np.abs(roots).max() < 1 for roots in poles)
    _, response = sosfreqz(sections.astype(np.float64), 2048)
    assert 20 * np.log10(np.abs(response).max()) <= len(sections) * strength_db + 0.01
    assert np.isfinite(desk.filtered(noise(3000), sections)).all()


@settings(max_examples=20)
@given(st.integers(500, 5000), st.floats(1.5, 10), st.floats(-6, 6))
def test_a_compressor_only_lowers_and_lowers_what_is_loud(frames: int, ratio: float, above_db: float) -> None:
    sound = noise(4 * frames) * np.repeat([0.05, 1.0], 2 * frames).astype(np.float32)
    gain = desk.compression(sound, ratio, above_db, 0.05)
    assert gain.shape == (4 * frames,)
    assert gain.max() <= 1 + 1e-6
    assert gain.min() > 0
    assert gain[-frames // 2 :].mean() < gain[frames // 2 : frames].mean() + 1e-6


def test_ducking_makes_way_for_kicks_alone() -> None:
    t = np.arange(RATE_HZ) / RATE_HZ
    kick = np.sin(2 * np.pi * 55 * t) * np.exp(-30 * np.maximum(t - 0.5, 0)) * (t > 0.5)
    gain = desk.ducking(np.stack([kick, kick]).astype(np.float32), 0.8, 0.1)
    assert gain[: round(0.48 * RATE_HZ)].min() > 0.99
    assert gain[round(0.5 * RATE_HZ) :].min() == pytest.approx(0.2, abs=0.05)
    assert gain[-1] > 0.5


@given(st.floats(0.1, 10))
def test_drive_keeps_the_peak_and_makes_the_rest_louder(amount: float) -> None:
    sound = noise(3000)
    out = desk.driven(sound, amount)
    assert np.abs(out).max() == pytest.approx(np.abs(sound).max(), rel=1e-3)
    assert rms(out) > rms(sound)
    assert not desk.driven(np.zeros((2, 10), np.float32), amount).any()


def test_rooms_ring_after_a_click_and_not_before_it() -> None:
    rooms = desk.Rooms(1, RATE_HZ)
    click = np.zeros((2, RATE_HZ), np.float32)
    click[:, 5000] = 1.0
    for room in range(len(rooms)):
        wet = rooms.wet(click, room)
        assert wet.shape == (2, RATE_HZ)
        assert np.abs(wet[:, :4990]).max() < 1e-4 * np.abs(wet).max()
        assert 0.2 < np.sum(wet**2) / 2 < 1.01
    other = desk.Rooms(2, RATE_HZ).wet(click, 0)
    assert not np.allclose(other, rooms.wet(click, 0))
    np.testing.assert_array_equal(desk.Rooms(1, RATE_HZ).wet(click, 3), rooms.wet(click, 3))


@pytest.mark.parametrize("codec", ["mp3", "aac"])
@pytest.mark.parametrize("frames", [44_100, 30_001])
def test_coding_damages_but_keeps_the_place_in_time(codec: str, frames: int) -> None:
    t = np.arange(frames) / RATE_HZ
    tone = 0.2 * np.sin(2 * np.pi * 440 * t * (1 + t)) + 0.02 * noise(frames, 1)[0]
    stereo = np.stack([tone, 0.5 * tone]).astype(np.float32)
    heard = desk.coded(stereo, codec, 128_000)
    assert heard.shape == stereo.shape
    inner = slice(4000, frames - 4000)
    assert rms(heard[:, inner] - stereo[:, inner]) < 0.1 * rms(stereo)
    assert not np.array_equal(heard, stereo)


@given(st.integers(1, 1000))
def test_powers_and_gains_fit_any_length(frames: int) -> None:
    sound = noise(frames)
    blocks = desk.powers(sound)
    assert len(blocks) == -(-frames // 128)
    assert desk.drawn(blocks, frames).shape == (frames,)
    if frames % 128 == 0:
        assert blocks.mean() == pytest.approx(np.mean(sound**2), rel=1e-4)


def test_a_narrow_band_takes_the_lows_and_the_highs() -> None:
    for seed in range(10):
        _, response = sosfreqz(desk.narrow_band(np.random.default_rng(seed)).astype(np.float64), 4096)
        level = np.abs(response)
        assert level[1] < 0.5
        assert level[-10] < 0.2
        assert level.max() == pytest.approx(1.0, abs=0.1)
