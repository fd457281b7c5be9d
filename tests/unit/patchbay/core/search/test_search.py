"""Searches, held against a look at every sample."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchbay.core.search import Query, lists
from patchbay.core.search.query import MAX_WORDS
from patchbay.core.search.words import words
from patchbay.domain.errors import InvalidInput
from patchbay.domain.samples import SampleState
from tests.unit.patchbay.core.search.library import ADA, BOB, EVE, Library

OWNERS = (ADA, BOB)
WORDS = (
    "Deep",
    "House",
    "Hous",
    "Café",
    "cafe",
    "Bass",
    "bassline",
    "Lo-Fi",
    "808",
    "8",
    "Ärger",
    "techno",
    "technoid",
)
SCALES = ("", "A Minor", "C# Major", "Db Major", "F# Dorian")
BPMS = st.one_of(st.none(), st.sampled_from([59.5, 60.0, 119.99, 120.0, 128.0, 174.0, 199.9, 200.0, 320.0]))
LENGTHS = st.one_of(st.none(), st.sampled_from([0.2, 0.99, 1.0, 3.9, 4.0, 30.0, 100.0, 3600.0, 90_000.0]))
TAGS = ("house", "lo-fi", "café", "808", "deep house")

facts = st.fixed_dictionaries(
    {
        "owner": st.sampled_from(OWNERS),
        "name": st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join),
        "public": st.booleans(),
        "state": st.sampled_from([SampleState.READY, SampleState.READY, SampleState.PROCESSING, SampleState.FAILED]),
        "scale": st.sampled_from(SCALES),
        "bpm": BPMS,
        "duration_s": LENGTHS,
        "tags": st.lists(st.sampled_from(TAGS), max_size=2, unique=True).map(tuple),
        "popularity": st.integers(0, 12),
    }
)


@st.composite
def bounds(draw: st.DrawFn, values: st.SearchStrategy[float | None]) -> tuple[float | None, float | None]:
    low, high = draw(st.one_of(st.just((None, None)), st.tuples(values, values)))
    return (high, low) if low is not None and high is not None and low > high else (low, high)


queries = st.builds(
    Query,
    text=st.one_of(
        st.just(""),
        st.lists(st.sampled_from([*WORDS, "HOU", "ho", "caf", "lofi", "techn", "x"]), max_size=3).map(" ".join),
    ),
    owner=st.sampled_from([None, None, *OWNERS]),
    public_only=st.booleans(),
    viewer=st.sampled_from([None, ADA, BOB, EVE]),
    scale=st.sampled_from(["", "", *SCALES]),
    bpm=bounds(BPMS),
    duration_s=bounds(LENGTHS),
    tags=st.lists(st.sampled_from(TAGS), max_size=2, unique=True).map(tuple),
    sort=st.sampled_from(["latest", "oldest", "popular", "name"]),
    limit=st.integers(1, 8),
    offset=st.integers(0, 6),
)


def filled(samples: list[dict[str, Any]]) -> Library:
    library = Library()
    for sample in samples:
        library.add(**sample)
    library.follow()
    return library


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(st.lists(facts, max_size=25), st.lists(queries, min_size=1, max_size=8))
def test_found_is_what_a_look_at_every_sample_finds(samples: list[dict[str, Any]], asked: list[Query]) -> None:
    library = filled(samples)
    for query in asked:
        assert library.found(query) == library.expected(query)


@settings(max_examples=40, deadline=None)
@given(st.lists(facts, min_size=10, max_size=60), queries, st.integers(1, 4), st.integers(1, 4))
def test_blocks_of_any_size_find_the_same(
    samples: list[dict[str, Any]], query: Query, first: int, smallest: int
) -> None:
    library = filled(samples)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lists, "FIRST_BLOCK", first)
        patch.setattr(lists, "SMALLEST_BLOCK", smallest)
        patch.setattr(lists, "LARGEST_BLOCK", 2 * first)
        assert library.found(query) == library.expected(query)


@settings(max_examples=40, deadline=None)
@given(st.lists(facts, min_size=10, max_size=60), queries, st.integers(0, 60))
def test_a_search_that_may_read_little_finds_the_first_of_what_there_is(
    samples: list[dict[str, Any]], query: Query, most: int
) -> None:
    """Right as far as it goes: none left out between two that are told."""
    library = filled(samples)
    expected = library.expected(query)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lists.Reader.__init__, "__defaults__", (most,))
        patch.setattr(lists, "FIRST_BLOCK", 2)
        found = library.found(query)
    assert found == expected[: len(found)]


@settings(max_examples=40, deadline=None)
@given(st.lists(facts, max_size=25), st.sampled_from(["latest", "oldest", "popular", "name"]), st.integers(1, 7))
def test_pages_together_are_the_whole(samples: list[dict[str, Any]], sort: Any, limit: int) -> None:
    library = filled(samples)
    pages = [library.found(Query(viewer=ADA, sort=sort, limit=limit, offset=offset)) for offset in range(0, 30, limit)]
    together = [sample_id for page in pages for sample_id in page]
    assert together == library.expected(Query(viewer=ADA, sort=sort, limit=100))
    assert len(set(together)) == len(together)


class TestWhoFindsWhat:
    @pytest.fixture
    def library(self) -> Library:
        library = Library()
        library.add("Open Ada")
        library.add("Hidden Ada", public=False)
        library.add("Raw Ada", state=SampleState.PROCESSING)
        library.add("Broken Ada", state=SampleState.FAILED)
        library.add("Open Bob", owner=BOB)
        library.add("Hidden Bob", owner=BOB, public=False)
        library.follow()
        return library

    @pytest.mark.parametrize("viewer", [None, EVE])
    @pytest.mark.parametrize("public_only", [False, True])
    def test_others_find_what_is_public_and_ready(
        self, library: Library, viewer: str | None, public_only: bool
    ) -> None:
        asked = {"viewer": viewer, "public_only": public_only, "sort": "oldest"}
        assert library.names(**asked) == ["Open Ada", "Open Bob"]
        assert library.names(**asked, owner=ADA) == ["Open Ada"]
        assert library.names(**asked, text="hidden") == []

    def test_an_owner_finds_its_own_too(self, library: Library) -> None:
        mine = ["Open Ada", "Hidden Ada", "Raw Ada", "Broken Ada"]
        assert library.names(viewer=ADA, sort="oldest") == [*mine, "Open Bob"]
        assert library.names(viewer=ADA, owner=ADA, sort="oldest") == mine
        assert library.names(viewer=ADA, owner=BOB) == ["Open Bob"]
        assert library.names(viewer=ADA, public_only=True, owner=ADA) == ["Open Ada"]
        assert library.names(viewer=ADA, text="hidd") == ["Hidden Ada"]

    def test_what_the_index_says_of_old_is_not_told(self, library: Library) -> None:
        shown = next(sample for sample in library.samples.values() if sample.name == "Open Ada")
        library.change(shown, public=False)
        assert library.names(text="open", viewer=EVE) == ["Open Bob"]
        assert library.names(text="open", viewer=ADA, sort="oldest") == ["Open Ada", "Open Bob"]
        library.remove(shown)
        assert library.names(text="open", viewer=ADA) == ["Open Bob"]

    def test_a_page_is_filled_up_where_the_index_is_behind(self, library: Library) -> None:
        more = [library.add(f"Late {n}") for n in range(20)]
        library.follow()
        for sample in more[5:15]:
            library.change(sample, public=False)
        assert library.names(text="late", limit=8) == [f"Late {n}" for n in (19, 18, 17, 16, 15, 4, 3, 2)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("jazz", ["Jazz Café", "Jazzy Keys"]),
        ("cafe", ["Jazz Café"]),
        ("CAFÉ jaz", ["Jazz Café"]),
        ("caf jazz", []),
        ("lofi", ["Lo-Fi Piano"]),
        ("piano lo", ["Lo-Fi Piano"]),
        ("  ", ["Jazz Café", "Jazzy Keys", "Lo-Fi Piano"]),
        ("\U0001f525", []),
        ("j", []),
        ("jazz c", ["Jazz Café"]),
        ("p l", []),
        ("jazz jazz jazz", ["Jazz Café"]),
    ],
)
def test_texts(text: str, found: list[str]) -> None:
    library = Library()
    for name in ("Jazz Café", "Jazzy Keys", "Lo-Fi Piano"):
        library.add(name)
    library.follow()
    assert library.names(text=text, sort="name") == found


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"offset": -1}, "offset"),
        ({"offset": 5001}, "offset"),
        ({"sort": "random"}, "sort"),
        ({"text": "x" * 201}, "text"),
        ({"text": "x " * 17}, "text"),
        ({"scale": "H Moll"}, "scale"),
        ({"bpm": (120.0, 119.0)}, "bpm"),
        ({"bpm": (float("nan"), None)}, "bpm"),
        ({"duration_s": (None, float("inf"))}, "duration_s"),
        ({"tags": ("",)}, "tags"),
        ({"tags": tuple(f"t{n}" for n in range(21))}, "tags"),
    ],
)
def test_what_cannot_be_searched_for_is_refused_by_name(asked: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as told:
        Library().search.find(Query(**asked))
    assert told.value.field == field


@given(st.text(max_size=200), st.floats(allow_nan=False, allow_infinity=False))
def test_whatever_is_asked_for_there_is_an_answer(text: str, bound: float) -> None:
    library = Library()
    library.add("808", bpm=120.0, duration_s=3.0)
    library.follow()
    asked: dict[str, Any] = {"bpm": (bound, None), "duration_s": (None, bound)}
    if len(words(text)) > MAX_WORDS:
        with pytest.raises(InvalidInput, match="words"):
            library.names(text=text, **asked)
    else:
        assert library.names(text=text, **asked) in (["808"], [])


def test_what_has_many_words_is_found_by_each_of_its_tags() -> None:
    library = Library()
    tags = (
        "late night", "hand made", "soft pads", "warm keys", "vinyl noise", "old tape", "lo-fi", "deep house", "slow",
        "jazzy chords", "field recording", "one shot", "dusty drums", "rainy day",
    )  # fmt: skip
    library.add("Sunday morning slow jam take two final mix", tags=tags)
    library.follow()
    for tag in tags:
        assert library.names(public_only=True, tags=(tag,), limit=5), tag
        assert library.names(public_only=True, text=tag, limit=5), tag
