"""The notice queue in a list."""

from patchbay.ports import LONGEST_DELAY_S, Clock, NoticeMessage


class FakeNoticeQueue:
    """`waiting`: (when it is due, message); `buried`: what was given up, with the reason. `losing` loses messages."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.waiting: list[tuple[float, NoticeMessage]] = []
        self.buried: list[tuple[NoticeMessage, str]] = []
        self.losing = False

    def send(self, message: NoticeMessage, *, delay_s: int) -> None:
        assert 0 <= delay_s <= LONGEST_DELAY_S
        if not self.losing:
            self.waiting.append((self.clock.now().timestamp() + delay_s, message))

    def bury(self, message: NoticeMessage, reason: str) -> None:
        self.buried.append((message, reason))

    def due(self) -> list[NoticeMessage]:
        """Take the messages whose time has come."""
        now = self.clock.now().timestamp()
        ready = [message for when, message in self.waiting if when <= now]
        self.waiting = [(when, message) for when, message in self.waiting if when > now]
        return ready
