"""The machines for heavy steps. The only stack that the twin does without: its supervisor keeps local workers."""

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs import environment, rights
from infra.constructs.buckets import ORDERS, RESULTS, UPLOADS, VIDEOS
from infra.constructs.network import WorkerNetwork
from infra.constructs.sagemaker_endpoint import SageMakerEndpoint
from infra.constructs.sagemaker_workers import SageMakerWorkers
from infra.constructs.workers import Workers
from infra.stacks.pipeline import PipelineStack
from infra.stage import Stage


class ComputeStack(Stack):
    """Network, and the workers of each queued compute class."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: Stage, pipeline: PipelineStack, **kwargs: Any
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        # Batch sets no region in the container, and none of them has a use for the machine's own role.
        region = {"AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region, "AWS_EC2_METADATA_DISABLED": "true"}
        self._env = {**environment.of_stage(stage), **pipeline.variables, **pipeline.opening, **region}
        self._stage, self._pipeline = stage, pipeline
        if stage.kept_by("batch"):
            self._batch()
        if stage.kept_by("sagemaker"):
            self._processing_jobs()
        for compute in stage.kept_by("sagemaker-endpoint"):
            SageMakerEndpoint(
                self,
                f"{compute.name.capitalize()}Endpoint",
                stage=stage,
                compute=compute,
                media_bucket=pipeline.data.media.bucket_name,
                media_arn=pipeline.data.media_arn,
                env=self._env,
                rights=self._rights(pipeline, compute.name),
            )

    def _processing_jobs(self) -> None:
        stage, pipeline = self._stage, self._pipeline
        rights_of_all = self._rights(pipeline, *(compute.name for compute in stage.kept_by("sagemaker")))
        workers = SageMakerWorkers(self, "Workers", stage=stage, rights=rights_of_all)
        # An image's address is made of its contents' hash: the pipeline needs nothing of this stack to know it.
        for name, value in workers.variables().items():
            pipeline.dispatch.add_environment(name, value)
            pipeline.reconcile.add_environment(name, value)

    def _batch(self) -> None:
        stage, pipeline = self._stage, self._pipeline
        data, elsewhere = pipeline.data, stage.weights_elsewhere
        weights = data.weights_arn
        if elsewhere:
            weights = self.format_arn(service="s3", region="", account="", resource=elsewhere[0])
        network = WorkerNetwork(
            self,
            "Network",
            private=stage.private_workers,
            table_arn=data.table.table_arn,
            bucket_arns=[data.media_arn, weights],
        )
        for compute in stage.kept_by("batch"):
            Workers(
                self,
                compute.name.capitalize(),
                stage=stage,
                compute=compute,
                network=network,
                env=self._env,
                rights=self._rights(pipeline, compute.name),
            )

    def _rights(self, pipeline: PipelineStack, *computes: str) -> list[iam.PolicyStatement]:
        """What a worker may: its own queue, the table, uploads to read, results to write, weights, task tokens."""
        data = pipeline.data
        queues = [pipeline.queues.by_class[compute] for compute in computes]
        return [
            *rights.use_table(data.table),
            *rights.read_objects(data.media_arn, UPLOADS, RESULTS, ORDERS, VIDEOS),
            *rights.write_objects(data.media_arn, RESULTS),
            *self._weights_rights(pipeline),
            *rights.consume(*queues),
            # A task given back at its last delivery goes as a new message, or it would be buried unfinished.
            *rights.send(*queues),
            *rights.answer_tasks(self, pipeline.machine_name),
            *rights.tracing_rights(pipeline.stage),
            *(pipeline.may_open if "cpu" in computes else ()),
        ]

    def _weights_rights(self, pipeline: PipelineStack) -> list[iam.PolicyStatement]:
        """Weights to read: the stack's own, or those that the operator keeps elsewhere."""
        elsewhere = pipeline.stage.weights_elsewhere
        if elsewhere is None:
            return rights.read_objects(pipeline.data.weights_arn, "")
        bucket, prefix = elsewhere
        arn = self.format_arn(service="s3", region="", account="", resource=bucket)
        return rights.read_objects(arn, prefix)
