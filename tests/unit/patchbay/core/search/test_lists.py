"""What searches read: the page, and little else."""

from collections.abc import Callable

import pytest

from patchbay.core.search import Query, lists
from patchbay.core.search.postings import KIND
from patchbay.ports import Record
from tests.fakes.records import FakeRecords
from tests.unit.patchbay.core.search.library import ADA, BOB, EVE, Library


class Counting(FakeRecords):
    """Counts the postings that are read."""

    def __init__(self) -> None:
        super().__init__()
        self.postings = 0

    def query(
        self, pk: str, *, prefix: str = "", limit: int, before: str | None = None, ascending: bool = False
    ) -> list[Record]:
        found = super().query(pk, prefix=prefix, limit=limit, before=before, ascending=ascending)
        self.postings += sum(record.kind == KIND for record in found)
        return found


def library_of(count: int, name: Callable[[int], str], owner: Callable[[int], str] = lambda n: BOB) -> Library:
    library = Library(Counting())
    for n in range(count):
        library.add(name(n), owner=owner(n))
    library.follow()
    return library


def read_by(library: Library, query: Query, *, finds: int) -> int:
    """How many postings a search reads."""
    assert isinstance(library.records, Counting)
    before = library.records.postings
    assert len(library.found(query)) == finds
    assert library.found(query) == library.expected(query)
    return (library.records.postings - before) // 2


@pytest.mark.parametrize("sort", ["latest", "oldest", "popular", "name"])
@pytest.mark.parametrize("offset", [0, 7, 40])
def test_a_page_of_one_list_reads_the_page(sort: str, offset: int) -> None:
    library = library_of(120, lambda n: "House" if n % 2 else "Techno")
    query = Query(text="house", sort=sort, limit=10, offset=offset)  # type: ignore[arg-type]
    assert read_by(library, query, finds=10) == offset + 10


def test_a_page_of_everything_and_ones_own_reads_the_page_in_both() -> None:
    library = library_of(200, lambda n: "House", lambda n: (ADA, BOB)[n % 2])
    assert read_by(library, Query(viewer=ADA, limit=10), finds=10) == 10, "ada has nothing of her own that is private"
    for sample in list(library.samples.values())[::4]:
        library.change(sample, public=False)
    library.follow()
    assert read_by(library, Query(viewer=ADA, limit=10), finds=10) == 20


def test_of_a_rare_and_a_common_word_the_rare_ones_list_is_read() -> None:
    library = library_of(600, lambda n: "House Zither" if n % 100 == 0 else "House Bass")
    for text in ("house zither", "zither house"):
        assert read_by(library, Query(text=text, limit=10), finds=6) <= 6 + lists.FIRST_BLOCK


def test_what_is_rare_here_and_common_there_is_found_on_the_way() -> None:
    """One word is on all the old samples, the other on all the late ones, and few have both."""

    def name(n: int) -> str:
        both = n in {0, 700, 1399}
        return "Alpha Beta" if both else "Alpha Old" if n < 700 else "Beta Late"

    library = library_of(1400, name)
    assert read_by(library, Query(text="alpha beta", limit=10), finds=3) < 700


def test_ranges_read_the_lists_of_their_steps() -> None:
    library = Library(Counting())
    for n in range(400):
        library.add(f"Loop {n}", bpm=70.0 + n % 120, duration_s=float(1 + n % 60))
    library.follow()
    assert read_by(library, Query(bpm=(120.0, 122.0), limit=5), finds=5) <= 2 * lists.FIRST_BLOCK
    assert read_by(library, Query(bpm=(128.0, 135.9), limit=8), finds=8) == 8
    assert read_by(library, Query(bpm=(127.0, 129.0), duration_s=(8.0, 60.0), limit=5), finds=5) <= 96


@pytest.mark.parametrize("sort", ["latest", "oldest"])
def test_of_lists_read_side_by_side_none_runs_ahead_of_another(sort: str) -> None:
    """One step of tempos has the late half and some of the early one, where the other is."""
    library = Library(Counting())
    for n in range(100):
        library.add(f"Loop {n}", bpm=130.0 if n % 2 and 20 < n < 60 else 121.0)
    library.follow()
    query = Query(bpm=(120.0, 131.0), limit=20, sort=sort)  # type: ignore[arg-type]
    assert library.found(query) == library.expected(query)


@pytest.mark.parametrize("most", range(4, 24))
def test_where_it_may_read_no_more_of_one_scope_it_tells_no_more_of_the_other(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library()
    for n in range(40):
        library.add(f"Loop {n}", public=n % 2 == 0)
    library.follow()
    query = Query(viewer=ADA, limit=10)
    monkeypatch.setattr(lists.Reader.__init__, "__defaults__", (most,))
    found = library.found(query)
    assert found == library.expected(query)[: len(found)]


@pytest.mark.parametrize("viewer", [None, EVE, BOB])
def test_a_search_reads_no_more_than_it_may(viewer: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two words that everything has, but nothing both: there is no short list."""
    library = library_of(1200, lambda n: "Alpha" if n % 2 else "Beta")
    monkeypatch.setattr(lists.Reader.__init__, "__defaults__", (300,))
    read = read_by(library, Query(text="alpha beta", viewer=viewer), finds=0)
    assert 250 <= read <= 310


def test_the_cost_of_a_page_does_not_grow_with_the_library() -> None:
    asked = [
        Query(limit=10),
        Query(text="house", limit=10),
        Query(text="house deep", sort="popular", limit=10),
        Query(text="de", owner=BOB, sort="name", limit=10),
    ]
    names = ("Deep House", "Deep Techno", "House", "Dub Techno", "Bass")
    small, large = (library_of(count, lambda n: names[n % 5]) for count in (300, 1500))
    for query in asked:
        assert read_by(large, query, finds=10) <= read_by(small, query, finds=10)
