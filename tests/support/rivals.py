"""Callers who do the same at the same moment."""

import threading
from collections.abc import Callable
from typing import Any

from tests.fakes.records import FakeRecords

_MOST_S = 30


def at_once(records: FakeRecords, what: Callable[[], object], *, count: int, refused: type[Exception]) -> int:
    """Have `what` called by so many threads; how many were not `refused`.

    The table takes one write at a time, as DynamoDB does of those that touch the same item; reads and writes of the
    callers come in any order. Whatever else one of them raises is raised here.
    """
    lock, write = threading.RLock(), records.write
    done: list[bool] = []
    trouble: list[BaseException] = []

    def one_at_a_time(*writes: Any) -> None:
        with lock:
            write(*writes)

    def call() -> None:
        try:
            what()
        except refused:
            done.append(False)
        except BaseException as error:  # noqa: BLE001 - handed on, whatever it is
            trouble.append(error)
        else:
            done.append(True)

    records.write = one_at_a_time  # type: ignore[method-assign]
    started = [threading.Thread(target=call, daemon=True) for _ in range(count)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join(_MOST_S)
    records.write = write  # type: ignore[method-assign]
    if trouble:
        raise trouble[0]
    assert len(done) == count, "some did not come to an end"
    return sum(done)
