"""A signal is heard while the main thread is in native code that no Python handler can interrupt."""

import signal
import subprocess
import sys

import pytest

DEAF = """
import ctypes, os, sys, time
from gpu_workers.runtime.signals import on_stop
started = time.monotonic()
def stop(): print("stopped", flush=True)
on_stop(stop, lambda: os._exit(7), 0.3)
print("ready", flush=True)
{work}
"""
NATIVE = "libc = ctypes.CDLL(None)\nwhile libc.sleep(30) or True: pass"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("work", [NATIVE, "time.sleep(30)", "while True: pass"])
def test_stop_is_called_and_then_the_process_ends(number: signal.Signals, work: str) -> None:
    command = [sys.executable, "-c", DEAF.format(work=work)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.readline() == "stopped\n"
        assert process.wait(5) == 7
