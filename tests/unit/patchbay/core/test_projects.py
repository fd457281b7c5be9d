"""Projects: saved, seen, gone back to, shared, copied, removed."""

from collections.abc import Callable, Sequence

import pytest

from patchbay.core.layout_projects import put_project
from patchbay.core.projects import MOST_EARLIER, Content, Edit, Projects
from patchbay.domain.errors import InvalidInput, NotFound, Stale, TooLarge, Unavailable
from patchbay.domain.projects import MAX_DOCUMENT_BYTES, MAX_LABEL_CHARS, Project
from patchbay.ports import Write
from tests.fakes.world import Tenant, World
from tests.support.projects import content, documents_of, left_of, save

NO_ID = "0198c0de-0000-7000-8000-000000000000"


@pytest.fixture
def projects(world: World) -> Projects:
    return world.services.projects


@pytest.fixture
def project(ada: Tenant, projects: Projects) -> Project:
    return projects.create(ada.id, content("one"))


def rival(what: Callable[[], object]) -> Callable[[Sequence[Write]], None]:
    """Somebody who does something just before the next write."""

    def faster(_: Sequence[Write]) -> None:
        what()

    return faster


def test_what_is_saved_is_there(ada: Tenant, projects: Projects, project: Project) -> None:
    assert projects.get(project.id, ada.id) == project
    assert projects.data(project) == b'{"is":"one"}'
    assert (project.revision, project.name, project.public, project.earlier) == (1, "one", False, ())


def test_a_save_keeps_what_was_there(ada: Tenant, projects: Projects, project: Project, world: World) -> None:
    world.clock.advance(seconds=5)
    changed = save(projects, project, content("two", label="2.0.0", tempo_bpm=90.0, duration_s=3.5))
    assert projects.get(project.id, ada.id) == changed
    assert (changed.revision, changed.name, changed.document.label) == (2, "two", "2.0.0")
    assert (changed.document.tempo_bpm, changed.document.duration_s) == (90.0, 3.5)
    assert (changed.created_at, changed.updated_at) == (project.created_at, world.clock.now())
    found, documents = projects.documents(ada.id, project.id)
    assert found == changed
    assert documents == [changed.document, project.document]
    assert [projects.data(changed, each) for each in documents] == [b'{"is":"two"}', b'{"is":"one"}']


def test_what_changes_nothing_makes_no_revision(projects: Projects, project: Project, world: World) -> None:
    before = dict(world.records.items), dict(world.objects.stored)

    def to(edit: Edit) -> Callable[[Project], Edit]:
        return lambda found: edit

    for edit in (Edit(), Edit(content("one")), Edit(public=False), Edit(content("one"), public=False)):
        assert projects.save(project.tenant_id, project.id, to(edit)) == project
    assert (world.records.items, world.objects.stored) == before


@pytest.mark.parametrize("other", [{"name": "other"}, {"label": "b"}, {"data": b"{}"}])
def test_name_label_and_data_are_the_document(projects: Projects, project: Project, other: dict[str, object]) -> None:
    changed = save(projects, project, content("one", **other))
    assert (changed.revision, changed.earlier) == (2, (1,))


def test_showing_it_is_a_revision_without_a_document(
    ada: Tenant, bob: Tenant, projects: Projects, project: Project
) -> None:
    for viewer in (bob.id, None):
        with pytest.raises(NotFound):
            projects.get(project.id, viewer)
    shown = projects.save(ada.id, project.id, lambda found: Edit(public=True))
    assert (shown.revision, shown.document, shown.earlier) == (2, project.document, ())
    for viewer in (ada.id, bob.id, None):
        assert projects.get(project.id, viewer) == shown
    hidden = projects.save(ada.id, project.id, lambda found: Edit(content("two"), public=False))
    assert (hidden.revision, hidden.earlier) == (3, (1,))
    with pytest.raises(NotFound):
        projects.get(project.id, None)


