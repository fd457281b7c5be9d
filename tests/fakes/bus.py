"""An event bus that keeps what it gets."""

from collections.abc import Mapping, Sequence
from typing import Any

from patchbay.domain.errors import Unavailable


class FakeBus:
    """`published` has every event, in order."""

    def __init__(self) -> None:
        self.published: list[Mapping[str, Any]] = []
        self.down = False

    def publish(self, events: Sequence[Mapping[str, Any]]) -> None:
        if self.down:
            raise Unavailable("the bus is busy; try again")
        self.published.extend(events)
