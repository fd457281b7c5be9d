"""Child processes that never outlive the twin: each in its own group, each told to die with its parent."""

import asyncio
import contextlib
import ctypes
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import psutil

_CHILD = Path(__file__).with_name("child.py")
_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of grandchildren whose parent was killed, so that they can be found and ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def spawn(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    log: Path,
    cwd: Path,
    on_parent_death: signal.Signals = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Start a program in its own process group with its output in a log.

    Call it from the main thread: the kernel sends the death signal when the *thread* that forked ends.
    """
    launcher = [sys.executable, "-I", "-S", str(_CHILD), str(os.getpid()), str(int(on_parent_death))]
    with open(log, "ab", opener=lambda path, flags: os.open(path, flags, 0o600)) as output:
        return subprocess.Popen(
            [*launcher, *argv],
            env=dict(environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


async def stop(process: subprocess.Popen[bytes], grace_s: float) -> None:
    """Ask, wait, then end the whole group: a leader may be gone while its children still run."""
    if process.poll() is None:
        process.terminate()
        await wait(process, grace_s)
    kill_group(process.pid)
    await wait(process, 5)


async def wait(process: subprocess.Popen[bytes], timeout_s: float = math.inf) -> int | None:
    """The exit status, or None when the time is over first."""
    deadline = time.monotonic() + timeout_s
    # A look now and then, as this needs no child watcher and works for a process that a thread may reap too.
    while process.poll() is None and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return process.returncode


def kill_group(leader: int) -> None:
    """End a process group at once; it may be gone already."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def kill_descendants(spare: Iterable[int] = (), matching: Callable[[psutil.Process], bool] | None = None) -> None:
    """End every process below this one, except the spared ones and what is below them."""
    kept = set(spare)
    for child in psutil.Process().children():
        if child.pid in kept or (matching and not matching(child)):
            continue
        try:
            family = [child, *child.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
        for member in family:
            try:
                member.kill()
            except psutil.NoSuchProcess:
                continue
        try:
            child.wait(timeout=2)
        except (psutil.TimeoutExpired, psutil.NoSuchProcess):
            continue
