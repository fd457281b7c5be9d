"""Task queues and a launcher, in lists."""

from dataclasses import dataclass, field
from datetime import datetime

from patchbay.domain.tasks import ComputeClass, TaskMessage
from patchbay.ports import Clock, Delivery


@dataclass
class _Held:
    message: TaskMessage
    hidden_until: float = 0.0
    received: int = 0


class FakeQueues:
    """Messages come in order, hidden while held, and again when the hold is over. Time is the fake clock's."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.messages: dict[str, dict[str, _Held]] = {"gpu": {}, "cpu": {}}
        self.sent: list[tuple[str, TaskMessage]] = []

    def send(self, compute: ComputeClass, message: TaskMessage) -> None:
        self.sent.append((compute, message))
        self.messages[compute][f"handle-{len(self.sent)}"] = _Held(message)

    def receive(self, compute: ComputeClass, *, wait_s: int, hold_s: int) -> Delivery | None:
        now = self.clock.now().timestamp()
        for handle, held in self.messages[compute].items():
            if held.hidden_until <= now:
                held.hidden_until, held.received = now + hold_s, held.received + 1
                return Delivery(held.message, handle, held.received)
        return None

    def hold(self, compute: ComputeClass, handle: str, hold_s: int) -> None:
        if held := self.messages[compute].get(handle):
            held.hidden_until = self.clock.now().timestamp() + hold_s

    def delete(self, compute: ComputeClass, handle: str) -> None:
        self.messages[compute].pop(handle, None)

    def waiting(self, compute: ComputeClass) -> int:
        now = self.clock.now().timestamp()
        return sum(held.hidden_until <= now for held in self.messages[compute].values())

    def unfinished(self, compute: ComputeClass) -> int:
        return len(self.messages[compute])


@dataclass
class FakeLauncher:
    """Notes what it was asked for."""

    launched: list[str] = field(default_factory=list)

    kept: list[tuple[str, int, datetime]] = field(default_factory=list)

    def launch(self, compute: ComputeClass) -> None:
        self.launched.append(compute)

    def keep_warm(self, compute: ComputeClass, workers: int, until: datetime) -> None:
        self.kept.append((compute, workers, until))
