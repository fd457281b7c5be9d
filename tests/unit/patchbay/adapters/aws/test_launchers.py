from typing import Any

import pytest

from patchbay.adapters.aws import clients
from patchbay.adapters.aws.launchers import BatchLauncher, NoLauncher, SageMakerLauncher
from patchbay.domain.tasks import ComputeClass


class Waiting:
    def __init__(self, tasks: int) -> None:
        self.tasks = tasks

    def unfinished(self, compute: ComputeClass) -> int:
        return self.tasks


class Batch:
    """As much of Batch and SageMaker as a launcher calls."""

    def __init__(self, running: int) -> None:
        self.running = running
        self.made: list[dict[str, Any]] = []

    def list_jobs(self, *, jobQueue: str, jobStatus: str, maxResults: int) -> dict[str, Any]:  # noqa: N803
        return {"jobSummaryList": [{}] * (self.running if jobStatus == "RUNNING" else 0)}

    def submit_job(self, **told: Any) -> None:
        self.made.append(told)

    def list_processing_jobs(self, **_: Any) -> dict[str, Any]:
        return {"ProcessingJobSummaries": [{}] * self.running}

    def create_processing_job(self, **told: Any) -> None:
        self.made.append(told)


CASES = [(0, 1, True), (0, 0, True), (1, 1, False), (1, 3, True), (4, 9, False), (1, 0, False)]


@pytest.mark.parametrize(("running", "waiting", "launched"), CASES)
def test_batch_starts_a_worker_only_where_one_is_missing(
    monkeypatch: pytest.MonkeyPatch, running: int, waiting: int, launched: bool
) -> None:
    batch = Batch(running)
    monkeypatch.setattr(clients, "client", lambda _: batch)
    queues: Any = Waiting(waiting)
    BatchLauncher(queues, {"gpu": "queue"}, {"gpu": "definition"}, 4).launch("gpu")
    assert len(batch.made) == launched
    for job in batch.made:
        assert (job["jobQueue"], job["jobDefinition"]) == ("queue", "definition")
        assert job["jobName"].startswith("patchbay-gpu-")


@pytest.mark.parametrize(("running", "waiting", "launched"), CASES)
def test_sagemaker_does_alike(monkeypatch: pytest.MonkeyPatch, running: int, waiting: int, launched: bool) -> None:
    sagemaker = Batch(running)
    monkeypatch.setattr(clients, "client", lambda _: sagemaker)
    queues: Any = Waiting(waiting)
    launcher = SageMakerLauncher(
        queues, "role", {"gpu": "image"}, {"gpu": "ml.g5.xlarge"}, {"PATCHBAY_STAGE": "prod"}, 4, "prod"
    )
    launcher.launch("gpu")
    assert len(sagemaker.made) == launched
    for job in sagemaker.made:
        assert job["AppSpecification"]["ContainerEntrypoint"] == [
            "python",
            "-m",
            "gpu_workers.runtime",
            "--queue",
            "gpu",
        ]
        assert job["Environment"] == {"PATCHBAY_STAGE": "prod"}


def test_none_launches_nothing() -> None:
    NoLauncher().launch("gpu")
