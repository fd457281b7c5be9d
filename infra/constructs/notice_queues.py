"""Queues on the way of notices to webhook receivers."""

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs import environment
from infra.constructs.acknowledged import acknowledge
from infra.constructs.task_queues import lost_queue, private_queue
from infra.constructs.watching.ring import ring

TIMEOUT = Duration.seconds(60)
"""Of the Lambda that takes the attempts. One may take 15 s, and there are as many threads as messages in a batch."""
RECEIVES = 5
"""How often a message that its Lambda cannot deal with is tried."""
BACKLOG_S = 1800
"""Twice as long as a message can be held back on purpose."""
MANY = 100
"""Notices given up within an hour, from which on the fault is likely to be here and not with receivers."""


def hidden_for(timeout: Duration) -> Duration:
    """How long a message is hidden from others while a Lambda of that timeout has it: six times, as Lambda asks."""
    return Duration.seconds(6 * timeout.to_seconds())


class NoticeQueues(Construct):
    """Attempts that wait for their turn, and notices that were given up.

    Attempts name the tenant as message group, which makes their queue fair between tenants.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        lost = lost_queue(self, "Lost", what="An attempt to reach a webhook receiver")
        self.attempts = private_queue(
            self,
            "Attempts",
            visibility=hidden_for(TIMEOUT),
            dead_letter_queue=sqs.DeadLetterQueue(queue=lost, max_receive_count=RECEIVES),
        )
        self.given_up = private_queue(self, "GivenUp")
        acknowledge(self.given_up, "SQS3", "this is where given up notices end; there is nothing behind it")
        self.variables = environment.variables(
            notice_queue_url=self.attempts.queue_url, dead_notice_queue_url=self.given_up.queue_url
        )
        # One receiver that is gone is its owner's matter, so that one notice rings no bell.
        ring(
            self.given_up,
            "Alarm",
            runbook="notices-given-up",
            text=f"At least {MANY} notices to webhook receivers were given up within an hour",
            metric=self.given_up.metric_number_of_messages_sent(period=Duration.hours(1), statistic="Sum"),
            threshold=MANY,
        )
        ring(
            self.attempts,
            "Alarm",
            runbook="webhook-backlog",
            text="Notices wait for their attempts for longer than the longest delay of the queue",
            metric=self.attempts.metric_approximate_age_of_oldest_message(period=Duration.minutes(5)),
            threshold=BACKLOG_S,
            periods=2,
        )
