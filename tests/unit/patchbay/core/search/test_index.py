"""The index follows the samples, however their changes are told."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from patchbay.core import layout, store
from patchbay.core.search import Query
from patchbay.core.search.index import GRAVE_KEPT, Indexed, indexed_key
from patchbay.core.search.kinds import entry_of
from patchbay.core.search.postings import KIND
from patchbay.domain.errors import Unavailable
from patchbay.domain.samples import Sample, SampleState
from patchbay.ports import Delete, Key, Put, Record, Write
from tests.unit.patchbay.core.search.library import ADA, BOB, Library, id_of, looked_through

MANY = tuple(f"{letter}xtended {letter}yonder" for letter in "abcdefghijklmnopqrst")
"""Tags of a sample whose postings are too many for one transaction by far."""


def held(library: Library) -> dict[Key, str]:
    """All postings there are."""
    return {key: record.body for key, record in library.records.items.items() if record.kind == KIND}


def due(library: Library) -> dict[Key, str]:
    """All that there ought to be."""
    return {record.key: record.body for sample in library.samples.values() for record in entry_of(sample).records()}


def writes_of(library: Library) -> list[Sequence[Write]]:
    """Every write from now on."""
    noted: list[Sequence[Write]] = []
    write = library.records.write

    def noting(*writes: Write) -> None:
        noted.append(writes)
        write(*writes)

    library.records.write = noting  # type: ignore[method-assign]
    return noted


def breaking(library: Library, nth: int) -> Callable[[], None]:
    """The table goes away at the nth write from now, until the call of what is returned."""
    write, left = library.records.write, [nth]

    def moody(*writes: Write) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Unavailable("busy")
        write(*writes)

    library.records.write = moody  # type: ignore[method-assign]

    def heal() -> None:
        library.records.write = write  # type: ignore[method-assign]

    return heal


def test_each_sample_is_in_the_lists_of_its_terms_in_every_order() -> None:
    library = Library()
    library.add("Deep House", scale="A Minor", bpm=121.0, duration_s=7.9, popularity=3, tags=("bass",))
    library.follow()
    lists = {pk.removeprefix("TERMS#") for pk, _ in held(library)}
    terms = {"*", "o:ada", "s:9-minor", "b:15", "d:3", "w:de", "w:deep", "w:ho", "w:hous", "w:ba", "w:bass"}
    assert lists == {f"{order}#public#{term}" for order in ("time", "rank", "name") for term in terms}
    places = {pk.split("#")[1]: sk for pk, sk in held(library)}
    assert places == {"time": id_of(1), "rank": f"003#{id_of(1)}", "name": f"deep house\t{id_of(1)}"}


def test_what_only_its_owner_may_find_is_in_no_public_list() -> None:
    library = Library()
    library.add("Secret", public=False)
    library.add("Raw", state=SampleState.PROCESSING)
    library.follow()
    assert held(library)
    assert {pk.split("#")[2] for pk, _ in held(library)} == {ADA}


def test_a_change_that_does_not_show_writes_nothing() -> None:
    library = Library()
    sample = library.add("Deep House")
    library.follow()
    library.change(sample, art_number=7, peaks=(0.5,) * 200, folder_number=3, licence_id=1)
    noted = writes_of(library)
    library.follow()
    assert noted == []


def test_a_like_more_moves_one_order_alone() -> None:
    library = Library()
    sample = library.add("Deep House", popularity=1)
    library.follow()
    library.change(sample, popularity=2)
    noted = writes_of(library)
    library.follow()
    ((_, *writes),) = noted
    keys = [write.record.key if isinstance(write, Put) else write.key for write in writes]
    assert {pk.split("#")[1] for pk, _ in keys} == {"rank"}
    assert held(library) == due(library)


def test_a_usual_sample_takes_one_write_and_none_takes_more_than_a_transaction_holds() -> None:
    library = Library()
    usual = library.add("Deep House Bass Loop", bpm=125.0, duration_s=8.0, scale="A Minor", tags=("electronic", "dark"))
    noted = writes_of(library)
    library.follow()
    assert [len(writes) for writes in noted] == [1, len(held(library)) + 1]
    noted.clear()
    library.change(usual, tags=MANY)
    library.follow()
    assert len(noted) > 3
    assert all(len(writes) <= 100 for writes in noted)
    assert held(library) == due(library)


def test_of_many_words_the_first_are_known() -> None:
    library = Library()
    library.add(" ".join(f"w{n:03d}" for n in range(70)))
    library.follow()
    assert library.names(text="w063")
    assert not library.names(text="w064")


@pytest.mark.parametrize("nth", range(12))
@pytest.mark.parametrize("change", ["first", "hide", "rename", "delete"])
def test_a_crash_at_any_write_is_made_good_by_the_next_try(nth: int, change: str) -> None:
    library = Library()
    sample = library.add("Deep House", tags=MANY)
    if change != "first":
        library.follow()
    if change == "hide":
        library.change(sample, public=False)
    elif change == "rename":
        library.change(sample, name="Tief", tags=MANY[::-1])
    elif change == "delete":
        library.remove(sample)
    pending = library.changes()
    heal = breaking(library, nth)
    try:
        for one in pending:
            library.search.index(*one)
    except Unavailable:
        assert library.names(text="axtended", limit=5) in ([], ["Tief"], ["Deep House"])
    heal()
    for one in pending:
        library.search.index(*one)
    assert held(library) == due(library)


def test_a_crash_between_two_changes_leaves_nothing_of_either() -> None:
    library = Library()
    sample = library.add("One", tags=MANY)
    library.follow()
    for name in ("Two", "Three", "Four"):
        library.change(sample, name=name, public=name == "Three", tags=tuple(f"{name} {tag}" for tag in MANY))
        heal = breaking(library, 1)
        with pytest.raises(Unavailable):
            library.follow()
        heal()
    library.change(sample, name="Five", tags=())
    library.follow()
    assert held(library) == due(library)


@pytest.mark.parametrize("rival", ["change", "hide", "delete"])
@pytest.mark.parametrize("tags", [(), MANY])
def test_of_two_at_once_the_one_who_saw_the_later_sample_wins(rival: str, tags: tuple[str, ...]) -> None:
    library = Library()
    sample = library.add("Early", tags=tags)

    def faster(writes: Sequence[Write]) -> None:
        """While the first is about to write what it saw, the sample changes and is indexed by another."""
        if rival == "delete":
            library.remove(sample)
        else:
            library.change(sample, name="Later", public=rival == "change")
        library.search.index(None, sample)

    library.search.index(None, sample)  # its owner is known now, so that the next write is the index's
    library.remove(sample)
    library.search.index(sample, None)
    sample = library.add("Early", tags=tags)
    library.records.before_write = faster
    library.search.index(None, sample)
    assert held(library) == due(library)


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_between_any_two_reads_another_may_be_faster(nth: int) -> None:
    library = Library()
    sample = library.add("Early")
    library.follow()
    library.change(sample, name="Middle")
    get, reads = library.records.get, [0]

    def interrupted(key: Key) -> Record | None:
        reads[0] += 1
        if reads[0] == nth:
            library.change(sample, name="Later")
            library.search.index(None, sample)
        return get(key)

    library.records.get = interrupted  # type: ignore[method-assign]
    library.search.index(None, sample)
    assert held(library) == due(library)


def test_a_sample_that_went_while_it_was_indexed_leaves_nothing() -> None:
    """Its end was told before its beginning was written, when there was nothing to take away yet."""
    library = Library()
    sample = library.add("Brief")
    library.search.index(None, library.add("Other"))

    def faster(writes: Sequence[Write]) -> None:
        library.remove(sample)
        library.search.index(sample, None)

    library.records.before_write = faster
    library.search.index(None, sample)
    assert held(library) == due(library)
    stored = library.records.get(indexed_key(ADA, sample.id))
    assert stored is not None
    assert stored.expires_at == int((library.clock.now() + GRAVE_KEPT).timestamp())


def test_a_sample_that_never_rests_is_left_to_the_next_try() -> None:
    library = Library()
    sample = library.add("Busy")
    library.search.index(None, library.add("Other"))
    key = indexed_key(ADA, sample.id)

    def always(*writes: Write) -> None:
        stored = library.records.get(key)
        old = layout.entity(Indexed, stored) if stored else Indexed()
        write(layout.put(key, "indexed", old))
        write(*writes)

    write, library.records.write = library.records.write, always  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        library.search.index(None, sample)
    library.records.write = write  # type: ignore[method-assign]
    library.search.index(None, sample)
    assert held(library) == due(library)


class TestRebuild:
    @pytest.fixture
    def library(self) -> Library:
        library = Library()
        for n in range(130):
            library.add(f"Loop {n}", owner=(ADA, BOB)[n % 2], public=n % 3 > 0)
        library.follow()
        return library

    def rebuilt(self, library: Library) -> int:
        return sum(library.search.rebuild(owner) for owner in sorted(library.search.owners()))

    def test_a_sound_index_stays_as_it_is(self, library: Library) -> None:
        before = held(library)
        assert self.rebuilt(library) == 130
        assert held(library) == before == due(library)

    @pytest.mark.parametrize("kinds", [{KIND}, {KIND, "indexed"}])
    def test_a_lost_index_is_made_again(self, library: Library, kinds: set[str]) -> None:
        for key, record in list(library.records.items.items()):
            if record.kind in kinds:
                library.records.write(Delete(key, None))
        assert self.rebuilt(library) == 130
        assert held(library) == due(library)

    def test_what_the_stream_lost_is_caught_up_with(self, library: Library) -> None:
        gone, changed = library.samples[7], library.samples[8]
        library.remove(gone)
        library.change(changed, name="Changed", public=False)
        library.add("New")
        library.changes()
        assert self.rebuilt(library) == 131
        assert held(library) == due(library)
        assert self.rebuilt(library) == 130, "a grave is no sample"

    def test_one_owner_alone(self, library: Library) -> None:
        for key, record in list(library.records.items.items()):
            if record.kind in {KIND, "indexed"}:
                library.records.write(Delete(key, None))
        assert library.search.rebuild(BOB) == 65
        assert held(library) == {k: b for k, b in due(library).items() if '"owner":"bob"' in b}
        assert library.search.rebuild("nobody") == 0

    def test_terms_of_an_older_index_are_taken_away(self, library: Library) -> None:
        """The note of what is held says where, so that rules can change."""
        sample = library.samples[2]
        key = indexed_key(sample.tenant_id, sample.id)
        note = store.load(library.records, Indexed, key)
        assert note is not None
        assert note.entry is not None
        old = note.entry.model_copy(update={"terms": (*note.entry.terms, "x:old")})
        puts = [Put(record, None) for record in old.records()]
        library.records.write(layout.put(key, "indexed", note.model_copy(update={"entry": old})), *puts)
        assert held(library) != due(library)
        library.search.rebuild(sample.tenant_id)
        assert held(library) == due(library)


NAMES = st.lists(st.sampled_from(["Deep", "House", "Bass", "Tief"]), min_size=1, max_size=3).map(" ".join)


class Streamed(RuleBasedStateMachine):
    """Samples change, and their changes are told late, twice, in any order, by several who may die at any write."""

    def __init__(self) -> None:
        super().__init__()
        self.library = Library()
        self.pending: list[tuple[Sample | None, Sample | None]] = []
        self.told: list[tuple[Sample | None, Sample | None]] = []

    @rule(name=NAMES, owner=st.sampled_from([ADA, BOB]), public=st.booleans(), many=st.booleans())
    def add(self, name: str, owner: str, public: bool, many: bool) -> None:
        self.library.add(name, owner=owner, public=public, tags=MANY if many else ())

    @precondition(lambda self: self.library.samples)
    @rule(
        chance=st.randoms(use_true_random=False),
        changes=st.fixed_dictionaries(
            {},
            optional={
                "name": NAMES,
                "public": st.booleans(),
                "popularity": st.integers(0, 9),
                "tags": st.sampled_from([(), ("one",), MANY]),
                "bpm": st.sampled_from([None, 90.0]),
                "state": st.sampled_from(list(SampleState)),
            },
        ),
    )
    def change(self, chance: random.Random, changes: dict[str, Any]) -> None:
        self.library.change(chance.choice(list(self.library.samples.values())), **changes)

    @precondition(lambda self: self.library.samples)
    @rule(chance=st.randoms(use_true_random=False))
    def remove(self, chance: random.Random) -> None:
        self.library.remove(chance.choice(list(self.library.samples.values())))

    @rule(
        chance=st.randoms(use_true_random=False),
        twice=st.booleans(),
        dies_at=st.one_of(st.none(), st.integers(0, 4)),
    )
    def tell(self, chance: random.Random, twice: bool, dies_at: int | None) -> None:
        """Some of what changed is told, in any order; some of it comes again later."""
        self.pending += self.library.changes()
        chance.shuffle(self.pending)
        some = self.pending[: chance.randint(0, len(self.pending))]
        heal = breaking(self.library, dies_at) if dies_at is not None else lambda: None
        try:
            for one in [*some, *(chance.sample(self.told, len(self.told) // 2) if twice else [])]:
                self.library.search.index(*one)
        except Unavailable:
            return
        finally:
            heal()
        self.pending = self.pending[len(some) :]
        self.told += some

    @invariant()
    def nobody_is_told_what_is_not_there_or_not_for_them(self) -> None:
        for viewer in (None, ADA, BOB):
            query = Query(viewer=viewer, limit=100)
            found = self.library.found(query)
            there = {sample.id for sample in looked_through(self.library.samples.values(), query)}
            assert set(found) <= there
            assert len(set(found)) == len(found)

    def teardown(self) -> None:
        self.pending += self.library.changes()
        for one in self.pending:
            self.library.search.index(*one)
        assert held(self.library) == due(self.library)
        for query in (Query(viewer=ADA, limit=100), Query(text="bass", limit=100), Query(sort="popular", limit=100)):
            assert self.library.found(query) == self.library.expected(query)


TestStreamed = pytest.mark.slow(Streamed.TestCase)
TestStreamed.settings = settings(max_examples=50, stateful_step_count=25, deadline=None)


def test_a_posting_is_small() -> None:
    library = Library()
    library.add("Deep House Bass Loop", bpm=125.0, duration_s=8.0, scale="A Minor", tags=("electronic", "dark"))
    library.follow()
    records = [Record(*key, KIND, body) for key, body in held(library).items()]
    assert len(records) < 99
    assert max(len(record.pk + record.sk + record.body) for record in records) < 400
