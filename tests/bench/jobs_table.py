"""What listing and getting jobs costs as the table grows: 1,000, 10,000 and 100,000 jobs of one tenant.

The store is the tests' table in memory, which reads what DynamoDB would read and counts what DynamoDB would charge: the
bytes of each item read, in units of 4 KB (strongly consistent). Emulators are no use here, for
they walk through all items of a partition whatever is asked for.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from patchbay.core import layout
from patchbay.core.jobs import JobFilter
from patchbay.domain.ids import new_id
from patchbay.domain.jobs import Job, JobState
from tests.fakes.world import Tenant, World

SIZES = (1_000, 10_000, 100_000)
PAGE = 100
REPEATS = 15
UNIT_BYTES = 4096
UNITS_TARGET = 1.05
"""Keys are read ahead in blocks; in the small table a block may end early because the table does."""
TIME_TARGET = 1.5
"""Times of one run on a shared machine: growth within this is noise."""


def rows() -> list[dict[str, Any]]:
    """One row for each access: what 100,000 jobs cost over what 1,000 cost, in read units and in time."""
    costs = {size: measure(size) for size in SIZES}
    small, large = costs[SIZES[0]], costs[SIZES[-1]]
    made = []
    for name in small:
        units = [costs[size][name][0] for size in SIZES]
        made.append(row(f"{name}: read units, 100,000 jobs over 1,000", units[-1], units[0], "units", UNITS_TARGET))
        made.append(row(f"{name}: time, 100,000 jobs over 1,000", large[name][1], small[name][1], "ms", TIME_TARGET))
    return made


def row(name: str, ours: float, theirs: float, unit: str, target: float) -> dict[str, Any]:
    ratio = ours / theirs
    told = {"name": name, "ours": round(ours, 3), "theirs": round(theirs, 3), "ratio": round(ratio, 3), "unit": unit}
    return {**told, "target": f"ratio <= {target}", "ok": ratio <= target}


def measure(size: int) -> dict[str, tuple[float, float]]:
    """Name of an access -> (read units, milliseconds), the median of several."""
    world = World()
    tenant = world.tenant()
    fill(world, tenant, size)
    jobs, newest = world.services.jobs, world.services.jobs.list(tenant.id, limit=1)[0]
    failed = JobFilter(states=[JobState.FAILED])
    both = JobFilter(states=[JobState.SUCCEEDED], workflows=["audio-encoder"])
    accesses: dict[str, Callable[[], object]] = {
        "get a job": lambda: jobs.get(tenant.id, newest.id),
        "first page": lambda: jobs.list(tenant.id, limit=PAGE),
        "tenth page": lambda: jobs.list(tenant.id, limit=PAGE, skip=9 * PAGE),
        "page by state": lambda: jobs.list(tenant.id, failed, limit=PAGE),
        "page by state and workflow": lambda: jobs.list(tenant.id, both, limit=PAGE),
    }
    return {name: cost(world, access) for name, access in accesses.items()}


def cost(world: World, access: Callable[[], object]) -> tuple[float, float]:
    """(read units, milliseconds) of one access."""
    times, read = [], 0
    for _ in range(REPEATS):
        before, began = world.records.read_bytes, time.perf_counter()
        access()
        times.append((time.perf_counter() - began) * 1000)
        read = world.records.read_bytes - before
    return max(1.0, read / UNIT_BYTES), sorted(times)[REPEATS // 2]


def fill(world: World, tenant: Tenant, size: int) -> None:
    """`size` jobs that are over: one in four failed, one in two of either workflow."""
    now = world.clock.now()
    for number in range(size):
        state = JobState.FAILED if number % 4 == 0 else JobState.SUCCEEDED
        job = Job(
            id=new_id(),
            tenant_id=tenant.id,
            application_id=tenant.application.id,
            dialect="musicai",
            workflow=("stem-isolation-4", "audio-encoder")[number % 2],
            name=f"job {number:06}",
            request={"params": {"inputUrl": "https://localhost:8484/media/uploads/" + "0" * 73}},
            state=state,
            progress=1.0,
            created_at=now,
            started_at=now,
            completed_at=now + timedelta(seconds=30),
        )
        world.records.write(layout.put_job(job))
