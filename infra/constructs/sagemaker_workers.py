"""Workers as SageMaker processing jobs: the same images and rights, on machines that SageMaker keeps."""

from collections.abc import Mapping, Sequence

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs import environment, worker_images
from infra.constructs.acknowledged import ANYTHING, acknowledge, acknowledge_wildcards
from infra.constructs.rights import allow
from infra.stage import Stage


class SageMakerWorkers(Construct):
    """The role of the jobs and their images; nothing runs, and nothing is paid for, before the first job."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: Stage, rights: Sequence[iam.PolicyStatement]
    ) -> None:
        super().__init__(scope, construct_id)
        principal = iam.ServicePrincipal("sagemaker.amazonaws.com")
        role = iam.Role(self, "Role", role_name=_role_name(stage), assumed_by=principal)
        stack = Stack.of(self)
        log = stack.format_arn(
            service="logs",
            resource="log-group",
            resource_name="/aws/sagemaker/ProcessingJobs:*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        actions = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        given = [*rights, allow(actions, log)]
        for statement in given:
            role.add_to_policy(statement)
        acknowledge_wildcards(role, given)
        self.images: dict[str, str] = {}
        for compute in stage.kept_by("sagemaker"):
            image = worker_images.image(Construct(self, compute.name.capitalize()), stage, compute.name)
            image.repository.grant_pull(role)
            self.images[f"sagemaker_image_{compute.name}"] = image.image_uri
        acknowledge(role, ANYTHING, "a log-in to the image registry knows no resources")

    def variables(self) -> Mapping[str, str]:
        """The images as the launcher reads them."""
        return environment.variables(**self.images)


def env(stack: Stack, stage: Stage) -> dict[str, str]:
    """What the launcher must know before the images are there."""
    told = environment.variables(sagemaker_role_arn=_role_arn(stack, stage))
    for compute in stage.kept_by("sagemaker"):
        told |= worker_images.env(stage, compute.name)  # handed on to the workers by the launcher
    return told


def launch_rights(stack: Stack, stage: Stage) -> list[iam.PolicyStatement]:
    """Start workers and count those under way."""
    jobs = stack.format_arn(service="sagemaker", resource="processing-job", resource_name=stage.named("*"))
    return [
        allow(["sagemaker:CreateProcessingJob"], jobs),
        allow(["sagemaker:ListProcessingJobs"], "*"),
        iam.PolicyStatement(
            actions=["iam:PassRole"],
            resources=[_role_arn(stack, stage)],
            conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
    ]


def _role_name(stage: Stage) -> str:
    return stage.named("sagemaker-worker")


def _role_arn(stack: Stack, stage: Stage) -> str:
    return stack.format_arn(service="iam", region="", resource="role", resource_name=_role_name(stage))
