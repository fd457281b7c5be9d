"""Run a program that dies with the twin: `child.py PARENT_PID SIGNAL program args...`.

A program of its own, because asking for the parent's death signal between fork and exec (`preexec_fn`) is unsafe in a
process that has threads. The request survives exec. Other systems than Linux have no such request; there the twin's own
clean-up is all there is.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent_pid: int, signal_number: int) -> None:
    """Ask the kernel for a signal when the parent ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent_pid:  # it died before the request was in place
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]), int(sys.argv[2]))
    os.execvp(sys.argv[3], sys.argv[3:])  # noqa: S606 - to become that program is what this one is for
