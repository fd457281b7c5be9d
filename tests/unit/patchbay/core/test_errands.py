"""What a worker sends away: begun once however often it is tried, and called off when nobody wants it."""

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from patchbay.core import layout_vendors
from patchbay.domain.errands import SendAgain, no_beat
from patchbay.domain.errors import TaskCancelled, VendorFailed, VendorRefused
from patchbay.domain.jobs import Failure, FailureKind
from patchbay.ports import Delete
from tests.fakes.world import Tenant, World
from tests.support import elsewhere
from tests.support.elsewhere import errand_of, lease, order, send
from tests.support.lalal import KEY, OTHER_KEY, FakeLalal

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
STEMS = ("vocals", "drums", "bass")


@pytest.fixture
def world(lalal_world: World) -> World:
    lalal_world.clock.at = datetime.now(UTC)  # the server tells real times
    return lalal_world


@pytest.fixture(autouse=True)
def keyed(world: World, ada: Tenant) -> None:
    world.services.vendors.keep(ada.id, KEY)


def test_the_whole_way(world: World, ada: Tenant, lalal: FakeLalal, tmp_path: Path) -> None:
    job = order(world, ada)
    _, step = lease(world, job)
    errand = errand_of(world, step)
    send(world, step, errand)
    errand.begin(STEMS)
    while (far := errand.look(STEMS, no_beat)).state == "working":
        pass
    errand.fetch(far.tracks["bass"][0], tmp_path / "bass", no_beat)
    assert (tmp_path / "bass").read_bytes()[:4] == b"fLaC"
    spent = 0.5 / 60 * 3
    assert lalal.minutes_left(KEY) == pytest.approx(75 - spent)


def test_another_try_goes_on_where_the_first_was(world: World, ada: Tenant, lalal: FakeLalal) -> None:
    job = order(world, ada)
    message, step = lease(world, job)
    send(world, step, errand_of(world, step))
    for worker in ("second", "third"):
        world.services.tasks.give_back(message, step.leased_by or "", "the worker died")
        _, step = lease(world, job, worker)
        errand = errand_of(world, step, worker)
        send(world, step, errand)
        errand.begin(STEMS)
        assert errand.look(STEMS, no_beat).state in {"working", "done"}
    assert (lalal.calls("upload/"), lalal.calls("split/multistem/"), len(lalal.tasks)) == (1, 1, 1)


def test_a_later_job_of_the_same_song_goes_on_too_and_is_the_one_that_is_cancelled(
    world: World, ada: Tenant, lalal: FakeLalal
) -> None:
    song = elsewhere.wav(0.5)
    first = order(world, ada, song)
    message, step = lease(world, first)
    errand = errand_of(world, step)
    send(world, step, errand)
    errand.begin(STEMS)
    world.services.tasks.fail(message, Failure(kind=FailureKind.TIMEOUT, message="too long"))
    second = order(world, ada, song)
    _, again = lease(world, second)
    assert again.fingerprint == step.fingerprint
    resumed = errand_of(world, again)
    send(world, again, resumed)
    resumed.begin(STEMS)
    assert lalal.calls("upload/") == len(lalal.tasks) == 1
    assert world.services.vendors.cancel(ada.id, next(iter(lalal.tasks))).id == second.id


@pytest.mark.parametrize("found", [True, False])
def test_a_lost_answer_is_not_paid_for_twice(world: World, ada: Tenant, lalal: FakeLalal, found: bool) -> None:
    """They have begun; what they said did not arrive; the very same order is refused by them."""
    lalal.knows_tasks = found
    _, step = lease(world, order(world, ada))
    errand = errand_of(world, step)
    send(world, step, errand)
    begin = lalal.answer

    def loses(path: str, key: str, headers: dict[str, str], body: bytes) -> tuple[int, object]:
        told = begin(path, key, headers, body)
        return (503, {}) if path == "split/multistem/" and told[0] == 200 else told

    lalal.answer = loses  # type: ignore[method-assign]
    with pytest.raises(VendorFailed):
        errand.begin(STEMS)
    if found:
        errand.begin(STEMS)
        assert errand.look(STEMS, no_beat).state in {"working", "done"}
        assert world.services.vendors.cancel(ada.id, next(iter(lalal.tasks))).id == step.job_id
    else:
        with pytest.raises(VendorRefused, match="order it again, which spends minutes again"):
            errand.begin(STEMS)
    assert len(lalal.tasks) == 1


