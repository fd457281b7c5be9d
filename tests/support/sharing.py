"""How tests are shared out to workers: those of a folder that share something stay together, on one of them.

Done by where a test is: pytest-xdist's `loadgroup` writes its marks where pytest 9.2 does not look any more.
"""

from typing import Any

import pytest

TOGETHER = {
    "tests/e2e/": "twin",
    "tests/browser/": "twin",
    "tests/integration/twin/": "twin",
    "tests/integration/worker/": "worker",
    "tests/unit/gpu_workers/demo/": "song",
}
"""Beginnings of tests' ids, and what all of them need: one twin, machines of their own, a song that takes seconds."""


def together(test: str) -> str:
    """What a test is shared out with: all that have the same name here go to one worker. By default it goes alone."""
    return next((name for folder, name in TOGETHER.items() if test.startswith(folder)), test)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The largest group goes first: much of the twin's time is waiting, which the other worker has for its tests."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            return together(nodeid)

    return Scheduling(config, log)
