"""Which engines' tests are left out of the quick round: each is fast, but together they are most of its time."""

from pathlib import Path

import pytest

SLOW = tuple(Path(__file__).parent / name for name in ("analysis", "composition", "separation", "test_engines.py"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.path.is_relative_to(place) for place in SLOW):
            item.add_marker(pytest.mark.slow)
