"""Whose turn it is: one alone, for a while."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from patchbay.core import layout, turns
from tests.fakes.clock import FakeClock
from tests.fakes.records import FakeRecords


@given(st.lists(st.integers(0, 400), max_size=30))
def test_it_is_one_alones_until_its_end(waits_s: list[int]) -> None:
    records, clock = FakeRecords(), FakeClock()
    ends = clock.now()
    for wait_s in waits_s:
        clock.advance(seconds=wait_s)
        assert turns.take(records, clock, "a") is (clock.now() >= ends)
        ends = max(ends, clock.now() + turns.LASTS) if clock.now() >= ends else ends


def test_each_thing_has_its_own() -> None:
    records, clock = FakeRecords(), FakeClock()
    assert [turns.take(records, clock, what) for what in ("a", "b", "a")] == [True, True, False]


def test_of_two_who_looked_at_once_one_has_it() -> None:
    for held in (False, True):
        records, clock = FakeRecords(), FakeClock()
        if held:
            turns.take(records, clock, "a")
            clock.advance(seconds=turns.LASTS.total_seconds())
        answers: list[bool] = []

        def meanwhile(_: object, records: FakeRecords = records, clock: FakeClock = clock) -> None:
            records.before_write = None
            answers.append(turns.take(records, clock, "a"))  # noqa: B023 - called within the round

        records.before_write = meanwhile
        answers.append(turns.take(records, clock, "a"))
        assert answers == [True, False]


def test_what_is_over_is_dropped_some_time() -> None:
    records, clock = FakeRecords(), FakeClock()
    turns.take(records, clock, "a")
    (stored,) = records.items.values()
    assert stored.key == layout.turn_key("a")
    assert stored.expires_at is not None
    assert timedelta() < timedelta(seconds=stored.expires_at - clock.now().timestamp()) - turns.LASTS <= turns.KEPT
