"""Findings of cdk-nag that stay, each with its reason. What is not acknowledged fails the synthesis."""

from collections.abc import Sequence
from typing import Any

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_iam as iam
from constructs import IConstruct

ANYTHING = "IAM5[Resource::*]"
"""A right to an action that knows no resources."""
_WHY_WILDCARD = {
    "s3": "objects are named by what is uploaded; the wildcard stands below one bucket and prefix",
    "execute-api": "sockets are named as they open; the wildcard stands below one API and stage",
    "secretsmanager": "Secrets Manager ends a secret's ARN with six characters of its own",
    "states": "executions are named after jobs; the wildcard stands below one state machine",
    "batch:SubmitJob": "a job definition's revisions are numbered as they come",
    "batch:CancelJob": "Batch numbers jobs as they come, whatever their queue; one that has begun cannot be cancelled",
    "batch:ListJobs": "listing jobs knows no resources",
    "xray": "traces know no resources",
    "ecs": "tasks are named as they start; the wildcard stands below one cluster",
    "logs": "log streams are named after jobs; the log group is SageMaker's own",
    "sagemaker:CreateProcessingJob": "jobs are named as they come, after a prefix of ours",
    "sagemaker:ListProcessingJobs": "listing jobs knows no resources",
}


def acknowledge(scope: IConstruct, rule: str, reason: str) -> None:
    """Let a rule's findings in `scope` and below be, for a reason."""
    Validations.of(scope).acknowledge(Acknowledgment(id=f"AwsSolutions::AwsSolutions-{rule}", reason=reason))


def acknowledge_wildcards(role: iam.Role, statements: Sequence[iam.PolicyStatement]) -> None:
    """The same for resources with a wildcard. Raises KeyError where no reason is known for one."""
    stack = Stack.of(role)
    for statement in statements:
        action = statement.actions[0]
        for resource in statement.resources:
            name = _told(stack.resolve(resource))
            if "*" in name:
                reason = _WHY_WILDCARD.get(action) or _WHY_WILDCARD[action.partition(":")[0]]
                acknowledge(role, f"IAM5[Resource::{name}]", reason)


def _told(value: Any) -> str:
    """A resolved value as cdk-nag writes it in a finding's name."""
    match value:
        case {"Fn::Join": [separator, [*parts]]}:
            return str(separator).join(_told(part) for part in parts)
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"<{resource}.{attribute}>"
        case {"Fn::ImportValue": name}:
            return str(name)
        case {"Ref": name}:
            return f"<{name}>"
    return str(value)
