"""What every test stands on: no surroundings of the machine leak in."""

import logging
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

pytest_plugins = ("tests.support.worlds", "tests.support.live", "tests.support.lalal_worlds", "tests.support.sharing")

# Before anything imports them: libraries that would open a display, look for hosts, or take both cores per test.
os.environ["MPLBACKEND"] = "Agg"
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1")
# A busy machine takes its time, and what is imported first in an example does too: pytest has a limit of its own.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting and no credential of the person who runs the tests reaches a test."""
    for name in list(os.environ):
        if name.startswith(("PATCHBAY_", "AWS_")) and name != "AWS_EC2_METADATA_DISABLED":
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Twin tests talk to this machine's own loopback."""
    for item in items:
        if item.get_closest_marker("twin"):
            item.add_marker(pytest.mark.enable_socket)


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """A program that is run within a test sends the process's log somewhere: not beyond the test, whose streams end."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    for handler in list(root.handlers):
        if handler not in before and not type(handler).__module__.startswith("_pytest."):
            root.removeHandler(handler)
    root.setLevel(level)
