import asyncio
import os
import sys
from pathlib import Path

import pytest

from infra.twin import processes
from infra.twin.emulator_client import EmulatorClient, EmulatorError
from infra.twin.supervisor import FIRST_BACKOFF_S, Supervisor, WorkerClass, worker_command


class Queue(EmulatorClient):
    """A queue of a known depth."""

    def __init__(self) -> None:
        self.depth = 0
        self.fails = False

    async def waiting_tasks(self, queue_url: str) -> int:
        if self.fails:
            raise EmulatorError(queue_url)
        return self.depth


def workers(tmp_path: Path, program: str) -> WorkerClass:
    command = [sys.executable, "-c", program]
    return WorkerClass("cpu", "http://queue", command, dict(os.environ), tmp_path, tmp_path / "worker.log")


async def ended(one: WorkerClass) -> None:
    assert one.process
    await processes.wait(one.process, 10)


async def test_starts_one_worker_for_waiting_work_and_keeps_it(tmp_path: Path) -> None:
    queue, one = Queue(), workers(tmp_path, "import time; print('at work', flush=True); time.sleep(60)")
    supervisor = Supervisor(queue, [one])
    await supervisor.look_after(one, 0)
    assert supervisor.pids() == []
    queue.depth = 3
    await supervisor.look_after(one, 1)
    [pid] = supervisor.pids()
    await supervisor.look_after(one, 2)
    assert supervisor.pids() == [pid]
    await supervisor.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_idle_worker_that_left_is_replaced_at_once(tmp_path: Path) -> None:
    queue, one = Queue(), workers(tmp_path, "")
    queue.depth = 1
    supervisor = Supervisor(queue, [one])
    await supervisor.look_after(one, 0)
    [first] = supervisor.pids()
    await ended(one)
    await supervisor.look_after(one, 1)
    assert supervisor.pids() != [first]
    await supervisor.stop()


async def test_crashing_worker_waits_longer_each_time(tmp_path: Path) -> None:
    queue, one = Queue(), workers(tmp_path, "raise SystemExit(3)")
    queue.depth = 1
    supervisor = Supervisor(queue, [one])
    now, pauses = 0.0, []
    for _ in range(3):
        await supervisor.look_after(one, now)
        await ended(one)
        await supervisor.look_after(one, now)
        assert supervisor.pids() == []
        pauses.append(one.not_before - now)
        now = one.not_before
    assert pauses == [FIRST_BACKOFF_S, 2 * FIRST_BACKOFF_S, 4 * FIRST_BACKOFF_S]


async def test_emulator_that_is_down_starts_nothing(tmp_path: Path) -> None:
    queue, one = Queue(), workers(tmp_path, "")
    queue.fails = True
    await Supervisor(queue, [one]).look_after(one, 0)
    assert one.process is None


async def test_no_worker_is_started_for_what_the_last_one_gave_back(tmp_path: Path) -> None:
    """Whether it is being asked just then, or would have been."""

    class Slow(Queue):
        def __init__(self) -> None:
            super().__init__()
            self.depth, self.asked, self.goes_on = 1, asyncio.Event(), asyncio.Event()

        async def waiting_tasks(self, queue_url: str) -> int:
            self.asked.set()
            await self.goes_on.wait()
            return self.depth

    queue, both = Slow(), [workers(tmp_path, "import time; time.sleep(60)") for _ in range(2)]
    supervisor = Supervisor(queue, both)
    running = asyncio.create_task(supervisor.run())
    await queue.asked.wait()
    await supervisor.stop()
    queue.asked.clear()
    queue.goes_on.set()
    await asyncio.wait_for(running, 60)
    assert supervisor.pids() == []
    assert not queue.asked.is_set()


def test_worker_is_the_local_shell() -> None:
    assert worker_command("gpu")[1:] == ["-m", "gpu_workers.runtime", "--queue", "gpu", "--idle-s", "300"]
