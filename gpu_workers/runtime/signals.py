"""SIGTERM and SIGINT, heard even while the main thread is deep in an engine's native code."""

import os
import signal
import threading
from collections.abc import Callable

STOPPING = frozenset({signal.SIGTERM, signal.SIGINT})


def on_stop(stop: Callable[[], None], exit_now: Callable[[], None], grace_s: float) -> None:
    """Call `stop` from a thread of its own when the process is told to end, and `exit_now` if it lives `grace_s` later.

    A Python signal handler runs only between two steps of the main thread, which may be one matrix product of many
    seconds; the wakeup descriptor is written to by the C handler at once.
    """
    heard, written = os.pipe()
    os.set_blocking(written, False)
    for number in STOPPING:
        signal.signal(number, _leave_to_the_thread)
    signal.set_wakeup_fd(written, warn_on_full_buffer=False)
    threading.Thread(target=_listen, args=(heard, stop, exit_now, grace_s), name="signals", daemon=True).start()


def _leave_to_the_thread(number: int, frame: object) -> None:
    """Replaces the default action, which would end the process on the spot."""


def _listen(heard: int, stop: Callable[[], None], exit_now: Callable[[], None], grace_s: float) -> None:
    while not STOPPING & set(os.read(heard, 64)):
        continue
    watch = threading.Timer(grace_s, exit_now)
    watch.daemon = True
    watch.start()
    stop()
