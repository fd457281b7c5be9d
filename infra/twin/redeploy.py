"""`deploy`: the stacks of this checkout into a twin that is up, whose front door stays open meanwhile.

As in the cloud: each function goes over to the new code at once, between two calls; workers give their tasks back and
leave, and others come in their place. The twin's own process, with its ingest service, goes on as it is.
"""

import asyncio
import os
import signal
from collections.abc import Callable

import psutil

from infra.twin.deploy import Deployer
from infra.twin.folder import AlreadyRunning, DataFolder
from infra.twin.launcher import ROOT, CannotStart, Options, child_environment, fingerprint_of, vault_key
from infra.twin.state import read_state

_WORKER = "gpu_workers.runtime"


async def redeploy(options: Options, say: Callable[[str], None]) -> int:
    """Deploy into the twin of the data folder; how many workers were asked to leave. Raises `CannotStart`,
    `DeployFailed`.
    """
    data = DataFolder(options.data.resolve())
    state = read_state(data.state) or {}
    if "pid" not in state or not _is_held(data):
        raise CannotStart(f"no twin runs on {data.root}; start one with `up`")
    running = Options(int(state["port"]), data.root, options.app)
    port, secret = int(str(state["emulator_endpoint"]).rpartition(":")[2]), data.secret()
    environment = child_environment(running, secret, port, {**os.environ, "PATCHBAY_VAULT_KEY": vault_key(secret)})
    ready = asyncio.Event()
    ready.set()
    fingerprint = await asyncio.to_thread(fingerprint_of, running)
    await Deployer(ROOT, data, environment, say, options.app).deploy(ready, fingerprint)
    return _let_workers_go(int(state["pid"]))


def _is_held(data: DataFolder) -> bool:
    """Whether a twin is there: after a SIGKILL its pid stays, which may be another's by now, as may its ports."""
    try:
        os.close(data.lock())
    except AlreadyRunning:
        return True
    return False


def _let_workers_go(pid: int) -> int:
    """Ask a twin's workers to leave; it starts others when there is work."""
    asked = 0
    try:
        children = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return 0
    for child in children:
        try:
            command = child.cmdline()
            # The leader of its group: the limited children of a worker have its name in their paths at most.
            if _WORKER in command and os.getpgid(child.pid) == child.pid:
                child.send_signal(signal.SIGTERM)
                asked += 1
        except (psutil.NoSuchProcess, ProcessLookupError):
            continue
    return asked
