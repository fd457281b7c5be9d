"""What must not be lost: the table, the buckets and the passwords."""

from typing import Any

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from infra.constructs.buckets import Buckets
from infra.constructs.stage_key import StageKey
from infra.constructs.table import Table
from infra.constructs.user_pool import UserPool
from infra.stage import Stage


class DataStack(Stack):
    """Table, media, weights, people's passwords."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, termination_protection=stage.durable, **kwargs)
        self.key = StageKey(self, "Sealing", stage=stage).key if stage.own_key else None
        self.table = Table(self, "Records", durable=stage.durable, key=self.key).table
        buckets = Buckets(self, "Objects", stage=stage, key=self.key)
        self.media, self.weights = buckets.media, buckets.weights
        self.people = UserPool(self, "People", stage=stage)
        # As others import them, so that a finding about them has the same name there as here.
        self.media_arn = self.export_value(self.media.bucket_arn)
        self.weights_arn = self.export_value(self.weights.bucket_arn)
        self.weights_url = stage.weights or f"s3://{self.weights.bucket_name}/models"
        CfnOutput(self, "TableName", value=self.table.table_name)
        CfnOutput(self, "MediaBucketName", value=self.media.bucket_name)
        CfnOutput(self, "WeightsBucketName", value=self.weights.bucket_name)
        CfnOutput(self, "WeightsUrl", value=self.weights_url)
        CfnOutput(self, "UserPoolId", value=self.people.pool.user_pool_id)
        CfnOutput(self, "UserPoolClientId", value=self.people.client.user_pool_client_id)
