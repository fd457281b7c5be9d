"""What tells the outside: changes of the table become events on a bus of our own, and events reach webhooks."""

from collections.abc import Sequence
from typing import Any

from aws_cdk import CfnOutput, Duration, Size, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs import environment, notice_queues, rights
from infra.constructs.acknowledged import ANYTHING, acknowledge
from infra.constructs.buckets import INCOMING_AUDIO, RESULTS, SAMPLES, UPLOADS, VIDEOS
from infra.constructs.bundles import Bundler
from infra.constructs.handlers import Code, Handler
from infra.constructs.table import SIGNING
from infra.constructs.task_queues import lost_queue, private_queue
from infra.constructs.watching.ring import ring
from infra.stacks.pipeline import LONGEST, ROOM, PipelineStack
from infra.stage import Stage

SOURCE = "patchbay"
ROUTED = (
    "job.queued",
    "job.started",
    "job.succeeded",
    "job.failed",
    "job.cancelled",
    "job.deleted",
    "asset.ready",
    "asset.rejected",
    "budget.warned",
)
"""What an endpoint can ask for, as in `patchbay.domain.webhooks`, which this side does not import; a test holds the two
together. A `ping` does not come by the bus.
"""
JOB_OVER = ("job.succeeded", "job.failed", "job.cancelled", "job.deleted")
BEHIND_MS = 300_000
BATCH = 10
AT_ONCE, AT_ONCE_IN_TWIN = 20, 2
"""Instances of one consumer: they take turns on a developer's machine."""
_SHORT = Duration.seconds(30)


