"""Folders: a sample is in one that exists, and each counts its own."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from patchbay.core import folders as module
from patchbay.core.folders import Folders
from patchbay.core.numbers import MOST
from patchbay.domain.errors import Conflict, InvalidInput, NotFound, TooLarge
from patchbay.domain.folders import Folder
from patchbay.domain.samples import Sample
from tests.fakes.world import Tenant, World
from tests.support.library import make_sample


def first(what: Callable[[], object]) -> Callable[[object], None]:
    def rival(_: object) -> None:
        what()

    return rival


@pytest.fixture
def folders(world: World) -> Folders:
    return world.services.folders


def test_made_listed_renamed_and_deleted(world: World, ada: Tenant, bob: Tenant, folders: Folders) -> None:
    made = []
    for name in ("Drums", " Bass  lines "):
        made.append(folders.create(ada.id, name))
        world.clock.advance(seconds=1)
    assert [folder.name for folder in made] == ["Drums", "Bass lines"]
    assert folders.list(ada.id) == made
    assert folders.list(bob.id) == []
    renamed = folders.rename(ada.id, made[0].number, "Kicks")
    assert folders.get(ada.id, made[0].number) == renamed
    assert renamed.name == "Kicks"
    folders.delete(ada.id, made[0].number)
    assert folders.list(ada.id) == [made[1]]


@pytest.mark.parametrize("name", ["", " ", "x" * 300])
def test_a_folder_has_a_name(ada: Tenant, folders: Folders, name: str) -> None:
    with pytest.raises(InvalidInput) as told:
        folders.create(ada.id, name)
    assert told.value.field == "name"
    made = folders.create(ada.id, "x")
    with pytest.raises(InvalidInput):
        folders.rename(ada.id, made.number, name)


def test_a_repeated_request_makes_one(world: World, ada: Tenant, folders: Folders) -> None:
    def create() -> Folder:
        once, _ = world.services.idempotency.begin(ada.id, "key", "same")
        return folders.create(ada.id, "Drums", once)

    made = create()
    assert create() == made
    assert folders.list(ada.id) == [made]


def test_there_is_an_end_to_them(ada: Tenant, folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FOLDERS", 2)
    for name in "ab":
        folders.create(ada.id, name)
    with pytest.raises(TooLarge):
        folders.create(ada.id, "c")


def test_anothers_folder_is_not_there(world: World, ada: Tenant, bob: Tenant, folders: Folders) -> None:
    hers, his = folders.create(ada.id, "x"), make_sample(world, bob)
    for attempt in (
        lambda: folders.get(bob.id, hers.number),
        lambda: folders.rename(bob.id, hers.number, "y"),
        lambda: folders.delete(bob.id, hers.number),
        lambda: world.services.samples.set_folder(bob.id, his.number, hers.number),
        lambda: make_sample(world, bob, folder_number=hers.number),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert folders.get(ada.id, hers.number) == hers


@pytest.mark.parametrize("number", [-1, 0, 1, MOST, MOST + 1, 10**30])
def test_numbers_of_nothing(ada: Tenant, folders: Folders, number: int) -> None:
    with pytest.raises(NotFound):
        folders.get(ada.id, number)


def test_what_is_in_it_newest_first_by_pages(world: World, ada: Tenant, folders: Folders) -> None:
    drums = folders.create(ada.id, "Drums").number
    made = [make_sample(world, ada, str(n), folder_number=drums) for n in range(3)]
    make_sample(world, ada)
    owned = world.services.samples.owned
    assert owned(ada.id, limit=9, folder_number=drums) == made[::-1]
    assert owned(ada.id, limit=1, before=made[2].id, folder_number=drums) == [made[1]]
    assert owned(ada.id, limit=9, folder_number=drums + 1) == []


def test_a_folder_with_something_in_it_stays(world: World, ada: Tenant, folders: Folders) -> None:
    drums = folders.create(ada.id, "Drums").number
    made = make_sample(world, ada, folder_number=drums)
    with pytest.raises(Conflict, match="move or delete"):
        folders.delete(ada.id, drums)
    moved = world.services.samples.set_folder(ada.id, made.number, None)
    assert moved.folder_number is None
    folders.delete(ada.id, drums)


def test_a_sample_does_not_move_into_a_folder_that_goes(world: World, ada: Tenant, folders: Folders) -> None:
    drums, made = folders.create(ada.id, "Drums").number, make_sample(world, ada)
    world.records.before_write = first(lambda: folders.delete(ada.id, drums))
    with pytest.raises(NotFound):
        world.services.samples.set_folder(ada.id, made.number, drums)
    assert world.services.samples.get(made.number, ada.id).folder_number is None


def test_a_folder_does_not_go_while_a_sample_moves_in(world: World, ada: Tenant, folders: Folders) -> None:
    drums, made = folders.create(ada.id, "Drums").number, make_sample(world, ada)
    world.records.before_write = first(lambda: world.services.samples.set_folder(ada.id, made.number, drums))
    with pytest.raises(Conflict):
        folders.delete(ada.id, drums)
    assert folders.get(ada.id, drums).samples == 1


class Library(RuleBasedStateMachine):
    """Samples and folders, with somebody else who does the next thing in the middle of each."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.ada = self.world.tenant()
        self.folders, self.samples = self.world.services.folders, self.world.services.samples

    @initialize(samples=st.integers(0, 3))
    def begin(self, samples: int) -> None:
        self.made = 0
        folder = self.folders.create(self.ada.id, "x00")
        for _ in range(samples):
            make_sample(self.world, self.ada, folder_number=folder.number)

    def owned(self) -> list[Sample]:
        return self.samples.owned(self.ada.id, limit=100)

    @rule()
    def new_folder(self) -> None:
        if len(self.folders.list(self.ada.id)) < 4:
            self.made += 1
            self.folders.create(self.ada.id, f"x{self.made:02}")

    @rule(data=st.data())
    def new_sample(self, data: st.DataObject) -> None:
        make_sample(self.world, self.ada, folder_number=data.draw(self.places()))

    @precondition(lambda self: self.owned())
    @rule(data=st.data(), rival=st.booleans())
    def move(self, data: st.DataObject, rival: bool) -> None:
        sample, place = data.draw(st.sampled_from(self.owned())), data.draw(self.places())
        if rival:
            theirs = data.draw(self.places())
            self.world.records.before_write = first(lambda: self.samples.set_folder(self.ada.id, sample.number, theirs))
        assert self.samples.set_folder(self.ada.id, sample.number, place).folder_number == place
        self.world.records.before_write = None

    @precondition(lambda self: self.owned())
    @rule(data=st.data())
    def delete_sample(self, data: st.DataObject) -> None:
        self.samples.delete(self.ada.id, data.draw(st.sampled_from(self.owned())).number)

    @precondition(lambda self: self.folders.list(self.ada.id))
    @rule(data=st.data())
    def delete_folder(self, data: st.DataObject) -> None:
        folder = data.draw(st.sampled_from(self.there()))
        try:
            self.folders.delete(self.ada.id, folder.number)
        except Conflict:
            assert folder.samples

    @invariant()
    def every_folder_counts_its_own(self) -> None:
        there = {folder.number: folder.samples for folder in self.folders.list(self.ada.id)}
        told = [sample.folder_number for sample in self.owned() if sample.folder_number is not None]
        assert {number: told.count(number) for number in {*there, *told}} == there
        for number, samples in there.items():
            assert len(self.samples.owned(self.ada.id, limit=100, folder_number=number)) == samples

    def places(self) -> st.SearchStrategy[int | None]:
        return st.sampled_from([None, *(folder.number for folder in self.there())])

    def there(self) -> list[Folder]:
        """The folders, oldest first: by their numbers, which are random, a run could not be repeated."""
        return sorted(self.folders.list(self.ada.id), key=lambda folder: (folder.created_at, folder.name))


TestLibrary = Library.TestCase
TestLibrary.settings = settings(
    max_examples=30, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
