from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_workers.composition.form import STRETCH, Plan, bar_lengths, make_plan
from gpu_workers.composition.genres import GENRES
from gpu_workers.composition.score import Brief, SectionWish
from tests.unit.gpu_workers.composition.listening import chain


def plan(brief: Brief, beats_per_bar: int = 4) -> Plan:
    return make_plan(brief, GENRES[brief.genre], beats_per_bar)


@given(st.integers(1, 200), st.sampled_from((3, 4)))
def test_bars_hold_every_beat(beats: int, beats_per_bar: int) -> None:
    lengths = bar_lengths(beats, beats_per_bar)
    assert sum(lengths) == beats
    assert all(length == beats_per_bar for length in lengths[:-1])
    assert 1 <= lengths[-1] <= beats_per_bar + 1
    assert lengths[-1] > 1 or beats == 1


@pytest.mark.parametrize(("genre", "length_s"), [("pop", 60.0), ("cinematic", 90.0), ("electronic", 45.0)])
def test_one_section_falls_on_whole_bars(genre: str, length_s: float) -> None:
    made = plan(Brief(genre, length_s, sections=(SectionWish("happy", 0.0, length_s),)))
    bars = length_s * made.tempo_bpm / 240
    assert bars == pytest.approx(round(bars), abs=1e-9)


def test_even_sections_fall_on_whole_bars() -> None:
    made = plan(chain("pop", "sad", "happy", "calm", each_s=30.0))
    assert all(span.exact_beats == pytest.approx(span.beats) for span in made.spans)
    assert all(bar.beats == 4 for bar in made.bars)


@settings(derandomize=True, deadline=None)
@given(st.lists(st.floats(1.5, 50.0), min_size=1, max_size=8), st.floats(50.0, 200.0))
def test_any_sections_start_on_their_exact_time(lengths: list[float], bpm: float) -> None:
    lengths[0] += 5.0
    starts = [sum(lengths[:place]) for place in range(len(lengths))]
    wishes = tuple(SectionWish("calm", start, length) for start, length in zip(starts, lengths, strict=True))
    made = plan(Brief("indie", sum(lengths), bpm, wishes))
    assert made.tempo_bpm == pytest.approx(bpm, rel=STRETCH + 1e-6)
    at = 0
    for bar in made.bars:
        assert bar.start == at
        at += bar.beats
    for span, start_s in zip(made.spans, starts, strict=True):
        assert made.warp(span.start) * 60 / made.tempo_bpm == pytest.approx(start_s, abs=1e-6)
    lines = [made.warp(beat) for beat in range(at + 1)]
    gaps = [later - line for line, later in itertools.pairwise(lines)]
    assert min(gaps) > 0.4
    assert max(gaps) < 1.6
    if min(lengths) * made.tempo_bpm / 60 > 12:
        assert all(gap == pytest.approx(1.0, abs=0.05) for gap in gaps)


def test_a_long_piece_has_an_introduction_a_high_point_and_an_outro() -> None:
    bars = plan(Brief("pop", 120.0, sections=(SectionWish("happy", 0.0, 120.0),))).bars
    labels = list(dict.fromkeys(bar.label for bar in bars))
    assert labels[0] == "intro"
    assert bars[-1].label == "outro"
    assert "chorus" in labels
    assert {bar.label: bar.intensity for bar in bars}["chorus"] == max(bar.intensity for bar in bars)
    assert bars[-1].ending
    assert not any(bar.ending for bar in bars[:-1])


def test_a_loop_has_neither() -> None:
    bars = plan(Brief("pop", 120.0, sections=(SectionWish("happy", 0.0, 120.0),), loop=True)).bars
    assert not {"intro", "outro"} & {bar.label for bar in bars}
    assert not bars[-1].ending
    assert bars[-1].next_intensity == bars[0].intensity


@pytest.mark.parametrize("seconds", [8.0, 20.0, 33.0, 64.0, 131.0])
def test_phrases_are_four_bars_or_more(seconds: float) -> None:
    bars = plan(Brief("pop", seconds)).bars
    if len(bars) >= 7:
        assert all(bar.block_bars >= 3 for bar in bars)
    for bar, later in itertools.pairwise(bars):
        assert bar.ends_block == (later.block != bar.block)
        assert not (bar.in_phrase == 3 and not bar.ends_phrase)


@pytest.mark.parametrize("tempo", ["brisk", 10.0, 1000.0])
def test_an_impossible_tempo_is_refused(tempo: object) -> None:
    with pytest.raises(ValueError, match="tempo"):
        plan(Brief("pop", 20.0, tempo))  # type: ignore[arg-type]