def test_another_worker_finds_what_the_first_did_not_hear_of(world: World, ada: Tenant, lalal: FakeLalal) -> None:
    """It died between the order and the note of its number."""
    message, step = lease(world, order(world, ada))
    errand = errand_of(world, step)
    send(world, step, errand)

    def dies(writes: object) -> None:
        raise KeyboardInterrupt

    world.records.before_write = dies
    with pytest.raises(KeyboardInterrupt):
        errand.begin(STEMS)
    world.services.tasks.give_back(message, step.leased_by or "", "the worker died")
    _, step = lease(world, world.services.jobs.get(ada.id, step.job_id), "second")
    again = errand_of(world, step, "second")
    send(world, step, again)
    again.begin(STEMS)
    assert again.look(STEMS, no_beat).state in {"working", "done"}
    assert (lalal.calls("upload/"), len(lalal.tasks)) == (1, 1)


@pytest.mark.parametrize("passes", ["their day", "our day", "another key"])
def test_what_cannot_be_counted_on_is_sent_again(world: World, ada: Tenant, lalal: FakeLalal, passes: str) -> None:
    _, step = lease(world, order(world, ada))
    errand = errand_of(world, step)
    send(world, step, errand)
    if passes == "another key":
        world.services.vendors.keep(ada.id, OTHER_KEY)
        errand = errand_of(world, step)
    elif passes == "their day":
        lalal.sources.clear()
        errand = errand_of(world, step)
        send(world, step, errand)
        with pytest.raises(SendAgain):  # refused there, so that the file is brought anew
            errand.begin(STEMS)
    else:
        world.clock.advance(hours=24)
    send(world, step, errand)
    errand.begin(STEMS)
    assert (lalal.calls("upload/"), len(lalal.tasks)) == (2, 1)


def test_what_was_sent_again_is_refused_for_good(world: World, ada: Tenant, lalal: FakeLalal) -> None:
    """By an errand that had found a file of an earlier try: now it is its own."""
    _, step = lease(world, order(world, ada))
    send(world, step, errand_of(world, step))
    errand = errand_of(world, step)
    send(world, step, errand)
    lalal.accounts[KEY] = [1.0, 1.0]
    with pytest.raises(SendAgain):
        errand.begin(STEMS)
    send(world, step, errand)
    with pytest.raises(VendorRefused, match="no minutes left"):
        errand.begin(STEMS)


def test_nothing_is_sent_for_a_job_that_was_cancelled(world: World, ada: Tenant, lalal: FakeLalal) -> None:
    _, step = lease(world, order(world, ada))
    errand = errand_of(world, step)
    world.services.jobs.cancel(ada.id, step.job_id)
    with pytest.raises(TaskCancelled):
        send(world, step, errand)
    assert lalal.calls("upload/") == 0


def test_a_refusal_of_what_was_just_sent_is_final(world: World, ada: Tenant, lalal: FakeLalal) -> None:
    lalal.accounts[KEY] = [1.0, 1.0]
    _, step = lease(world, order(world, ada))
    errand = errand_of(world, step)
    send(world, step, errand)
    with pytest.raises(VendorRefused, match="no minutes left"):
        errand.begin(STEMS)
    assert world.records.get(layout_vendors.sent_key(ada.id, step.fingerprint)) is None


def test_a_key_that_is_none_any_more_is_told_before_anything_is_sent(
    world: World, ada: Tenant, lalal: FakeLalal
) -> None:
    del lalal.accounts[KEY]
    _, step = lease(world, order(world, ada))
    with pytest.raises(VendorRefused, match="save another in the settings"):
        send(world, step, errand_of(world, step))
    assert lalal.calls("upload/") == 0


def test_a_key_that_was_removed_is_told_with_the_way_out(world: World, ada: Tenant, lalal: FakeLalal) -> None:
    _, step = lease(world, order(world, ada))
    world.services.vendors.drop(ada.id)
    with pytest.raises(VendorRefused, match="/users/settings"):
        send(world, step, errand_of(world, step))


def test_neither_key_nor_song_is_in_any_record(world: World, ada: Tenant, lalal: FakeLalal) -> None:
    elsewhere.begun(world, ada, lalal)
    stored = "".join(str(change) for change in world.records.changes)
    assert "errand" in stored
    assert KEY not in stored
    assert all(KEY not in str(message) for _, message in world.queues.sent)


