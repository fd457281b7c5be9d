"""Signs of life during work that tells its progress too seldom: the sound of a long part takes many seconds."""

import threading
from collections.abc import Callable
from typing import TypeVar

BEAT_S = 0.5
LET_GO_S = 5.0
"""How long work that is stopped may take to notice; it is left to end by itself then. The worker waits ten seconds."""
_Made = TypeVar("_Made")


class _Stopped(Exception):
    """Raised into the work."""


def patiently(work: Callable[[Callable[[float], None]], _Made], progress: Callable[[float], None]) -> _Made:
    """Do `work` in a thread, and tell `progress` twice a second the share that it told last.

    What `progress` raises stops the work, which notices when it tells its own progress next, and is raised here; so is
    what the work raises.
    """
    share, stop = [0.0], threading.Event()
    made: list[_Made] = []
    trouble: list[Exception] = []

    def told(done: float) -> None:
        if stop.is_set():
            raise _Stopped
        share[0] = done

    def run() -> None:
        try:
            made.append(work(told))
        except _Stopped:
            pass
        except Exception as error:  # noqa: BLE001 - raised in the caller's thread
            trouble.append(error)

    thread = threading.Thread(target=run, name="composition", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(BEAT_S)
            progress(share[0])
    except BaseException:
        stop.set()
        thread.join(LET_GO_S)
        made.clear()
        raise
    if trouble:
        raise trouble.pop()
    return made.pop()
