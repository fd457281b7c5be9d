import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from patchbay.core.erasure import NOBODY, Erasure, Found
from patchbay.domain.errors import NotFound, Unauthenticated, Unavailable
from patchbay.domain.jobs import JobState
from patchbay.ports import AddWithin, Item, Put, Record
from tests.fakes.inventory import FakeInventory, dump
from tests.fakes.world import World
from tests.support.lives import Life, settle, two_lives


@pytest.fixture
def erasure(world: World) -> Erasure:
    def pause(seconds: float) -> None:
        world.pause(seconds)
        settle(world)

    inventory = FakeInventory(world.records, world.objects)
    return Erasure(world.records, inventory, world.passwords, world.services.jobs, world.clock, pause)


@pytest.fixture
def two(world: World) -> tuple[Life, Life]:
    return two_lives(world)


def test_nothing_of_the_erased_is_left_and_nothing_of_others_is_lost(
    world: World, erasure: Erasure, two: tuple[Life, Life]
) -> None:
    ada, bob = two
    before = dump(world.records, world.objects)
    found = erasure.erase(ada.tenant.id)
    after = dump(world.records, world.objects)
    whole = "\n".join(f"{name} {text}" for name, text in after.items())
    for word in (ada.tenant.id, ada.email, "ada-plays", "ada.plays", "ada bass", "ada's"):
        assert word not in whole, word
    own = {name for name in before if bob.tenant.id in name.partition(" / ")[0]}
    gone = {name for name in own if name not in after}
    assert gone == {f"FOLLOWS#{bob.tenant.id} / {ada.tenant.id}", f"LIKES#{bob.tenant.id} / {ada.sample.id}"}
    changed = {name for name in own - gone if before[name].replace(ada.tenant.id, NOBODY) != after[name]}
    assert {name.partition("#")[0] for name in changed} <= {"FOLLOWERS"}
    services = world.services
    assert services.people.followers([services.people.by_id(bob.tenant.id)]) == [0]
    assert services.samples.likes([bob.sample]) == [0]
    assert found.items["JOBS"] >= 4
    assert found.objects > 10
    assert world.passwords.passwords.keys() == {services.accounts.user(bob.tenant.id).pool_name}


def test_the_number_of_what_went_is_kept_and_nothing_else(
    world: World, erasure: Erasure, two: tuple[Life, Life]
) -> None:
    found = erasure.erase(two[0].tenant.id)
    (note,) = world.records.query("ERASED", limit=10)
    assert f'"items":{found.items.total()}' in note.body
    assert f'"objects":{found.objects}' in note.body


def test_a_look_changes_nothing_and_tells_what_would_go(world: World, erasure: Erasure, two: tuple[Life, Life]) -> None:
    ada, _ = two
    before = dump(world.records, world.objects)
    look = erasure.look(ada.tenant.id)
    assert dump(world.records, world.objects) == before
    assert look.objects == sum(ada.tenant.id in key for key in world.objects.stored)
    assert look.items["USERS"] == look.items["EMAILS"] == 1
    assert look.mentions >= 1, "bob was brought by ada"


def test_who_is_erased_cannot_get_in(world: World, erasure: Erasure, two: tuple[Life, Life]) -> None:
    ada, _ = two
    session = world.services.identity.sign_in(ada.email, "correct horse battery")
    erasure.erase(ada.tenant.id)
    with pytest.raises(Unauthenticated):
        world.services.accounts.authenticate(ada.tenant.secret)
    with pytest.raises(Unauthenticated):
        world.services.identity.caller_of(session.access_token)
    with pytest.raises(Unauthenticated):
        world.services.identity.sign_in(ada.email, "correct horse battery")


def spent(world: World) -> dict[str, int]:
    """`<work> <name of a figure>` -> what all tenants have of it."""
    told: dict[str, int] = {}
    for (pk, sk), figures in world.records.held.items():
        if pk.startswith("COSTS#"):
            work = sk.partition("#")[2]
            for name, figure in figures.items():
                told[f"{work} {name}"] = told.get(f"{work} {name}", 0) + figure
    return told


