"""Where the stacks of a checkout are not deployed: there is no twin to take them."""

import asyncio
import os
from pathlib import Path

import pytest

from infra.twin import redeploy
from infra.twin.folder import DataFolder
from infra.twin.launcher import CannotStart, Options
from infra.twin.state import TwinState, clear_pid, write_state


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path)
    made.create()
    write_state(made.state, TwinState(8484, "https://localhost:8484", "/ca.pem", "http://127.0.0.1:1", {}, pid=1))
    return made


def deploy(data: DataFolder) -> None:
    asyncio.run(redeploy.redeploy(Options(0, data.root, None), lambda text: None))


def test_a_twin_that_was_stopped_takes_nothing(data: DataFolder) -> None:
    clear_pid(data.state)
    with pytest.raises(CannotStart, match="no twin runs"):
        deploy(data)


def test_a_twin_that_was_killed_takes_nothing_and_no_process_is_asked_to_leave(
    data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redeploy, "_let_workers_go", lambda pid: pytest.fail("that may be another's process"))
    with pytest.raises(CannotStart, match="no twin runs"):
        deploy(data)
    os.close(data.lock())


def test_one_that_runs_is_deployed_to(data: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    class Deployer:
        def __init__(self, *given: object) -> None:
            pass

        async def deploy(self, ready: asyncio.Event, fingerprint: str) -> None:
            assert ready.is_set()

    monkeypatch.setattr(redeploy, "Deployer", Deployer)
    monkeypatch.setattr(redeploy, "fingerprint_of", lambda options: "f")
    monkeypatch.setattr(redeploy, "_let_workers_go", asked.append)
    lock = data.lock()
    try:
        deploy(data)
    finally:
        os.close(lock)
    assert asked == [1]
