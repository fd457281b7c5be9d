"""The leapfrog against the plain way, on random tables."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from patchbay.core.listing import matching
from patchbay.ports import Key, Put, Record
from tests.fakes.records import FakeRecords

STATES, FLOWS, BATCHES = ("queued", "failed", "done"), ("w1", "w2"), ("b1", "b2", "b3")
ITEMS = st.lists(
    st.tuples(st.sampled_from(STATES), st.sampled_from(FLOWS), st.sampled_from(BATCHES) | st.none()), max_size=60
)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "by_state": st.lists(st.sampled_from(STATES), min_size=1, unique=True),
        "by_workflow": st.lists(st.sampled_from(FLOWS), min_size=1, unique=True),
        "by_batch": st.lists(st.sampled_from(BATCHES), min_size=1, unique=True),
    },
).filter(bool)


def stored(items: list[tuple[str, str, str | None]]) -> tuple[FakeRecords, dict[str, Mapping[str, str]]]:
    records = FakeRecords()
    told: dict[str, Mapping[str, str]] = {}
    for number, (state, flow, batch) in enumerate(items):
        indexes = {"by_state": state, "by_workflow": flow, **({"by_batch": batch} if batch else {})}
        records.write(Put(Record("P", f"{number:04}", "job", "{}", 1, indexes), expected=0))
        told[f"{number:04}"] = indexes
    return records, told


@given(ITEMS, FILTERS, st.integers(1, 7), st.none() | st.integers(0, 60))
def test_exactly_what_fits_newest_first(
    items: list[tuple[str, str, str | None]], filters: dict[str, list[str]], block: int, start: int | None
) -> None:
    records, told = stored(items)
    before = None if start is None else f"{start:04}"
    wanted = [
        name
        for name in sorted(told, reverse=True)
        if (before is None or name < before) and all(told[name].get(i) in values for i, values in filters.items())
    ]
    assert list(matching(records, filters, before=before, block=block)) == wanted


def test_the_cost_follows_what_is_asked_for_not_the_table() -> None:
    """A rare value among many others is found without reading the many."""

    class Counting(FakeRecords):
        read = 0

        def index_keys(self, *args: Any, **more: Any) -> list[Key]:
            found = super().index_keys(*args, **more)
            self.read += len(found)
            return found

    records = Counting()
    for number in range(5000):
        state = "failed" if number % 1000 == 0 else "done"
        made = Record("P", f"{number:05}", "job", "{}", 1, {"by_state": state, "by_workflow": "w1"})
        records.write(Put(made, expected=0))
    found = list(matching(records, {"by_workflow": ["w1"], "by_state": ["failed"]}, block=4))
    assert found == ["04000", "03000", "02000", "01000", "00000"]
    assert records.read < 100