def test_what_the_stage_spent_stays_spent(world: World, erasure: Erasure, two: tuple[Life, Life]) -> None:
    before = spent(world)
    assert before
    erasure.erase(two[0].tenant.id)
    after = spent(world)  # what was ended counts too
    assert {name: min(after[name], value) for name, value in before.items()} == before
    jobs = {name: value for name, value in after.items() if name.endswith(" jobs") and value}
    assert jobs == {name: value for name, value in before.items() if name.endswith(" jobs") and value}


def test_two_operators_at_once_count_what_was_spent_once(
    world: World, erasure: Erasure, two: tuple[Life, Life]
) -> None:
    """The second is through before the first, who has read the same sums, writes one of them."""
    ada, _ = two
    erasure._end_jobs(ada.tenant.id)  # what is under way is counted when it ends
    before, rounds = spent(world), 0

    class Slow(FakeInventory):
        def items(self) -> Iterator[Item]:
            nonlocal rounds
            for item in list(super().items()):
                if item.pk.startswith("COSTS#") and ada.tenant.id in item.sk and not rounds:
                    rounds += 1
                    replace(erasure, inventory=FakeInventory(world.records, world.objects)).erase(ada.tenant.id)
                yield item

    belongings = erasure._belongings(ada.tenant.id)
    slow = replace(erasure, inventory=Slow(world.records, world.objects))
    list(slow._dropped(belongings, Found(), []))
    assert rounds == 1
    assert spent(world) == before


def test_a_job_that_ends_meanwhile_is_counted(world: World, erasure: Erasure, two: tuple[Life, Life]) -> None:
    ada, _ = two
    key = next(key for key in world.records.held if key[0].startswith("COSTS#") and ada.tenant.id in key[1])
    before = spent(world)

    class Late(FakeInventory):
        late = True

        def items(self) -> Iterator[Item]:
            for item in list(super().items()):
                if item.key == key and self.late:
                    self.late = False
                    world.records.write(AddWithin(key, {"jobs": 1}))
                yield item

    belongings = erasure._belongings(ada.tenant.id)
    slow = replace(erasure, inventory=Late(world.records, world.objects))
    for _ in range(2):
        list(slow._dropped(belongings, Found(), []))
    work = key[1].partition("#")[2]
    assert key not in world.records.held
    assert spent(world) == {**before, f"{work} jobs": before[f"{work} jobs"] + 1}


def test_the_address_and_the_name_are_free_again(world: World, erasure: Erasure, two: tuple[Life, Life]) -> None:
    ada, _ = two
    erasure.erase(ada.tenant.id)
    again = world.services.people.register(ada.email, "correct horse battery", "ada-plays")
    assert again.id != ada.tenant.id


@pytest.mark.parametrize("step", range(1, 12))
def test_it_goes_on_after_dying_anywhere(world: World, erasure: Erasure, two: tuple[Life, Life], step: int) -> None:
    ada, bob = two
    calls = 0

    class Dies(FakeInventory):
        def _count(self) -> None:
            nonlocal calls
            calls += 1
            if calls == step:
                raise KeyboardInterrupt

        def drop(self, keys):  # type: ignore[no-untyped-def]
            for number, key in enumerate(keys):
                if number % 20 == 0:
                    self._count()
                super().drop([key])

        def drop_objects(self, keys):  # type: ignore[no-untyped-def]
            for key in list(keys):
                self._count()
                super().drop_objects([key])

        def swap(self, old: Item, new: Item) -> bool:
            self._count()
            return super().swap(old, new)

    dying = replace(erasure, inventory=Dies(world.records, world.objects))
    with pytest.raises(KeyboardInterrupt):
        dying.erase(ada.tenant.id)
    erasure.erase(ada.tenant.id)
    assert not [name for name, text in dump(world.records, world.objects).items() if ada.tenant.id in name + text]
    assert world.services.samples.likes([bob.sample]) == [0]
    assert world.services.people.followers([world.services.people.by_id(bob.tenant.id)]) == [0]


