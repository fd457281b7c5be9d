from datetime import timedelta

import pytest

from patchbay.core.search.trends import KEY, LASTS, LATEST, MOST, OF_ONE_OWNER
from patchbay.domain.errors import InvalidInput
from patchbay.ports import WriteConflict
from tests.unit.patchbay.core.search.library import ADA, Library


def tagged(library: Library, tag: str, count: int, *, owners: int = 100, **more: object) -> None:
    for n in range(count):
        library.add(f"{tag} {n}", owner=f"owner {n % owners}", tags=(tag,), **more)


def test_tags_by_how_many_have_them_then_by_name() -> None:
    library = Library()
    for tag, count in (("house", 5), ("bass", 3), ("ambient", 3), ("dub", 1)):
        tagged(library, tag, count)
    library.follow()
    assert library.search.explore(100) == [("house", 5), ("ambient", 3), ("bass", 3), ("dub", 1)]
    assert library.search.explore(2) == [("house", 5), ("ambient", 3)]


def test_nothing_private_sets_a_fashion() -> None:
    library = Library()
    tagged(library, "secret", 9, public=False)
    library.add("open", tags=("open",))
    library.follow()
    assert library.search.explore(9) == [("open", 1)]


def test_nobody_makes_a_fashion_alone() -> None:
    library = Library()
    tagged(library, "spam", 5 * OF_ONE_OWNER, owners=1)
    tagged(library, "house", OF_ONE_OWNER + 1)
    library.follow()
    assert library.search.explore(9) == [("house", OF_ONE_OWNER + 1), ("spam", OF_ONE_OWNER)]


def test_only_the_latest_count() -> None:
    library = Library()
    tagged(library, "old", 10)
    tagged(library, "new", LATEST - 4, owners=1000)
    library.follow()
    assert library.search.explore(9) == [("new", LATEST - 4), ("old", 4)]


def test_it_is_counted_now_and_then_and_looked_up_meanwhile() -> None:
    library = Library()
    library.add("one", tags=("one",))
    library.follow()
    assert library.search.explore(5) == [("one", 1)]
    library.add("two", owner="bob", tags=("one", "two"))
    library.follow()
    before = library.records.read_bytes
    assert library.search.explore(5) == [("one", 1)]
    stored = library.records.get(KEY)
    assert stored is not None
    assert library.records.read_bytes - before == 2 * len(stored.body)
    library.clock.advance(seconds=LASTS.total_seconds())
    assert library.search.explore(5) == [("one", 2), ("two", 1)]
    library.clock.at -= timedelta(days=1)
    library.add("three", tags=("three",))
    library.follow()
    assert library.search.explore(1) == [("one", 2)], "a clock that was ahead does not make it last for ever"
    assert len(library.search.explore(9)) == 3


def test_who_counts_at_the_same_time_does_no_harm() -> None:
    library = Library()
    library.add("one", owner=ADA, tags=("one",))
    library.follow()

    def refused(*writes: object) -> None:
        raise WriteConflict("another was faster")

    library.records.write = refused  # type: ignore[method-assign]
    assert library.search.explore(5) == [("one", 1)]


@pytest.mark.parametrize("limit", [0, -1, MOST + 1])
def test_how_many_can_be_asked_for(limit: int) -> None:
    with pytest.raises(InvalidInput) as told:
        Library().search.explore(limit)
    assert told.value.field == "limit"


def test_an_empty_library_has_no_fashion() -> None:
    assert Library().search.explore(5) == []
