"""Whatever happens to generations in whatever order, with processes dying in between: nothing is half made, no credit
is lost or taken twice.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from patchbay.core.layout_generations import owner_key
from patchbay.domain.assets import AssetState
from patchbay.domain.errors import PatchbayError, Unavailable
from patchbay.domain.generations import Generation
from patchbay.domain.jobs import Failure, FailureKind, Job, JobState
from tests.fakes.world import Tenant, World
from tests.support.generations import order

BROKE = Failure(kind=FailureKind.INTERNAL, message="it broke")


class Play:
    """One tenant's generations, and a process that can die at its next write, or the one after."""

    def __init__(self) -> None:
        self.world = World()
        self.tenant: Tenant = self.world.tenant()
        self.ids: list[str] = []
        self.dying: int | None = None
        self.paid = 0
        """Credits of what succeeded, was settled, and was deleted then."""
        real = self.world.records.write

        def write(*writes: Any) -> None:
            if self.dying is not None:
                self.dying -= 1
                if self.dying < 0:
                    raise Unavailable("the process died")
            real(*writes)

        self.world.records.write = write  # type: ignore[method-assign]

    def order(self, number: int) -> None:
        asked = order(self.world, self.tenant)
        _, job = self.world.services.generations.order(asked, kind="generation", credits=number)
        self.ids.append(job.id)

    def _on(self, number: int, what: Callable[[str], object]) -> None:
        if self.ids:
            what(self.ids[number % len(self.ids)])

    def work(self, number: int) -> None:
        jobs = self.world.services.jobs
        self._on(number, lambda job_id: self.world.carry_out(jobs.get(self.tenant.id, job_id)))

    def fail(self, number: int) -> None:
        self._on(number, lambda job_id: self.world.services.pipeline.fail(self.tenant.id, job_id, BROKE))

    def cancel(self, number: int) -> None:
        self._on(number, lambda job_id: self.world.services.jobs.cancel(self.tenant.id, job_id))

    def delete(self, number: int) -> None:
        def delete(job_id: str) -> None:
            job = self.world.services.jobs.get(self.tenant.id, job_id)
            (found,) = [each for each, _ in self.generations() if each.id == job_id]
            self.world.services.jobs.delete(self.tenant.id, job_id)
            self.paid += found.credits if found.settled and job.state is JobState.SUCCEEDED else 0

        self._on(number, delete)

    def tell(self, number: int) -> None:
        self._on(number, lambda job_id: self.world.services.settling.over(self.tenant.id, job_id))

    def look(self, number: int) -> None:
        self._on(number, lambda job_id: self.world.services.generations.get(job_id, None))

    def act(self, name: str, number: int, dying: int | None) -> None:
        """Do something, and die on the way if that is to be."""
        self.dying = dying
        with suppress(PatchbayError, AssertionError):
            getattr(self, name)(number)
        self.dying = None

    def generations(self) -> list[tuple[Generation, Job]]:
        return self.world.services.generations.owned(self.tenant.id, limit=999)

    def check(self) -> None:
        """Once every end was told."""
        services, tenant_id = self.world.services, self.tenant.id
        kept = self.paid
        for found, job in self.generations():
            assert found.settled is job.state.terminal
            assert bool(found.outputs) is (job.state is JobState.SUCCEEDED)
            kept += found.credits if job.state is JobState.SUCCEEDED or not job.state.terminal else 0
            for output in found.outputs:
                assert services.assets.get(tenant_id, output.asset_id).state is AssetState.READY
        assert services.credits.standing(tenant_id, "standard").spent == kept
        there = {job.id for job in services.jobs.list(tenant_id, limit=200)}
        assert {found.id for found, _ in self.generations()} == there
        assert {job_id for job_id in self.ids if self.world.records.get(owner_key(job_id))} <= there


ACTIONS = st.sampled_from(["order", "work", "fail", "cancel", "delete", "tell", "look"])
STEP = st.tuples(ACTIONS, st.integers(1, 9), st.none() | st.integers(0, 6))


@given(st.lists(STEP, min_size=3, max_size=25))
@example([("work", 0, None), ("tell", 0, None), ("delete", 0, None)])
@example([("work", 0, None), ("tell", 0, 6), ("look", 0, None), ("order", 3, None), ("delete", 1, None)])
@example([("work", 0, None), ("delete", 0, None), ("tell", 0, 0), ("look", 0, None)])
@settings(max_examples=60, deadline=None)
def test_in_any_order(steps: list[tuple[str, int, int | None]]) -> None:
    play = Play()
    play.act("order", 5, None)
    for step in steps:
        play.act(*step)
    told = {stored.sk for stored in play.world.records.query(f"GENERATIONS#{play.tenant.id}", limit=999)}
    for job_id in {*play.ids, *told}:
        play.world.services.settling.over(play.tenant.id, job_id)
    play.check()
