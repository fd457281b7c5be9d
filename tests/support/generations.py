"""Generations for tests."""

from typing import Any

from patchbay.core.jobs import Order
from patchbay.domain.generations import Generation
from patchbay.domain.jobs import Job
from tests.fakes.world import Tenant, World


def order(world: World, tenant: Tenant, **changes: Any) -> Order:
    """An order of four stems of a new upload, or of something else."""
    given: dict[str, Any] = {"workflow": "stem-isolation-4", "dialect": "twoshot", **changes}
    if not {"input_url", "input_asset_id", "files"} & given.keys():
        given["input_asset_id"] = world.upload(tenant).id
    return Order(tenant.id, tenant.caller.application_id, **given)


def generate(world: World, tenant: Tenant, **told: Any) -> tuple[Generation, Job]:
    """A generation that is under way. Its job is of four stems of a new upload, unless an `order` says else."""
    given = {"kind": "generation", **told}
    asked = given.pop("order", None) or order(world, tenant)
    return world.services.generations.order(asked, **given)


def generated(world: World, tenant: Tenant, **told: Any) -> Generation:
    """A generation that is over and settled."""
    _, job = generate(world, tenant, **told)
    settled = world.services.generations.settle(world.carry_out(job))
    assert settled is not None
    return settled