def _ordered_by_nobody(lalal: FakeLalal) -> bytes:
    """The order of the only file there."""
    presets = {"stem_list": ["vocals"]}
    told = {"source_id": next(iter(lalal.sources)), "presets": presets, "idempotency_key": str(uuid.uuid4())}
    return json.dumps(told).encode()


class TestCallingOff:
    def test_of_a_job_that_was_cancelled(self, world: World, ada: Tenant, lalal: FakeLalal) -> None:
        job, task_id = elsewhere.begun(world, ada, lalal)
        errand = errand_of(world, world.services.jobs.steps(job)[0])
        errand.look(STEMS, no_beat)
        world.services.jobs.cancel(ada.id, job.id)
        errand.call_off()
        errand.call_off()
        assert lalal.tasks[task_id].state == "cancelled"
        assert lalal.calls("cancel/") == 1

    def test_of_one_that_took_too_long(self, world: World, ada: Tenant, lalal: FakeLalal) -> None:
        job = order(world, ada)
        message, step = lease(world, job)
        errand = errand_of(world, step)
        send(world, step, errand)
        errand.begin(STEMS)
        world.services.tasks.fail(message, Failure(kind=FailureKind.TIMEOUT, message="too long"))
        errand.call_off()
        assert [task.state for task in lalal.tasks.values()] == ["cancelled"]

    def test_of_what_may_have_been_begun_though_no_number_is_known(
        self, world: World, ada: Tenant, lalal: FakeLalal
    ) -> None:
        """Its file goes, and with it whatever is made of it."""
        message, step = lease(world, order(world, ada))
        errand = errand_of(world, step)
        send(world, step, errand)
        lalal.answer("split/multistem/", KEY, {}, _ordered_by_nobody(lalal))
        world.services.tasks.fail(message, Failure(kind=FailureKind.TIMEOUT, message="too long"))
        errand.call_off()
        assert [task.state for task in lalal.tasks.values()] == ["cancelled"]
        assert lalal.sources == {}

    def test_not_of_one_that_another_worker_has(self, world: World, ada: Tenant, lalal: FakeLalal) -> None:
        job, task_id = elsewhere.begun(world, ada, lalal)
        errand = errand_of(world, world.services.jobs.steps(job)[0])
        errand.look(STEMS, no_beat)
        world.clock.advance(seconds=60)
        lease(world, job, "another")
        errand.call_off()
        assert lalal.tasks[task_id].state == "progress"

    def test_not_of_what_another_job_goes_on_with(self, world: World, ada: Tenant, lalal: FakeLalal) -> None:
        """The machine of the first slept through its lease, and wakes to hear that its job was cancelled."""
        song = elsewhere.wav(0.5)
        first, second = order(world, ada, song), order(world, ada, song)
        _, step = lease(world, first)
        errand = errand_of(world, step)
        send(world, step, errand)
        errand.begin(STEMS)
        world.clock.advance(hours=1)
        _, again = lease(world, second, "another")
        send(world, again, errand_of(world, again, "another"))
        world.services.jobs.cancel(ada.id, first.id)
        errand.call_off()
        assert [task.state for task in lalal.tasks.values()] == ["progress"]
        assert world.records.get(layout_vendors.sent_key(ada.id, step.fingerprint)) is not None

    def test_trouble_there_is_nobodys_here(self, world: World, ada: Tenant, lalal: FakeLalal) -> None:
        job, _ = elsewhere.begun(world, ada, lalal)
        errand = errand_of(world, world.services.jobs.steps(job)[0])
        errand.look(STEMS, no_beat)
        world.services.jobs.cancel(ada.id, job.id)
        lalal.plan("cancel/", (500, {}))
        errand.call_off()

    def test_what_begins_while_its_owner_ends_it_is_ended_there(
        self, world: World, ada: Tenant, lalal: FakeLalal
    ) -> None:
        _, step = lease(world, order(world, ada))
        errand = errand_of(world, step)
        send(world, step, errand)
        key, begin = layout_vendors.sent_key(ada.id, step.fingerprint), lalal.answer

        def ended(path: str, *more: object) -> tuple[int, object]:
            if path == "split/multistem/":
                world.records.write(Delete(key, expected=None))
            return begin(path, *more)  # type: ignore[arg-type]

        lalal.answer = ended  # type: ignore[method-assign,assignment]
        with pytest.raises(SendAgain, match="called off"):
            errand.begin(STEMS)
        assert [task.state for task in lalal.tasks.values()] == ["cancelled"]
