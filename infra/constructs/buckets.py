"""Buckets: private, encrypted, TLS only, with access logs."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.stage import Stage
from patchbay.catalog.backends import BELLS

INCOMING = "incoming/"
INCOMING_AUDIO, INCOMING_PICTURES, INCOMING_VIDEOS = (INCOMING + kind for kind in ("audio/", "pictures/", "videos/"))
UPLOADS = "uploads/"
RESULTS = "results/"
ORDERS = "orders/"
SAMPLES = "samples/"
IMAGES = "images/"
PROJECTS = "projects/"
VIDEOS = "videos/"
"""Beginnings of the keys in the media bucket; the code that makes the keys is out of reach here, a test compares."""


class Buckets(Construct):
    """The bucket of uploads and results, the one of model weights, and the one of their access logs.

    The latter stays under S3's own key: S3 delivers no access logs to a bucket that is sealed by another.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, key: kms.IKey | None = None) -> None:
        super().__init__(scope, construct_id)
        sealed = s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED
        removal = RemovalPolicy.RETAIN if stage.durable else RemovalPolicy.DESTROY
        self.logs = s3.Bucket(
            self,
            "Logs",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(stage.log_days))],
            removal_policy=removal,
        )
        self.media = s3.Bucket(
            self,
            "Media",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=sealed,
            encryption_key=key,
            bucket_key_enabled=bool(key) or None,
            enforce_ssl=True,
            cors=[_browser_uploads(stage)],
            # No versions: what a user deletes is gone.
            lifecycle_rules=[
                s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(1)),
                # Twice: a result may be used again up to its last day, and that job keeps it as long once more.
                s3.LifecycleRule(prefix=RESULTS, expiration=Duration.days(2 * stage.retention_days)),
                # As long as the records of uploads that never come.
                s3.LifecycleRule(prefix=INCOMING, expiration=Duration.days(2)),
                # What endpoints answer says nothing that the jobs' records do not.
                s3.LifecycleRule(prefix=BELLS, expiration=Duration.days(2)),
                s3.LifecycleRule(prefix=ORDERS, expiration=Duration.days(2 * stage.retention_days)),
            ],
            server_access_logs_bucket=self.logs,
            server_access_logs_prefix="media/",
            removal_policy=removal,
        )
        _tell_event_bus(self.media)
        self.weights = s3.Bucket(
            self,
            "Weights",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=sealed,
            encryption_key=key,
            bucket_key_enabled=bool(key) or None,
            enforce_ssl=True,
            versioned=stage.durable,
            server_access_logs_bucket=self.logs,
            server_access_logs_prefix="weights/",
            removal_policy=removal,
        )


def _browser_uploads(stage: Stage) -> s3.CorsRule:
    """Pages read the ETag of each part to complete an upload in parts."""
    return s3.CorsRule(
        allowed_methods=[s3.HttpMethods.GET, s3.HttpMethods.HEAD, s3.HttpMethods.PUT, s3.HttpMethods.POST],
        allowed_origins=list(stage.upload_origins),
        allowed_headers=["*"],
        exposed_headers=["ETag"],
        max_age=3600,
    )


def _tell_event_bus(bucket: s3.Bucket) -> None:
    """The template's own property: the construct's flag would add a Lambda of CDK's with rights on all buckets."""
    template = bucket.node.default_child
    assert isinstance(template, s3.CfnBucket)
    template.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
        event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
    )