def test_the_newest_are_kept_and_the_others_go_with_their_objects(
    ada: Tenant, projects: Projects, project: Project, world: World
) -> None:
    for number in range(MOST_EARLIER + 10):
        project = save(projects, project, content(f"v{number}"))
    _, documents = projects.documents(ada.id, project.id)
    assert [each.name for each in documents] == [f"v{n}" for n in range(MOST_EARLIER + 9, 8, -1)]
    assert [projects.data(project, each) for each in documents][-1] == b'{"is":"v9"}'
    assert len(documents_of(world, project)) == MOST_EARLIER + 2, "the one that left last goes with the next save"
    for revision in (1, 10):
        with pytest.raises(NotFound, match="no version"):
            projects.restore(ada.id, project.id, revision)
    assert left_of(world, project).unnamed == set()


def test_going_back(ada: Tenant, projects: Projects, project: Project) -> None:
    for name in ("two", "three"):
        project = save(projects, project, content(name, label=f"label of {name}", tempo_bpm=99.0))
    back = projects.restore(ada.id, project.id, 2)
    assert (back.revision, back.name, back.document.label, back.earlier) == (4, "two", "label of two", (1, 2, 3))
    assert (back.document.tempo_bpm, projects.data(back)) == (99.0, b'{"is":"two"}')
    assert projects.restore(ada.id, project.id, 4) == back, "it is there already"
    assert projects.document(ada.id, project.id, 3)[1].name == "three"
    for revision in (0, 5, 10**9):
        with pytest.raises(NotFound):
            projects.document(ada.id, project.id, revision)


def test_a_change_of_what_was_not_seen_is_refused(ada: Tenant, projects: Projects, project: Project) -> None:
    changed = save(projects, project, content("two"), expected={1})
    for stale in ({1}, {3, 4}, set[int]()):
        with pytest.raises(Stale, match="revision 2"):
            save(projects, project, content("three"), expected=stale)
        with pytest.raises(Stale):
            projects.restore(ada.id, project.id, 1, expected=stale)
        with pytest.raises(Stale):
            projects.delete(ada.id, project.id, expected=stale)
    assert projects.get(project.id, ada.id) == changed
    projects.delete(ada.id, project.id, expected={1, 2})


def test_copies(ada: Tenant, bob: Tenant, projects: Projects, project: Project) -> None:
    with pytest.raises(NotFound):
        projects.clone(bob.id, project.id)
    projects.save(ada.id, project.id, lambda found: Edit(public=True))
    for tenant in (ada, bob):
        copy = projects.clone(tenant.id, project.id)
        assert (copy.tenant_id, copy.public, copy.revision, copy.name) == (tenant.id, False, 1, "one")
        assert copy.id != project.id
        assert projects.data(copy) == projects.data(project)
    save(projects, copy, content("his own"))
    assert projects.get(project.id, None).name == "one"
    projects.delete(ada.id, project.id)
    assert projects.get(copy.id, bob.id).name == "his own"


def test_a_removed_project_leaves_nothing(ada: Tenant, projects: Projects, project: Project, world: World) -> None:
    for name in ("two", "three"):
        save(projects, project, content(name))
    other = projects.create(ada.id, content("other"))
    projects.delete(ada.id, project.id)
    assert left_of(world, project).all == set()
    assert projects.data(projects.get(other.id, ada.id)) == b'{"is":"other"}'
    for call in (
        lambda: projects.get(project.id, ada.id),
        lambda: projects.documents(ada.id, project.id),
        lambda: projects.delete(ada.id, project.id),
        lambda: save(projects, project, content("x")),
        lambda: projects.clone(ada.id, project.id),
        lambda: projects.data(project),
    ):
        with pytest.raises(NotFound):
            call()


