"""What tells the outside: changes of the table become events on a bus of our own."""

from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from constructs import Construct

from infra.constructs import environment, rights
from infra.constructs.acknowledged import ANYTHING, acknowledge
from infra.constructs.bundles import Bundler
from infra.constructs.handlers import Code, Handler
from infra.constructs.task_queues import lost_queue
from infra.stacks.data import DataStack
from infra.stage import Stage


class EventsStack(Stack):
    """Bus, archive, and the Lambda between stream and bus."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: Stage, data: DataStack, bundler: Bundler, **kwargs: Any
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        bus = events.EventBus(self, "Bus", event_bus_name=stage.named("facts"), description="What happened to jobs")
        if not stage.emulated:
            pattern = events.EventPattern(version=["0"])
            bus.archive("Archive", event_pattern=pattern, retention=Duration.days(7), description="For a replay")
        publish = Handler(
            self,
            "PublishChanges",
            stage=stage,
            code=Code(self, "Code", stage=stage, bundler=bundler),
            entrypoint="publish_changes",
            timeout=Duration.seconds(30),
            env=environment.variables(table=data.table.table_name, bus_name=bus.event_bus_name),
            rights=[rights.allow(["events:PutEvents"], bus.event_bus_arn)],
        ).function
        lost = lost_queue(self, "Lost", what="A change of the table")
        publish.add_event_source(
            sources.DynamoEventSource(
                data.table,
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                batch_size=100,
                bisect_batch_on_error=True,
                retry_attempts=5,
                report_batch_item_failures=True,
                on_failure=sources.SqsDlq(lost),
                filters=_filters(),
            )
        )
        acknowledge(self.node.find_child("PublishChanges"), ANYTHING, "listing streams knows no resources")
        CfnOutput(self, "BusName", value=bus.event_bus_name)


def _filters() -> list[Any]:
    """Written jobs and assets, and deleted jobs. The rest of the table is nobody's business."""
    written = {"dynamodb": {"NewImage": {"kind": {"S": lambda_.FilterRule.or_("job", "asset")}}}}
    deleted = {
        "eventName": lambda_.FilterRule.is_equal("REMOVE"),
        "dynamodb": {"OldImage": {"kind": {"S": lambda_.FilterRule.is_equal("job")}}},
    }
    return [lambda_.FilterCriteria.filter(each) for each in (written, deleted)]
