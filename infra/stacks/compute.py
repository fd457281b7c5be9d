"""The machines for heavy steps. The only stack that the twin does without: its supervisor keeps local workers."""

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs import environment, rights
from infra.constructs.buckets import ORDERS, RESULTS, UPLOADS, VIDEOS
from infra.constructs.network import WorkerNetwork
from infra.constructs.sagemaker_workers import SageMakerWorkers
from infra.constructs.workers import Workers
from infra.stacks.pipeline import PipelineStack
from infra.stage import Stage
from patchbay.catalog.compute import QUEUED


class ComputeStack(Stack):
    """Network, and the workers of each queued compute class."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: Stage, pipeline: PipelineStack, **kwargs: Any
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        if stage.launcher == "sagemaker":
            self._sagemaker(stage, pipeline)
        else:
            self._batch(stage, pipeline)

    def _sagemaker(self, stage: Stage, pipeline: PipelineStack) -> None:
        rights_of_all = self._rights(pipeline, *(compute.name for compute in QUEUED))
        workers = SageMakerWorkers(self, "Workers", stage=stage, rights=rights_of_all)
        # An image's address is made of its contents' hash: the pipeline needs nothing of this stack to know it.
        for name, value in workers.variables().items():
            pipeline.dispatch.add_environment(name, value)
            pipeline.reconcile.add_environment(name, value)

    def _batch(self, stage: Stage, pipeline: PipelineStack) -> None:
        network = WorkerNetwork(self, "Network")
        # Batch sets no region in the container.
        region = {"AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}
        env = {**environment.of_stage(stage), **pipeline.variables, **region}
        for compute in QUEUED:
            Workers(
                self,
                compute.name.capitalize(),
                stage=stage,
                compute=compute,
                network=network,
                env=env,
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
        ]

    def _weights_rights(self, pipeline: PipelineStack) -> list[iam.PolicyStatement]:
        """Weights to read: the stack's own, or those that the operator keeps elsewhere."""
        elsewhere = pipeline.stage.weights_elsewhere
        if elsewhere is None:
            return rights.read_objects(pipeline.data.weights_arn, "")
        bucket, prefix = elsewhere
        arn = self.format_arn(service="s3", region="", account="", resource=bucket)
        return rights.read_objects(arn, prefix)
