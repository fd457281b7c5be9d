import numpy as np
import pytest
from scipy import signal

from gpu_workers.composition.sound import effects
from gpu_workers.composition.sound.instrument import Stereo

RATE_HZ = 22050


@pytest.fixture(scope="module")
def answer() -> Stereo:
    return effects.impulse(effects.Room(0.5, 0.01, 6000), RATE_HZ, 3)


def test_a_room_decays_in_its_time(answer: Stereo) -> None:
    left = np.cumsum((answer[0] ** 2)[::-1])[::-1]
    level_db = 10 * np.log10(left / left[0])
    first, last = np.searchsorted(-level_db, (5, 25))
    assert (last - first) / RATE_HZ * 3 == pytest.approx(0.5, rel=0.25)


def test_a_room_is_as_loud_as_what_it_answers_and_differs_by_side(answer: Stereo) -> None:
    np.testing.assert_allclose((answer**2).sum(axis=1), 1.0, rtol=1e-4)
    assert abs(float(np.corrcoef(answer[0], answer[1]).item(1))) < 0.2


def test_high_tones_die_first(answer: Stereo) -> None:
    frequencies, times, power = signal.spectrogram(answer[0], RATE_HZ, nperseg=512)
    early, late = np.searchsorted(times, (0.06, 0.3))
    high, low = frequencies > 5000, (frequencies > 300) & (frequencies < 1500)
    assert power[high, late].sum() / power[high, early].sum() < 0.2 * power[low, late].sum() / power[low, early].sum()


@pytest.mark.parametrize("loop", [False, True])
def test_the_convolver_agrees_with_plain_convolution(answer: Stereo, loop: bool) -> None:
    feed = np.random.default_rng(0).standard_normal(70_000).astype(np.float32)
    out = np.zeros((2, len(feed)), np.float32)
    effects.Convolver(answer).add(feed, 0.5, out, loop=loop)
    whole = np.stack([signal.fftconvolve(feed, side) for side in answer])
    wanted = whole[:, : len(feed)].copy()
    if loop:
        wanted[:, : whole.shape[1] - len(feed)] += whole[:, len(feed) :]
    np.testing.assert_allclose(out, 0.5 * wanted, atol=2e-4)


def test_a_tail_longer_than_a_loop_goes_round_more_than_once() -> None:
    out = np.zeros((2, 10), np.float32)
    effects.laid(out, np.ones((2, 25), np.float32), 7, loop=True)
    assert out[0].tolist() == [3, 3, 2, 2, 2, 2, 2, 3, 3, 3]
    plain = np.zeros((2, 10), np.float32)
    effects.laid(plain, np.ones((2, 25), np.float32), 7, loop=False)
    assert plain[0].tolist() == [0] * 7 + [1] * 3
    effects.laid(plain, np.ones((2, 5), np.float32), 12, loop=False)
    assert plain.sum() == 6


def test_echoes_come_in_time_from_side_to_side() -> None:
    feed = np.zeros(RATE_HZ, np.float32)
    feed[:200] = np.sin(2 * np.pi * 1000 * np.arange(200) / RATE_HZ)
    out = np.zeros((2, RATE_HZ), np.float32)
    effects.delay(feed, 0.2, 1.0, out, RATE_HZ, loop=False)
    step = round(0.2 * RATE_HZ)
    energy = np.array([(out[:, n * step : n * step + 300] ** 2).sum(axis=1) for n in range(5)])
    assert not energy[0].any()
    assert energy[1, 0] > 4 * energy[1, 1]
    assert energy[2, 1] > 4 * energy[2, 0]
    assert energy[1].sum() > 3 * energy[2].sum() > 9 * energy[3].sum()


def test_chorus_widens_and_keeps_the_level() -> None:
    tone = np.tile(np.sin(2 * np.pi * 440 * np.arange(RATE_HZ) / RATE_HZ).astype(np.float32), (2, 1))
    out = effects.chorus(tone, 0.5, RATE_HZ, np.random.default_rng(0))
    assert float(np.corrcoef(out[0], out[1]).item(1)) < 0.995
    assert 0.5 < float(out.std() / tone.std()) < 1.4
