import pytest

from tests.fakes.world import Tenant, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def ada(world: World) -> Tenant:
    return world.tenant("ada@example.org")


@pytest.fixture
def bob(world: World) -> Tenant:
    return world.tenant("bob@example.org")
