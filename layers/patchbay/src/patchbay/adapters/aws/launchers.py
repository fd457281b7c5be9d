"""Ways to get a worker: AWS Batch, SageMaker processing jobs, or none of ours."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from patchbay.adapters.aws import clients
from patchbay.catalog.compute import CLASSES, MAX_STEP_TIMEOUT_S
from patchbay.domain.tasks import ComputeClass
from patchbay.ports import TaskQueues

_BATCH_ACTIVE = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING")
_COMMAND = ("python", "-m", "gpu_workers.runtime", "--queue")


class NoLauncher:
    """Workers come by themselves: the twin's supervisor starts them, or an operator runs `patchbay worker`."""

    def launch(self, compute: ComputeClass) -> None:
        """See `Launcher`."""


@dataclass(frozen=True, slots=True)
class BatchLauncher:
    """One Batch job is one worker, which drains its queue before it ends."""

    queues: TaskQueues
    job_queues: Mapping[ComputeClass, str]
    definitions: Mapping[ComputeClass, str]
    max_workers: int

    def launch(self, compute: ComputeClass) -> None:
        """See `Launcher`. A worker is added while there are more tasks, those in hand included, than workers."""
        queue = self.job_queues[compute]
        with clients.errors("Batch"):
            active = sum(_batch_jobs(queue, status) for status in _BATCH_ACTIVE)
            if active >= min(self.max_workers, max(self.queues.unfinished(compute), 1)):
                return
            name = f"patchbay-{compute}-{uuid.uuid4().hex[:12]}"
            clients.client("batch").submit_job(jobName=name, jobQueue=queue, jobDefinition=self.definitions[compute])


@dataclass(frozen=True, slots=True)
class SageMakerLauncher:
    """One SageMaker processing job is one worker."""

    queues: TaskQueues
    role_arn: str
    images: Mapping[ComputeClass, str]
    instances: Mapping[ComputeClass, str]
    environment: Mapping[str, str]
    max_workers: int
    stage: str

    def launch(self, compute: ComputeClass) -> None:
        """See `Launcher`."""
        sagemaker = clients.client("sagemaker")
        prefix = f"patchbay-{self.stage}-{compute}"
        with clients.errors("SageMaker"):
            told = sagemaker.list_processing_jobs(NameContains=prefix, StatusEquals="InProgress", MaxResults=100)
            active = len(told["ProcessingJobSummaries"])
            if active >= min(self.max_workers, max(self.queues.unfinished(compute), 1)):
                return
            sagemaker.create_processing_job(
                ProcessingJobName=f"{prefix}-{uuid.uuid4().hex[:12]}",
                RoleArn=self.role_arn,
                AppSpecification={"ImageUri": self.images[compute], "ContainerEntrypoint": [*_COMMAND, compute]},
                Environment=dict(self.environment),
                ProcessingResources={"ClusterConfig": self._cluster(compute)},
                StoppingCondition={"MaxRuntimeInSeconds": 2 * MAX_STEP_TIMEOUT_S},
            )

    def _cluster(self, compute: ComputeClass) -> dict[str, Any]:
        size = max(30, CLASSES[compute].memory_mib // 256)
        return {"InstanceCount": 1, "InstanceType": self.instances[compute], "VolumeSizeInGB": size}


def _batch_jobs(queue: str, status: str) -> int:
    return len(clients.client("batch").list_jobs(jobQueue=queue, jobStatus=status, maxResults=100)["jobSummaryList"])
