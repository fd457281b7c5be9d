"""Projects in the index: found like samples, apart from them, at the cost of a page."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchbay.core.layout_projects import project_key, put_project
from patchbay.core.search import Query, Search
from patchbay.core.search.index import indexed_key
from patchbay.core.search.kinds import PROJECTS, entry_of
from patchbay.core.search.postings import KIND
from patchbay.domain.errors import InvalidInput
from patchbay.domain.projects import Document, Project
from patchbay.ports import Delete, Key
from tests.fakes.clock import START, FakeClock
from tests.fakes.records import FakeRecords
from tests.unit.patchbay.core.search.library import ADA, BOB, Library, id_of, plain_words

NAMES = ("Epic House", "Epic", "House", "Café Noir", "deep cafe")


class Sessions:
    """Projects whose index follows at once."""

    def __init__(self, records: FakeRecords | None = None) -> None:
        self.records = records or FakeRecords()
        self.search = Search(self.records, FakeClock())
        self.projects: dict[str, Project] = {}

    def add(self, name: str, *, owner: str = ADA, public: bool = True, **more: Any) -> Project:
        number = len(self.projects) + 1
        facts = {"tempo_bpm": 120.0, "duration_s": 60.0, **more}
        document = Document(revision=1, name=name, sha256="x", size_bytes=1, saved_at=START, **facts)
        project = Project(
            id=id_of(number),
            tenant_id=owner,
            public=public,
            revision=1,
            document=document,
            created_at=START,
            updated_at=START,
        )
        return self.store(project)

    def store(self, project: Project) -> Project:
        self.records.write(put_project(project))
        self.projects[project.id] = stored = project.model_copy(update={"version": project.version + 1})
        self.search.index(None, stored)
        return stored

    def change(self, project: Project, **more: Any) -> Project:
        return self.store(self.projects[project.id].model_copy(update=more))

    def renamed(self, project: Project, name: str) -> Project:
        return self.change(project, document=project.document.model_copy(update={"name": name}))

    def remove(self, project: Project) -> None:
        gone = self.projects.pop(project.id)
        self.records.write(Delete(project_key(gone.tenant_id, gone.id), None))
        self.search.index(gone, None)

    def names(self, **asked: Any) -> list[str]:
        return [project.name for project in self.search.projects(Query(**asked))]

    def held(self) -> dict[Key, str]:
        return {key: record.body for key, record in self.records.items.items() if record.kind == KIND}


def test_a_project_is_in_one_order_under_few_terms() -> None:
    sessions = Sessions()
    sessions.add("Epic House", tempo_bpm=121.0, duration_s=7.9)
    lists = {pk.removeprefix("TERMS#") for pk, _ in sessions.held()}
    terms = {"*", "o:ada", "b:15", "d:3", "w:ep", "w:epic", "w:ho", "w:hous"}
    assert lists == {f"project-time#public#{term}" for term in terms}


def test_samples_and_projects_do_not_meet() -> None:
    library = Library()
    sessions = Sessions(library.records)
    library.add("Epic House")
    library.follow()
    sessions.add("Epic House")
    assert len(library.names(text="epic")) == len(sessions.names(text="epic")) == 1
    assert sessions.search.projects(Query())[0].tenant_id == ADA
    sessions.remove(next(iter(sessions.projects.values())))
    assert (library.names(text="epic"), sessions.names(text="epic")) == (["Epic House"], [])


def test_a_save_that_does_not_show_writes_nothing() -> None:
    sessions = Sessions()
    project = sessions.add("Epic House")
    before = {key: stored for key, stored in sessions.records.items.items() if key != project_key(ADA, project.id)}
    document = project.document.model_copy(update={"revision": 2, "sha256": "y", "size_bytes": 9, "label": "2"})
    sessions.change(project, revision=2, document=document, earlier=(1,), updated_at=START + timedelta(hours=1))
    after = {key: stored for key, stored in sessions.records.items.items() if key != project_key(ADA, project.id)}
    assert after == before


def test_what_is_being_made_costs_the_index_nothing() -> None:
    sessions = Sessions()
    project = sessions.add("Epic House", public=False)
    written = set(sessions.records.items)
    begun = project.model_copy(update={"id": id_of(77), "version": 0, "keep_until": START})
    sessions.store(begun)
    assert set(sessions.records.items) - written == {project_key(ADA, id_of(77))}
    assert sessions.names(viewer=ADA) == ["Epic House"]
    sessions.change(sessions.projects[id_of(77)], keep_until=None)
    assert len(sessions.names(viewer=ADA)) == 2


@pytest.mark.parametrize("public", [True, False])
def test_what_is_being_removed_is_found_by_nobody(public: bool) -> None:
    sessions = Sessions()
    project = sessions.add("Epic House", public=public)
    other = sessions.add("Other")
    sessions.records.write(put_project(sessions.projects[project.id].model_copy(update={"keep_until": START})))
    for viewer in (ADA, BOB, None):
        assert sessions.names(viewer=viewer) == ["Other"], "before the index knows"
    sessions.search.index(None, project)
    assert {sk for _, sk in sessions.held()} == {other.id}


def test_who_finds_what() -> None:
    sessions = Sessions()
    secret = sessions.add("Secret", public=False)
    sessions.add("Open")
    assert sessions.names(viewer=ADA) == ["Open", "Secret"]
    assert sessions.names(viewer=ADA, public_only=True) == sessions.names(viewer=BOB) == sessions.names() == ["Open"]
    sessions.change(secret, public=True)
    assert sessions.names() == ["Open", "Secret"]
    assert {pk.split("#")[2] for pk, _ in sessions.held()} == {"public"}


@given(
    made=st.lists(
        st.fixed_dictionaries(
            {
                "name": st.sampled_from(NAMES),
                "owner": st.sampled_from([ADA, BOB]),
                "public": st.booleans(),
                "tempo_bpm": st.sampled_from([20.0, 63.9, 120.0, 128.0, 250.0, 999.0]),
                "duration_s": st.sampled_from([0.0, 0.5, 8.0, 60.0, 20_000.0]),
            }
        ),
        max_size=8,
    ),
    text=st.sampled_from(["", "epic", "epic house", "HO", "cafe", "x"]),
    viewer=st.sampled_from([None, ADA, BOB]),
    owner=st.sampled_from([None, ADA]),
    bpm=st.sampled_from([(None, None), (120.0, 128.0), (None, 64.0), (200.0, None)]),
    length=st.sampled_from([(None, None), (0.5, 60.0), (None, 0.0), (9.0, None)]),
    sort=st.sampled_from(["latest", "oldest"]),
    offset=st.integers(0, 2),
    limit=st.integers(1, 4),
)
@settings(max_examples=120)
def test_what_is_found_is_what_fits(
    made: list[dict[str, Any]],
    text: str,
    viewer: str | None,
    owner: str | None,
    bpm: tuple[float | None, float | None],
    length: tuple[float | None, float | None],
    sort: Any,
    offset: int,
    limit: int,
) -> None:
    sessions = Sessions()
    for each in made:
        sessions.add(**each)

    def within(value: float, bounds: tuple[float | None, float | None]) -> bool:
        return (bounds[0] is None or bounds[0] <= value) and (bounds[1] is None or value <= bounds[1])

    def fits(project: Project) -> bool:
        known, (*whole, last) = plain_words(project.name), plain_words(text) or [""]
        return (
            (project.public or viewer == project.tenant_id)
            and (owner is None or project.tenant_id == owner)
            and within(project.document.tempo_bpm, bpm)
            and within(project.document.duration_s, length)
            and set(whole) <= set(known)
            and any(word.startswith(last) for word in known)
        )

    expected = [project.id for project in sessions.projects.values() if fits(project)]
    expected = (expected if sort == "oldest" else expected[::-1])[offset : offset + limit]
    query = Query(
        text=text, viewer=viewer, owner=owner, bpm=bpm, duration_s=length, sort=sort, offset=offset, limit=limit
    )
    assert [project.id for project in sessions.search.projects(query)] == expected


@pytest.mark.parametrize("sort", ["popular", "name"])
def test_orders_that_projects_have_not(sort: Any) -> None:
    with pytest.raises(InvalidInput, match="projects are sorted by latest, oldest") as told:
        Sessions().search.projects(Query(sort=sort))
    assert told.value.field == "sort"


def test_the_cost_of_a_page_does_not_grow_with_the_library() -> None:
    asked = (Query(limit=10), Query(text="epic", limit=10), Query(bpm=(120.0, 143.0), limit=10), Query(owner=ADA))
    costs = []
    for count in (100, 600):
        sessions = Sessions()
        for n in range(count):
            sessions.add(NAMES[n % 5], tempo_bpm=60.0 + n % 100, owner=(ADA, BOB)[n % 2])
        cost = []
        for query in asked:
            before = sessions.records.read_bytes
            assert sessions.search.projects(query)
            cost.append(sessions.records.read_bytes - before)
        costs.append(cost)
    assert all(large <= small * 1.1 for small, large in zip(*costs, strict=True)), costs


def test_a_rebuild_is_of_samples_and_projects() -> None:
    library = Library()
    sessions = Sessions(library.records)
    for n in range(3):
        library.add(f"Loop {n}")
        sessions.add(f"Song {n}")
    library.follow()
    held = sessions.held()
    gone = sessions.add("Gone")
    library.records.write(Delete(project_key(ADA, gone.id), None))
    for key, record in list(library.records.items.items()):
        if record.kind == KIND and gone.id not in key:
            library.records.write(Delete(key, None))
    assert sum(library.search.rebuild(owner) for owner in library.search.owners()) == 7
    assert sessions.held() == held
    assert list(library.search.owners()) == [ADA]
    assert indexed_key(ADA, gone.id, PROJECTS)[0] != indexed_key(ADA, gone.id)[0]


def test_a_project_has_few_postings() -> None:
    sessions = Sessions()
    project = sessions.add("Epic House Track")
    assert len(entry_of(project).all_keys()) == 10
