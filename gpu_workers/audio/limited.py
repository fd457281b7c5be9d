"""Work on hostile bytes in a child process: it gets no environment of ours, and this side holds it to the wall clock.

The child is a module that reads a request (JSON) from stdin, limits itself, and writes a report (JSON) to stdout: its
findings, or `unusable` with a sentence for the file's owner, or `broken`.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from patchbay.domain.errors import UnusableAudio

_POLL_S = 0.2
_REPORT_BYTES = 65536
_PACKAGE_ROOT = Path(__file__).resolve().parents[2]


def run_limited(
    module: str, request: Mapping[str, Any], wall_s: float, heartbeat: Callable[[], None]
) -> dict[str, Any]:
    """Run the child to its end and return its report. `heartbeat` is called before the child starts and several times a
    second after that, and may raise: the child is then killed.

    Raises `UnusableAudio` where the file is at fault or the child met a limit, RuntimeError where the machine is.
    """
    command = [sys.executable, "-P", "-s", "-m", module]
    environment = {
        "PYTHONPATH": os.pathsep.join([str(_PACKAGE_ROOT), *(p for p in sys.path if p)]),
        "PATH": os.defpath,
        "OPENBLAS_NUM_THREADS": "1",  # each thread's stack counts against the address space
        "MALLOC_ARENA_MAX": "2",
    }
    with tempfile.TemporaryFile() as report_file, tempfile.TemporaryFile() as request_file:
        request_file.write(json.dumps(request).encode())
        request_file.seek(0)
        heartbeat()
        child = subprocess.Popen(
            command, stdin=request_file, stdout=report_file, stderr=subprocess.DEVNULL, cwd="/", env=environment
        )
        try:
            _wait(child, wall_s, heartbeat)
        finally:
            child.kill()
            child.wait()
        report_file.seek(0)
        return _read_report(report_file.read(_REPORT_BYTES), child.returncode)


def _wait(child: subprocess.Popen[bytes], wall_s: float, heartbeat: Callable[[], None]) -> None:
    """Wait for the child's end, with a heartbeat. Raises `UnusableAudio` after `wall_s` seconds."""
    until = time.monotonic() + wall_s
    while (left_s := until - time.monotonic()) > 0:
        try:
            child.wait(min(_POLL_S, left_s))
        except subprocess.TimeoutExpired:
            heartbeat()
        else:
            return
    raise UnusableAudio("The file takes too long to decode.")


def _read_report(text: bytes, exit_status: int) -> dict[str, Any]:
    """The child's report. A child that was killed without one met a limit (or broke on what it decoded); one that
    ended by itself without one never came to the file.
    """
    try:
        report = json.loads(text)
    except ValueError:
        if exit_status > 0:
            raise RuntimeError("The decoder does not start.") from None
        raise UnusableAudio("The file cannot be decoded within the limits set for uploads.") from None
    if not isinstance(report, dict):
        raise UnusableAudio("The file cannot be decoded.")
    if "unusable" in report:
        raise UnusableAudio(str(report["unusable"]))
    if "broken" in report or exit_status != 0:
        raise RuntimeError(f"The decoder is not in working order: {report.get('broken')}")
    return report
