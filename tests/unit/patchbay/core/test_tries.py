"""Every way in counts what is tried, whatever the API's quotas are multiplied with."""

from collections.abc import Callable

import pytest

from patchbay.bootstrap import Services
from patchbay.core.identity import Identity
from patchbay.core.tries import TRIES, TRIES_OF_ACCOUNT, Tries
from patchbay.domain.errors import InvalidInput, RateLimited, Unauthenticated
from patchbay.settings import Settings
from tests.fakes.world import World

EMAIL, PASSWORD, OTHER = "ada@example.org", "correct horse battery", "another good password"
Way = Callable[[Identity, str], object]
WAYS: dict[str, Way] = {
    "sign in": lambda identity, asker: identity.sign_in(EMAIL, OTHER, asker=asker),
    "reset": lambda identity, asker: identity.reset(EMAIL, "000000", OTHER, asker=asker),
}


@pytest.fixture
def identity() -> Identity:
    world = World(Settings(stage="test", rate_limit_scale=1))
    world.services.people.register(EMAIL, PASSWORD, "Ada")
    return world.services.identity


def refused(way: Way, identity: Identity, asker: str) -> bool:
    try:
        way(identity, asker)
    except RateLimited:
        return True
    except (Unauthenticated, InvalidInput):
        pass
    return False


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_each_way_is_counted(identity: Identity, way: Way) -> None:
    assert [refused(way, identity, "a") for _ in range(TRIES.requests + 1)] == [False] * TRIES.requests + [True]
    assert not refused(way, identity, "b")


def test_the_ways_count_together(identity: Identity) -> None:
    for n in range(TRIES.requests):
        assert not refused(list(WAYS.values())[n % 2], identity, "a")
    with pytest.raises(RateLimited, match="too many tries"):
        identity.sign_in(EMAIL, PASSWORD, asker="a")


def test_a_stolen_token_is_no_way_to_guess(identity: Identity) -> None:
    token = identity.sign_in(EMAIL, PASSWORD, asker="a").access_token
    for _ in range(TRIES.requests - 1):
        with pytest.raises(InvalidInput, match="old password"):
            identity.change_password(token, OTHER, "a third password", asker="a")
    with pytest.raises(RateLimited):
        identity.change_password(token, PASSWORD, "a third password", asker="a")


def test_who_is_not_known_counts_for_the_account(identity: Identity) -> None:
    for _ in range(TRIES_OF_ACCOUNT.requests):
        identity.tries.password(EMAIL, None)
    with pytest.raises(RateLimited):
        identity.sign_in(EMAIL, PASSWORD)


@pytest.mark.parametrize("scale", [0, 0.01, 100])
def test_the_apis_quotas_are_others(world: World, scale: float) -> None:
    services = Services(Settings(stage="test", rate_limit_scale=scale))
    services.__dict__.update(
        {
            name: getattr(world.services, name)
            for name in ("records", "clock", "accounts", "people", "passwords", "tokens")
        }
    )
    assert services.identity.tries == Tries(world.records, world.clock, 1.0)
