"""Uploads of one key at the same moment: whoever stops where, all that are answered are answered with one asset.

Arrivals run in threads that take turns: one stops before each thing that it asks of the table or of the store, and goes
on when it is told to. So every order in which two arrivals meet is tried, and every place where one may die.
"""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from patchbay.core import intake
from patchbay.core.intake import CLAIM_HELD
from patchbay.domain.assets import AssetState
from patchbay.domain.errors import Conflict, Unavailable
from tests.fakes.world import Tenant, World

PART = 1000
SMALL, LARGE = b"RIFF", b"x" * PART + b"rest"
TABLE = ("get", "write")
STORE = ("start_multipart", "put_part", "complete_multipart", "abort_multipart", "store", "stat", "delete")
MOST = 30
"""No upload of these asks so often."""


class Died(BaseException):
    """The process is gone: nothing is cleared up."""


class Arrival:
    """One upload. `step` lets it ask for one thing more, `end` for all."""

    def __init__(self, world: World, tenant: Tenant, data: bytes) -> None:
        self.asset_id: str | None = None
        self.error: BaseException | None = None
        self._world, self._tenant, self._data = world, tenant, data
        self._go, self._stopped, self._dead = threading.Semaphore(0), threading.Semaphore(0), False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._wait()

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    def step(self) -> None:
        if not self.over:
            self._go.release()
            self._wait()

    def steps(self, count: int) -> "Arrival":
        for _ in range(count):
            self.step()
        return self

    def end(self) -> "Arrival":
        return self.steps(MOST) if not self.over else self

    def die(self) -> None:
        self._dead = True
        self.end()

    def gate(self) -> None:
        """Called in the arrival's thread before each thing that it asks for."""
        if not self._dead:
            self._stopped.release()
            assert self._go.acquire(timeout=10)
        if self._dead:
            raise Died

    def _wait(self) -> None:
        assert self._stopped.acquire(timeout=10)
        if self.asset_id or self.error:
            self._thread.join(10)

    def _run(self) -> None:
        _gates.gate = self.gate
        try:
            once, _ = self._world.services.idempotency.begin(self._tenant.id, "key", "same")
            with intake.begin(self._world.services.assets, self._tenant.id) as taken:
                for at in range(0, len(self._data), PART // 2):
                    taken.write(self._data[at : at + PART // 2])
                self.asset_id = taken.finish(once).id
        except (Conflict, Unavailable, Died) as error:
            self.error = error
        finally:
            self._stopped.release()


_gates = threading.local()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Callable[[], tuple[World, Tenant]]:
    """Makes worlds whose table and store stop for their arrivals."""
    monkeypatch.setattr(intake, "part_bytes", lambda _: PART)

    def make() -> tuple[World, Tenant]:
        world = World()
        ada = world.tenant()
        for port, names in ((world.records, TABLE), (world.objects, STORE)):
            for name in names:
                monkeypatch.setattr(port, name, partial(_gated, getattr(port, name)))
        return world, ada

    return make


def _gated(what: Callable[..., Any], *given: Any, **more: Any) -> Any:
    if gate := getattr(_gates, "gate", None):
        gate()
    return what(*given, **more)


def ids(*arrivals: Arrival) -> set[str]:
    return {arrival.asset_id for arrival in arrivals if arrival.asset_id}


def check(world: World, tenant: Tenant, data: bytes, *arrivals: Arrival) -> None:
    """All that were answered, and who comes after them, have one asset, and it is whole."""
    assert all(arrival.over for arrival in arrivals)
    world.clock.advance(seconds=CLAIM_HELD.total_seconds())
    last = Arrival(world, tenant, data).end()
    (asset_id,) = ids(last, *arrivals)
    asset = world.services.assets.get(tenant.id, asset_id)
    assert world.objects.stored[asset.key][0] == data
    assert asset.state is AssetState.PENDING


def left(world: World) -> tuple[int, int]:
    """How many assets and how many objects there are, uploads under way among them."""
    assets = sum(key[0].startswith("ASSETS#") for key in world.records.items)
    return assets, len(world.objects.stored) + len(world.objects.uploads)


def lengths(made: Callable[[], tuple[World, Tenant]], data: bytes) -> int:
    """How often an upload asks for something."""
    world, ada = made()
    first, count = Arrival(world, ada, data), 0
    while not first.over:
        first.step()
        count += 1
    assert first.asset_id
    return count


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_a_rival_between_any_two_steps(made: Callable[[], tuple[World, Tenant]], data: bytes) -> None:
    told = set()
    for at in range(lengths(made, data) + 1):
        world, ada = made()
        first = Arrival(world, ada, data).steps(at)
        rival = Arrival(world, ada, data).end()
        first.end()
        told.add(type(rival.error))
        check(world, ada, data, first, rival)
        assert left(world) == (1, 1)
        assert first.asset_id, "the first one is under way all the time"
    assert told == {type(None), Conflict}


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_two_that_take_turns(made: Callable[[], tuple[World, Tenant]], data: bytes) -> None:
    length = lengths(made, data)
    for one in range(length + 1):
        for two in range(1, length + 1):
            world, ada = made()
            first = Arrival(world, ada, data).steps(one)
            rival = Arrival(world, ada, data).steps(two)
            first.end()
            rival.end()
            assert ids(first, rival), "one of them is answered"
            check(world, ada, data, first, rival)
            assert left(world) == (1, 1)


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_one_that_stands_still_until_it_is_taken_for_dead(
    made: Callable[[], tuple[World, Tenant]], data: bytes
) -> None:
    length = lengths(made, data)
    for one in range(length + 1):
        for two in range(length + 2):
            world, ada = made()
            first = Arrival(world, ada, data).steps(one)
            world.clock.advance(seconds=CLAIM_HELD.total_seconds())
            rival = Arrival(world, ada, data).steps(two)
            first.end()
            rival.end()
            assert ids(first, rival), "one of them is answered"
            check(world, ada, data, first, rival)
            assert left(world) == (1, 1)


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_one_that_dies_anywhere(made: Callable[[], tuple[World, Tenant]], data: bytes) -> None:
    waited = False
    for at in range(lengths(made, data)):
        world, ada = made()
        first = Arrival(world, ada, data).steps(at)
        first.die()
        assert isinstance(first.error, Died)
        soon = Arrival(world, ada, data).end()
        waited = waited or isinstance(soon.error, Conflict)
        check(world, ada, data, first, soon)
    assert waited, "between its claim and its object nobody knows that it is dead"


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_one_whose_store_fails_anywhere(
    made: Callable[[], tuple[World, Tenant]], data: bytes, done: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One call is not answered, be it `done` or not, while a rival comes at any moment after it."""
    for at in range(lengths(made, data)):
        for rival_at in range(MOST // 3):
            world, ada = made()
            first = Arrival(world, ada, data).steps(at)
            _fail_next(first, world, monkeypatch, done=done)
            first.steps(rival_at)
            rival = Arrival(world, ada, data).end()
            first.end()
            check(world, ada, data, first, rival)
            again = Arrival(world, ada, data).end()
            assert again.asset_id, again.error


def _fail_next(arrival: Arrival, world: World, monkeypatch: pytest.MonkeyPatch, *, done: bool) -> None:
    """The next thing that the arrival asks for fails, by the word of the port."""
    failed: list[bool] = []
    for port, names in ((world.records, TABLE), (world.objects, STORE)):
        for name in names:
            what = getattr(port, name).args[0]

            def once(*given: Any, _what: Callable[..., Any] = what, **more: Any) -> Any:
                gate = getattr(_gates, "gate", None)
                if gate == arrival.gate and not failed:
                    failed.append(done)
                    if done:
                        _what(*given, **more)
                    raise Unavailable("no answer")
                return _what(*given, **more)

            monkeypatch.setattr(port, name, partial(_gated, once))
