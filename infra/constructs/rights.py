"""What a role may do, as statements for one resource each. The stacks decide who gets which."""

import re
from collections.abc import Collection, Iterable

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs

from infra.constructs.table import INDEXES, SECRETS, TURNS
from infra.stage import Stage

_READ = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")
_WRITE = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem")


def allow(actions: Iterable[str], *resources: str) -> iam.PolicyStatement:
    """Permission for some actions on some resources."""
    return iam.PolicyStatement(actions=list(actions), resources=list(resources))


def read_table(table: dynamodb.ITable, *, secrets: Collection[str] = ()) -> list[iam.PolicyStatement]:
    """Reads by key, of the table and of its indexes; no scan. Of `table.SECRETS` only those that are named."""
    indexes = [f"{table.table_arn}/index/{name}" for name in INDEXES]
    return [
        allow(_READ, table.table_arn),
        allow(["dynamodb:Query"], *indexes),
        *_keep_from(table, [each for each in SECRETS if each not in secrets]),
    ]


def use_table(table: dynamodb.ITable, *, secrets: Collection[str] = ()) -> list[iam.PolicyStatement]:
    """Reads by key, and writes; of `table.SECRETS` only of those that are named."""
    return [*read_table(table, secrets=secrets), allow(_WRITE, table.table_arn)]


def take_turns(table: dynamodb.ITable) -> list[iam.PolicyStatement]:
    """Note whose turn it is, beside `read_table`; no other record is written."""
    keys = "dynamodb:LeadingKeys"
    return [
        iam.PolicyStatement(
            actions=["dynamodb:PutItem"],
            resources=[table.table_arn],
            # Without the second a request that names no key would pass.
            conditions={"ForAllValues:StringLike": {keys: [f"{TURNS}#*"]}, "Null": {keys: "false"}},
        )
    ]


def _keep_from(table: dynamodb.ITable, secrets: Collection[str]) -> list[iam.PolicyStatement]:
    """Refuse records of some kinds, whatever else is allowed: keys and sessions lie in the one table, as all else."""
    if not secrets:
        return []
    partitions = {"dynamodb:LeadingKeys": [f"{name}#*" for name in secrets]}
    return [
        iam.PolicyStatement(
            effect=iam.Effect.DENY,
            actions=[*_READ, *_WRITE],
            resources=[table.table_arn],
            conditions={"ForAnyValue:StringLike": partitions},
        )
    ]


def read_secret(stack: Stack, name: str) -> list[iam.PolicyStatement]:
    """Read the operator's secret, if one is named. Secrets Manager ends its ARN with six characters of its own."""
    if not name:
        return []
    secret = stack.format_arn(
        service="secretsmanager",
        resource="secret",
        resource_name=f"{name}-??????",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    return [allow(["secretsmanager:GetSecretValue"], secret)]


def call(function: lambda_.IFunction) -> list[iam.PolicyStatement]:
    """Call a Lambda and wait for its answer."""
    return [allow(["lambda:InvokeFunction"], function.function_arn)]


def read_objects(bucket_arn: str, *prefixes: str) -> list[iam.PolicyStatement]:
    """Fetch objects under some prefixes. Without ListBucket S3 answers 403, not 404, for one that is not there."""
    return [
        allow(["s3:GetObject"], *(f"{bucket_arn}/{prefix}*" for prefix in prefixes)),
        *list_objects(bucket_arn),
    ]


def list_objects(bucket_arn: str) -> list[iam.PolicyStatement]:
    """See which objects there are."""
    return [allow(["s3:ListBucket"], bucket_arn)]


def write_objects(bucket_arn: str, *prefixes: str) -> list[iam.PolicyStatement]:
    """Store and remove objects under some prefixes, in parts too."""
    actions = ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    return [allow(actions, *(f"{bucket_arn}/{prefix}*" for prefix in prefixes))]


def remove_objects(bucket_arn: str, *prefixes: str) -> list[iam.PolicyStatement]:
    """Remove objects under some prefixes."""
    return [allow(["s3:DeleteObject"], *(f"{bucket_arn}/{prefix}*" for prefix in prefixes))]


def sign_people_in(pool: cognito.IUserPool) -> list[iam.PolicyStatement]:
    """Keep and check passwords. What else is asked of the pool is asked with tokens and codes, which need no right."""
    verbs = (
        "CreateUser",
        "DeleteUser",
        "GetUser",
        "InitiateAuth",
        "SetUserPassword",
        "UpdateUserAttributes",
        "UserGlobalSignOut",
    )
    return [allow([f"cognito-idp:Admin{verb}" for verb in verbs], pool.user_pool_arn)]


def tracing_rights(stage: Stage) -> list[iam.PolicyStatement]:
    """Send spans to X-Ray, where the stage does; any other collector asks for none of AWS's rights."""
    own = re.fullmatch(r"https://xray\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|api\.aws)(/.*)?", stage.otlp_endpoint)
    return [allow(["xray:PutTraceSegments"], "*")] if own else []


def run_machine(stack: Stack, machine_name: str) -> list[iam.PolicyStatement]:
    """Start, watch and stop executions of a state machine."""
    execution = stack.format_arn(
        service="states",
        resource="execution",
        resource_name=f"{machine_name}:*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    return [
        allow(["states:StartExecution"], machine_arn(stack, machine_name)),
        allow(["states:StopExecution", "states:DescribeExecution"], execution),
    ]


def answer_tasks(stack: Stack, machine_name: str) -> list[iam.PolicyStatement]:
    """Answer the task tokens that a state machine gave out."""
    actions = ["states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat"]
    return [allow(actions, machine_arn(stack, machine_name))]


def machine_arn(stack: Stack, machine_name: str) -> str:
    """ARN by name: the machine calls Lambdas that must know it, which by reference would be a circle."""
    return stack.format_arn(
        service="states",
        resource="stateMachine",
        resource_name=machine_name,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


def send(*queues: sqs.IQueue) -> list[iam.PolicyStatement]:
    """Put messages on queues."""
    return [allow(["sqs:SendMessage"], *(queue.queue_arn for queue in queues))]


def count(*queues: sqs.IQueue) -> list[iam.PolicyStatement]:
    """See how many messages queues hold."""
    return [allow(["sqs:GetQueueAttributes"], *(queue.queue_arn for queue in queues))]


def consume(*queues: sqs.IQueue) -> list[iam.PolicyStatement]:
    """Take messages from queues, keep them hidden while working, and delete them."""
    actions = ["sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    return [allow(actions, *(queue.queue_arn for queue in queues))]
