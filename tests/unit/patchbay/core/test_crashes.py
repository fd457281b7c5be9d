"""The process dies before or after each of its effects in turn; whoever comes next sets it right."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from patchbay.core.jobs import Order
from patchbay.domain.jobs import Job, JobState, Output
from patchbay.domain.webhooks import NoticeState
from patchbay.ports import NoticeMessage, WebAnswer
from tests.fakes.notices import FakeStream
from tests.fakes.world import Tenant, World
from tests.unit.patchbay.core.receiving import OTHER, URL, Killed, deliver, dying, notices, run, shapes

WORK = "musicai/stem-isolation-4"
AFTER = pytest.mark.parametrize("after", [False, True], ids=["before", "after"])


def deaths(what: Callable[[World, Tenant], Callable[[], object]], *, after: bool) -> Iterator[tuple[World, Tenant]]:
    """A world for each effect of what is done, in which the process died there; the last one where nobody died.

    `what` prepares a world and gives what is to be done.
    """
    for at in range(100):
        world = World()
        tenant = world.tenant()
        do = what(world, tenant)
        try:
            with dying(world, at, after=after):
                do()
        except Killed:
            yield world, tenant
            continue
        yield world, tenant
        assert at > 0, "nothing of it leaves the process"
        return
    pytest.fail("it has no end")


def jobs(world: World, tenant: Tenant) -> list[Job]:
    return world.services.jobs.list(tenant.id, limit=100)


@AFTER
@pytest.mark.parametrize("url", [None, "https://example.org/song.wav"])
def test_an_order_under_a_key(after: bool, url: str | None) -> None:
    orders: dict[str, Order] = {}

    def submit(world: World, tenant: Tenant) -> Job:
        once, _ = world.services.idempotency.begin(tenant.id, "key", "f")
        return world.services.jobs.submit(orders[tenant.id], once)

    def ordering(world: World, tenant: Tenant) -> Callable[[], object]:
        asset_id = None if url else world.upload(tenant).id
        given: dict[str, Any] = {"input_url": url, "input_asset_id": asset_id, "workflow": "stem-isolation-4"}
        orders[tenant.id] = Order(tenant.id, tenant.caller.application_id, "native", **given)
        return lambda: submit(world, tenant)

    for world, tenant in deaths(ordering, after=after):
        ids = {submit(world, tenant).id for _ in range(2)}
        world.clock.advance(minutes=2)
        world.services.reconciler.reconcile()
        assert {job.id for job in jobs(world, tenant)} == ids
        assert len(world.services.assets.list(tenant.id, limit=10)) == 1
        assert [started[1:] for started in world.executions.started] == [(ids.pop(), 1)]


@AFTER
def test_the_end_of_a_job_and_its_usage(after: bool) -> None:
    def finishing(world: World, tenant: Tenant) -> Callable[[], object]:
        job = world.order(tenant)
        worked(world, job)
        return lambda: world.services.pipeline.finish(tenant.id, job.id, 1)

    for world, tenant in deaths(finishing, after=after):
        (job,) = jobs(world, tenant)
        for _ in range(2):
            world.services.pipeline.finish(tenant.id, job.id, 1)
        assert jobs(world, tenant)[0].state is JobState.SUCCEEDED
        assert world.services.usage.months(tenant.id, 1)["2026-01"][WORK].jobs == 1


@AFTER
def test_a_worker_that_reports_its_work(after: bool) -> None:
    def reporting(world: World, tenant: Tenant) -> Callable[[], object]:
        job = world.order(tenant)
        return lambda: worked(world, job)

    for world, tenant in deaths(reporting, after=after):
        (job,) = jobs(world, tenant)
        world.clock.advance(minutes=2)
        worked(world, job, "second")
        world.services.pipeline.finish(tenant.id, job.id, 1)
        done = world.services.jobs.get(tenant.id, job.id)
        assert (done.state, [output.name for output in done.outputs]) == (JobState.SUCCEEDED, ["vocals"])
        assert world.services.usage.months(tenant.id, 1)["2026-01"][WORK].jobs == 1


@AFTER
@pytest.mark.parametrize("lost", [False, True], ids=["read again", "lost"])
def test_an_event_that_is_routed(after: bool, lost: bool) -> None:
    """The queue hands it out again; or it is lost there too, and the reconciler has it told once more."""

    def routing(world: World, tenant: Tenant) -> Callable[[], object]:
        world.services.endpoints.create(tenant.id, OTHER)
        world.carry_out(world.order(tenant, callback_url=URL))
        event = FakeStream(world.records).events()[-1]
        return lambda: world.services.notices.route(event)

    for world, tenant in deaths(routing, after=after):
        stream = FakeStream(world.records)
        event = stream.events()[-1]
        if lost:
            world.clock.advance(minutes=2)
            world.services.reconciler.reconcile()
            for told in stream.events():
                world.services.notices.route(told)
        else:
            world.services.notices.route(event)
        deliver(world)
        run(world, hours=1)
        assert sorted(url for url, _, _ in world.web.posts) == [OTHER, URL]
        assert all(notice.state is NoticeState.DELIVERED for notice in notices(world))
        assert jobs(world, tenant)[0].told_at is not None


@AFTER
@pytest.mark.parametrize("status", [200, 410, 500])
@pytest.mark.parametrize("lost", [False, True], ids=["comes back", "lost"])
def test_an_attempt(after: bool, status: int, lost: bool) -> None:
    """The queue hands its message out again; or the message is lost, and the sweep asks for the attempt."""
    message: list[NoticeMessage] = []

    def attempting(world: World, tenant: Tenant) -> Callable[[], object]:
        world.web.receivers[OTHER] = [WebAnswer(status), WebAnswer(status), WebAnswer(200)]
        world.services.endpoints.create(tenant.id, OTHER)
        world.carry_out(world.order(tenant))
        world.services.notices.route(FakeStream(world.records).events()[-1])
        message[:] = world.notice_queue.due()
        return lambda: world.services.notices.deliver(message[0], shapes)

    for world, _ in deaths(attempting, after=after):
        world.clock.advance(minutes=6)
        if not lost:
            world.services.notices.deliver(message[0], shapes)
        run(world, hours=2)
        (notice,) = notices(world)
        assert notice.state is (NoticeState.DEAD if status == 410 else NoticeState.DELIVERED)
        assert {headers["webhook-id"] for _, _, headers in world.web.posts} == {notice.id}
        assert len(world.web.posts) <= 4
        if notice.state is NoticeState.DEAD and not lost:
            assert {buried.notice_id for buried, _ in world.notice_queue.buried} == {notice.id}


def worked(world: World, job: Job, worker: str = "first") -> None:
    """Plan a job and do its one step."""
    services = world.services
    for planned in services.pipeline.plan(job.tenant_id, job.id, 1):
        services.pipeline.dispatch(job.tenant_id, job.id, planned.step, f"token-{worker}")
        message = world.queues.sent[-1][1]
        _, step = services.tasks.lease(message, worker)
        if step is not None:
            key = services.tasks.output_key(step, "vocals.wav", "0" * 64)
            world.objects.put(key, b"RIFF")
            services.tasks.complete(message, step, [Output(name="vocals", key=key)], 1.0)
