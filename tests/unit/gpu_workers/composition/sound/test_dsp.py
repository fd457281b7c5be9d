import numpy as np
import pytest

from gpu_workers.composition.sound import dsp
from gpu_workers.composition.sound.instrument import Mono

RATE_HZ = 44100


def spectrum_db(x: Mono, hz: float) -> float:
    """Level of a steady sine in `x`."""
    turn = np.exp(-2j * np.pi * hz * np.arange(len(x)) / RATE_HZ)
    return float(20 * np.log10(2 * abs(np.mean(x * turn)) + 1e-12))


def test_partials_are_the_sum_of_decaying_sines() -> None:
    frames = 20_001
    t = np.arange(frames) / RATE_HZ
    freqs, gains, t60, phases = (220.0, 447.3, 3111.0), (0.5, 0.3, 0.1), (1.0, 0.4, 0.05), (0.0, 0.7, -1.2)
    wanted = sum(
        g * np.sin(2 * np.pi * f * t + p) * 10 ** (-3 * t / d)
        for f, g, d, p in zip(freqs, gains, t60, phases, strict=True)
    )
    found = dsp.partials(freqs, gains, t60, frames, RATE_HZ, phases)
    assert found.shape == (2, frames)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0], wanted, atol=3e-6)
    np.testing.assert_array_equal(found[0], found[1])


def test_partials_over_the_limit_are_left_out() -> None:
    assert not dsp.partials((21_000.0,), (1.0,), 1.0, 500, RATE_HZ).any()


def test_partials_on_two_sides() -> None:
    found = dsp.partials((300.0,), np.array([[1.0], [0.5]]), dsp.FOREVER_S, 1000, RATE_HZ)
    np.testing.assert_allclose(found[1], 0.5 * found[0], atol=1e-6)


def test_spread_keeps_the_power() -> None:
    sides = dsp.spread(np.ones(500), np.random.default_rng(0), 0.8)
    np.testing.assert_allclose((sides**2).sum(axis=0), 2.0)
    assert sides[0].std() > 0.1


def test_a_table_holds_its_harmonics_and_no_more() -> None:
    wave = dsp.table((1.0, 0.0, 0.5))
    levels = np.abs(np.fft.rfft(wave))
    assert float(np.abs(wave).max()) == pytest.approx(1.0)
    assert levels[3] / levels[1] == pytest.approx(0.5, rel=1e-4)
    assert levels[2] < 1e-3 * levels[1] > levels[4]


def test_lookup_plays_the_pitch_asked_for() -> None:
    tone = dsp.lookup(dsp.table((1.0,)), dsp.phase(440.0, np.zeros(RATE_HZ), RATE_HZ))
    assert spectrum_db(tone, 440.0) == pytest.approx(0.0, abs=0.01)
    # What is not the sine is the table's steps.
    assert float(np.mean(tone.astype(np.float64) ** 2)) == pytest.approx(0.5, abs=1e-4)


def test_vibrato_sets_in_late_and_keeps_the_mean() -> None:
    cents = dsp.vibrato(4 * RATE_HZ, RATE_HZ, np.random.default_rng(1), 5.5, 20.0, 0.4)
    assert np.abs(cents[: int(0.15 * RATE_HZ)]).max() < 3.0
    assert cents[2 * RATE_HZ :].max() > 15.0
    assert abs(float(cents.mean())) < 1.0


def test_harmonics_end_below_the_limit() -> None:
    assert dsp.harmonics(1000.0, RATE_HZ)[-1] * 1000.0 < 0.45 * RATE_HZ
    assert len(dsp.harmonics(50.0, RATE_HZ, 20)) == 20
    assert dsp.harmonics(16_000.0, RATE_HZ).tolist() == [1.0]


def test_bend_moves_the_pitch() -> None:
    tone = dsp.partials((500.0,), (1.0,), dsp.FOREVER_S, RATE_HZ, RATE_HZ)
    bent = dsp.bend(tone, np.full(RATE_HZ, 1200.0))
    assert bent.shape == tone.shape
    assert spectrum_db(bent[0][: RATE_HZ // 2], 1000.0) > -0.2
    assert not bent[0, RATE_HZ // 2 + 2 :].any()


@pytest.mark.parametrize("frames", [1, 300, 20_000])
def test_curves_and_lines_are_straight(frames: int) -> None:
    points = ((0.0, 0.0), (0.002, 1.0), (0.1, 0.4), (0.3, 0.5))
    at = np.arange(frames) / RATE_HZ
    wanted = np.interp(at, *np.array(points).T)
    np.testing.assert_allclose(dsp.curve(points, frames, RATE_HZ), wanted, atol=0.012)
    values = np.random.default_rng(0).uniform(size=frames // 64 + 2)
    drawn = dsp.between(values, 64, frames)
    np.testing.assert_allclose(drawn, np.interp(np.arange(frames) / 64, np.arange(len(values)), values))


def test_decay_and_rise() -> None:
    fall = dsp.decay(0.5, RATE_HZ, RATE_HZ)
    assert 20 * np.log10(fall[RATE_HZ // 2]) == pytest.approx(-60.0, abs=0.01)
    raised = dsp.rise(np.ones((2, 1000), np.float32), 0.01, RATE_HZ)
    assert raised[0, 0] == 0.0
    assert raised[1, 500] == 1.0
    assert (np.diff(raised[0, :441]) >= 0).all()


@pytest.mark.parametrize(("run", "passed_hz", "stopped_hz"), [("low", 200, 6000), ("high", 6000, 200)])
def test_filters(run: str, passed_hz: float, stopped_hz: float) -> None:
    tone = dsp.partials((passed_hz, stopped_hz), (0.5, 0.5), dsp.FOREVER_S, RATE_HZ, RATE_HZ)[0]
    kind = dsp.low_pass if run == "low" else dsp.high_pass
    out = kind(tone, 1100.0, RATE_HZ)
    assert out.dtype == np.float32
    assert spectrum_db(out, passed_hz) == pytest.approx(-6.0, abs=0.3)
    assert spectrum_db(out, stopped_hz) < -30


def test_bells_lift_where_they_are_told() -> None:
    tone = dsp.partials((300.0, 3000.0), (0.25, 0.25), dsp.FOREVER_S, RATE_HZ, RATE_HZ)[0]
    out = dsp.bells(tone, ((3000.0, 6.0, 1.0),), RATE_HZ)
    assert spectrum_db(out, 3000.0) - spectrum_db(tone, 3000.0) == pytest.approx(6.0, abs=0.2)
    assert abs(spectrum_db(out, 300.0) - spectrum_db(tone, 300.0)) < 0.3
    assert dsp.bells(tone, (), RATE_HZ) is tone


def test_panned_keeps_the_power() -> None:
    left = dsp.panned(np.ones(4, np.float32), -1.0)
    assert left[0, 0] == pytest.approx(np.sqrt(2))
    assert left[1, 0] == pytest.approx(0.0, abs=1e-6)
    np.testing.assert_allclose(dsp.panned(np.ones(4, np.float32), 0.0), 1.0, rtol=1e-6)


def test_resonances_rise_at_their_modes() -> None:
    found = dsp.resonances((100.0, 500.0, 5000.0), ((500.0, 50.0, 2.0),), 0.3)
    assert found[1] == pytest.approx(2.3)
    assert found[0] < 0.35 > found[2]
