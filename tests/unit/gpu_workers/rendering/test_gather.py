import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpu_workers.rendering import prepare
from gpu_workers.rendering.events import Event
from gpu_workers.rendering.gather import gathered
from gpu_workers.rendering.material import Cut
from gpu_workers.rendering.schedule import cuts
from tests.unit.gpu_workers.rendering.sessions import RATE_HZ, Desk, clip, noise, track

SOURCE = Path("source")
LENGTH_S = 3.0
few = settings(max_examples=40, deadline=None)


def event(begin: int, count: int, *, speed: float = 1.25, pitch: float = 1.0, path: Path = SOURCE) -> Event:
    cut = Cut(path, 2, begin, count, speed, pitch)
    return Event(0, cut.frames, cut, False, 1.0, 1.0, (), 0)


def spans(*found: Event) -> list[tuple[int, int]]:
    return [(cut.begin, cut.begin + cut.count) for cut in cuts(gathered(found, RATE_HZ))]


stretches = st.builds(
    event,
    st.integers(0, 60 * RATE_HZ),
    st.integers(1, 20 * RATE_HZ),
    speed=st.sampled_from((0.37, 1.25)),
    pitch=st.sampled_from((1.0, 1.5)),
)


@given(st.lists(stretches, max_size=30), st.booleans())
@few
def test_every_event_plays_what_it_did(events: list[Event], backwards: bool) -> None:
    events = [replace(one, backwards=backwards) for one in events]
    found = gathered(events, RATE_HZ)
    for before, after in zip(events, found, strict=True):
        assert replace(after, cut=before.cut, skip=0) == before
        cut, span = before.cut, after.cut
        assert (span.path, span.channels, span.speed, span.pitch) == (cut.path, cut.channels, cut.speed, cut.pitch)
        assert 0 <= after.skip <= span.frames - cut.frames
        skipped = span.frames - after.skip - cut.frames if backwards else after.skip
        assert abs(span.begin + skipped * cut.speed - cut.begin) <= 1.5 * cut.speed


@given(st.lists(stretches, max_size=30))
@few
def test_it_is_never_more_work(events: list[Event]) -> None:
    before, after = cuts(events), cuts(gathered(events, RATE_HZ))
    assert len(after) <= len(before)
    joins = len(before) - len(after)
    assert sum(cut.count for cut in after) <= sum(cut.count for cut in before) + joins * 0.1 * RATE_HZ
    longest = max((cut.count for cut in before), default=0)
    assert max((cut.count for cut in after), default=0) <= max(longest, 15 * RATE_HZ)


def test_what_overlaps_meets_or_nearly_meets_is_one() -> None:
    assert spans(event(1000, 9000), event(5000, 9000)) == [(1000, 14_000)]
    assert spans(event(5000, 9000), event(1000, 4000)) == [(1000, 14_000)]
    assert spans(event(0, 5000), event(9000, 100)) == [(0, 9100)]
    assert spans(event(0, 9000), event(2000, 3000)) == [(0, 9000)]


def test_what_differs_or_lies_apart_stays() -> None:
    one = event(0, 9000)
    for other in (event(100, 9000, speed=1.3), event(100, 9000, pitch=2.0), event(100, 9000, path=Path("other"))):
        assert gathered([one, other], RATE_HZ) == [one, other]
    assert gathered([one, event(9000 + RATE_HZ, 10)], RATE_HZ) == [one, event(9000 + RATE_HZ, 10)]
    plain = [event(0, 9000, speed=1.0), event(4000, 9000, speed=1.0)]
    assert gathered(plain, RATE_HZ) == plain


def test_a_long_one_takes_in_what_lies_in_it_and_grows_no_further() -> None:
    long = event(0, 60 * RATE_HZ)
    assert spans(long, event(RATE_HZ, RATE_HZ)) == [(0, 60 * RATE_HZ)]
    over = (59 * RATE_HZ, 2 * RATE_HZ)
    assert spans(long, event(*over)) == [(0, 60 * RATE_HZ), (over[0], sum(over))]


@pytest.fixture(scope="module")
def one_core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prepare, "cores", lambda: 1)  # no process for so little
        yield Desk(tmp_path_factory.mktemp("desk"), {"noise": noise(LENGTH_S)})


@pytest.mark.slow
class TestSound:
    @given(
        at_s=st.lists(st.floats(0.05, LENGTH_S - 0.05), min_size=1, max_size=4, unique=True),
        speed=st.sampled_from((0.6, 0.9137, 1.25, 1.7)),
        semitones=st.sampled_from((0, -5, 3)),
        start_beats=st.floats(0, 3),
        backwards=st.booleans(),
    )
    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_a_stretched_clip_that_was_split_sounds_as_before(
        self, one_core: Desk, at_s: list[float], speed: float, semitones: int, start_beats: float, backwards: bool
    ) -> None:
        marks = [0.0, *sorted(at_s), LENGTH_S]
        beat_s = 60 / 120
        more = {"speed": speed, "semitones": semitones, "reversed": backwards}
        parts = []
        for number, (cut_s, end_s) in enumerate(itertools.pairwise(marks)):
            into_s = (LENGTH_S - end_s if backwards else cut_s) / speed
            part = clip(str(number), "noise", start_beats + into_s / beat_s, cut_start_s=cut_s, cut_end_s=end_s, **more)
            parts.append(part)
        whole = one_core.mix(one_core.arranged(track("t", clip("a", "noise", start_beats, **more))))
        split = one_core.mix(one_core.arranged(track("t", *parts)))
        assert abs(len(whole) - len(split)) <= 2
        middle = slice(round(start_beats * beat_s * RATE_HZ) + 10, min(len(whole), len(split)) - 10)
        # Where a part begins is rounded to a frame of its own.
        assert any(np.array_equal(split[middle], np.roll(whole, lag, axis=0)[middle]) for lag in (0, -1, 1))

    def test_a_range_is_a_slice_of_the_whole(self, one_core: Desk) -> None:
        slices = [clip(str(k), start_beats=2 * k, cut_start_s=k * 0.7, cut_end_s=k * 0.7 + 0.9, speed=1.1)
                  for k in range(3)]  # fmt: skip
        whole = one_core.rendered(one_core.arranged(track("t", *slices)))
        part = one_core.rendered(one_core.arranged(track("t", *slices)), start_s=1.0, end_s=1.6)
        np.testing.assert_array_equal(part, whole[RATE_HZ : round(1.6 * RATE_HZ)])

    def test_what_is_heard_is_where_it_was_and_as_loud(self, tmp_path: Path, one_core: Desk) -> None:
        t = np.arange(2 * RATE_HZ) / RATE_HZ
        sound = 0.05 * np.sin(2 * np.pi * 300 * t)
        sound[RATE_HZ : RATE_HZ + 60] += np.hanning(60)
        desk = Desk(tmp_path / "desk", {"noise": sound})
        one = clip("a", cut_start_s=0.5, cut_end_s=1.5, speed=0.8)
        alone = desk.mix(desk.arranged(track("t", one)))[:, 0]
        other = clip("b", start_beats=8, cut_start_s=0.2, cut_end_s=1.2, speed=0.8)
        among = desk.mix(desk.arranged(track("t", one, other)))[: len(alone), 0]
        for made in (alone, among):
            assert abs(int(np.argmax(np.abs(made))) - (0.5 / 0.8) * RATE_HZ) < 0.003 * RATE_HZ + 60
            for part in (made[2000:20_000], made[35_000:-2000]):
                assert 20 * np.log10(part.std() * np.sqrt(2) / 0.05) == pytest.approx(0, abs=0.5)
