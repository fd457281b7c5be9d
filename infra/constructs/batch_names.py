"""Names of what the compute stack makes: those that submit jobs know them by name, so that neither stack needs the
other to be there first.
"""

from collections.abc import Iterable

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from infra.constructs import environment, rights
from infra.stage import Stage
from patchbay.catalog.compute import Compute


def queue(stage: Stage, compute: str) -> str:
    """Name of the Batch queue of a compute class that tries Spot machines first."""
    return stage.named(f"{compute}-workers")


def on_demand_queue(stage: Stage, compute: str) -> str:
    """Name of the one that has machines on demand alone."""
    return stage.named(f"{compute}-workers-on-demand")


def job_definition(stage: Stage, compute: str) -> str:
    """Name of the Batch job definition of a compute class."""
    return stage.named(f"{compute}-worker")


def env(stage: Stage, classes: Iterable[Compute]) -> dict[str, str]:
    """The names as the launcher reads them."""
    found: dict[str, str] = {}
    for name in (each.name for each in classes):
        found[f"batch_queue_{name}"] = queue(stage, name)
        found[f"batch_on_demand_{name}"] = on_demand_queue(stage, name)
        found[f"batch_definition_{name}"] = job_definition(stage, name)
    return environment.variables(**found)


def submit_rights(stack: Stack, stage: Stage, classes: Iterable[Compute]) -> list[iam.PolicyStatement]:
    """Start workers, count those under way, and take back one that waits for a machine."""
    names = [each.name for each in classes]
    of_class = [name for each in names for name in (queue(stage, each), on_demand_queue(stage, each))]
    queues = [_arn(stack, "job-queue", name) for name in of_class]
    # A job may be submitted by the definition's name or by a revision of it.
    ours = [job_definition(stage, name) + end for name in names for end in ("", ":*")]
    definitions = [_arn(stack, "job-definition", name) for name in ours]
    return [
        rights.allow(["batch:SubmitJob"], *queues, *definitions),
        # Batch numbers jobs as they come, whatever their queue. One that has begun cannot be cancelled.
        rights.allow(["batch:CancelJob"], _arn(stack, "job", "*")),
        # Listing jobs knows no resources.
        rights.allow(["batch:ListJobs"], "*"),
    ]


def _arn(stack: Stack, kind: str, name: str) -> str:
    return stack.format_arn(service="batch", resource=kind, resource_name=name)
