import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_workers.separation.training.data import lines
from gpu_workers.separation.training.data.grooves import groove
from gpu_workers.separation.training.data.plans import random_plan

seeds = st.integers(0, 2**31)
WRITERS = sorted({writer.__name__ for writer in (*lines.CHORDAL, *lines.LINEAR)} | {"bass_line"})


@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=25)
@given(seed=seeds)
def test_notes_are_playable_and_begin_within_the_plan(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    plan = random_plan(rng, 8.0)
    keys = getattr(lines, name)(rng, plan, 60)
    assert keys
    for key in keys:
        assert 12 <= key.pitch <= 120
        assert 1 <= key.velocity <= 127
        assert key.length_s > 0
        assert 0 <= key.start_s < plan.bar_s * len(plan.chords) + 6 * plan.bar_s


@given(seeds)
def test_chords_and_solos_stay_in_the_scale(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plan = random_plan(rng, 6.0)
    keys = lines.held(rng, plan, 60) + lines.solo(rng, plan, 72) + lines.arpeggio(rng, plan, 64)
    assert {(key.pitch - plan.tonic) % 12 for key in keys} <= set(plan.scale)


@given(seeds)
def test_held_chords_stand_on_the_chord_of_their_bar(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plan = random_plan(rng, 6.0)
    for key in lines.held(rng, plan, 60):
        bar = min(int((key.start_s + 0.1 * plan.bar_s) / plan.bar_s), len(plan.chords) - 1)
        tones = {(plan.tonic + plan.scale[(plan.chords[bar] + n) % 7]) % 12 for n in range(9)}
        assert key.pitch % 12 in tones


@given(seeds)
def test_a_bass_plays_low_and_on_its_roots(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plan = random_plan(rng, 8.0)
    keys = lines.bass_line(rng, plan, 36)
    assert max(key.pitch for key in keys) <= 36 + 6 + 12
    roots = {(plan.tonic + plan.scale[chord]) % 12 for chord in plan.chords}
    assert {key.pitch % 12 for key in keys} & roots


@given(st.integers(1, 16), st.integers(1, 32), st.integers(0, 8))
def test_a_euclidean_rhythm_is_as_even_as_can_be(hits: int, steps: int, turn: int) -> None:
    hits = min(hits, steps)
    found = lines.euclid(hits, steps, turn)
    assert len(found) == hits
    gaps = np.diff([*found, found[0] + steps])
    assert gaps.max() - gaps.min() <= 1


@given(seeds, st.floats(0, 1))
def test_a_rhythm_lies_within_the_bar(seed: int, busy: float) -> None:
    steps = lines.rhythm(np.random.default_rng(seed), 16, busy)
    assert steps
    assert steps == sorted(set(steps))
    assert steps[0] >= 0
    assert steps[-1] < 16


@given(seeds)
def test_every_part_plays_somewhere(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plan = random_plan(rng, 5.0)
    plays = lines.present(rng, plan)
    assert len(plays) == len(plan.chords)
    assert any(plays)


def test_grooves_are_notes_of_the_drum_map_and_most_have_kick_and_backbeat() -> None:
    kicks = backbeats = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        keys = groove(rng, random_plan(rng, 12.0))
        drums = {key.pitch for key in keys}
        assert drums <= set(range(35, 83))
        assert all(key.start_s >= 0 and 1 <= key.velocity <= 127 for key in keys)
        kicks += bool(drums & {35, 36})
        backbeats += bool(drums & {37, 38, 39, 40})
    assert kicks >= 57
    assert backbeats >= 57