def test_things_go_after_what_is_found_by_them(world: World, erasure: Erasure, two: tuple[Life, Life]) -> None:
    ada, _ = two
    jobs = {sk for pk, sk in world.records.items if pk == f"JOBS#{ada.tenant.id}"}
    steps = {f"STEPS#{job_id}" for job_id in jobs}
    assert any(pk in steps for pk, _ in world.records.items)

    class Dies(FakeInventory):
        def drop(self, keys):  # type: ignore[no-untyped-def]
            for key in keys:
                super().drop([key])
                if key[0].startswith("JOBS#"):
                    raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace(erasure, inventory=Dies(world.records, world.objects)).erase(ada.tenant.id)
    erasure.erase(ada.tenant.id)
    assert not [pk for pk, _ in world.records.items if pk in steps]


def test_steps_of_a_job_that_was_deleted_go_too(world: World, erasure: Erasure, two: tuple[Life, Life]) -> None:
    ada, _ = two
    jobs = world.services.jobs
    things = {sk for pk, sk in world.records.items if not pk.startswith("JOBS#")}  # a sample has its job's id
    done = next(job for job in jobs.list(ada.tenant.id, limit=50) if jobs.steps(job) and job.id not in things)
    jobs.delete(ada.tenant.id, done.id)
    assert jobs.steps(done)
    erasure.erase(ada.tenant.id)
    assert not jobs.steps(done)


def test_jobs_under_way_are_ended_and_waited_for(world: World, erasure: Erasure, two: tuple[Life, Life]) -> None:
    ada, _ = two
    pipeline, tasks = world.services.pipeline, world.services.tasks
    pipeline.plan(ada.tenant.id, ada.job.id)
    pipeline.dispatch(ada.tenant.id, ada.job.id, 0, "token")
    message = world.queues.sent[-1][1]
    assert tasks.lease(message, "worker")[1] is not None
    began = world.clock.now()
    states: list[JobState] = []

    def pause(seconds: float) -> None:
        if not states:
            states.append(world.services.jobs.get(ada.tenant.id, ada.job.id).state)
        world.pause(seconds)

    replace(erasure, pause=pause).erase(ada.tenant.id)
    assert states == [JobState.CANCELLED]
    assert (world.clock.now() - began).total_seconds() >= tasks.lease_s


def test_a_worker_that_does_not_let_go_is_named(world: World, erasure: Erasure, two: tuple[Life, Life]) -> None:
    ada, _ = two
    pipeline, tasks = world.services.pipeline, replace(world.services.tasks, lease_s=1000)
    pipeline.plan(ada.tenant.id, ada.job.id)
    pipeline.dispatch(ada.tenant.id, ada.job.id, 0, "token")
    tasks.lease(world.queues.sent[-1][1], "worker")
    for _ in range(2):  # the second time the job is over, and the worker at it all the same
        with pytest.raises(Unavailable, match=f"job {ada.job.id} in hand"):
            erasure.erase(ada.tenant.id)
    assert world.services.accounts.user(ada.tenant.id).email == ada.email


def test_what_is_written_without_end_is_told(world: World, erasure: Erasure, two: tuple[Life, Life]) -> None:
    ada, _ = two

    def pause(seconds: float) -> None:
        world.records.write(Put(Record(f"EVENTS#{ada.tenant.id}", "e", "event", "{}"), expected=None))

    with pytest.raises(Unavailable, match="always something new"):
        replace(erasure, pause=pause).erase(ada.tenant.id)


def test_nobody_is_not_found(erasure: Erasure) -> None:
    with pytest.raises(NotFound):
        erasure.erase("019b0000-0000-7000-8000-000000000001")


def test_the_log_does_not_tell_who_it_was(
    erasure: Erasure, two: tuple[Life, Life], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "patchbay.core.erasure"):
        erasure.erase(two[0].tenant.id)
    assert "a user was erased" in caplog.text
    assert two[0].tenant.id not in str([vars(record) for record in caplog.records if "erasure" in record.name])
