"""What carries jobs out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from patchbay.domain.tasks import ComputeClass, TaskMessage


class Executions(Protocol):
    """The state machine that carries jobs out."""

    def start(self, tenant_id: str, job_id: str, run: int) -> None:
        """Begin run number `run` of a job. Beginning the same run again does nothing."""

    def stop(self, job_id: str, run: int) -> None:
        """Stop it; nothing happens if it is over."""

    def running(self, job_id: str, run: int) -> bool:
        """Whether it is still under way."""

    def known(self, job_id: str, run: int) -> bool:
        """Whether it was ever begun."""

    def succeed_task(self, token: str) -> None:
        """Tell the state machine that a task ended well; a stale token is ignored."""

    def fail_task(self, token: str, error: str, cause: str) -> None:
        """Tell the state machine that a task failed; a stale token is ignored."""

    def keep_task(self, token: str) -> bool:
        """A task's sign of life. False if the state machine does not wait for it any more."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A task message as received, with the handle by which it is deleted, kept or given back."""

    message: TaskMessage
    handle: str
    received: int
    """How often this message has been handed out, this time included."""
    sent_at: float | None = None
    """When it was put on the queue, in seconds since 1970; None where nobody says."""


class TaskQueues(Protocol):
    """The queues of the compute classes."""

    def send(self, compute: ComputeClass, message: TaskMessage) -> None:
        """Put a task on a queue, fairly between tenants."""

    def receive(self, compute: ComputeClass, *, wait_s: int, hold_s: int) -> Delivery | None:
        """The next task, hidden from others for `hold_s`; None if there is none within `wait_s`."""

    def hold(self, compute: ComputeClass, handle: str, hold_s: int) -> None:
        """Keep it hidden for `hold_s` from now; 0 gives it back at once."""

    def delete(self, compute: ComputeClass, handle: str) -> None:
        """It is done with."""

    def waiting(self, compute: ComputeClass) -> int:
        """About how many tasks wait."""

    def unfinished(self, compute: ComputeClass) -> int:
        """About how many tasks wait or are being worked on."""


class Launcher(Protocol):
    """How workers come to be: Batch, SageMaker, or (twin, bring-your-own) not by us."""

    def launch(self, compute: ComputeClass) -> None:
        """Start one more worker of a class."""

    def keep_warm(self, compute: ComputeClass, workers: int, until: datetime) -> None:
        """See to it that so many workers of a class stay until then, whether there is work or not."""
