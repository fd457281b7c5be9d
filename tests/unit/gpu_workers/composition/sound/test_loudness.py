import numpy as np
import pytest

from gpu_workers.audio.meter import LoudnessMeter
from gpu_workers.composition.sound import curves, dsp, loudness
from gpu_workers.composition.sound.instrument import Stereo

RATE_HZ = 48000


def tone(hz: float, level_db: float, seconds: float = 3.0, phase: float = 0.0) -> Stereo:
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    wave = 10 ** (level_db / 20) * np.sin(2 * np.pi * hz * t + phase)
    return np.stack((wave, wave)).astype(np.float32)


def lufs(mix: Stereo, rate_hz: int = RATE_HZ) -> float:
    return loudness.integrated(loudness.weighted_energy(mix, rate_hz), mix.shape[1], rate_hz)


def test_a_kilohertz_on_both_sides_reads_its_level() -> None:
    # EBU Tech 3341, case 1.
    assert lufs(tone(1000.0, -23.0)) == pytest.approx(-23.0, abs=0.1)


def test_quiet_passages_are_gated() -> None:
    # EBU Tech 3341, case 3, shortened.
    parts = [tone(1000.0, -36.0), tone(1000.0, -23.0, 12.0), tone(1000.0, -36.0)]
    assert lufs(np.concatenate(parts, axis=1)) == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("rate_hz", [44100, 48000])
def test_agrees_with_the_meter_of_the_analysis(rate_hz: int) -> None:
    rng = np.random.default_rng(4)
    noise = np.cumsum(rng.standard_normal((2, 4 * rate_hz)), axis=1)
    mix = dsp.low_pass((0.02 * np.diff(noise, n=1, prepend=0, axis=1)).astype(np.float32), 7000, rate_hz)
    mix[:, rate_hz : 2 * rate_hz] *= 4
    meter = LoudnessMeter(rate_hz, 2)
    meter.add(mix)
    theirs = meter.result()
    assert theirs.integrated_lufs is not None
    assert theirs.true_peak_dbtp is not None
    assert lufs(mix, rate_hz) == pytest.approx(theirs.integrated_lufs, abs=0.05)
    assert loudness.true_peak_dbtp(mix) == pytest.approx(theirs.true_peak_dbtp, abs=0.25)


def test_the_sample_peaks_of_a_sum() -> None:
    rng = np.random.default_rng(2)
    one, other = (rng.standard_normal((2, 1000)).astype(np.float32) for _ in range(2))
    found = loudness.sample_peaks([one, other], chunk=256)
    assert len(found) == curves.points(1000)
    for point, start in enumerate(range(0, 1000, 64)):
        assert found[point] == np.abs(one + other)[:, start : start + 64].max()


def test_a_gain_needs_no_new_measurement() -> None:
    mix = tone(300.0, -20.0)
    curve = np.linspace(0.2, 1.0, curves.points(mix.shape[1]))
    guessed = loudness.integrated(loudness.weighted_energy(mix, RATE_HZ) * curve**2, mix.shape[1], RATE_HZ)
    curves.apply(mix, curve)
    assert guessed == pytest.approx(lufs(mix), abs=0.05)


def test_true_peaks_lie_between_the_samples() -> None:
    # A quarter of the rate, sampled 45 degrees off its tops: they are 3 dB over the samples.
    mix = tone(RATE_HZ / 4, -6.0, 0.2, np.pi / 4)
    assert 20 * np.log10(float(np.abs(mix).max())) == pytest.approx(-9.0, abs=0.05)
    steady = mix[:, 1000:-1000]
    assert float(20 * np.log10(loudness.peaks(steady)[2:-4].max())) == pytest.approx(-6.0, abs=0.1)


def test_silence_and_short_sound() -> None:
    assert lufs(np.zeros((2, 5000), np.float32)) == -np.inf
    assert loudness.true_peak_dbtp(np.zeros((2, 5000), np.float32)) == -np.inf
    assert lufs(tone(1000.0, -20.0, 0.2)) == pytest.approx(-20.0, abs=0.6)
