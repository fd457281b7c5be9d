"""Workers on SageMaker: processing jobs, one for each worker, or an endpoint that is rung when there is work."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from patchbay.adapters.aws import clients
from patchbay.catalog.backends import BELLS, INVOCATION_S
from patchbay.catalog.compute import CLASSES, MAX_STEP_TIMEOUT_S
from patchbay.domain.tasks import ComputeClass
from patchbay.ports import Clock, TaskQueues

_COMMAND = ("python", "-m", "gpu_workers.runtime", "--queue")
_WARM = "warm-"
_BELL_KEPT_S = 3600
"""How long a ring waits for an endpoint's machine; the reconciler rings again while there is work."""


@dataclass(frozen=True, slots=True)
class ProcessingLauncher:
    """One SageMaker processing job is one worker."""

    queues: TaskQueues
    clock: Clock
    role_arn: str
    images: Mapping[ComputeClass, str]
    environment: Mapping[str, str]
    max_workers: int
    stage: str
    idle_s: int

    def launch(self, compute: ComputeClass) -> None:
        """See `Launcher`."""
        with clients.errors("SageMaker"):
            if self._active(f"{self._prefix(compute)}-") < min(
                self.max_workers, max(self.queues.unfinished(compute), 1)
            ):
                self._create(compute, None)

    def keep_warm(self, compute: ComputeClass, workers: int, until: datetime) -> None:
        """See `Launcher`."""
        with clients.errors("SageMaker"):
            missing = min(workers, self.max_workers) - self._active(f"{self._prefix(compute)}-{_WARM}")
            for _ in range(missing):
                self._create(compute, until)

    def _prefix(self, compute: ComputeClass) -> str:
        return f"patchbay-{self.stage}-{compute}"

    def _active(self, prefix: str) -> int:
        sagemaker = clients.client("sagemaker")
        told = sagemaker.list_processing_jobs(NameContains=prefix, StatusEquals="InProgress", MaxResults=100)
        return len(told["ProcessingJobSummaries"])

    def _create(self, compute: ComputeClass, until: datetime | None) -> None:
        stay = ["--stay-until", until.isoformat(timespec="seconds")] if until else []
        longest_s = 2 * MAX_STEP_TIMEOUT_S
        if until:
            longest_s += max(0, round((until - self.clock.now()).total_seconds()))
        name = f"{_WARM if until else ''}{uuid.uuid4().hex[:12]}"
        clients.client("sagemaker").create_processing_job(
            ProcessingJobName=f"{self._prefix(compute)}-{name}",
            RoleArn=self.role_arn,
            AppSpecification={
                "ImageUri": self.images[compute],
                "ContainerEntrypoint": [*_COMMAND, compute],
                "ContainerArguments": ["--idle-s", str(self.idle_s), *stay],
            },
            Environment=dict(self.environment),
            ProcessingResources={"ClusterConfig": _cluster(compute)},
            StoppingCondition={"MaxRuntimeInSeconds": longest_s},
        )


@dataclass(frozen=True, slots=True)
class EndpointLauncher:
    """An asynchronous endpoint, which brings up machines while it has invocations to answer.

    An invocation says no more than that there is work; the work itself comes off the task queue, as everywhere. So one
    that is lost, late or answered twice does no harm, and what a machine leaves undone comes back to the queue.
    """

    bucket: str
    endpoints: Mapping[ComputeClass, str]

    def launch(self, compute: ComputeClass) -> None:
        """See `Launcher`. Rung once for each task: the endpoint's own rule says how many machines that takes."""
        key = f"{BELLS}{compute}.json"
        with clients.errors("SageMaker"):
            body = json.dumps({"queue": compute}).encode()
            clients.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/json")
            clients.client("sagemaker-runtime").invoke_endpoint_async(
                EndpointName=self.endpoints[compute],
                ContentType="application/json",
                InputLocation=f"s3://{self.bucket}/{key}",
                InvocationTimeoutSeconds=INVOCATION_S,
                RequestTTLSeconds=_BELL_KEPT_S,
            )

    def keep_warm(self, compute: ComputeClass, workers: int, until: datetime) -> None:
        """See `Launcher`. Nothing to do: the stack has put it into the endpoint's own timetable."""


def _cluster(compute: ComputeClass) -> dict[str, Any]:
    wanted = CLASSES[compute]
    size = max(30, wanted.memory_mib // 256)
    return {"InstanceCount": 1, "InstanceType": wanted.sagemaker_instance, "VolumeSizeInGB": size}
