"""Fixtures: a LALAL.AI of this machine, and a world whose users can have accounts there."""

from collections.abc import Iterator

import pytest

from patchbay import bootstrap
from tests.fakes.world import World
from tests.support import elsewhere
from tests.support.lalal import FakeLalal, served


@pytest.fixture
def lalal() -> Iterator[FakeLalal]:
    """The server. Tests that ask for it need `enable_socket`, and this machine as an allowed host."""
    with served() as made:
        yield made


@pytest.fixture
def lalal_world(lalal: FakeLalal, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world that knows the server; `bootstrap.services()` gives its services."""
    made = elsewhere.world_of(lalal)
    monkeypatch.setattr(bootstrap, "services", lambda: made.services)
    return made