class EventsStack(Stack):
    """Bus, archive, the Lambda between stream and bus, and those behind the bus."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        pipeline: PipelineStack,
        bundler: Bundler,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.stage, self.data, self.notices, self.egress = stage, pipeline.data, pipeline.notices, pipeline.egress
        self._code = Code(self, "Code", stage=stage, bundler=bundler)
        self.bus = self._own_bus()
        self._lost = lost_queue(self, "Lost", what="A change of the table, an event or an import")
        self._publish_changes()
        self._index_samples()
        self._route_events()
        self._deliver_notices()
        self._sweep_notices()
        self._import_assets()
        self._settle_jobs()
        CfnOutput(self, "BusName", value=self.bus.event_bus_name)

    def _own_bus(self) -> events.EventBus:
        name = self.stage.named("facts")
        bus = events.EventBus(self, "Bus", event_bus_name=name, description="What happened to jobs")
        if not self.stage.emulated:
            pattern = events.EventPattern(version=["0"])
            bus.archive("Archive", event_pattern=pattern, retention=Duration.days(7), description="For a replay")
        return bus

    def _publish_changes(self) -> None:
        may_tell = rights.allow(["events:PutEvents"], self.bus.event_bus_arn)
        publish = self._handler("publish_changes", [may_tell], env=self._bus_name())
        # Any number of tries: a bus that is away for hours must cost no event. A stream holds a day.
        self._follow_table(publish, _filters(written=["job", "asset", "budget"], deleted=["job"]))
        acknowledge(self.node.find_child("PublishChanges"), ANYTHING, "listing streams knows no resources")

    def _index_samples(self) -> None:
        """Of samples and projects, several at once, each by one: what one tenant loads up delays no other's."""
        index = self._handler("index_samples", rights.use_table(self.data.table), timeout=Duration.minutes(1))
        filters = _filters(written=["sample", "project"], deleted=["sample", "project"])
        self._follow_table(index, filters, retry_attempts=30, parallelization_factor=10)
        acknowledge(self.node.find_child("IndexSamples"), ANYTHING, "listing streams knows no resources")

    def _follow_table(self, function: lambda_.Function, filters: list[Any], **options: Any) -> None:
        function.add_event_source(
            sources.DynamoEventSource(
                self.data.table,
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                batch_size=100,
                bisect_batch_on_error=True,
                max_record_age=Duration.hours(20),
                report_batch_item_failures=True,
                on_failure=sources.SqsDlq(self._lost),
                filters=filters,
                **options,
            )
        )
        ring(
            function,
            "Behind",
            runbook="stream-behind",
            text="Changes of the table wait to be told, or to be found by search",
            metric=function.metric("IteratorAge", period=Duration.minutes(5), statistic="Maximum"),
            threshold=BEHIND_MS,
            periods=2,
        )

    def _bus_name(self) -> dict[str, str]:
        return environment.variables(bus_name=self.bus.event_bus_name)

    def _route_events(self) -> None:
        """By way of a queue, where an event waits if its receivers cannot be put down just now."""
        kept = lost_queue(self, "EventsLost", what="An event that webhooks may be waiting for")
        queue = private_queue(
            self,
            "Events",
            visibility=notice_queues.hidden_for(_SHORT),
            dead_letter_queue=sqs.DeadLetterQueue(queue=kept, max_receive_count=notice_queues.RECEIVES),
        )
        self._rule("RouteRule", ROUTED, targets.SqsQueue(queue, dead_letter_queue=self._lost))
        may = [*rights.use_table(self.data.table), *rights.send(self.notices.attempts)]
        self._drain(queue, self._handler("route_event", may))

    def _deliver_notices(self) -> None:
        """A dialect's report has links to results, which are as good as the rights of who signs them."""
        may = [
            *rights.use_table(self.data.table, secrets=[SIGNING]),
            *rights.read_secret(self, self.stage.secrets),
            *rights.send(self.notices.attempts, self.notices.given_up),
            *rights.read_objects(self.data.media_arn, UPLOADS, RESULTS),
            *self.egress.call,
        ]
        env = {**environment.of_secrets(self.stage), **self.egress.variables}
        deliver = self._handler("deliver_webhook", may, timeout=notice_queues.TIMEOUT, memory_mib=1024, env=env)
        self._drain(self.notices.attempts, deliver)

    def _sweep_notices(self) -> None:
        """What falls due later than a queue can hold it back, and what a lost message left behind."""
        may = [*rights.use_table(self.data.table), *rights.send(self.notices.attempts, self.notices.given_up)]
        sweep = self._handler("sweep_notices", may, timeout=Duration.minutes(1))
        # No second try: the next minute brings the next sweep.
        self._keep_what_fails(sweep, retries=0)
        schedule = events.Schedule.rate(Duration.minutes(1))
        events.Rule(self, "SweepRule", schedule=schedule, targets=[targets.LambdaFunction(sweep, retry_attempts=0)])

    def _import_assets(self) -> None:
        media = self.data.media_arn
        files = [
            *rights.read_objects(media, UPLOADS, RESULTS),
            *rights.write_objects(media, UPLOADS),
            *rights.remove_objects(media, INCOMING_AUDIO),
        ]
        may = [*rights.use_table(self.data.table), *files, *self.egress.rights]
        told = self.egress.variables
        fetch = self._handler("import_asset", may, timeout=LONGEST, memory_mib=2048, storage=ROOM, env=told)
        self._keep_what_fails(fetch, retries=2)
        self._rule("ImportRule", ["asset.awaited"], targets.LambdaFunction(fetch, dead_letter_queue=self._lost))

    def _settle_jobs(self) -> None:
        """What jobs made is copied from where results are forgotten to where their owners' things stay.

        One message at a time: that can be gigabytes, which are looked at before they are anybody's audio.
        """
        media = self.data.media_arn
        kept = (UPLOADS, SAMPLES, VIDEOS)
        files = [*rights.read_objects(media, RESULTS, INCOMING_AUDIO, *kept), *rights.write_objects(media, *kept)]
        may = [*rights.use_table(self.data.table), *files, *rights.remove_objects(media, INCOMING_AUDIO)]
        settle = self._handler("settle_job", may, timeout=LONGEST, memory_mib=2048, storage=ROOM)
        queue = private_queue(
            self,
            "Ended",
            visibility=notice_queues.hidden_for(LONGEST),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self._lost, max_receive_count=notice_queues.RECEIVES),
        )
        self._rule("SettleRule", JOB_OVER, targets.SqsQueue(queue, dead_letter_queue=self._lost))
        self._drain(queue, settle, batch=1)

    def _rule(
        self,
        construct_id: str,
        types: Sequence[str],
        target: events.IRuleTarget,
    ) -> None:
        pattern = events.EventPattern(source=[SOURCE], detail_type=list(types))
        events.Rule(self, construct_id, event_bus=self.bus, event_pattern=pattern, targets=[target])

    def _drain(self, queue: sqs.Queue, function: lambda_.Function, *, batch: int = BATCH) -> None:
        """Give a queue's messages to a Lambda as they come: no window to collect them in."""
        at_once = AT_ONCE_IN_TWIN if self.stage.emulated else AT_ONCE
        source = sources.SqsEventSource(
            queue, batch_size=batch, max_concurrency=at_once, report_batch_item_failures=True
        )
        function.add_event_source(source)

    def _keep_what_fails(self, function: lambda_.Function, *, retries: int) -> None:
        kept = destinations.SqsDestination(self._lost)
        function.configure_async_invoke(retry_attempts=retries, on_failure=kept)

    def _handler(
        self,
        entrypoint: str,
        allowed: list[iam.PolicyStatement],
        *,
        timeout: Duration = _SHORT,
        memory_mib: int = 512,
        storage: Size | None = None,
        env: dict[str, str] | None = None,
    ) -> lambda_.Function:
        told = environment.variables(table=self.data.table.table_name, media_bucket=self.data.media.bucket_name)
        return Handler(
            self,
            "".join(part.capitalize() for part in entrypoint.split("_")),
            stage=self.stage,
            code=self._code,
            entrypoint=entrypoint,
            timeout=timeout,
            memory_mib=memory_mib,
            storage=storage,
            env={**told, **self.notices.variables, **(env or {})},
            rights=allowed,
        ).function


def _filters(*, written: list[str], deleted: list[str]) -> list[Any]:
    """Kinds of records whose writing, and whose deletion, are to be told. The rest is nobody's business."""
    kept = {"dynamodb": {"NewImage": {"kind": {"S": lambda_.FilterRule.or_(*written)}}}}
    gone = {
        "eventName": lambda_.FilterRule.is_equal("REMOVE"),
        "dynamodb": {"OldImage": {"kind": {"S": lambda_.FilterRule.or_(*deleted)}}},
    }
    return [lambda_.FilterCriteria.filter(each) for each in (kept, gone)]
