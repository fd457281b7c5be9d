"""Clients that move samples in and out of one folder at the same time, over a table that takes its time."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from patchbay.core import store
from patchbay.ports import Record, Write
from tests.fakes.records import FakeRecords
from tests.fakes.world import Tenant, World

LATENCY_S = 0.003


class SlowRecords(FakeRecords):
    """One write at a time, as DynamoDB does it for an item, each call with the way to the table and back."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.RLock()
        self.refused = 0

    def get(self, key: Any) -> Record | None:
        time.sleep(LATENCY_S)
        with self.lock:
            return super().get(key)

    def write(self, *writes: Write) -> None:
        time.sleep(LATENCY_S)
        with self.lock:
            try:
                super().write(*writes)
            except Exception:
                self.refused += 1
                raise


def at_once(*work: Callable[[], object]) -> list[Exception]:
    """Do it all in threads that start together; what went wrong."""
    failures: list[Exception] = []
    start = threading.Barrier(len(work))

    def run(one: Callable[[], object]) -> None:
        start.wait(10)
        try:
            one()
        except Exception as error:  # noqa: BLE001 - told to the test
            failures.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return failures


@pytest.fixture
def world() -> World:
    made = World()
    slow = SlowRecords()
    for name in ("records", "accounts", "people", "identity", "assets"):
        made.services.__dict__.pop(name, None)
    made.records = slow
    made.services.__dict__["records"] = slow
    limits, parts = made.services.limits, (made.objects, made.web, made.prober, made.clock)
    made.services.__dict__["assets"] = type(World().services.assets)(slow, *parts, limits, made.pause)
    return made


def samples(world: World, ada: Tenant, count: int) -> Sequence[int]:
    service = world.services.samples
    made = [
        service.create(ada.id, ada.caller.application_id, world.upload(ada), name=f"s{n}", public=False)
        for n in range(count)
    ]
    return [sample.number for sample in made]


def test_many_clients_move_samples_in_and_out_of_one_folder(world: World) -> None:
    ada = world.tenant()
    service, folder = world.services.samples, world.services.folders.create(ada.id, "drums")
    numbers = samples(world, ada, 8)

    def back_and_forth(number: int) -> None:
        for _ in range(3):
            service.set_folder(ada.id, number, folder.number)
            service.set_folder(ada.id, number, None)
        service.set_folder(ada.id, number, folder.number)

    records = world.records
    assert isinstance(records, SlowRecords)
    refused = records.refused
    assert at_once(*(lambda n=n: back_and_forth(n) for n in numbers)) == []
    assert records.refused > refused + len(numbers), "they did get into each other's way"
    assert world.services.folders.get(ada.id, folder.number).samples == len(numbers)
    assert len(service.owned(ada.id, limit=100, folder_number=folder.number)) == len(numbers)


def test_a_folder_is_renamed_while_samples_come_and_go(world: World) -> None:
    ada = world.tenant()
    service, folders = world.services.samples, world.services.folders
    folder = folders.create(ada.id, "drums")
    numbers = samples(world, ada, 4)
    moves = [lambda n=n: service.set_folder(ada.id, n, folder.number) for n in numbers]
    assert at_once(*moves, *(lambda n=n: folders.rename(ada.id, folder.number, f"drums {n}") for n in range(4))) == []
    found = folders.get(ada.id, folder.number)
    assert (found.samples, found.name[:6]) == (4, "drums ")


def test_pauses_grow_and_are_of_random_length() -> None:
    paused: list[float] = []
    assert list(store.attempts(paused.append)) == list(range(store.ATTEMPTS))
    assert len(paused) == store.ATTEMPTS - 1, "none before the first, none after the last"
    assert len(set(paused)) == len(paused)
    assert all(0 <= pause <= 0.4 for pause in paused)
    assert paused[0] <= 0.01
