"""Jobs ordered together: all of them or none."""

from dataclasses import replace
from typing import Any

import pytest

from patchbay.core.groups import MAX_BODY_BYTES, MAX_JOBS
from patchbay.core.jobs import Order
from patchbay.domain.errors import InvalidInput, NotFound
from patchbay.domain.groups import JobGroup
from patchbay.domain.ids import new_id
from patchbay.domain.jobs import Job
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World

URL = "https://example.org/song.wav"


def orders(tenant: Tenant, count: int = 3, **changes: Any) -> list[Order]:
    given = {"workflow": "stem-isolation-4", "dialect": "native", "input_url": URL, **changes}
    return [Order(tenant.id, tenant.caller.application_id, name=str(n), **given) for n in range(count)]


def submit(world: World, tenant: Tenant, count: int = 3, **changes: Any) -> tuple[JobGroup, list[Job]]:
    return world.services.groups.submit(orders(tenant, count, **changes), request={"targets": count})


def test_jobs_of_a_group_share_one_file(world: World, ada: Tenant) -> None:
    world.web.pages[URL] = GOOD
    group, jobs = submit(world, ada)
    assert [job.name for job in jobs] == ["0", "1", "2"]
    assert {job.group_id for job in jobs} == {group.id}
    assert len({job.input_asset_id for job in jobs}) == 1
    assert {job.input_url for job in jobs} == {URL}
    assert [started[1] for started in world.executions.started] == list(group.job_ids)
    assert group.request == {"targets": 3}
    world.carry_out(jobs[0])
    for job in jobs[1:]:
        world.services.pipeline.plan(ada.id, job.id)
        assert world.services.pipeline.steps(job.id)[0].reused
    assert len(world.services.assets.list(ada.id, limit=10)) == 1


def test_one_bad_order_and_nothing_is_made(world: World, ada: Tenant) -> None:
    given = orders(ada)
    given[2] = replace(given[2], params={"stems": 99})
    with pytest.raises(InvalidInput) as told:
        world.services.groups.submit(given, request={})
    assert (told.value.field or "").startswith("2.params.")
    assert not world.services.jobs.list(ada.id, limit=10)
    assert not world.services.assets.list(ada.id, limit=10)
    assert not world.services.groups.list(ada.id, limit=10)
    assert world.executions.started == []


@pytest.mark.parametrize("count", [0, MAX_JOBS + 1])
def test_too_few_and_too_many(world: World, ada: Tenant, count: int) -> None:
    with pytest.raises(InvalidInput):
        submit(world, ada, count)


def test_the_largest_group_fits_into_one_write(world: World, ada: Tenant) -> None:
    group, jobs = submit(world, ada, MAX_JOBS)
    assert len(jobs) == len(group.job_ids) == MAX_JOBS


def test_a_request_that_is_too_long_is_refused(world: World, ada: Tenant) -> None:
    with pytest.raises(InvalidInput, match=str(MAX_BODY_BYTES)):
        world.services.groups.submit(orders(ada), request={"x": "y" * MAX_BODY_BYTES})
    assert world.executions.started == []


def test_the_same_key_makes_one_group(world: World, ada: Tenant) -> None:
    services = world.services
    one, two = (services.idempotency.begin(ada.id, "key", "f")[0] for _ in range(2))
    first = services.groups.submit(orders(ada), request={}, once=one)
    later, _ = services.idempotency.begin(ada.id, "key", "f")
    for once in (two, later):
        assert services.groups.submit(orders(ada), request={}, once=once) == first
    assert len(services.jobs.list(ada.id, limit=10)) == 3
    assert len(services.assets.list(ada.id, limit=10)) == 1


def test_jobs_that_cannot_be_started_now_are_kept(world: World, ada: Tenant) -> None:
    world.executions.down = True
    submit(world, ada)
    world.executions.down = False
    world.clock.advance(minutes=2)
    assert world.services.reconciler.reconcile()["resumed"] == 3


def test_jobs_that_were_deleted_are_left_out(world: World, ada: Tenant) -> None:
    group, jobs = submit(world, ada)
    world.services.jobs.delete(ada.id, jobs[1].id)
    told = world.services.groups.jobs_of([world.services.groups.get(ada.id, group.id)])
    assert [job.id for job in told[group.id]] == [jobs[0].id, jobs[2].id]


def test_lists_are_newest_first_and_ones_own(world: World, ada: Tenant, bob: Tenant) -> None:
    made = [submit(world, ada, 1)[0] for _ in range(5)][::-1]
    theirs, _ = submit(world, bob, 1)
    groups = world.services.groups
    assert groups.list(ada.id, limit=10) == made
    assert groups.list(ada.id, limit=2, skip=1) == made[1:3]
    assert groups.list(ada.id, limit=2, before=made[2].id) == made[3:]
    assert groups.list(ada.id, limit=0) == []
    for group_id in (theirs.id, new_id(), "", "x"):
        with pytest.raises(NotFound):
            groups.get(ada.id, group_id)
    for limit, skip in ((101, 0), (-1, 0), (1, -1)):
        with pytest.raises(InvalidInput):
            groups.list(ada.id, limit=limit, skip=skip)
