"""Fixtures: a world of fakes that the product's code runs on, and two people in it."""

import pytest

from patchbay import bootstrap
from tests.fakes.world import Tenant, World


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Fakes in the place of every port; `bootstrap.services()` gives them too."""
    made = World()
    monkeypatch.setattr(bootstrap, "services", lambda: made.services)
    return made


@pytest.fixture
def ada(world: World) -> Tenant:
    """A user with a key."""
    return world.tenant("ada@example.org")


@pytest.fixture
def bob(world: World) -> Tenant:
    """Somebody else."""
    return world.tenant("bob@example.org")
