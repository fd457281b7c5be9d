"""Projects while the stores fail and processes die: what was answered stands, and nothing is left that no record tells
of.
"""

import random
from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from patchbay.core.projects import MOST_EARLIER, Edit, Projects
from patchbay.core.search import Query
from patchbay.domain.errors import NotFound, Stale, Unavailable
from patchbay.domain.projects import Project
from tests.fakes.world import Tenant, World
from tests.support.projects import content, documents_of, left_of, save

STEPS = range(9)


class Died(Exception):
    """The process is no more: nothing of it runs on."""


def breaking(world: World, nth: int, *, late: bool, error: type[Exception]) -> Callable[[], None]:
    """Whatever changes a store raises at its nth call from now, before it is done or after (`late`), and ever after
    too if the process died. Heals when what is returned is called.
    """
    calls = [0]

    def moody(do: Callable[..., None]) -> Callable[..., None]:
        def call(*args: object, **more: object) -> None:
            calls[0] += 1
            broken = calls[0] == nth + 1 or (error is Died and calls[0] > nth + 1)
            if broken and (not late or calls[0] > nth + 1):
                raise error("busy")
            do(*args, **more)
            if broken:
                raise error("busy")

        return call

    places = [(world.records, "write"), (world.objects, "store"), (world.objects, "delete")]
    healthy = [(place, name, getattr(place, name)) for place, name in places]
    for place, name, do in healthy:
        setattr(place, name, moody(do))

    def heal() -> None:
        for place, name, do in healthy:
            setattr(place, name, do)

    return heal


def tried(world: World, nth: int, late: bool, error: type[Exception], what: Callable[[], object]) -> bool:
    """Whether it was answered well."""
    heal = breaking(world, nth, late=late, error=error)
    try:
        what()
    except (Died, Unavailable):
        return False
    finally:
        heal()
    return True


faults = pytest.mark.parametrize("error", [Died, Unavailable])
times = pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
steps = pytest.mark.parametrize("nth", STEPS)


def sweep(world: World) -> None:
    world.clock.advance(hours=2)
    done = world.services.projects.sweep()
    assert done["projects_in_trouble"] == 0


@faults
@times
@steps
def test_a_project_that_is_made(world: World, ada: Tenant, nth: int, late: bool, error: type[Exception]) -> None:
    projects = world.services.projects
    answered = tried(world, nth, late, error, lambda: projects.create(ada.id, content("one")))
    world.index_samples()
    sweep(world)
    world.index_samples()
    found = world.services.search.projects(everything(ada))
    if answered:
        assert [each.name for each in found] == ["one"]
    for each in found:
        assert projects.data(each) == b'{"is":"one"}'
        projects.delete(ada.id, each.id)
    rest = [key for key in world.records.items if key[0].startswith(("PROJECT", "DOCUMENT"))]
    assert (rest, list(world.objects.stored)) == ([], [])


@faults
@times
@steps
def test_a_request_for_one_that_comes_again(
    world: World, ada: Tenant, nth: int, late: bool, error: type[Exception]
) -> None:
    projects = world.services.projects

    def create() -> Project:
        once, _ = world.services.idempotency.begin(ada.id, "key", "same")
        return projects.create(ada.id, content("one"), once=once)

    tried(world, nth, late, error, create)
    made = create()
    assert create().id == made.id
    sweep(world)
    world.index_samples()
    assert [each.id for each in world.services.search.projects(everything(ada))] == [made.id]
    assert set(world.objects.stored) == documents_of(world, made)


@faults
@times
@steps
@pytest.mark.parametrize("kept", [1, MOST_EARLIER + 1])
def test_a_project_that_is_saved(
    world: World, ada: Tenant, nth: int, late: bool, error: type[Exception], kept: int
) -> None:
    projects = world.services.projects
    project = projects.create(ada.id, content("v0"))
    for number in range(1, kept + 1):
        project = save(projects, project, content(f"v{number}"))
    answered = tried(world, nth, late, error, lambda: save(projects, project, content("new")))
    now = projects.get(project.id, ada.id)
    assert now.name in ({"new"} if answered else {"new", project.name})
    assert projects.data(now) == f'{{"is":"{now.name}"}}'.encode()
    _, documents = projects.documents(ada.id, project.id)
    for each in documents:
        assert projects.data(now, each) == f'{{"is":"{each.name}"}}'.encode(), "what is told is there"
    assert len(documents) == len(now.earlier) + 1
    assert left_of(world, project).unnamed == set()
    after = save(projects, now, content("after"))
    assert projects.data(after) == b'{"is":"after"}'
    projects.delete(ada.id, project.id)
    assert left_of(world, project).all == set()


