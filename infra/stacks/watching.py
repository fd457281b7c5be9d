"""What tells the operator: alarms on every stack, their topic, the dashboard, saved queries, a look from outside."""

from collections.abc import Sequence
from typing import Any

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.constructs import environment
from infra.constructs.bundles import Bundler
from infra.constructs.handlers import Code, Handler
from infra.constructs.watching import measures
from infra.constructs.watching.dashboard import dashboard
from infra.constructs.watching.queries import saved_queries
from infra.constructs.watching.walk import log_groups, tell, watch
from infra.stage import Stage

LOOK_EVERY = Duration.minutes(5)


class WatchingStack(Stack):
    """For stages in the cloud. `stacks` are those that it watches: in the same region, where alarms can see them."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        stacks: Sequence[Stack],
        bundler: Bundler,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        watched = [stack for stack in stacks if stack.environment == self.environment]
        self._topic(stage)
        measures.add_alarms(self, stage)
        if stage.public_url:
            self._look_from_outside(stage, bundler)
        for stack in watched:
            watch(stack, stage)
        tell(self, stage)
        board = dashboard(self, stage)
        saved_queries(self, stage, sorted(log_groups([*watched, self])))
        CfnOutput(self, "DashboardName", value=board.dashboard_name)

    def _topic(self, stage: Stage) -> None:
        topic = sns.Topic(
            self, "Alarms", topic_name=stage.named("alarms"), enforce_ssl=True, master_key=self._own_key(stage)
        )
        # A topic with a policy of its own, which TLS alone takes, has lost the one by which alarms may tell it.
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="Alarms",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": self.account}},
            )
        )
        if stage.alarm_email:
            topic.add_subscription(subscriptions.EmailSubscription(stage.alarm_email))
        CfnOutput(self, "AlarmTopicArn", value=topic.topic_arn)

    def _own_key(self, stage: Stage) -> kms.Key | None:
        """A key that CloudWatch may use: it may not use the one that AWS keeps for topics. The stage's own can be."""
        if stage.own_key:
            return None
        key = kms.Key(self, "Key", enable_key_rotation=True, removal_policy=RemovalPolicy.DESTROY)
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="Alarms",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": self.account}},
            )
        )
        return key

    def _look_from_outside(self, stage: Stage, bundler: Bundler) -> None:
        """Does the public address answer, and how long is its certificate good? Only who goes there can tell."""
        look = Handler(
            self,
            "LookOutside",
            stage=stage,
            code=Code(self, "Code", stage=stage, bundler=bundler),
            entrypoint="look_outside",
            timeout=Duration.seconds(30),
            memory_mib=256,
            env=environment.variables(),
        ).function
        # No second try: the next look comes soon, and an alarm waits for two.
        target = targets.LambdaFunction(look, retry_attempts=0)
        events.Rule(self, "LookRule", schedule=events.Schedule.rate(LOOK_EVERY), targets=[target])
        measures.add_outside_alarms(self, stage)
