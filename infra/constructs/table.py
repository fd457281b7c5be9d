"""The one table, as the core's `ports` describe it."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.constructs.acknowledged import acknowledge

INDEXES = ("by_state", "by_workflow", "by_batch", "by_open")
"""The same names as in `patchbay.ports`, which this side does not import; a test holds the two together."""
SIGNING = "SIGNING"
SECRETS = (
    "BROWSERS", "CONSENTS", "EMAILS", "ENDED", "HANDOVERS", "KEYS", "LINKS", "RESETS", "SECRETS", SIGNING, "TICKETS",
    "VENDORKEYS",
)  # fmt: skip
"""Beginnings of the partition keys of what lets somebody in, or signs for him; a test compares them with the core's."""
TURNS = "TURNS"
"""The same of whose turn it is."""


class Table(Construct):
    """Records by partition and sort key, with keys-only indexes and a stream."""

    def __init__(self, scope: Construct, construct_id: str, *, durable: bool, key: kms.IKey | None = None) -> None:
        super().__init__(scope, construct_id)
        text = dynamodb.AttributeType.STRING
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name="pk", type=text),
            sort_key=dynamodb.Attribute(name="sk", type=text),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
            time_to_live_attribute="expires_at",
            encryption=_encryption(durable=durable, key=key),
            encryption_key=key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=durable
            ),
            deletion_protection=durable,
            removal_policy=RemovalPolicy.RETAIN if durable else RemovalPolicy.DESTROY,
        )
        if not durable:
            acknowledge(self.table, "DDB3", "data of this stage may be lost")
        for name in INDEXES:
            self.table.add_global_secondary_index(
                index_name=name,
                partition_key=dynamodb.Attribute(name=name, type=text),
                sort_key=dynamodb.Attribute(name="sk", type=text),
                projection_type=dynamodb.ProjectionType.KEYS_ONLY,
            )


def _encryption(*, durable: bool, key: kms.IKey | None) -> dynamodb.TableEncryption:
    if key:
        return dynamodb.TableEncryption.CUSTOMER_MANAGED
    return dynamodb.TableEncryption.AWS_MANAGED if durable else dynamodb.TableEncryption.DEFAULT