@faults
@times
@steps
def test_a_project_that_is_removed(world: World, ada: Tenant, nth: int, late: bool, error: type[Exception]) -> None:
    projects = world.services.projects
    project = projects.create(ada.id, content("v0"), public=True)
    for number in range(1, 4):
        project = save(projects, project, content(f"v{number}"))
    answered = tried(world, nth, late, error, lambda: projects.delete(ada.id, project.id))
    gone = True
    try:
        now = projects.get(project.id, None)
        gone = False
        assert projects.data(now) == b'{"is":"v3"}', "it is there, and whole"
        projects.delete(ada.id, project.id)
    except NotFound:
        pass
    assert gone or not answered
    sweep(world)
    assert left_of(world, project).all == set()


def everything(tenant: Tenant) -> Query:
    return Query(viewer=tenant.id, limit=100)


class Sessions(RuleBasedStateMachine):
    """One project, and many who save it, some of whom die over it."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.ada = self.world.tenant()
        self.projects: Projects = self.world.services.projects
        self.project = self.projects.create(self.ada.id, content("0"))
        self.names = ["0"]
        """Of its documents, oldest first."""
        self.number = 0

    def check(self, answered: bool, name: str) -> None:
        """After a try to make `name` the newest: it is so, or nothing has changed, which only a failure allows."""
        now = self.projects.get(self.project.id, self.ada.id)
        if answered or now.revision != self.project.revision:
            assert now.name == name
            if self.names[-1] != name:
                self.names.append(name)
        self.project = now

    @rule(
        nth=st.integers(0, 6),
        late=st.booleans(),
        error=st.sampled_from([Died, Unavailable]),
        broken=st.booleans(),
        seen=st.booleans(),
    )
    def save(self, nth: int, late: bool, error: type[Exception], broken: bool, seen: bool) -> None:
        self.number += 1
        name, expected = str(self.number), {self.project.revision} if seen else None
        done = tried(
            self.world,
            nth if broken else 10**6,
            late,
            error,
            lambda: save(self.projects, self.project, content(name), expected=expected),
        )
        self.check(done, name)

    @rule(rivals=st.integers(1, 3))
    def save_at_once(self, rivals: int) -> None:
        """Rivals are whole while one has stored his document and not told so yet."""
        store, names = self.world.objects.store, [str(self.number + n + 1) for n in range(rivals + 1)]
        self.number += rivals + 1

        def storing(key: str, data: bytes, *, media_type: str) -> None:
            self.world.objects.store = store  # type: ignore[method-assign]
            store(key, data, media_type=media_type)
            for name in names[:-1]:
                save(self.projects, self.project, content(name))
                self.names.append(name)
            self.project = self.projects.get(self.project.id, self.ada.id)

        self.world.objects.store = storing  # type: ignore[method-assign]
        done = save(self.projects, self.project, content(names[-1]))
        self.check(bool(done), names[-1])

    @rule()
    def save_what_is_old(self) -> None:
        with pytest.raises(Stale):
            save(self.projects, self.project, content("old"), expected={self.project.revision - 1})

    @precondition(lambda self: len(self.project.earlier) > 0)
    @rule(chance=st.randoms(use_true_random=False))
    def go_back(self, chance: random.Random) -> None:
        revision = chance.choice(self.project.earlier)
        name = self.projects.document(self.ada.id, self.project.id, revision)[1].name
        self.projects.restore(self.ada.id, self.project.id, revision)
        self.check(True, name)

    @rule(public=st.booleans())
    def show(self, public: bool) -> None:
        self.project = self.projects.save(self.ada.id, self.project.id, lambda found: Edit(public=public))

    @invariant()
    def all_that_is_told_is_there(self) -> None:
        now, documents = self.projects.documents(self.ada.id, self.project.id)
        assert [each.name for each in documents][::-1] == self.names[-len(documents) :]
        assert len(documents) == min(len(self.names), MOST_EARLIER + 1)
        for each in documents:
            assert self.projects.data(now, each) == f'{{"is":"{each.name}"}}'.encode()
        assert left_of(self.world, self.project).unnamed == set()

    def teardown(self) -> None:
        self.projects.delete(self.ada.id, self.project.id)
        assert left_of(self.world, self.project).all == set()


TestSessions = pytest.mark.slow(Sessions.TestCase)
TestSessions.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