def test_anothers_project_is_not_there(ada: Tenant, bob: Tenant, projects: Projects, project: Project) -> None:
    projects.save(ada.id, project.id, lambda found: Edit(public=True))
    for call in (
        lambda: projects.documents(bob.id, project.id),
        lambda: projects.document(bob.id, project.id, 1),
        lambda: projects.restore(bob.id, project.id, 1),
        lambda: projects.delete(bob.id, project.id),
        lambda: projects.save(bob.id, project.id, lambda found: Edit(public=False)),
    ):
        with pytest.raises(NotFound):
            call()
    assert projects.get(project.id, bob.id).public, "though all see it"


@pytest.mark.parametrize("project_id", ["", "x", "../../etc", NO_ID, NO_ID.upper(), "#" * 36])
def test_what_is_no_project(ada: Tenant, projects: Projects, project_id: str) -> None:
    for viewer in (ada.id, None):
        with pytest.raises(NotFound):
            projects.get(project_id, viewer)
    with pytest.raises(NotFound):
        projects.delete(ada.id, project_id)


def test_limits(ada: Tenant, projects: Projects, project: Project, world: World) -> None:
    before = dict(world.records.items), dict(world.objects.stored)
    large, long = content("x", data=b"x" * (MAX_DOCUMENT_BYTES + 1)), content("x", label="x" * (MAX_LABEL_CHARS + 1))
    for bad, error in ((large, TooLarge), (long, InvalidInput), (content(" "), InvalidInput)):
        with pytest.raises(error):
            projects.create(ada.id, bad)
        with pytest.raises(error):
            save(projects, project, bad)
    assert (world.records.items, world.objects.stored) == before
    assert save(projects, project, content("x", data=b"x" * MAX_DOCUMENT_BYTES)).document.size_bytes == 4_000_000


class TestRivals:
    def test_the_last_one_wins_and_the_other_is_kept(
        self, ada: Tenant, projects: Projects, project: Project, world: World
    ) -> None:
        """Both begin at revision 1; the rival is whole before the first has written anything."""
        world.records.before_write = rival(lambda: save(projects, project, content("rival")))
        last = save(projects, project, content("last"))
        names = [each.name for each in projects.documents(ada.id, project.id)[1]]
        assert names == ["last", "rival", "one"]
        assert projects.data(last) == b'{"is":"last"}'
        assert left_of(world, project).unnamed == set()

    def test_nor_does_it_matter_when_he_comes(self, projects: Projects, project: Project, world: World) -> None:
        """The rival comes when the document is stored already, under a revision that he wanted too."""
        store = world.objects.store

        def storing(key: str, data: bytes, *, media_type: str) -> None:
            world.objects.store = store  # type: ignore[method-assign]
            store(key, data, media_type=media_type)
            save(projects, project, content("rival"))

        world.objects.store = storing  # type: ignore[method-assign]
        last = save(projects, project, content("last"))
        assert (last.name, last.revision > 3) == ("last", True)
        assert [each.name for each in projects.documents(project.tenant_id, project.id)[1]] == ["last", "rival", "one"]
        assert left_of(world, project).unnamed == set()

    def test_who_said_what_he_had_seen_is_told(self, projects: Projects, project: Project, world: World) -> None:
        world.records.before_write = rival(lambda: save(projects, project, content("rival")))
        with pytest.raises(Stale):
            save(projects, project, content("last"), expected={1})
        assert projects.get(project.id, project.tenant_id).name == "rival"
        assert left_of(world, project).unnamed == set()

    def test_of_a_project_that_went_meanwhile_nothing_comes_back(
        self, ada: Tenant, projects: Projects, project: Project, world: World
    ) -> None:
        store = world.objects.store

        def storing(key: str, data: bytes, *, media_type: str) -> None:
            world.objects.store = store  # type: ignore[method-assign]
            store(key, data, media_type=media_type)
            projects.delete(ada.id, project.id)

        world.objects.store = storing  # type: ignore[method-assign]
        with pytest.raises(NotFound):
            save(projects, project, content("last"))
        assert left_of(world, project).all == set()

    def test_a_change_that_reads_is_asked_again(self, projects: Projects, project: Project, world: World) -> None:
        """Both add to what is there: neither is lost."""

        def adding(word: str) -> Callable[[Project], Edit]:
            return lambda found: Edit(content("n", data=projects.data(found) + word.encode()))

        other = rival(lambda: projects.save(project.tenant_id, project.id, adding("b")))
        world.records.before_write = other
        assert projects.data(projects.save(project.tenant_id, project.id, adding("a"))) == b'{"is":"one"}ba'

    def test_what_he_goes_back_to_has_just_gone(
        self, ada: Tenant, projects: Projects, project: Project, world: World
    ) -> None:
        for number in range(MOST_EARLIER):
            save(projects, project, content(f"v{number}"))
        world.records.before_write = rival(lambda: save(projects, project, content("rival")))
        with pytest.raises(NotFound, match="no version 1"):
            projects.restore(ada.id, project.id, 1)
        assert projects.get(project.id, ada.id).name == "rival"
        assert left_of(world, project).unnamed == set()


