"""Names of what the compute stack makes: those that submit jobs know them by name, so that neither stack needs the
other to be there first.
"""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from infra.constructs import environment, rights
from infra.stage import Stage
from patchbay.catalog.compute import QUEUED


def queue(stage: Stage, compute: str) -> str:
    """Name of the Batch queue of a compute class."""
    return stage.named(f"{compute}-workers")


def job_definition(stage: Stage, compute: str) -> str:
    """Name of the Batch job definition of a compute class."""
    return stage.named(f"{compute}-worker")


def env(stage: Stage) -> dict[str, str]:
    """The names as the launcher reads them."""
    queues = {f"batch_queue_{c.name}": queue(stage, c.name) for c in QUEUED}
    definitions = {f"batch_definition_{c.name}": job_definition(stage, c.name) for c in QUEUED}
    return environment.variables(**queues, **definitions)


def submit_rights(stack: Stack, stage: Stage) -> list[iam.PolicyStatement]:
    """Start workers and count those under way."""
    queues = [_arn(stack, "job-queue", queue(stage, c.name)) for c in QUEUED]
    # A job may be submitted by the definition's name or by a revision of it.
    names = [job_definition(stage, c.name) for c in QUEUED]
    definitions = [_arn(stack, "job-definition", name + end) for name in names for end in ("", ":*")]
    return [
        rights.allow(["batch:SubmitJob"], *queues, *definitions),
        # Listing jobs knows no resources.
        rights.allow(["batch:ListJobs"], "*"),
    ]


def _arn(stack: Stack, kind: str, name: str) -> str:
    return stack.format_arn(service="batch", resource=kind, resource_name=name)
