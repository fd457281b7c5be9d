"""Users' keys for LALAL.AI: kept sealed, opened for whom they are, and what runs there ended."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from patchbay.core import layout_vendors
from patchbay.core.jobs import Jobs
from patchbay.core.vault import Vault, parse_keys
from patchbay.core.vendors import Cancelled, Vendors
from patchbay.domain.errors import (
    Conflict,
    InvalidInput,
    NotConfigured,
    NotFound,
    Unavailable,
    VendorFailed,
    VendorRefused,
)
from patchbay.domain.jobs import Job, JobState
from patchbay.domain.steps import Step
from patchbay.ports import Delete, Write
from tests.fakes.world import Tenant, World
from tests.support import elsewhere
from tests.support.elsewhere import NEXT_VAULT_KEY, VAULT_KEY, WORKER
from tests.support.lalal import KEY, OTHER_KEY, FakeLalal

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]


@pytest.fixture
def world(lalal_world: World) -> World:
    return lalal_world


@pytest.fixture
def vendors(world: World) -> Vendors:
    return world.services.vendors


class TestKeys:
    def test_a_key_is_tried_and_kept_and_opened_for_its_owner_alone(
        self, vendors: Vendors, ada: Tenant, bob: Tenant
    ) -> None:
        assert vendors.keep(ada.id, f" {KEY} ").left == 75
        assert vendors.open(ada.id).text == KEY
        assert vendors.kept(bob.id) is None
        with pytest.raises(NotFound, match="/users/settings"):
            vendors.open(bob.id)

    def test_it_lies_in_no_record(self, world: World, vendors: Vendors, ada: Tenant) -> None:
        vendors.keep(ada.id, KEY)
        stored = "".join(str(change) for change in world.records.changes)
        assert "vendor_key" in stored
        assert KEY not in stored
        assert KEY not in repr(vendors.open(ada.id))

    def test_another_takes_its_place(self, vendors: Vendors, ada: Tenant) -> None:
        vendors.keep(ada.id, KEY)
        first = vendors.open(ada.id).id
        vendors.keep(ada.id, OTHER_KEY)
        assert vendors.open(ada.id).text == OTHER_KEY
        assert vendors.open(ada.id).id != first

    def test_one_that_lalal_does_not_know_is_not_kept(self, vendors: Vendors, ada: Tenant) -> None:
        vendors.keep(ada.id, KEY)
        with pytest.raises(VendorRefused):
            vendors.keep(ada.id, "another-key-entirely")
        assert vendors.open(ada.id).text == KEY

    def test_nor_one_that_could_not_be_tried(self, vendors: Vendors, ada: Tenant, lalal: FakeLalal) -> None:
        lalal.plan("limits/minutes_left/", (503, {}))
        with pytest.raises(VendorFailed):
            vendors.keep(ada.id, KEY)
        assert vendors.kept(ada.id) is None

    @pytest.mark.parametrize(
        "text", ["", "short", "x" * 201, "with space in", "line\r\nX-Injected: 1", "k\u00e4ufl\u00ed\u010dch\u00e9n"]
    )
    def test_what_can_be_no_key_is_not_even_tried(
        self, vendors: Vendors, ada: Tenant, lalal: FakeLalal, text: str
    ) -> None:
        with pytest.raises(InvalidInput) as caught:
            vendors.keep(ada.id, text)
        assert caught.value.field == "license_key"
        assert lalal.seen == []

    def test_removed_is_gone_and_twice_is_once(self, vendors: Vendors, ada: Tenant) -> None:
        vendors.keep(ada.id, KEY)
        vendors.drop(ada.id)
        vendors.drop(ada.id)
        assert vendors.kept(ada.id) is None

    def test_without_a_vault_none_are_kept(self, lalal: FakeLalal) -> None:
        made = elsewhere.world_of(lalal, vault_key="")
        vendors = made.services.vendors
        assert not vendors.offered
        with pytest.raises(NotConfigured):
            vendors.keep(made.tenant().id, KEY)
        assert lalal.seen == []

    def test_a_new_key_of_the_stage_takes_over(self, vendors: Vendors, ada: Tenant) -> None:
        vendors.keep(ada.id, KEY)

        def under(keys: str) -> Vendors:
            return Vendors(vendors.records, vendors.clock, Vault(parse_keys(keys)), vendors.jobs, vendors.vendor)

        assert under(f"{NEXT_VAULT_KEY},{VAULT_KEY}").open(ada.id).text == KEY
        assert under(NEXT_VAULT_KEY).open(ada.id).text == KEY

    @pytest.mark.parametrize("meanwhile", ["removed", "replaced"])
    def test_which_does_not_undo_what_its_owner_does_meanwhile(
        self, vendors: Vendors, ada: Tenant, meanwhile: str
    ) -> None:
        vendors.keep(ada.id, KEY)

        class Slow(Vault):
            def seal(self, tenant_id: str, name: str, text: str) -> str:
                if meanwhile == "removed":
                    vendors.drop(ada.id)
                else:
                    vendors.keep(ada.id, OTHER_KEY)
                return Vault.seal(self, tenant_id, name, text)

        vault = Slow(parse_keys(f"{NEXT_VAULT_KEY},{VAULT_KEY}"))
        Vendors(vendors.records, vendors.clock, vault, vendors.jobs, vendors.vendor).open(ada.id)
        if meanwhile == "removed":
            assert vendors.kept(ada.id) is None
        else:
            assert vendors.open(ada.id).text == OTHER_KEY

    def test_minutes(self, vendors: Vendors, ada: Tenant) -> None:
        vendors.keep(ada.id, KEY)
        assert vendors.minutes(ada.id).quota == 120


class TestForWorkers:
    def test_who_holds_a_task_has_its_owners_key(self, world: World, vendors: Vendors, ada: Tenant) -> None:
        vendors.keep(ada.id, KEY)
        job = elsewhere.order(world, ada)
        elsewhere.lease(world, job)
        assert vendors.open_for(ada.id, job.id, 0, WORKER).text == KEY

    def test_nobody_else_has(self, world: World, vendors: Vendors, ada: Tenant, bob: Tenant) -> None:
        vendors.keep(ada.id, KEY)
        job = elsewhere.order(world, ada)
        elsewhere.lease(world, job)
        for asked in (
            (ada.id, job.id, 0, "another"),
            (bob.id, job.id, 0, WORKER),
            (ada.id, job.id, 1, WORKER),
            (ada.id, "x", 0, WORKER),
        ):
            with pytest.raises(NotFound):
                vendors.open_for(*asked)
        world.clock.advance(seconds=60)
        with pytest.raises(NotFound, match="any more"):
            vendors.open_for(ada.id, job.id, 0, WORKER)

    def test_no_step_of_another_engine_opens_a_key(self, world: World, vendors: Vendors, ada: Tenant) -> None:
        vendors.keep(ada.id, KEY)
        job = world.order(ada)
        _, step = elsewhere.lease(world, job)
        assert step.engine == "separation"
        with pytest.raises(NotFound):
            vendors.open_for(ada.id, job.id, 0, WORKER)
        assert world.services.errand_of(step, WORKER) is None

    def test_a_key_that_was_removed_is_told_in_words_for_the_owner(
        self, world: World, vendors: Vendors, ada: Tenant
    ) -> None:
        job = elsewhere.order(world, ada)
        elsewhere.lease(world, job)
        with pytest.raises(VendorRefused, match="/users/settings"):
            vendors.open_for(ada.id, job.id, 0, WORKER)


class TestCancelling:
    @pytest.fixture(autouse=True)
    def keyed(self, vendors: Vendors, ada: Tenant, bob: Tenant) -> None:
        vendors.keep(ada.id, KEY)
        vendors.keep(bob.id, OTHER_KEY)

    def test_by_its_number_there(self, world: World, vendors: Vendors, ada: Tenant, lalal: FakeLalal) -> None:
        job, task_id = elsewhere.begun(world, ada, lalal)
        assert vendors.task_id(world.services.jobs.get(ada.id, job.id)) == task_id
        assert vendors.cancel(ada.id, task_id).state is JobState.CANCELLED
        assert lalal.tasks[task_id].state == "cancelled"
        assert vendors.task_id(world.services.jobs.get(ada.id, job.id)) is None
        with pytest.raises((Conflict, NotFound)):
            vendors.cancel(ada.id, f"{task_id}x")

    def test_by_its_jobs_before_anything_was_sent(
        self, world: World, vendors: Vendors, ada: Tenant, lalal: FakeLalal
    ) -> None:
        job = elsewhere.order(world, ada)
        assert vendors.cancel(ada.id, job.id).state is JobState.CANCELLED
        assert lalal.calls("cancel/") == 0

    def test_anothers_is_not_there(
        self, world: World, vendors: Vendors, ada: Tenant, bob: Tenant, lalal: FakeLalal
    ) -> None:
        job, task_id = elsewhere.begun(world, ada, lalal)
        for told in (job.id, task_id, "unknown", "0198c0de-0000-7000-8000-000000000000", "", "x" * 999):
            with pytest.raises(NotFound):
                vendors.cancel(bob.id, told)
        assert world.services.jobs.get(ada.id, job.id).state is not JobState.CANCELLED
        assert lalal.tasks[task_id].state == "progress"

    def test_a_job_that_is_done_here_is_none_of_theirs(self, world: World, vendors: Vendors, ada: Tenant) -> None:
        with pytest.raises(NotFound):
            vendors.cancel(ada.id, world.order(ada).id)

    def test_all_of_ones_own_and_nobody_elses(
        self, world: World, vendors: Vendors, ada: Tenant, bob: Tenant, lalal: FakeLalal
    ) -> None:
        elsewhere.begun(world, ada, lalal)
        elsewhere.order(world, ada, stems=2)
        local = world.order(ada)
        _, others = elsewhere.begun(world, bob, lalal)
        assert vendors.cancel_all(ada.id) == Cancelled(2, 0)
        assert vendors.cancel_all(ada.id) == Cancelled(0, 0)
        assert lalal.tasks[others].state == "progress"
        assert not world.services.jobs.get(ada.id, local.id).state.terminal

    def test_more_than_a_page_of_them(
        self, world: World, vendors: Vendors, ada: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("patchbay.core.vendors._PAGE", 2)
        for _ in range(5):
            elsewhere.order(world, ada)
        assert vendors.cancel_all(ada.id) == Cancelled(5, 0)

    def test_all_that_there_is_time_for_and_the_rest_by_another_call(
        self, world: World, vendors: Vendors, ada: Tenant, lalal: FakeLalal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        jobs = [elsewhere.begun(world, ada, lalal)[0] for _ in range(5)]
        stop = world.executions.stop

        def slowly(*which: Any) -> None:
            world.clock.advance(seconds=4)
            stop(*which)

        monkeypatch.setattr(world.executions, "stop", slowly)
        assert vendors.cancel_all(ada.id) == Cancelled(3, 2)
        assert sum(task.state == "cancelled" for task in lalal.tasks.values()) == 3
        assert lalal.calls("cancel/") == 1, "all of them in one call"
        assert vendors.cancel_all(ada.id) == Cancelled(2, 0)
        assert {task.state for task in lalal.tasks.values()} == {"cancelled"}
        assert {world.services.jobs.get(ada.id, job.id).state for job in jobs} == {JobState.CANCELLED}

    def test_what_was_ended_here_ends_there_though_the_rest_is_in_trouble(
        self, world: World, vendors: Vendors, ada: Tenant, lalal: FakeLalal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, *_, last = (elsewhere.begun(world, ada, lalal)[0] for _ in range(3))
        end, steps = Jobs.end, Jobs.steps

        def ends(jobs: Jobs, tenant_id: str, job_id: str) -> Job:
            if job_id == first.id:  # the oldest comes last
                raise Unavailable("the table is busy")
            return end(jobs, tenant_id, job_id)

        def planned(jobs: Jobs, job: Job) -> Sequence[Step]:
            if job.id == last.id:
                raise Unavailable("the table is busy")
            return steps(jobs, job)

        monkeypatch.setattr(Jobs, "end", ends)
        monkeypatch.setattr(Jobs, "steps", planned)
        with pytest.raises(Unavailable):
            vendors.cancel_all(ada.id)
        assert [task.state for task in lalal.tasks.values()] == ["progress", "cancelled", "progress"]

    def test_a_vendor_that_takes_long_is_not_asked_on_and_on(
        self, world: World, vendors: Vendors, ada: Tenant, lalal: FakeLalal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("patchbay.core.vendors._PAGE", 1)
        for _ in range(4):
            elsewhere.begun(world, ada, lalal)
        answer = lalal.answer

        def slowly(path: str, *more: Any) -> tuple[int, Any]:
            world.clock.advance(seconds=3)
            return answer(path, *more)

        lalal.answer = slowly  # type: ignore[method-assign,assignment]
        assert vendors.cancel_all(ada.id) == Cancelled(4, 0)
        assert lalal.calls("cancel/") == 2
        kept = [stored for stored in world.records.items.values() if stored.kind == "errand"]
        assert len(kept) == 2, "what still runs there is known on"

    def test_it_ends_here_though_they_do_not_answer(
        self, world: World, vendors: Vendors, ada: Tenant, lalal: FakeLalal, caplog: pytest.LogCaptureFixture
    ) -> None:
        job, task_id = elsewhere.begun(world, ada, lalal)
        lalal.plan("cancel/", (503, {}))
        assert vendors.cancel(ada.id, task_id).id == job.id
        assert "not cancelled elsewhere" in caplog.text
        assert KEY not in caplog.text

    def test_what_could_not_be_ended_there_is_ended_by_another_try(
        self, world: World, vendors: Vendors, ada: Tenant, lalal: FakeLalal
    ) -> None:
        job, task_id = elsewhere.begun(world, ada, lalal)
        lalal.plan("cancel/", (503, {}))
        vendors.cancel(ada.id, job.id)
        assert lalal.tasks[task_id].state == "progress"
        vendors.cancel(ada.id, job.id)
        assert lalal.tasks[task_id].state == "cancelled"

    def test_or_gone_on_with_by_the_next_order_of_the_song(
        self, world: World, vendors: Vendors, ada: Tenant, lalal: FakeLalal
    ) -> None:
        song = elsewhere.wav(0.7)
        first, second = elsewhere.order(world, ada, song), elsewhere.order(world, ada, song)
        _, step = elsewhere.lease(world, first)
        errand = elsewhere.errand_of(world, step)
        elsewhere.send(world, step, errand)
        errand.begin(("vocals", "drums", "bass"))
        lalal.plan("cancel/", (503, {}))
        vendors.cancel(ada.id, first.id)
        world.clock.advance(hours=1)
        _, again = elsewhere.lease(world, second, "another")
        elsewhere.send(world, again, elsewhere.errand_of(world, again, "another"))
        assert vendors.task_id(second) == next(iter(lalal.tasks))
        assert lalal.calls("upload/") == 1

    @pytest.mark.parametrize("how", ["cancel", "delete"])
    def test_by_whatever_way_its_job_is_ended(
        self, world: World, ada: Tenant, bob: Tenant, lalal: FakeLalal, how: str
    ) -> None:
        """The native API, SoundForge's own routes and those of all other dialects come here."""
        job, task_id = elsewhere.begun(world, ada, lalal)
        _, others = elsewhere.begun(world, bob, lalal)
        getattr(world.services.jobs, how)(ada.id, job.id)
        assert lalal.tasks[task_id].state == "cancelled"
        assert lalal.tasks[others].state == "progress"

    def test_a_file_there_that_nothing_was_begun_of_goes(
        self, world: World, vendors: Vendors, ada: Tenant, lalal: FakeLalal
    ) -> None:
        _, step = elsewhere.lease(world, elsewhere.order(world, ada))
        elsewhere.send(world, step, elsewhere.errand_of(world, step))
        assert len(lalal.sources) == 1
        vendors.cancel(ada.id, step.job_id)
        assert lalal.sources == {}
        assert lalal.calls("cancel/") == 0

    def test_a_job_done_here_is_cancelled_without_a_word_to_them(
        self, world: World, ada: Tenant, lalal: FakeLalal
    ) -> None:
        asked = len(lalal.seen)
        world.services.jobs.cancel(ada.id, world.order(ada).id)
        assert len(lalal.seen) == asked

    def test_no_trouble_of_calling_off_keeps_a_job_from_its_end(
        self, world: World, ada: Tenant, caplog: pytest.LogCaptureFixture
    ) -> None:
        def breaks(jobs: object) -> None:
            raise RuntimeError("of whatever kind")

        job = elsewhere.order(world, ada)
        assert replace(world.services.jobs, call_off=breaks).cancel(ada.id, job.id).state is JobState.CANCELLED
        assert "not called off" in caplog.text

    def test_what_its_worker_begins_at_that_moment_ends_too(
        self, world: World, vendors: Vendors, ada: Tenant, lalal: FakeLalal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = elsewhere.order(world, ada)
        _, step = elsewhere.lease(world, job)
        errand = elsewhere.errand_of(world, step)
        elsewhere.send(world, step, errand)
        write = world.records.write

        def racing(*writes: Write) -> None:
            if isinstance(writes[0], Delete) and not lalal.tasks:
                errand.begin(("vocals",))
            write(*writes)

        monkeypatch.setattr(world.records, "write", racing)
        vendors.cancel(ada.id, job.id)
        assert [task.state for task in lalal.tasks.values()] == ["cancelled"]

    def test_a_later_order_starts_anew(self, world: World, vendors: Vendors, ada: Tenant, lalal: FakeLalal) -> None:
        job, task_id = elsewhere.begun(world, ada, lalal)
        step = world.services.jobs.steps(job)[0]
        vendors.cancel(ada.id, task_id)
        assert world.records.get(layout_vendors.sent_key(ada.id, step.fingerprint)) is None
