"""Leaving a message to others."""

from patchbay.catalog.compute import DELIVERIES
from patchbay.domain.tasks import ComputeClass
from patchbay.ports import Delivery, TaskQueues


def pass_on(queues: TaskQueues, compute: ComputeClass, delivery: Delivery, after_s: int) -> None:
    """Let a message come back in `after_s` seconds though nothing went wrong with its task.

    Its deliveries are counted all the same, and after the last one the dead-letter queue would have it. So the last one
    is replaced by a fresh copy (sent first: a crash between the two leaves one too many, which the lease sorts out).
    A copy is visible at once; where another worker holds the lease, whoever receives it holds it in turn.
    """
    if delivery.received < DELIVERIES:
        queues.hold(compute, delivery.handle, after_s)
    else:
        queues.send(compute, delivery.message)
        queues.delete(compute, delivery.handle)
