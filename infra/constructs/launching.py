"""What starts workers has to know and may do, by what keeps the machines of each class."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from infra.constructs import batch_names, sagemaker_endpoint, sagemaker_workers
from infra.stage import Stage


def env(stack: Stack, stage: Stage) -> dict[str, str]:
    """Environment variables of whoever starts workers."""
    found = batch_names.env(stage, stage.kept_by("batch"))
    if stage.kept_by("sagemaker"):
        found |= sagemaker_workers.env(stack, stage)
    return found | sagemaker_endpoint.env(stage, stage.kept_by("sagemaker-endpoint"))


def rights(stack: Stack, stage: Stage, media_arn: str) -> list[iam.PolicyStatement]:
    """What it may do, beyond counting tasks."""
    found: list[iam.PolicyStatement] = []
    if on_batch := stage.kept_by("batch"):
        found += batch_names.submit_rights(stack, stage, on_batch)
    if stage.kept_by("sagemaker"):
        found += sagemaker_workers.launch_rights(stack, stage)
    if on_endpoints := stage.kept_by("sagemaker-endpoint"):
        found += sagemaker_endpoint.ring_rights(stack, stage, on_endpoints, media_arn)
    return found
