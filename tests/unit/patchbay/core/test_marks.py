"""Marks and their counter: exact, whatever others do at the same time."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.core.marks import mark
from patchbay.core.store import ATTEMPTS
from patchbay.domain.errors import Unavailable
from patchbay.ports import Write, WriteConflict
from tests.fakes.records import FakeRecords

COUNTER = ("LIKED#thing", "count")
USERS = ("ada", "bob", "eve")


def set_mark(records: FakeRecords, user: str, wanted: bool, pauses: list[float] | None = None) -> bool:
    kept = pauses if pauses is not None else []
    return mark(records, (f"LIKES#{user}", "thing"), COUNTER, "like", wanted=wanted, pause=kept.append)


def test_once_is_enough() -> None:
    records = FakeRecords()
    assert [set_mark(records, "ada", True) for _ in range(3)] == [True, False, False]
    assert records.counts([COUNTER]) == [1]
    assert [set_mark(records, "ada", False) for _ in range(3)] == [True, False, False]
    assert records.counts([COUNTER]) == [0]


@given(st.lists(st.tuples(st.sampled_from(USERS), st.booleans(), st.sampled_from((None, *USERS)), st.booleans())))
def test_the_counter_is_the_number_of_marks(steps: Sequence[tuple[str, bool, str | None, bool]]) -> None:
    records = FakeRecords()
    for user, wanted, rival, theirs in steps:
        if rival:

            def faster(_: object, rival: str = rival, theirs: bool = theirs) -> None:
                set_mark(records, rival, theirs)

            records.before_write = faster
        set_mark(records, user, wanted)
        records.before_write = None
        there = [name for name in USERS if records.get((f"LIKES#{name}", "thing"))]
        assert (user in there) is wanted
        assert records.counts([COUNTER]) == [len(there)]


class Busy(FakeRecords):
    """A table whose counter is in another transaction for the first `times` writes."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def write(self, *writes: Write) -> None:
        self.times -= 1
        if self.times >= 0:
            raise WriteConflict("TransactionConflict")
        super().write(*writes)


def test_a_counter_that_is_busy_is_waited_for_ever_longer_but_never_long() -> None:
    records, pauses = Busy(ATTEMPTS - 1), list[float]()
    assert set_mark(records, "ada", True, pauses)
    assert len(pauses) == ATTEMPTS - 1
    assert all(0 <= pause <= 0.5 for pause in pauses)
    assert records.counts([COUNTER]) == [1]


def test_a_counter_that_stays_busy_is_told() -> None:
    records = Busy(ATTEMPTS)
    with pytest.raises(Unavailable):
        set_mark(records, "ada", True)
    assert records.counts([COUNTER]) == [0]
