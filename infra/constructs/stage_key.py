"""A stage's own key: what it keeps is sealed under it, and only the stage's own roles can have it opened."""

from collections.abc import Iterable

from aws_cdk import Aws, Fn, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.stage import Stage

_THROUGH = ("s3", "dynamodb", "sqs", "sns", "secretsmanager")
"""Services that use the key on behalf of who calls them; the last for the operator's secret, if he seals it so."""
_USE = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo")
_REUSED_S = 3600
"""How long a queue works with one data key. The default of five minutes asks, and pays, twelve times as often."""


class StageKey(Construct):
    """A customer-managed key, turned every year.

    Its policy, not the roles', says who may use it: the roles of this stage's stacks, and they only through the
    services that keep the data. Somebody else in the account who may read every bucket still reads none of this one.
    Whoever signs an upload or a download is such a role, so links need no header of their own.

    It costs $1 a month, $2 and $3 after its first and second turn, and $0.03 for 10,000 requests (KMS, us-east-1, read
    2026); buckets and queues have data keys of their own in between, which makes those few.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self,
            "Key",
            alias=f"alias/{stage.named('data')}",
            description=f"Patchbay {stage.name}: what the stage keeps",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.RETAIN if stage.durable else RemovalPolicy.DESTROY,
        )
        for statement in (_own_roles(stage), _logs(stage), _senders()):
            self.key.add_to_resource_policy(statement)


def seal(stacks: Iterable[Stack], key: kms.IKey) -> None:
    """Have every log group, queue and topic of the stacks encrypted under the key."""
    for stack in stacks:
        for each in stack.node.find_all():
            if isinstance(each, logs.CfnLogGroup):
                each.kms_key_id = key.key_arn
            elif isinstance(each, sqs.CfnQueue):
                each.kms_master_key_id, each.sqs_managed_sse_enabled = key.key_arn, None
                each.kms_data_key_reuse_period_seconds = _REUSED_S
            elif isinstance(each, sns.CfnTopic):
                each.kms_master_key_id = key.key_arn


def _own_roles(stage: Stage) -> iam.PolicyStatement:
    """Roles that the stacks make are called after them; those with a name of their own, after the stage."""
    begin = f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:role/"
    return iam.PolicyStatement(
        sid="OwnRolesThroughTheServices",
        principals=[iam.AnyPrincipal()],
        actions=list(_USE),
        resources=["*"],
        conditions={
            "StringEquals": {
                "kms:CallerAccount": Aws.ACCOUNT_ID,
                "kms:ViaService": [f"{name}.{Aws.REGION}.{Aws.URL_SUFFIX}" for name in _THROUGH],
            },
            "ArnLike": {"aws:PrincipalArn": [f"{begin}{stage.prefix}-*", f"{begin}{stage.named('*')}"]},
        },
    )


def _logs(stage: Stage) -> iam.PolicyStatement:
    """The log service, for the stage's groups alone."""
    group = f"arn:{Aws.PARTITION}:logs:{Aws.REGION}:{Aws.ACCOUNT_ID}:log-group:"
    names = (f"{stage.prefix}-*", f"/aws/vendedlogs/states/{stage.named('*')}")
    return iam.PolicyStatement(
        sid="LogsOfTheStage",
        principals=[iam.ServicePrincipal(Fn.join("", ["logs.", Aws.REGION, ".", Aws.URL_SUFFIX]))],
        actions=list(_USE),
        resources=["*"],
        conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": [group + name for name in names]}},
    )


def _senders() -> iam.PolicyStatement:
    """Services that put messages on queues and topics of this account by themselves."""
    names = ("events.amazonaws.com", "cloudwatch.amazonaws.com")
    return iam.PolicyStatement(
        sid="RulesAndAlarms",
        principals=[iam.ServicePrincipal(name) for name in names],
        actions=["kms:Decrypt", "kms:GenerateDataKey"],
        resources=["*"],
        conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
    )
