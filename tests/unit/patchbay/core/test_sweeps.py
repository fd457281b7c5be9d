from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.core import layout, store
from patchbay.core.sweeps import PAGE, SweepMark, found_in, sweep
from patchbay.domain.base import Entity
from patchbay.domain.errors import Unavailable
from patchbay.ports import Put
from tests.fakes.records import FakeRecords

KEY = layout.sweep_key("things")


def swept(records: FakeRecords, full: set[int], *, first: int, last: int, settled: int) -> list[int]:
    """Which stretches a sweep looks at, where those in `full` hold something that stays."""
    seen: list[int] = []

    def look(number: int) -> int:
        seen.append(number)
        return number in full

    sweep(records, "things", first=first, last=last, settled=settled, look=look)
    return seen


def mark(records: FakeRecords) -> int:
    found = store.load(records, SweepMark, KEY)
    assert found is not None
    return found.number


def test_the_first_goes_back_and_the_next_goes_on() -> None:
    records = FakeRecords()
    assert swept(records, set(), first=3, last=9, settled=7) == [3, 4, 5, 6, 7, 8, 9]
    assert swept(records, set(), first=0, last=10, settled=8) == [7, 8, 9, 10]


def test_a_stretch_in_which_something_is_left_is_looked_at_again() -> None:
    records = FakeRecords()
    swept(records, {4}, first=3, last=9, settled=7)
    assert swept(records, {4}, first=3, last=9, settled=7) == [4, 5, 6, 7, 8, 9]
    assert swept(records, set(), first=3, last=9, settled=7) == [4, 5, 6, 7, 8, 9]
    assert mark(records) == 7


def test_what_breaks_off_is_begun_again_where_it_began() -> None:
    records = FakeRecords()
    swept(records, set(), first=3, last=9, settled=5)

    def broken(number: int) -> int:
        raise Unavailable(str(number))

    with pytest.raises(Unavailable, match="5"):
        sweep(records, "things", first=0, last=9, settled=9, look=broken)
    assert mark(records) == 5


def test_what_takes_too_long_goes_on_where_it_was() -> None:
    """A Lambda that looks back far, and is ended each time, comes to the end all the same."""
    records, looked = FakeRecords(), 0

    def look(number: int) -> int:
        nonlocal looked
        looked += 1
        if looked % 70 == 0:
            raise Unavailable("out of time")
        return 0

    for _ in range(10):
        with suppress(Unavailable):
            sweep(records, "things", first=0, last=400, settled=400, look=look)
    assert mark(records) == 400


def test_two_at_once_leave_one_mark() -> None:
    records = FakeRecords()

    def rival(_: object) -> None:
        records.before_write = None
        swept(records, set(), first=3, last=9, settled=6)

    records.before_write = rival
    swept(records, set(), first=3, last=9, settled=8)
    assert mark(records) == 6


def test_sweeps_of_different_things_have_marks_of_their_own() -> None:
    records = FakeRecords()
    swept(records, set(), first=3, last=9, settled=7)
    looked_at = []

    def look(number: int) -> int:
        looked_at.append(number)
        return 0

    sweep(records, "others", first=1, last=2, settled=1, look=look)
    assert looked_at == [1, 2]


@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.integers(0, 4), st.sets(st.integers(0, 16), max_size=5)),
        min_size=1,
        max_size=6,
    )
)
def test_nothing_that_is_left_is_ever_passed_by(rounds: list[tuple[int, int, set[int]]]) -> None:
    """Whatever lies in a stretch that is not settled yet, or was left in one, a later sweep looks at."""
    records, left = FakeRecords(), set[int]()
    settled = 0
    for ahead, lag, come in rounds:
        last = settled + ahead
        new = {n for n in come if settled <= n <= last}  # nothing comes to lie where it is settled
        left = {n for n in left | new if n % 3}  # the sweep before removed some
        settled = max(settled, last - lag)
        seen = swept(records, left, first=0, last=last, settled=settled)
        assert {n for n in left if n <= last} <= set(seen)


@pytest.mark.parametrize("count", [0, 1, PAGE, PAGE + 1, 3 * PAGE])
def test_all_of_a_partition_is_found_while_it_is_emptied(count: int) -> None:
    records = FakeRecords()
    for n in range(count):
        put = layout.put(("THINGS", f"{n:04d}"), "thing", Entity(), indexes={"by_open": f"P#{n % 2}"})
        assert isinstance(put, Put)
        records.write(put)
    found = []
    for record in found_in(records, ["P#0", "P#1", "P#none"]):
        found.append(record.sk)
        records.write(layout.put((record.pk, record.sk), "thing", Entity(version=1)))  # no longer listed
    assert sorted(found) == [f"{n:04d}" for n in range(count)]
