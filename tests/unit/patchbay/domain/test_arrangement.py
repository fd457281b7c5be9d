from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from patchbay.domain import arrangement as module
from patchbay.domain.arrangement import (
    MAX_CLIPS,
    MAX_LENGTH_S,
    MAX_TRACKS,
    Arrangement,
    Clip,
    Placement,
    Source,
    Track,
    is_heard,
    length_s,
    placements,
    speed_of,
)
from patchbay.domain.errors import InvalidInput

SOURCES = (Source(name="four", tempo_bpm=60), Source(name="ten"))
DURATIONS_S = {"four": 4.0, "ten": 10.0}


def clip(name: str = "a", source: str = "four", start_beats: float = 0.0, **given: Any) -> Clip:
    return Clip(id=name, source=source, start_beats=start_beats, **given)


def arranged(*tracks: Track, tempo_bpm: float = 120, **given: Any) -> Arrangement:
    return Arrangement(tempo_bpm=tempo_bpm, tracks=tracks, sources=SOURCES, **given)


def placed(of: Arrangement, **given: Any) -> list[Placement]:
    return list(placements(of, DURATIONS_S, **given))


def starts(of: Arrangement, **given: Any) -> list[float]:
    return [placement.start_s for placement in placed(of, **given)]


class TestRules:
    def test_what_is_refused(self) -> None:
        one, track = {"id": "a", "source": "four", "start_beats": 0}, {"id": "t"}
        for bad, word in (
            ({"tracks": [{"id": "t", "clips": [one | {"source": "five"}]}]}, "not among the sources"),
            ({"tracks": [track, track]}, "two tracks"),
            ({"tracks": [{"id": "t", "clips": [one, one]}]}, "two clips"),
            ({"tracks": [{"id": "t", "clips": [one]}, {"id": "u", "clips": [one]}]}, "two clips"),
            ({"sources": [{"name": "x"}, {"name": "x"}]}, "two sources"),
            ({"tracks": [track], "solo_track": "u"}, "no track"),
            ({"solo_clip": "a"}, "no clip"),
            ({"tracks": [{"id": "t", "clips": [one]}], "solo_track": "t", "solo_clip": "a"}, "one of them"),
            ({"tempo_bpm": 19.9}, "greater than"),
            ({"tempo_bpm": float("nan")}, "finite"),
            ({"tracks": [{"id": str(n)} for n in range(MAX_TRACKS + 1)]}, "at most"),
            ({"colour": "red"}, "not permitted"),
        ):
            with pytest.raises(ValidationError, match=word):
                Arrangement.model_validate({"tempo_bpm": 120, "sources": [{"name": "four"}]} | bad)

    @pytest.mark.parametrize(
        "bad",
        [
            {"start_beats": -1},
            {"start_beats": float("inf")},
            {"cut_start_s": 2, "cut_end_s": 2},
            {"cut_start_s": -1},
            {"volume": 4.1},
            {"volume": -0.1},
            {"pan": 1.01},
            {"semitones": 49},
            {"speed": 0.09},
            {"speed": 11},
            {"speed": "fast"},
            {"fade_in_s": float("nan")},
            {"id": ""},
            {"loops": True},
        ],
        ids=str,
    )
    def test_a_clip_out_of_bounds_is_refused(self, bad: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            Clip.model_validate({"id": "a", "source": "four", "start_beats": 0} | bad)

    def test_there_are_so_many_clips_and_no_more(self) -> None:
        half = MAX_CLIPS // 2
        tracks = [Track(id=str(n), clips=tuple(clip(f"{n}.{k}") for k in range(half + n))) for n in range(2)]
        with pytest.raises(ValidationError, match=f"{MAX_CLIPS + 1} clips"):
            arranged(*tracks)
        assert len(placed(arranged(tracks[0]))) == half

    def test_it_survives_json(self) -> None:
        whole = arranged(Track(id="t", clips=(clip(speed="tempo-sync"),), loop_every="auto"), solo_track="t")
        assert Arrangement.model_validate_json(whole.model_dump_json()) == whole


class TestPlaces:
    def test_beats_are_of_the_tempo_and_cuts_are_seconds_of_the_source(self) -> None:
        (one,) = placed(
            arranged(Track(id="t", clips=(clip(start_beats=3, cut_start_s=1, cut_end_s=2.5),)), tempo_bpm=90)
        )
        assert (one.start_s, one.length_s, one.cut_start_s, one.cut_end_s) == (2.0, 1.5, 1.0, 2.5)

    def test_a_cut_ends_with_its_source(self) -> None:
        (one,) = placed(arranged(Track(id="t", clips=(clip(cut_start_s=1, cut_end_s=9),))))
        assert one.length_s == 3.0

    def test_a_clip_that_begins_after_its_source_is_nowhere(self) -> None:
        assert placed(arranged(Track(id="t", clips=(clip(cut_start_s=4),)))) == []

    def test_a_source_of_unknown_length_lasts_as_far_as_it_is_cut(self) -> None:
        track = Track(id="t", clips=(clip("a", cut_end_s=3), clip("b", start_beats=10)))
        assert length_s(arranged(track), {}) == 3.0

    @given(st.floats(0.1, 10))
    def test_speed_shortens(self, speed: float) -> None:
        (one,) = placed(arranged(Track(id="t", clips=(clip(speed=speed),))))
        assert one.length_s == pytest.approx(4 / speed)
        assert one.whole_s == one.length_s

    def test_tempo_sync_follows_what_is_known_and_stays_in_range(self) -> None:
        synced, other = clip(speed="tempo-sync"), clip("b", "ten", speed="tempo-sync")
        whole = arranged(Track(id="t", clips=(synced, other)))
        assert speed_of(synced, whole, whole.tempi) == 2.0
        assert speed_of(other, whole, whole.tempi) == 1.0
        assert speed_of(other, whole, {"ten": 1.0}) == 10.0
        assert [p.length_s for p in placed(whole)] == [2.0, 10.0]
        assert [p.length_s for p in placed(whole, tempi={"ten": 240.0})] == [4.0, 20.0]

    def test_an_empty_one_has_no_length(self) -> None:
        assert length_s(arranged(), DURATIONS_S) == 0
        assert placed(arranged(Track(id="t", loop_every=4))) == []


class TestLoops:
    """At 120 beats a minute a beat is half a second and a bar is two."""

    def test_a_loop_runs_to_the_end_of_the_longest_other_track_and_is_cut_there(self) -> None:
        loop = Track(id="l", clips=(clip("a", cut_end_s=1.5),), loop_every=4)
        other = Track(id="o", clips=(clip("b", "ten", cut_end_s=5),))
        found = [p for p in placed(arranged(loop, other)) if p.track.id == "l"]
        assert [p.start_s for p in found] == [0.0, 2.0, 4.0]
        assert [p.length_s for p in found] == [1.5, 1.5, 1.0]
        assert [p.repetition for p in found] == [0, 1, 2]
        assert length_s(arranged(loop, other), DURATIONS_S) == 5.0

    def test_a_wanted_range_draws_it_out_but_does_not_cut_it(self) -> None:
        loop = Track(id="l", clips=(clip("a", cut_end_s=1.5),), loop_every=4)
        other = Track(id="o", clips=(clip("b"),))
        assert len(placed(arranged(loop, other), until_s=11.0)) == 6 + 1
        assert placed(arranged(loop, other), until_s=1.0) == placed(arranged(loop, other))

    @pytest.mark.parametrize(
        ("start_beats", "length_beats", "bars"),
        [(0, 8, 2), (0, 8.04, 2), (0, 8.1, 3), (3, 2, 2), (0, 0.5, 1), (16, 1, 5)],
    )
    def test_auto_is_to_the_end_of_the_bar(self, start_beats: float, length_beats: float, bars: int) -> None:
        track = Track(id="l", clips=(clip("a", "ten", start_beats, cut_end_s=length_beats / 2),), loop_every="auto")
        assert length_s(arranged(track), DURATIONS_S) == bars * 2.0

    def test_where_all_loop_it_is_once_through_the_longest(self) -> None:
        short = Track(id="s", clips=(clip("a", cut_end_s=1),), loop_every=2)
        long = Track(id="l", clips=(clip("b", cut_end_s=1),), loop_every=7)
        assert length_s(arranged(short, long), DURATIONS_S) == 3.5
        assert starts(arranged(short, long)) == [0, 1, 2, 3, 0]

    def test_what_is_longer_than_its_loop_rings_on(self) -> None:
        loop = Track(id="l", clips=(clip("a"),), loop_every=4)
        found = placed(arranged(loop, Track(id="o", clips=(clip("b", "ten"),))))
        assert [p.end_s for p in found if p.track.id == "l"] == [4.0, 6.0, 8.0, 10.0, 10.0]

    @given(st.integers(1, 40), st.integers(1, 12))
    def test_a_loop_is_its_copies(self, half_beats: int, copies: int) -> None:
        every = half_beats / 2
        end_s = copies * every * 0.5
        short = clip("a", cut_end_s=min(every * 0.25, 4.0))
        loop = Track(id="l", clips=(short,), loop_every=every)
        unrolled = Track(
            id="l",
            clips=tuple(short.model_copy(update={"id": str(k), "start_beats": k * every}) for k in range(copies)),
        )
        assert starts(arranged(loop), until_s=end_s) == pytest.approx(starts(arranged(unrolled)))

    def test_loops_without_bounds_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        quick = Track(id="l", clips=(clip("a", cut_end_s=0.01),), loop_every=1 / 16)
        with pytest.raises(InvalidInput, match="too short") as caught:
            placed(arranged(quick), until_s=MAX_LENGTH_S)
        assert caught.value.field == "loop_every"
        with pytest.raises(InvalidInput, match="the most"):
            placed(arranged(quick), until_s=MAX_LENGTH_S + 1)
        monkeypatch.setattr(module, "MAX_PLACED_S", 100.0)
        with pytest.raises(InvalidInput, match="too short"):
            placed(arranged(Track(id="l", clips=(clip("a", "ten"),), loop_every=1)), until_s=20.0)

    def test_clips_past_the_end_are_not_walked_again_and_again(self) -> None:
        tiny = clip("a", cut_end_s=0.001)
        far = [tiny.model_copy(update={"id": f"far-{n}", "start_beats": 399_000.0}) for n in range(500)]
        near = tiny.model_copy(update={"id": "near", "start_beats": 1 / 16})
        loop = Track(id="l", clips=(*far, near, tiny), loop_every=1 / 16)
        other = Track(id="o", clips=(tiny.model_copy(update={"id": "b", "start_beats": 200.0}),))
        plan, walked = module._Plan(arranged(loop, other, tempo_bpm=999), DURATIONS_S, {}), []

        class Seen:
            def __init__(self, placed: Placement) -> None:
                self._placed = placed

            def __getattr__(self, name: str) -> Any:
                if name == "start_s":
                    walked.append(self._placed.clip.id)
                return getattr(self._placed, name)

        plan._first["l"] = [Seen(placed) for placed in plan._first["l"]]  # type: ignore[misc]
        found = list(plan.placed(loop, 200 * 60 / 999))
        assert [p.clip.id for p in found[:4]] == ["near", "a", "near", "a"], "in the track's order, as ever"
        assert len(found) == 2 * 3200 - 1
        assert len(walked) < 3 * len(found) + len(loop.clips)

    def test_placements_come_as_they_are_asked_for(self) -> None:
        quick = Track(id="l", clips=(clip("a", cut_end_s=0.01),), loop_every=1 / 16)
        assert next(placements(arranged(quick), DURATIONS_S, until_s=MAX_LENGTH_S)).start_s == 0


class TestHeard:
    def heard(self, **given: Any) -> set[str]:
        tracks = (
            Track(id="one", clips=(clip("a"), clip("b", muted=True))),
            Track(id="two", clips=(clip("c"), clip("d", muted=True)), muted=True),
        )
        whole = arranged(*tracks, **given)
        return {clip.id for track in whole.tracks for clip in track.clips if is_heard(whole, clip, track)}

    def test_mute_and_solo(self) -> None:
        assert self.heard() == {"a"}
        assert self.heard(solo_track="one") == {"a"}
        assert self.heard(solo_track="two") == {"c"}
        assert self.heard(solo_clip="b") == {"b"}
        assert self.heard(solo_clip="d") == {"d"}

    def test_the_length_is_that_of_all(self) -> None:
        track = Track(id="t", clips=(clip("a"), clip("b", "ten", muted=True)))
        assert length_s(arranged(track, solo_clip="a"), DURATIONS_S) == 10.0
