import numpy as np
import numpy.typing as npt
import pytest

from gpu_workers.audio.rhythm.tracking import (
    autocorrelation,
    candidate_periods,
    lasting,
    levelled,
    line,
    phases,
    sounding,
    track,
)


def pulses(frames: int, period: float, first: float = 7, jitter: float = 0.0) -> npt.NDArray[np.float32]:
    """A soft peak each `period` frames."""
    rng = np.random.default_rng(0)
    out = np.zeros(frames)
    at = np.arange(first, frames, period)
    for peak in at + rng.normal(0, jitter, len(at)):
        out += np.exp(-0.5 * ((np.arange(frames) - peak) / 1.2) ** 2)
    return out.astype(np.float32)


def correlated(series: npt.NDArray[np.float32], longest: int) -> npt.NDArray[np.float64]:
    return autocorrelation(series, longest, np.ones(len(series), bool))


def test_autocorrelation_is_one_at_no_lag_and_at_the_period() -> None:
    found = correlated(pulses(2000, 40), 200)
    assert found[0] == pytest.approx(1)
    assert found[40] == pytest.approx(1, abs=0.05)
    assert found[20] < 0


def test_silence_around_and_between_changes_no_autocorrelation() -> None:
    alone = pulses(2000, 40)
    apart = np.concatenate((np.zeros(3000), alone[:1000], np.zeros(1000), alone[1000:])).astype(np.float32)
    heard = np.repeat([False, True, False, True], [3000, 1000, 1000, 1000])
    np.testing.assert_allclose(autocorrelation(apart, 200, heard), correlated(alone, 200), atol=0.03)


def test_nothing_heard_has_no_autocorrelation() -> None:
    assert not autocorrelation(pulses(500, 40), 100, np.zeros(500, bool)).any()


def test_a_rest_is_part_of_the_music_and_a_silence_is_not() -> None:
    loudness = np.zeros(1200, np.float32)
    loudness[[100, 300, 900, 1000]] = 1
    assert np.flatnonzero(np.diff(lasting(loudness), prepend=False)).tolist() == [100, 301, 900, 1001]
    assert not lasting(np.zeros(10, np.float32)).any()


def test_levelling_takes_a_step_away_and_leaves_the_pulse() -> None:
    flat = levelled(pulses(4000, 40), np.ones(4000, bool))
    stepped = levelled(pulses(4000, 40) + 5 * (np.arange(4000) > 2000), np.ones(4000, bool))
    inside = np.r_[400:1700, 2300:3600]
    np.testing.assert_allclose(stepped[inside], flat[inside], atol=1e-5)
    assert abs(float(flat[inside].mean())) < 0.01
    assert flat.max() > 0.8


def test_levelling_hears_nothing_of_a_silence() -> None:
    heard = np.arange(2000) >= 1000
    found = levelled(np.where(heard, 3, 0).astype(np.float32), heard)
    np.testing.assert_allclose(found, 0, atol=1e-5)


@pytest.mark.parametrize("period", [26.3, 40.0, 43.07, 71.8])
def test_the_period_is_among_the_candidates_and_exact(period: float) -> None:
    found = candidate_periods(correlated(pulses(2600, period, jitter=0.3), 1500))
    assert min(abs(p / period - 1) for p in found) < 2e-3


def test_candidates_are_apart() -> None:
    found = np.sort(np.log(candidate_periods(correlated(pulses(2600, 43), 1500))))
    assert np.diff(found).min() > 0.02


def test_nothing_to_count_in_silence() -> None:
    assert candidate_periods(correlated(np.zeros(500, np.float32), 300)) == []


def test_tracks_through_a_gap() -> None:
    strength = pulses(1200, 43)
    strength[400:560] = 0
    found = track(strength, 43.0)
    wanted = np.arange(7, 1200, 43)
    assert len(found) == len(wanted)
    assert np.abs(found - wanted).max() <= 2


def test_follows_a_player_who_hurries() -> None:
    periods = np.linspace(46, 41, 40)
    at = np.cumsum(periods)
    strength = np.zeros(int(at[-1]) + 20, np.float32)
    strength[at.astype(int)] = 1
    found = track(strength, 43.5)
    assert np.mean([np.abs(found - beat).min() <= 1 for beat in at.astype(int)]) > 0.95


def test_tracking_goes_faster_than_half_a_period_nowhere() -> None:
    noise = np.random.default_rng(1).random(900).astype(np.float32)
    steps = np.diff(track(noise, 30.0))
    assert steps.min() >= 15
    assert steps.max() <= 60


def test_a_line_ignores_a_stray_beat() -> None:
    beats = np.linspace(0.3, 14.8, 30)
    beats[11] += 0.2
    first, slope = line(beats)
    assert first == pytest.approx(0.3, abs=1e-6)
    assert slope == pytest.approx(0.5, abs=1e-6)


def test_beats_in_silence_are_left_out() -> None:
    loudness = np.zeros(300, np.float32)
    loudness[100:200] = 1
    kept = sounding(np.arange(0.0, 300, 20), loudness)
    assert kept[0] == 100
    assert kept[-1] == 180
    assert len(sounding(np.arange(0.0, 300, 20), np.zeros(300, np.float32))) == 0


def test_thirds_are_tried_where_something_is_played() -> None:
    beats = np.arange(6.0, 900, 48)
    assert len(phases(beats, pulses(900, 48, 6))) == 2
    swung = pulses(900, 48, 6) + pulses(900, 48, 6 + 32)
    tried = phases(beats, swung)
    assert len(tried) == 3
    np.testing.assert_allclose(tried[2] - tried[0][:-1], 32)
