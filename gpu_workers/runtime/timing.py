"""How long a worker waits for what. All of it follows from the lease; tests shorten that."""

import math
from dataclasses import dataclass

from patchbay.core.tasks import LEASE_S


@dataclass(frozen=True, slots=True)
class Timing:
    """A worker that dies is missed after `lease_s`, and its message is handed out `hold_s` after its last sign of life.

    The message comes back a little later than the lease ends: who receives it then always gets the lease, so that every
    delivery that is counted towards the dead-letter queue was a real attempt.
    """

    lease_s: float = LEASE_S
    wait_s: int = 4
    """One long poll; a worker that is told to stop ends it first, and has five seconds."""
    progress_s: float = 1.0
    wanted_s: float = 2.0
    """How often it is asked whether the job is still wanted."""
    tick_s: float = 0.2
    yield_s: float = 10.0
    """What an engine may take to let go of a task that nobody wants; then the process ends."""
    load_s: float = 120.0
    """The same while inputs are fetched and weights loaded, which nothing interrupts."""

    @property
    def hold_s(self) -> int:
        """How long a received message is hidden from others, in whole seconds: 48 for the usual lease."""
        return math.ceil(self.lease_s * 16 / 15)

    @property
    def keep_s(self) -> float:
        """Between two signs of life, 10 s for the usual lease: three may be lost in a row."""
        return self.lease_s / 4.5

    @property
    def backoff_s(self) -> int:
        """Before a task that went wrong is tried again: 5 s for the usual lease."""
        return math.ceil(self.lease_s / 9)
