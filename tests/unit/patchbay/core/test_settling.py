"""Ends of jobs reach whom they concern."""

import pytest

from patchbay.core.settling import Settling
from patchbay.domain.errors import Unavailable
from patchbay.domain.generations import Generation
from patchbay.domain.ids import new_id
from patchbay.domain.jobs import Job
from patchbay.domain.samples import Sample
from tests.fakes.world import Tenant, World
from tests.support.generations import generate
from tests.support.library import carry_out, make_sample


class Noting:
    """A keeper who notes what it is told, and has what it is given."""

    def __init__(self, has: object | None = None) -> None:
        self.has = has
        self.told: list[tuple[str, str]] = []

    def settle(self, job: Job) -> object | None:
        self.told.append(("over", job.id))
        return self.has

    def give_up(self, tenant_id: str, job_id: str) -> object | None:
        self.told.append(("deleted", job_id))
        return self.has


def test_every_keeper_is_told_and_what_they_have_is_returned(world: World, ada: Tenant) -> None:
    keepers = Noting(), Noting("a thing"), Noting("another")
    settling = Settling(world.services.jobs, keepers)
    job = world.carry_out(world.order(ada))
    assert settling.over(ada.id, job.id) == ["a thing", "another"]
    world.services.jobs.delete(ada.id, job.id)
    assert settling.over(ada.id, job.id) == ["a thing", "another"]
    for keeper in keepers:
        assert keeper.told == [("over", job.id), ("deleted", job.id)]


def test_nothing_at_all_is_there(world: World, ada: Tenant) -> None:
    assert world.services.settling.over(ada.id, new_id()) == []
    assert world.services.settling.over(ada.id, world.order(ada).id) == []


def test_a_sample_and_a_generation(world: World, ada: Tenant) -> None:
    sample = make_sample(world, ada)
    carry_out(world, sample)
    (found,) = world.services.settling.over(ada.id, sample.id)
    assert isinstance(found, Sample)
    assert found.preview_key
    _, job = generate(world, ada)
    world.carry_out(job)
    (made,) = world.services.settling.over(ada.id, job.id)
    assert isinstance(made, Generation)
    assert made.settled


def test_a_store_that_is_away_is_told(world: World, ada: Tenant) -> None:
    job = world.order(ada)
    world.records.down = True
    with pytest.raises(Unavailable):
        world.services.settling.over(ada.id, job.id)
