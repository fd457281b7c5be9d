from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_workers.audio.files import AudioFile
from gpu_workers.rendering.events import Event, Ramp
from gpu_workers.rendering.schedule import EDGE_S, balance, cuts, events, span
from gpu_workers.rendering.sources import Sources
from patchbay.domain.arrangement import Arrangement, Source, Track
from patchbay.domain.errors import InvalidInput, UnusableAudio
from tests.unit.gpu_workers.rendering.sessions import clip, track

RATE_HZ = 1000
EDGE = round(EDGE_S * RATE_HZ)
SOURCES = Sources({"noise": AudioFile(Path("noise"), RATE_HZ, 2, 4000)})


def scheduled(*tracks: Track, until_s: float | None = None, tempo_bpm: float = 60) -> list[Event]:
    session = Arrangement(tempo_bpm=tempo_bpm, tracks=tracks, sources=(Source(name="noise"),))
    return events(session, SOURCES, {}, RATE_HZ, until_s)


@given(st.floats(-1, 1))
def test_balance_is_even_and_never_louder(pan: float) -> None:
    left, right = balance(pan)
    assert balance(-pan) == (right, left)
    assert max(left, right) == 1
    assert min(left, right) == pytest.approx(1 - abs(pan))


def test_events_come_in_the_order_of_their_beginnings() -> None:
    found = scheduled(
        track("t", clip("a", start_beats=3), clip("b", start_beats=1)), track("u", clip("c", start_beats=2))
    )
    assert [(event.start, event.track) for event in found] == [(1000, 0), (2000, 1), (3000, 0)]
    assert found[0].end == 5000


def test_the_same_cut_is_made_once() -> None:
    found = scheduled(
        track(
            "t", clip("a", speed=2), clip("b", start_beats=5, speed=2, reversed=True), clip("c", speed=2, semitones=1)
        )
    )
    assert len(found) == 3
    assert [(cut.count, cut.frames) for cut in cuts(found)] == [(4000, 2000)] * 2
    assert not any(cut.is_plain for cut in cuts(found))


def test_tape_speed_goes_into_the_pitch() -> None:
    (event,) = scheduled(track("t", clip("a", speed=2, preserve_pitch=False, semitones=-12)))
    assert event.cut.pitch == pytest.approx(1.0)
    (event,) = scheduled(track("t", clip("a", speed=0.5, preserve_pitch=False)))
    assert event.cut.pitch == 0.5


def test_gains_are_those_of_clip_and_track() -> None:
    (event,) = scheduled(track("t", clip("a", volume=0.5, pan=0.5), volume=2.0, pan=-0.25))
    assert (event.left, event.right) == (0.5, 0.75)


def test_edges_only_where_the_source_goes_on() -> None:
    def ramps(**given: Any) -> tuple[Ramp, ...]:
        (event,) = scheduled(track("t", clip("a", **given)))
        return event.ramps

    assert ramps() == ()
    assert ramps(cut_end_s=4.5) == ()
    assert ramps(cut_start_s=1) == (Ramp(0, EDGE, True),)
    assert ramps(cut_start_s=1, reversed=True) == (Ramp(3000 - EDGE, EDGE, False),)
    assert ramps(cut_end_s=3, fade_out_s=0.5) == (Ramp(2500, 500, False),)
    assert ramps(fade_in_s=60, fade_out_s=60) == (Ramp(0, 4000, True), Ramp(0, 4000, False))


def test_what_the_end_cuts_off_has_an_edge_there() -> None:
    found = scheduled(track("l", clip("a", fade_out_s=1), loop_every=3))
    assert [(event.start, event.frames) for event in found] == [(0, 3000)]
    assert found[0].ramps == (Ramp(3000, 1000, False), Ramp(3000 - EDGE, EDGE, False))


def test_a_clip_past_its_source_is_named_if_it_were_heard() -> None:
    late = clip("late", cut_start_s=4)
    with pytest.raises(UnusableAudio, match="clip 'late' of track 'Keys'"):
        scheduled(track("t", late, name="Keys"))
    assert scheduled(track("t", late, muted=True)) == []


def test_a_span_is_what_is_wanted_or_all() -> None:
    assert span(0.0, None, 2.5, RATE_HZ) == (0, 2500)
    assert span(1.0, 9.0, 2.5, RATE_HZ) == (1000, 9000)
    assert span(1.0, 1.0000001, 2.5, RATE_HZ) == (1000, 1001)
    with pytest.raises(InvalidInput, match="ends after"):
        span(2.5, None, 2.5, RATE_HZ)
    with pytest.raises(InvalidInput, match="no clips"):
        span(0.0, 9.0, 0.0, RATE_HZ)
