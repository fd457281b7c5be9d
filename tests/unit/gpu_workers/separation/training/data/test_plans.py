import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_workers.separation.training.data.plans import Plan, choose, fitted, hz_of, lay, random_plan

seeds = st.integers(0, 2**31)


def plan(**changed: object) -> Plan:
    fields: dict[str, object] = {
        "seconds": 8.0, "beat_s": 0.5, "beats_a_bar": 4, "swing": 0.0, "tonic": 2, "scale": (0, 2, 4, 5, 7, 9, 11),
        "chords": (0, 3, 4, 0),
    }  # fmt: skip
    return Plan(**{**fields, **changed})  # type: ignore[arg-type]


@given(seeds)
def test_a_plan_covers_its_length_and_stays_in_bounds(seed: int) -> None:
    found = random_plan(np.random.default_rng(seed), 10.0)
    assert found.bar_s * len(found.chords) >= 10.0
    assert found.bar_s * (len(found.chords) - 1) < 10.0
    assert 60 <= 60 / found.beat_s <= 180
    assert found.scale[0] == 0
    assert list(found.scale) == sorted(set(found.scale))
    assert all(0 <= chord < 7 for chord in found.chords)


@given(seeds)
def test_a_plan_follows_from_its_seed(seed: int) -> None:
    assert random_plan(np.random.default_rng(seed), 9.0) == random_plan(np.random.default_rng(seed), 9.0)


def test_sixteenths_lie_on_the_grid_and_swing_delays_every_second_one() -> None:
    straight, swung = plan(), plan(swing=0.33)
    assert straight.at_s(1, 0) == pytest.approx(2.0)
    assert straight.at_s(0, 20) == pytest.approx(straight.at_s(1, 4))
    assert swung.at_s(0, 2) == straight.at_s(0, 2)
    assert swung.at_s(0, 3) == pytest.approx(straight.at_s(0, 3) + 0.33 * 0.125)


@given(st.integers(-20, 20), st.integers(20, 80))
def test_degrees_an_octave_apart_are_twelve_semitones_apart(degree: int, low: int) -> None:
    found = plan()
    assert found.pitch(degree + 7, low) == found.pitch(degree, low) + 12
    assert low <= found.pitch(0, low) < low + 12
    assert found.pitch(0, low) % 12 == found.tonic


@given(st.integers(-20, 20), st.integers(20, 90))
def test_near_is_within_half_an_octave_and_in_the_scale(degree: int, centre: int) -> None:
    found = plan()
    pitch = found.near(degree, centre)
    assert centre - 6 <= pitch < centre + 6
    assert (pitch - found.tonic) % 12 in found.scale


@given(st.integers(5, 60), seeds)
def test_held_out_songs_are_given_nothing_that_others_are_given(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    options = [f"one {n}" for n in range(count)]
    kept, free = ({choose(rng, options, held=held) for _ in range(60)} for held in (True, False))
    assert not kept & free
    assert kept


def test_few_options_are_shared() -> None:
    rng = np.random.default_rng(0)
    assert {choose(rng, ["a", "b"], held=True) for _ in range(40)} == {"a", "b"}


@given(st.integers(0, 30), st.integers(0, 30))
def test_fitted_cuts_or_fills_with_silence(length: int, frames: int) -> None:
    out = fitted(np.ones((2, length), np.float32), frames)
    assert out.shape == (2, frames)
    assert out.sum() == 2 * min(length, frames)


@given(st.integers(0, 12), st.integers(-15, 25))
def test_lay_adds_what_falls_within(length: int, start: int) -> None:
    track = np.ones(20)
    lay(track, np.full(length, 2.0), start)
    inside = [n for n in range(20) if start <= n < start + length]
    expected = np.ones(20)
    expected[inside] += 2.0
    np.testing.assert_array_equal(track, expected)


def test_a4_is_440_hz() -> None:
    assert hz_of(69) == 440.0
    assert hz_of(57) == pytest.approx(220.0)
