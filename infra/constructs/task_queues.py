"""One queue for each compute class that workers drain, and the one where hopeless tasks end up."""

from collections.abc import Iterable

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.acknowledged import acknowledge
from patchbay.catalog.compute import DELIVERIES, Compute

HIDE_S = 60
"""How long a task stays with a worker that gives no sign of life."""


class TaskQueues(Construct):
    """Standard queues: senders name the tenant as message group, which makes them fair between tenants."""

    def __init__(self, scope: Construct, construct_id: str, *, classes: Iterable[Compute]) -> None:
        super().__init__(scope, construct_id)
        # Its consumer may take 30 s, and Lambda asks for six times that.
        self.dead = private_queue(self, "Dead", visibility=Duration.seconds(180))
        self.by_class: dict[str, sqs.Queue] = {c.name: self._queue(c.name) for c in classes}

    def _queue(self, name: str) -> sqs.Queue:
        return private_queue(
            self,
            name.capitalize(),
            visibility=Duration.seconds(HIDE_S),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=DELIVERIES),
        )


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
    cloudwatch.Alarm(
        queue,
        "Alarm",
        metric=queue.metric_approximate_number_of_messages_visible(period=Duration.minutes(5)),
        threshold=1,
        evaluation_periods=1,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        alarm_description=f"{what} could not be delivered and waits to be looked at",
    )
    return queue