class TestRequestsThatAreRepeated:
    def test_one_project(self, ada: Tenant, projects: Projects, world: World) -> None:
        def create(made: Content) -> Project:
            once, _ = world.services.idempotency.begin(ada.id, "key", "same")
            return projects.create(ada.id, made, once=once)

        first = create(content("one"))
        assert create(content("one")).id == first.id
        assert len(world.objects.stored) == 1

    def test_two_at_once_make_one(self, ada: Tenant, projects: Projects, world: World) -> None:
        once, _ = world.services.idempotency.begin(ada.id, "key", "same")
        made: list[Project] = []
        world.records.before_write = rival(lambda: made.append(projects.create(ada.id, content("one"), once=once)))
        assert projects.create(ada.id, content("one"), once=once).id == made[0].id
        assert {key for key in world.objects.stored if key.startswith("projects/")} == documents_of(world, made[0])

    def test_a_copy_and_a_going_back(self, ada: Tenant, projects: Projects, project: Project, world: World) -> None:
        save(projects, project, content("two"))
        copies, backs = set(), set()
        for _ in range(2):
            once, _ = world.services.idempotency.begin(ada.id, "copy", "same")
            copies.add(projects.clone(ada.id, project.id, once).id)
            once, _ = world.services.idempotency.begin(ada.id, "back", "same")
            backs.add(projects.restore(ada.id, project.id, 1, once=once).revision)
        assert (len(copies), backs) == (1, {3})


def test_a_write_whose_answer_was_lost_is_not_taken_for_a_rivals(
    projects: Projects, project: Project, world: World
) -> None:
    """The store's client sends it again, and is told that somebody else has written: it was himself."""
    write, times = world.records.write, [0]

    def twice(*writes: Write) -> None:
        write(*writes)
        times[0] += 1
        if times[0] == 2:
            write(*writes)

    world.records.write = twice  # type: ignore[method-assign]
    saved = save(projects, project, content("two"))
    assert (saved.name, saved.revision, projects.data(saved)) == ("two", 2, b'{"is":"two"}')
    assert times[0] == 2


def test_a_late_maker_loses_to_the_sweep(ada: Tenant, projects: Projects, world: World) -> None:
    """Whoever is at it for more than an hour finds his project gone, and leaves nothing."""
    store = world.objects.store

    def slow(key: str, data: bytes, *, media_type: str) -> None:
        store(key, data, media_type=media_type)
        world.clock.advance(hours=3)
        assert projects.sweep() == {"projects_removed": 1, "projects_in_trouble": 0}

    world.objects.store = slow  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match="too long"):
        projects.create(ada.id, content("one"))
    assert not world.objects.stored
    assert not [key for key in world.records.items if "PROJECT" in key[0] or "DOCUMENT" in key[0]]


def test_the_sweep_leaves_what_is_whole(ada: Tenant, projects: Projects, project: Project, world: World) -> None:
    world.clock.advance(days=40)
    assert projects.sweep() == {"projects_removed": 0, "projects_in_trouble": 0}
    assert projects.get(project.id, ada.id) == project
    assert put_project(project).record.indexes == {}
