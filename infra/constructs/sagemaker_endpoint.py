"""Workers of one compute class behind an asynchronous SageMaker endpoint, which has machines while it is rung."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from infra.constructs import environment, worker_images
from infra.constructs import rights as may
from infra.constructs.acknowledged import ANYTHING, acknowledge, acknowledge_wildcards
from infra.stage import Stage
from patchbay.catalog import warm
from patchbay.catalog.backends import BELLS
from patchbay.catalog.compute import Compute

_VARIANT = "workers"
_START_S = 900
"""To pull the image and answer the first `/ping`."""
_PERIOD_S = 60
_NAMESPACE = "AWS/SageMaker"


class SageMakerEndpoint(Construct):
    """Model, endpoint, and the rule that brings machines up and takes them away, the last one too."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        compute: Compute,
        media_bucket: str,
        media_arn: str,
        env: Mapping[str, str],
        rights: Sequence[iam.PolicyStatement],
    ) -> None:
        super().__init__(scope, construct_id)
        self._stage, self._compute = stage, compute
        self._name = endpoint_name(stage, compute.name)
        image = worker_images.image(self, stage, compute.name)
        role = self._role([*rights, *may.read_objects(media_arn, BELLS), *may.write_objects(media_arn, BELLS)])
        image.repository.grant_pull(role)
        acknowledge(role, ANYTHING, "a log-in to the image registry knows no resources")
        model = sagemaker.CfnModel(
            self,
            "Model",
            execution_role_arn=role.role_arn,
            primary_container=sagemaker.CfnModel.ContainerDefinitionProperty(
                image=image.image_uri,
                environment={
                    **env,
                    **worker_images.env(stage, compute.name),
                    **environment.variables(endpoint_queue=compute.name),
                },
            ),
        )
        model.node.add_dependency(role)  # its rights too: an endpoint that may not pull its image fails for good
        self._scale(self._endpoint(model, f"s3://{media_bucket}/{BELLS}answers/"))

    def _role(self, given: Sequence[iam.PolicyStatement]) -> iam.Role:
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
        log = Stack.of(self).format_arn(
            service="logs",
            resource="log-group",
            resource_name=f"/aws/sagemaker/Endpoints/{self._name}:*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        actions = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        for statement in (everything := [*given, may.allow(actions, log)]):
            role.add_to_policy(statement)
        acknowledge_wildcards(role, everything)
        return role

    def _endpoint(self, model: sagemaker.CfnModel, answers: str) -> sagemaker.CfnEndpoint:
        config = sagemaker.CfnEndpointConfig(
            self,
            "Config",
            production_variants=[
                sagemaker.CfnEndpointConfig.ProductionVariantProperty(
                    variant_name=_VARIANT,
                    model_name=model.attr_model_name,
                    instance_type=self._compute.sagemaker_instance,
                    # An endpoint cannot begin with none; the rule below takes this one away again.
                    initial_instance_count=1,
                    initial_variant_weight=1,
                    container_startup_health_check_timeout_in_seconds=_START_S,
                )
            ],
            async_inference_config=sagemaker.CfnEndpointConfig.AsyncInferenceConfigProperty(
                output_config=sagemaker.CfnEndpointConfig.AsyncInferenceOutputConfigProperty(s3_output_path=answers),
                client_config=sagemaker.CfnEndpointConfig.AsyncInferenceClientConfigProperty(
                    max_concurrent_invocations_per_instance=1
                ),
            ),
        )
        return sagemaker.CfnEndpoint(
            self,
            "Endpoint",
            endpoint_name=self._name,
            endpoint_config_name=config.attr_endpoint_config_name,
            # A deployment keeps as many machines as the rule has decided on.
            retain_all_variant_properties=True,
        )

    def _scale(self, endpoint: sagemaker.CfnEndpoint) -> None:
        """A machine for each invocation that waits or is worked on; from none to one as soon as one waits."""
        stay, most = warm.parse(self._stage.warm).get(self._compute.name), self._stage.max_workers
        workers = min(stay.workers, most) if stay else 0
        target = scaling.CfnScalableTarget(
            self,
            "Machines",
            service_namespace="sagemaker",
            resource_id=f"endpoint/{self._name}/variant/{_VARIANT}",
            scalable_dimension="sagemaker:variant:DesiredInstanceCount",
            min_capacity=workers if stay and stay.always else 0,
            max_capacity=most,
            scheduled_actions=_timetable(stay, workers) if stay and not stay.always else None,
        )
        target.node.add_dependency(endpoint)
        tracked = scaling.CfnScalingPolicy.CustomizedMetricSpecificationProperty(
            namespace=_NAMESPACE,
            metric_name="ApproximateBacklogSizePerInstance",
            dimensions=[scaling.CfnScalingPolicy.MetricDimensionProperty(name="EndpointName", value=self._name)],
            statistic="Average",
        )
        self._policy(
            "Backlog",
            target,
            policy_type="TargetTrackingScaling",
            target_tracking_scaling_policy_configuration=(
                scaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty(
                    target_value=1,
                    customized_metric_specification=tracked,
                    scale_in_cooldown=self._stage.idle_s,
                    scale_out_cooldown=_PERIOD_S,
                )
            ),
        )
        first = self._policy(
            "First",
            target,
            policy_type="StepScaling",
            step_scaling_policy_configuration=scaling.CfnScalingPolicy.StepScalingPolicyConfigurationProperty(
                adjustment_type="ChangeInCapacity",
                metric_aggregation_type="Maximum",
                cooldown=_START_S,
                step_adjustments=[
                    scaling.CfnScalingPolicy.StepAdjustmentProperty(metric_interval_lower_bound=0, scaling_adjustment=1)
                ],
            ),
        )
        self._when_rung(first)

    def _policy(
        self, name: str, target: scaling.CfnScalableTarget, *, policy_type: str, **how: Any
    ) -> scaling.CfnScalingPolicy:
        return scaling.CfnScalingPolicy(
            self,
            name,
            policy_name=f"{self._name}-{name.lower()}",
            policy_type=policy_type,
            scaling_target_id=target.ref,
            **how,
        )

    def _when_rung(self, policy: scaling.CfnScalingPolicy) -> None:
        """A backlog for each machine says nothing while there is none: this metric does."""
        cloudwatch.CfnAlarm(
            self,
            "Rung",
            alarm_description="Work waits, and the endpoint has no machine",
            namespace=_NAMESPACE,
            metric_name="HasBacklogWithoutCapacity",
            dimensions=[cloudwatch.CfnAlarm.DimensionProperty(name="EndpointName", value=self._name)],
            statistic="Maximum",
            period=_PERIOD_S,
            evaluation_periods=1,
            threshold=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            treat_missing_data="missing",
            alarm_actions=[policy.ref],
        )


def _timetable(stay: warm.Warm, workers: int) -> list[scaling.CfnScalableTarget.ScheduledActionProperty]:
    return [
        scaling.CfnScalableTarget.ScheduledActionProperty(
            scheduled_action_name=name,
            schedule=f"cron(0 {hour % 24} * * ? *)",
            scalable_target_action=scaling.CfnScalableTarget.ScalableTargetActionProperty(min_capacity=least),
        )
        for name, hour, least in (("Morning", stay.from_hour, workers), ("Evening", stay.to_hour, 0))
    ]


def endpoint_name(stage: Stage, compute: str) -> str:
    """Name of the endpoint of a compute class."""
    return stage.named(f"{compute}-workers")


def env(stage: Stage, classes: Iterable[Compute]) -> dict[str, str]:
    """The names as the launcher reads them."""
    return environment.variables(**{f"sagemaker_endpoint_{c.name}": endpoint_name(stage, c.name) for c in classes})


def ring_rights(stack: Stack, stage: Stage, classes: Iterable[Compute], media_arn: str) -> list[iam.PolicyStatement]:
    """Ring the endpoints, and lay down what they are told."""
    names = [each.name for each in classes]
    endpoints = [
        stack.format_arn(service="sagemaker", resource="endpoint", resource_name=endpoint_name(stage, name))
        for name in names
    ]
    return [
        may.allow(["sagemaker:InvokeEndpointAsync"], *endpoints),
        may.allow(["s3:PutObject"], *(f"{media_arn}/{BELLS}{name}.json" for name in names)),
    ]
