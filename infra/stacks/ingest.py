"""The service for bodies that no Lambda takes: the API's own code on Fargate, behind a load balancer that CloudFront
alone reaches.

At rest it costs the load balancer and, where `ingest_min` says so, its tasks. With `ingest_min` 0 none run until they
are wanted: the load balancer refuses the first upload with 503, which an alarm sees within a minute and starts a task,
which takes one or two more. A client that does not want to be refused asks `GET /ingest/ready` until it is answered,
which wakes the service too.
"""

from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs import environment, rights
from infra.constructs.acknowledged import acknowledge
from infra.constructs.buckets import INCOMING_AUDIO, RESULTS, UPLOADS
from infra.constructs.ingest_network import BALANCER_PORT, SERVICE_PORT, IngestNetwork
from infra.constructs.ingest_service import IngestService
from infra.constructs.table import SECRETS
from infra.stacks.api import OWN_PLACES
from infra.stacks.pipeline import PipelineStack
from infra.stage import Stage
from patchbay.catalog import metrics
from patchbay.catalog.dialects import DIALECTS
from patchbay.catalog.front import READY

DOOR_HEADER = "x-patchbay-door"
IDLE_S = 180
"""How long a connection may be silent: the service gives a client 60 s, and the store four times 40 s to answer."""
DRAINED_S = 3600
"""How long a task that is leaving may finish what it has: as long as an upload may take, and the longest that is."""
BUSY = 24
"""Uploads under way in each task that more tasks are started at; it takes forty."""
SPEAKING = tuple(entry for entry in DIALECTS if entry.ingest or entry.downloads)


class IngestStack(Stack):
    """Network, service, load balancer, and how many tasks there are."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: Stage, pipeline: PipelineStack, **kwargs: Any
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.stage = stage
        network = IngestNetwork(self, "Network")
        env = {
            "AWS_REGION": self.region,
            **environment.of_stage(stage),
            **pipeline.variables,
            **environment.of_secrets(stage),
            **environment.of_door(stage),
            **environment.of_accounts(stage),
        }
        running = IngestService(
            self, "Ingest", stage=stage, network=network, env=env, allowed=self._allowed(pipeline)
        ).service
        self.balancer = self._balancer(network)
        self._listen(running, network)
        self._scale(running)
        CfnOutput(self, "IngestBalancer", value=self.balancer.load_balancer_dns_name)

    def _allowed(self, pipeline: PipelineStack) -> list[iam.PolicyStatement]:
        """What the Lambdas of its dialects may, but nothing of people's passwords: those come to Lambdas."""
        data = pipeline.data
        own = (INCOMING_AUDIO, UPLOADS, *(place for entry in SPEAKING for place in OWN_PLACES.get(entry.name, ())))
        return [
            *rights.use_table(data.table, secrets=SECRETS),
            *rights.read_secret(self, self.stage.secrets),
            *rights.read_secret(self, self.stage.secrets_before),
            *rights.read_objects(data.media_arn, RESULTS, *own),
            *rights.write_objects(data.media_arn, *own),
            *rights.run_machine(self, pipeline.machine_name),
        ]

    def _balancer(self, network: IngestNetwork) -> elb.ApplicationLoadBalancer:
        balancer = elb.ApplicationLoadBalancer(
            self,
            "Balancer",
            vpc=network.vpc,
            internet_facing=False,
            vpc_subnets=ec2.SubnetSelection(subnet_group_name="Balancer"),
            security_group=network.balancer,
            idle_timeout=Duration.seconds(IDLE_S),
            drop_invalid_header_fields=True,
            desync_mitigation_mode=elb.DesyncMitigationMode.STRICTEST,
        )
        acknowledge(
            balancer, "ELB2", "the service leaves a line of each request; paths of objects are kept out of logs"
        )
        return balancer

    def _listen(self, running: ecs.FargateService, network: IngestNetwork) -> None:
        tasks = elb.ApplicationTargetGroup(
            self,
            "Tasks",
            vpc=network.vpc,
            port=SERVICE_PORT,
            protocol=elb.ApplicationProtocol.HTTP,
            target_type=elb.TargetType.IP,
            targets=[running],
            deregistration_delay=Duration.seconds(DRAINED_S),
            # Requests are anything from a second to an hour: the next goes to whoever has the fewest.
            load_balancing_algorithm_type=elb.TargetGroupLoadBalancingAlgorithmType.LEAST_OUTSTANDING_REQUESTS,
            health_check=elb.HealthCheck(
                path=READY,
                interval=Duration.seconds(10),
                timeout=Duration.seconds(5),
                healthy_threshold_count=2,
                unhealthy_threshold_count=3,
            ),
        )
        forward, doors = elb.ListenerAction.forward([tasks]), environment.doors(self.stage)
        nobody = elb.ListenerAction.fixed_response(403, content_type="text/plain", message_body="Forbidden")
        listener = self.balancer.add_listener(
            "Http",
            port=BALANCER_PORT,
            # Inside a VPC that has nothing else; CloudFront's own way into it is encrypted.
            protocol=elb.ApplicationProtocol.HTTP,
            open=False,
            default_action=nobody if doors else forward,
        )
        if doors:
            told = [elb.ListenerCondition.http_header(DOOR_HEADER, doors)]
            listener.add_action("Door", priority=1, conditions=told, action=forward)

    def _scale(self, running: ecs.FargateService) -> None:
        least, most = self.stage.ingest_min, self.stage.ingest_max
        count = running.auto_scale_task_count(min_capacity=least, max_capacity=most)
        slowly, soon = Duration.minutes(5), Duration.minutes(1)
        # A task that does nothing still uses some of its CPU, and capacities are rounded up: by this alone, which all
        # must agree with, the last one would never go. Uploads under way do come to 0.
        count.scale_on_cpu_utilization(
            "Cpu",
            target_utilization_percent=60,
            scale_in_cooldown=slowly,
            scale_out_cooldown=soon,
            disable_scale_in=least == 0,
        )
        under_way = cloudwatch.Metric(
            namespace=metrics.namespace(self.stage.name),
            metric_name="UploadsUnderWay",
            statistic="Average",
            period=Duration.minutes(1),
        )
        count.scale_to_track_custom_metric(
            "Uploads", metric=under_way, target_value=BUSY, scale_in_cooldown=slowly, scale_out_cooldown=soon
        )
        if least == 0:
            self._wake(count)

    def _wake(self, count: ecs.ScalableTaskCount) -> None:
        """Start a task when there is none to send a request to."""
        first = scaling.StepScalingAction(
            self,
            "First",
            scaling_target=count.node.find_child("Target"),  # type: ignore[arg-type]
            adjustment_type=scaling.AdjustmentType.EXACT_CAPACITY,
            cooldown=Duration.minutes(3),
        )
        first.add_adjustment(adjustment=1, lower_bound=0)
        # Not the construct: nobody is to be told of it as of an alarm.
        cloudwatch.CfnAlarm(
            self,
            "Wanted",
            namespace="AWS/ApplicationELB",
            metric_name="HTTPCode_ELB_503_Count",
            dimensions=[
                cloudwatch.CfnAlarm.DimensionProperty(name="LoadBalancer", value=self.balancer.load_balancer_full_name)
            ],
            statistic="Sum",
            period=60,
            evaluation_periods=1,
            threshold=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            treat_missing_data="notBreaching",
            alarm_description="Somebody wants the ingest service, and none of its tasks runs: the first is started.",
            alarm_actions=[first.scaling_policy_arn],
        )
