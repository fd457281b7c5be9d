"""One queue for each compute class that workers drain, and the one where hopeless tasks end up."""

from collections.abc import Iterable

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.acknowledged import acknowledge
from infra.constructs.watching.ring import ring
from patchbay.catalog.compute import DELIVERIES, Compute

WAIT_S = {False: 900, True: 1800}
"""How long a task may wait without and with a GPU, which is harder to get, before somebody is told."""
HIDE_S = 60
"""How long a task stays with a worker that gives no sign of life."""


class TaskQueues(Construct):
    """Standard queues: senders name the tenant as message group, which makes them fair between tenants."""

    def __init__(self, scope: Construct, construct_id: str, *, classes: Iterable[Compute]) -> None:
        super().__init__(scope, construct_id)
        # Its consumer may take 30 s, and Lambda asks for six times that.
        self.dead = private_queue(self, "Dead", visibility=Duration.seconds(180))
        self.by_class: dict[str, sqs.Queue] = {c.name: self._queue(c) for c in classes}
        ring(
            self.dead,
            "Alarm",
            runbook="tasks-not-buried",
            text="Tasks that no worker managed wait for their jobs to be failed",
            metric=self.dead.metric_approximate_age_of_oldest_message(period=Duration.minutes(5)),
            threshold=900,
        )

    def _queue(self, compute: Compute) -> sqs.Queue:
        queue = private_queue(
            self,
            compute.name.capitalize(),
            visibility=Duration.seconds(HIDE_S),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=DELIVERIES),
        )
        ring(
            queue,
            "Alarm",
            runbook="queue-age",
            text=f"Tasks of the class {compute.name} wait for a worker for longer than it takes to start one",
            metric=queue.metric_approximate_age_of_oldest_message(period=Duration.minutes(5)),
            threshold=WAIT_S[compute.gpus > 0],
            periods=3,
        )
        return queue


def private_queue(
    scope: Construct,
    construct_id: str,
    *,
    visibility: Duration | None = None,
    dead_letter_queue: sqs.DeadLetterQueue | None = None,
) -> sqs.Queue:
    """An encrypted queue that speaks TLS only and keeps messages as long as SQS can."""
    return sqs.Queue(
        scope,
        construct_id,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(14),
        visibility_timeout=visibility,
        dead_letter_queue=dead_letter_queue,
        removal_policy=RemovalPolicy.DESTROY,
    )


def lost_queue(scope: Construct, construct_id: str, *, what: str) -> sqs.Queue:
    """A queue for what could not be delivered, with an alarm: somebody has to look at it."""
    queue = private_queue(scope, construct_id)
    acknowledge(queue, "SQS3", "this is where undeliverable messages end; there is nothing behind it")
    ring(
        queue,
        "Alarm",
        runbook="lost-messages",
        text=f"{what} could not be delivered and waits to be looked at",
        metric=queue.metric_approximate_number_of_messages_visible(period=Duration.minutes(5)),
        threshold=1,
    )
    return queue
