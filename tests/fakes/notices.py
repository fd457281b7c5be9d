"""The way of events: the table's stream and the notice queue, in lists."""

from typing import Any

from patchbay.core import events
from patchbay.domain.errors import Unavailable
from patchbay.ports import LONGEST_DELAY_S, Clock, NoticeMessage
from tests.fakes.records import FakeRecords


class FakeNoticeQueue:
    """`waiting`: (when it is due, message); `buried`: what was given up, with the reason. `losing` loses messages,
    `down` takes none.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.waiting: list[tuple[float, NoticeMessage]] = []
        self.buried: list[tuple[NoticeMessage, str]] = []
        self.losing = False
        self.down = False

    def send(self, message: NoticeMessage, *, delay_s: int) -> None:
        assert 0 <= delay_s <= LONGEST_DELAY_S
        self._check_up()
        if not self.losing:
            self.waiting.append((self.clock.now().timestamp() + delay_s, message))

    def bury(self, message: NoticeMessage, reason: str) -> None:
        self._check_up()
        self.buried.append((message, reason))

    def due(self) -> list[NoticeMessage]:
        """Take the messages whose time has come."""
        now = self.clock.now().timestamp()
        ready = [message for when, message in self.waiting if when <= now]
        self.waiting = [(when, message) for when, message in self.waiting if when > now]
        return ready

    def _check_up(self) -> None:
        if self.down:
            raise Unavailable("the notice queue is busy; try again")


class FakeStream:
    """What the table's stream makes of its changes: each event once, unless the test tells it again itself."""

    def __init__(self, records: FakeRecords) -> None:
        self.records = records
        self.read = 0
        self.told: list[dict[str, Any]] = []
        """Every event so far."""

    def events(self) -> list[dict[str, Any]]:
        """The events of the changes since the last call."""
        new = self.records.changes[self.read :]
        self.read += len(new)
        found = [event for change in new if (event := events.of_change(*change)) is not None]
        self.told += found
        return found
