"""A local twin for the length of the demo: the one that is up, or one started here and stopped again at the end."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from patchbay.cli import home
from patchbay.cli.commands.local import TWIN_PROGRAM
from patchbay.cli.failures import CommandFailed

START_S = 600
"""A first start installs the CDK's command line and builds every Lambda's code."""
STOP_S = 30
_POLL_S = 0.1


@contextmanager
def running_twin(data: Path, port: int) -> Iterator[home.Twin]:
    """The twin of a data folder, up. Raises `CommandFailed` with what it said where it does not start."""
    found = home.find(data)
    if found and found.running:
        yield found
        return
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = data / "demo-twin.log"
    with log.open("wb") as output:
        # A session of its own: Ctrl-C is for the demo, which cancels its job before it stops the twin.
        process = subprocess.Popen(
            [sys.executable, "-m", TWIN_PROGRAM, "up", "--port", str(port), "--data", str(data)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield _ready(process, data, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()


def _ready(process: "subprocess.Popen[bytes]", data: Path, log: Path) -> home.Twin:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        found = home.find(data)
        if found and found.pid == process.pid:
            return found
        if process.poll() is not None:
            lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            told = next((line for line in lines if "cannot start" in line), lines[-1] if lines else "no reason given")
            raise CommandFailed(f"the twin did not start: {told} (all of it in {log})")
        time.sleep(_POLL_S)
    raise CommandFailed(f"the twin was not ready after {START_S} s; see {log}")
